"""Write the folders to copy: the bundle in parts, and the packages of the command line."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import parts

from slowfast_stack.bundle import download_cache, wheels
from slowfast_stack.bundle.target import Target
from slowfast_stack.ui import progress

if TYPE_CHECKING:
    from collections.abc import Sequence

LOCK = Path("locks/run.txt")
BUNDLE = "stack.bundle"
# The command line runs on this processor, with this C library or a newer one.
MACHINE, GLIBC = "x86_64", "2.28"
# Reserved in each folder for the list of contents.
RESERVE = 1 << 20


def prepare(target: Path, machine: Sequence[str], sources: Sequence[str], size_mib: int) -> int:
    """Write the folders for a machine that is described by options of ``plan``; default: this one."""
    limit = (size_mib << 20) - RESERVE
    with tempfile.TemporaryDirectory(prefix="slowfast-stack-") as scratch:
        bundle = Path(scratch) / BUNDLE
        argv = [sys.executable, "-m", "slowfast_stack", "bundle", "create", "-o", str(bundle)]
        argv += [*machine, "--without-torch", "--part-size", f"{size_mib - 1}MiB"]
        argv += [option for source in sources for option in ("--source", source)]
        if subprocess.run(argv, check=False).returncode:
            raise parts.Failed("The bundle could not be created; see above.")
        python = machine[machine.index("--python") + 1] if "--python" in machine else None
        files = [*sorted(bundle.parent.iterdir()), *_command_line(python)]
        folders = parts.pack(files, target, limit)
    for folder in folders:
        size = sum(path.stat().st_size for path in folder.iterdir())
        print(f"{folder}: {size / 2**20:.1f} MiB")
    return 0


def _command_line(python: str | None) -> list[Path]:
    """Return the wheels of the locked packages of the controller."""
    version = python or "{}.{}".format(*sys.version_info)
    pins = [
        line.rstrip("\\ ")
        for line in LOCK.read_text(encoding="utf-8").splitlines()
        if re.match(r"[a-z0-9]\S*==", line)
    ]
    files = wheels.resolve(pins, Target(version, MACHINE, GLIBC))
    kept = download_cache.DownloadCache(download_cache.default_folder())
    with progress.downloads() as shown:
        kept.download(files, shown)
    return [kept.wheel_of(file) for file in files]
