#!/usr/bin/env python3
"""Run `up` on many real hosts of this machine: two plans, dead hosts, and a controller that is killed twice.

    scripts/test_fleet.py [--hosts 50] [--dead 5] [--sizes 1 10 50] [--json FILE]

Each host is a namespace with its own network, processes, ssh server, and overlays of what it may write.
Two stacks are built first, once, and every host has both: so a run is that of hosts that are converged
but for the current stack. Needs root, iproute2 and openssh-server; about ten minutes and 3 GiB.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from support import network_hosts  # type: ignore[import-not-found]

from slowfast_stack.orchestration import forks

if TYPE_CHECKING:
    from collections.abc import Callable

BIN = Path(sys.executable).parent
SLOWFAST_STACK = str(BIN / "slowfast-stack")
NOT_RUN = 77
# Without a network of their own, the hosts are planned as those that reach the package index alone.
REQUESTS: tuple[dict[str, str], ...] = ({"network": "pypi"}, {"network": "pypi", "torch": "2.10"})


def main() -> int:
    """Run the fleet; exit 0 where it ends right, 1 where it does not, 77 where it cannot run."""
    options = _options()
    lacks = network_hosts.missing()
    if lacks:
        print(f"not run because {lacks}")
        return NOT_RUN
    with tempfile.TemporaryDirectory(dir="/var/tmp") as made:  # a disk, not memory
        folder = Path(made)
        prefix = folder / "prefix"
        for request in REQUESTS:
            _step(f"Build the stack of {request}", partial(_build, prefix, request))
        writable = [prefix, Path.home()]
        with network_hosts.started(options.hosts, folder, writable) as hosts:
            fleet = Fleet(folder, prefix, hosts)
            rows = [fleet.measure(size) for size in options.sizes if size <= options.hosts]
            ended = fleet.survive(options.dead, random.Random(options.seed))  # noqa: S311
    report = {"hosts": options.hosts, "cores": os.cpu_count(), "sizes": rows, "killed": ended}
    print(json.dumps(report, indent=1))
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return 0 if ended["right"] else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--hosts", type=int, default=50)
    parser.add_argument("--dead", type=int, default=5)
    parser.add_argument("--sizes", type=int, nargs="*", default=[1, 10, 50])
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    return parser.parse_args()


def _step(name: str, act: Callable[[], None]) -> float:
    started = time.monotonic()
    act()
    took = time.monotonic() - started
    print(f"{name}: {took:.1f} s", flush=True)
    return took


def _controller_s() -> float:
    """Return the processor seconds of what the controller ran; hosts are no children of it."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _build(prefix: Path, request: dict[str, str]) -> None:
    argv = [SLOWFAST_STACK, "up", "--yes", "--prefix", str(prefix)]
    argv += [text for key, value in request.items() for text in (f"--{key}", value)]
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)


class Fleet:
    """The running hosts, with an inventory that has two plans."""

    def __init__(self, folder: Path, prefix: Path, hosts: list[network_hosts.NetworkHost]) -> None:
        """Give every other host the second plan."""
        self.folder, self.hosts = folder, hosts
        variables = {
            host.name: {
                **host.variables,
                "stack_request": REQUESTS[number % len(REQUESTS)],
                "stack_prefix": str(prefix),
            }
            for number, host in enumerate(hosts)
        }
        self.inventory = str(folder / "hosts.yml")
        Path(self.inventory).write_text(json.dumps({"all": {"hosts": variables}}), encoding="utf-8")
        self.environment = {
            **os.environ,
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "XDG_STATE_HOME": str(folder / "state"),
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(folder / "cp"),
        }

    def measure(self, size: int) -> dict[str, float]:
        """Return the seconds of `ping` and of two runs of `up` on the first hosts."""
        names = ",".join(host.name for host in self.hosts[:size])
        ping = ["ansible", "all", "-m", "ansible.builtin.ping", "-i", self.inventory, "-l", names]

        def run(argv: list[str]) -> None:
            # Both with what the command line chooses.
            environment = {**forks.setting(), **self.environment}
            subprocess.run(argv, env=environment, check=True, stdout=subprocess.DEVNULL)

        up = [SLOWFAST_STACK, "up", "-i", self.inventory, "--limit", names, "--yes"]
        row: dict[str, float] = {"hosts": size}
        for name, argv in (("ping", ping), ("first_up", up), ("converged_up", up)):
            before = _controller_s()
            row[name] = round(_step(f"{size} hosts, {name}", partial(run, argv)), 2)
            row[f"{name}_controller"] = round(_controller_s() - before, 2)
        row["converged_up_per_host"] = round(row["converged_up"] / size, 2)
        for kind in ("", "_controller"):
            ratio = row[f"converged_up{kind}"] / row[f"ping{kind}"]
            row[f"converged_up_to_ping{kind}"] = round(ratio, 2)
        return row

    def survive(self, dead: int, chance: random.Random) -> dict[str, Any]:
        """Kill hosts and twice the controller; retry to the end; return how it ended."""
        lost = chance.sample(self.hosts, dead)
        for host in lost:
            host.kill()
        statuses = []
        for after_s in (chance.uniform(2, 8), chance.uniform(2, 8)):
            self._killed(after_s)
            statuses.append(self._counted())
        argv = [SLOWFAST_STACK, "up", "-i", self.inventory, "--yes", "--retry"]
        started = time.monotonic()
        done = subprocess.run(argv, env=self.environment, check=False, stdout=subprocess.DEVNULL)
        counted = self._counted()
        expected = {"proven": len(self.hosts) - dead} | ({"unreachable": dead} if dead else {})
        names = {row["name"] for row in self._known() if row["status"] == "unreachable"}
        right = counted == expected and names == {host.name for host in lost}
        return {
            "after_kills": statuses,
            "retry_s": round(time.monotonic() - started, 1),
            "ended": counted,
            "exit_code": done.returncode,
            "right": right and done.returncode == (4 if dead else 0),
        }

    def _killed(self, after_s: float) -> None:
        argv = [SLOWFAST_STACK, "up", "-i", self.inventory, "--yes"]
        with subprocess.Popen(
            argv, env=self.environment, stdout=subprocess.DEVNULL, start_new_session=True
        ) as run:
            time.sleep(after_s)
            with contextlib.suppress(ProcessLookupError):
                run.send_signal(signal.SIGKILL)
        print(f"The controller was killed after {after_s:.1f} s", flush=True)

    def _known(self) -> list[dict[str, Any]]:
        argv = [SLOWFAST_STACK, "hosts", "-i", self.inventory, "--json"]
        done = subprocess.run(argv, env=self.environment, check=True, stdout=subprocess.PIPE)
        found: list[dict[str, Any]] = json.loads(done.stdout)["hosts"]
        return found

    def _counted(self) -> dict[str, int]:
        counted: dict[str, int] = {}
        for row in self._known():
            counted[row["status"]] = counted.get(row["status"], 0) + 1
        return counted


if __name__ == "__main__":
    sys.exit(main())
