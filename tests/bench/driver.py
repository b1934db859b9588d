"""Tasks and seconds of the driver and CUDA roles on a fresh and on a converged host, over ssh.

    SLOWFAST_TEST_FOLDER=$(mktemp -d) tests/hosts/environment .venv/bin/python tests/bench/driver.py

Beside them, in the same run, a plain shell script that installs the same packages from the same
repository. A converged host is passed three times, and the fastest counts: other work on this
machine only adds. The machine is that of the scenario fresh-h100; its images have to be there
(scripts/test_hosts fresh-h100 makes them).
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
SCENARIO = "fresh-h100"
TIMES = 3
SCRIPT = """\
set -eu
if ! [ -e /etc/apt/keyrings/vendor.asc ]; then
  python3 -c 'import sys, urllib.request as u; u.urlretrieve(*sys.argv[1:])' \\
    http://repository.test/key.asc /etc/apt/keyrings/vendor.asc
fi
url=http://repository.test/vendor/debian12/x86_64/
printf 'Types: deb\\nURIs: %s\\nSuites: /\\nSigned-By: /etc/apt/keyrings/vendor.asc\\n' $url \\
  >/etc/apt/sources.list.d/vendor.sources
printf 'Package: *nvidia* libcuda1\\nPin: version 580.*\\nPin-Priority: 1001\\n' \\
  >/etc/apt/preferences.d/vendor
printf 'blacklist nouveau\\noptions nouveau modeset=0\\n' >/etc/modprobe.d/vendor.conf
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
apt-get -qq -y --no-install-recommends install 'nvidia-open=580.*' nvidia-persistenced \\
  "linux-headers-$(uname -r)" >/dev/null
apt-get -qq -y --no-install-recommends install cuda-toolkit-13-0 >/dev/null
modprobe -a nvidia nvidia-uvm
systemctl enable --now -q nvidia-persistenced
/usr/local/cuda-13.0/bin/nvcc --version >/dev/null
"""


def main() -> int:
    """Print a line for each host and way, and the ratios."""
    folder = Path(os.environ["SLOWFAST_TEST_FOLDER"]) / SCENARIO
    folder.mkdir(parents=True, exist_ok=True)
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
        "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
        "MOLECULE_EPHEMERAL_DIRECTORY": str(folder),
        "MOLECULE_GLOB": "molecule/*/molecule.yml",
        "MOLECULE_PROJECT_DIRECTORY": str(ROOT),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }

    def molecule(step: str) -> None:
        argv = ["molecule", "-c", "molecule/config.yml", step, "-s", SCENARIO]
        quiet = subprocess.DEVNULL
        subprocess.run(argv, cwd=ROOT, env=environment, check=True, stdout=quiet, stderr=quiet)

    def machine() -> None:
        for step in ("destroy", "create", "prepare"):
            molecule(step)

    try:
        machine()
        fresh, *again = (_roles(folder, environment) for _ in range(1 + TIMES))
        machine()
        plain, *more = (_script(folder) for _ in range(1 + TIMES))
    finally:
        molecule("destroy")
    for host, roles, script in (("fresh", fresh, plain), ("converged", min(again), min(more))):
        print(f"{host:9}  roles {roles.seconds:5.1f} s in {roles.tasks} tasks", end="")
        print(f"   script {script:5.1f} s   ratio {roles.seconds / script:.1f}")
    return 0


class Run(NamedTuple):
    """What probe, plan and both roles took; Ansible's start and that of ssh are in it."""

    seconds: float
    tasks: int


def _roles(folder: Path, environment: dict[str, str]) -> Run:
    """Pass the host once, over ssh."""
    argv = ["ansible-playbook", "-i", str(folder / "inventory"), "molecule/shared/converge.yml"]
    started = time.monotonic()
    done = subprocess.run(
        argv, cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    )
    seconds = time.monotonic() - started
    counts = re.search(r"ok=(\d+)", done.stdout)
    return Run(seconds, int(counts.group(1)) if counts else 0)


def _script(folder: Path) -> float:
    """Return the seconds of the shell script over ssh."""
    instances = (folder / "instance_config.yml").read_text(encoding="utf-8")
    address = re.search(r"address: ([\d.]+)", instances)
    options = ["-i", str(folder / "key"), "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR"]
    options += ["-o", "UserKnownHostsFile=/dev/null"]
    target = f"root@{address.group(1) if address else ''}"
    started = time.monotonic()
    argv = ["ssh", *options, target, "sh", "-s"]
    subprocess.run(argv, input=SCRIPT, check=True, text=True)
    return time.monotonic() - started


if __name__ == "__main__":
    sys.exit(main())
