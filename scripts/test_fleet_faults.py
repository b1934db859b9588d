#!/usr/bin/env python3
"""Run `up` on real hosts of this machine of which most have something wrong: each ends with its own error.

    scripts/test_fleet_faults.py

The hosts are those of scripts/test_fleet.py. Needs root, iproute2 and openssh-server; about three minutes.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from support import network_hosts  # type: ignore[import-not-found]

from test_fleet import BIN, NOT_RUN, SLOWFAST_STACK

if TYPE_CHECKING:
    from support.network_hosts import NetworkHost  # type: ignore[import-not-found]

REQUEST = {"network": "pypi"}
# How many hosts, and what becomes of each name of the inventory: its status and its error code.
HOSTS = 6
EXPECTED = {
    "right": ("proven", None),
    "same machine": ("proven", None),
    "another host key": ("unreachable", "host.key-changed"),
    "another user key": ("unreachable", "host.no-access"),
    "no such name": ("unreachable", "host.unknown-name"),
    "full disk": ("failed", "disk.full"),
    "newer release": ("failed", "record.unsupported-schema"),
    "dies amid a step": ("unreachable", "host.unreachable"),
}


def main() -> int:
    """Return 0 where every host ended as expected, 1 otherwise, 77 where this cannot run."""
    lacks = network_hosts.missing()
    if lacks:
        print(f"not run because {lacks}")
        return NOT_RUN
    with tempfile.TemporaryDirectory(dir="/var/tmp") as made:  # a disk, not memory
        folder = Path(made)
        prefix = folder / "prefix"
        build = [SLOWFAST_STACK, "up", "--yes", "--prefix", str(prefix), "--network", "pypi"]
        subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
        with network_hosts.started(HOSTS, folder, [prefix, Path.home()]) as hosts:
            variables = faults(folder, prefix, hosts)
            found = run(folder, variables, hosts[-1])
    wrong = [
        f"{name}: {found.get(name)}, expected {ended}"
        for name, ended in EXPECTED.items()
        if found.get(name) != ended
    ]
    print(json.dumps({name: list(found[name]) for name in sorted(found)}, indent=1))
    print("\n".join(wrong) or "Every host ended as expected.")
    return bool(wrong)


def faults(folder: Path, prefix: Path, hosts: list[NetworkHost]) -> dict[str, dict[str, Any]]:
    """Break hosts; return the variables by which each name of the inventory is reached."""
    right, key, user, full, newer, dies = hosts
    other = folder / "other_key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", other], check=True)
    known = folder / "known_hosts"
    public = other.with_suffix(".pub").read_text(encoding="utf-8")
    known.write_text(f"{key.address} {public}", encoding="utf-8")
    strict = f"-o StrictHostKeyChecking=yes -o UserKnownHostsFile={known}"
    _on(full, f"mount -t tmpfs -o size=64m,mode=755 tmpfs {prefix}")
    marker = json.dumps({"owner": "slowfast.stack", "schema": 999})
    _on(newer, f"echo '{marker}' >{prefix}/.slowfast-stack.json")
    return {
        "right": right.variables,
        "same machine": right.variables,
        "another host key": {**key.variables, "ansible_ssh_common_args": strict},
        "another user key": {**user.variables, "ansible_ssh_private_key_file": str(other)},
        "no such name": {**key.variables, "ansible_host": "no-such-name.invalid"},
        "full disk": full.variables,
        "newer release": newer.variables,
        # Its stack is proven too; so that there is something to do.
        "dies amid a step": {**dies.variables, "stack_rebuild": True},
    }


def _on(host: NetworkHost, command: str) -> None:
    """Run a command of the shell with the file systems of a host."""
    argv = ["nsenter", "--mount", "--target", str(host.process.pid), "sh", "-euc", command]
    subprocess.run(argv, check=True)


def run(
    folder: Path, variables: dict[str, dict[str, Any]], dies: NetworkHost
) -> dict[str, tuple[str, str | None]]:
    """Run `up`, kill a host once it installs packages, and return how each one ended."""
    prefix = str(folder / "prefix")
    shared = {"stack_request": REQUEST, "stack_prefix": prefix}
    listed = {name.replace(" ", "-"): {**row, **shared} for name, row in variables.items()}
    inventory = folder / "hosts.yml"
    inventory.write_text(json.dumps({"all": {"hosts": listed}}), encoding="utf-8")
    environment = {
        **os.environ,
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "XDG_STATE_HOME": str(folder / "state"),
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(folder / "cp"),
    }
    argv = [SLOWFAST_STACK, "up", "-i", str(inventory), "--yes", "--stream"]
    with subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, text=True) as up:
        ended: dict[str, Any] = {}
        for line in up.stdout or ():
            event = json.loads(line)
            if "hosts" in event:
                ended = event["hosts"]
            elif event["event"].get("host") == "dies-amid-a-step":
                print(event["event"], flush=True)
                if event["event"].get("step") == "uv_env":
                    dies.kill()
    code = up.returncode
    print(f"exit code {code}", flush=True)
    found = {
        name.replace("-", " "): (row["status"], (row["error"] or {}).get("code"))
        for name, row in ended.items()
    }
    if code != 4:  # noqa: PLR2004  (a host was unreachable)
        found["exit code"] = (str(code), None)
    return found


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.exit(main())
