"""Measure this project against the obvious alternative, each pair in the same run.

Times are the best of several runs: other work on the machine only adds. A converged `up` needs a
prefix with a proven stack; the hosts of a fleet are aliases of this machine with that prefix, each of
which does all the work of its own.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from figures import OUT, Figure, best, figure, save, shown, spent

FLEETS = (1, 4, 16)


@dataclass(frozen=True)
class Pair:
    """A command of this project and the alternative: argv, and the exit status of the first."""

    name: str
    ours: tuple[str, ...]
    other: tuple[str, ...]
    status: int = 0


def main() -> int:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prefix", help="a prefix with a proven stack, for converged runs")
    parser.add_argument("--hosts", type=int, default=max(FLEETS), help="the largest fleet")
    parser.add_argument("--times", type=int, default=3, help="runs of each command")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="slowfast-stack-bench-") as scratch:
        fleets = [size for size in FLEETS if size <= options.hosts]
        pairs_ = pairs(Path(scratch), fleets, options.prefix)
        save("ratios", [measured(pair, options.times) for pair in pairs_], options.out)
    return 0


def pairs(scratch: Path, fleets: list[int], prefix: str | None) -> list[Pair]:
    """Return what is compared with what."""
    ping = ("ansible", "all", "-m", "ansible.builtin.ping", "-i")
    nowhere = str(scratch / "nowhere")
    found = [
        Pair("start of the program", ("slowfast-stack", "--version"), (sys.executable, "-c", "")),
        Pair(
            "probe of this machine, against Ansible's facts",
            ("slowfast-stack", "probe", "--json"),
            ("ansible", "all", "-m", "ansible.builtin.setup", "-i", inventory(scratch, 1)),
        ),
        Pair(
            "plan for an H100, against a start of Python",
            ("slowfast-stack", "plan", "--gpu", "10de:2330", "--os", "ubuntu-22.04", "--json"),
            (sys.executable, "-c", ""),
        ),
        Pair(
            "prove where nothing is installed, against ping",
            ("slowfast-stack", "prove", "--prefix", nowhere),
            (*ping, inventory(scratch, 1)),
            status=1,
        ),
    ]
    if prefix:
        found.append(
            Pair(
                "converged up of this machine, without an inventory, against ping",
                ("slowfast-stack", "up", "--yes", "--prefix", prefix),
                (*ping, inventory(scratch, 1)),
            )
        )
    for size in fleets:
        hosts = inventory(scratch, size)
        named = f"{size} host{'s' * (size > 1)}, against ping of the same"
        found.append(
            Pair(f"plan of {named}", ("slowfast-stack", "plan", "-i", hosts), (*ping, hosts))
        )
        if prefix:
            up = ("slowfast-stack", "up", "--yes", "--prefix", prefix, "-i", hosts)
            found.append(Pair(f"converged up of {named}", up, (*ping, hosts)))
    return found


def inventory(scratch: Path, size: int) -> str:
    """Write an inventory of aliases of this machine; return its path."""
    path = scratch / f"hosts-{size}.json"
    host = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    path.write_text(json.dumps({"all": {"hosts": {f"host{n:03}": host for n in range(size)}}}))
    return str(path)


def measured(pair: Pair, times: int) -> Figure:
    """Run both in turn, as often as asked; the first run of each only fills caches."""
    rows = [(spent(pair.ours, status=pair.status), spent(pair.other)) for _ in range(times + 1)][1:]
    ours, other = (best([row[side] for row in rows]) for side in (0, 1))
    return figure(pair.name, (shown(pair.ours), ours), (shown(pair.other), other))


if __name__ == "__main__":
    sys.exit(main())
