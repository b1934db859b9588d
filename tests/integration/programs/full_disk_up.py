"""Run `up` on a disk that becomes full while packages are installed, then has free space again.

Takes a folder to mount the disk at, and the command. Exits 0 where the first run reported it and
the second succeeded; prints the output of both. Runs in a separate mount namespace.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

LARGE, MARGIN = "size=16G", 4 << 20
LIMIT_S = 1800


def mount(disk: Path, options: str, *how: str) -> None:
    """Mount the disk, or change how large it is; it takes memory only for what is on it."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, *how, "none", disk], check=True)


def installed(disk: Path) -> int:
    """Count what packages left in the environment."""
    return len(list(disk.glob("prefix/stacks/*/env/lib/python*/site-packages/*.dist-info")))


def main() -> None:
    """Fill the disk during the installation, free space, and continue."""
    disk, command = Path(sys.argv[1]), sys.argv[2:]
    mount(disk, LARGE)
    until = time.monotonic() + LIMIT_S
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as run:
        while run.poll() is None and not installed(disk):
            if time.monotonic() > until:
                raise SystemExit("nothing was installed")
            time.sleep(0.05)
        state = os.statvfs(disk)
        used = (state.f_blocks - state.f_bfree) * state.f_frsize
        mount(disk, f"remount,size={used + MARGIN}")
        said = run.communicate()[0].decode()
    print(said, flush=True)
    if run.returncode != 1:
        raise SystemExit(f"the full disk gave {run.returncode}")
    if (disk / "prefix" / "current").exists():
        raise SystemExit("an unproven stack is the current one")
    mount(disk, f"remount,{LARGE}")
    raise SystemExit(subprocess.run(command, check=False).returncode)


if __name__ == "__main__":
    main()
