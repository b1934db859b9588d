"""The bare file system of a Debian, entered where there is no route; nothing is left mounted."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from support import ROOT

# The mounts live and die with the namespace.
ENTER = """
root=$1; shift
mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
while [ "$1" != -- ]; do mkdir -p "$root$1"; mount --bind "$1" "$root$1"; shift; done
shift
cd /
exec chroot "$root" "$@"
"""


@dataclass(frozen=True)
class BareRoot:
    """A folder with the least of a Debian and its Python; ``shared`` is seen from inside."""

    folder: Path
    shared: tuple[Path, ...]

    def run(self, *argv: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a program inside, without any interface but a loopback that is down."""
        enter = ["unshare", "--net", "--mount", "sh", "-euc", ENTER, "enter", self.folder]
        clean = ["env", "-i", "HOME=/root", "LANG=C.UTF-8", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"]
        return subprocess.run(
            [*enter, *self.shared, "--", *clean, *argv],
            capture_output=True,
            text=True,
            check=False,
        )


def make(folder: Path, *shared: Path) -> BareRoot:
    """Make one of this machine's own release, or skip the test where that cannot be done."""
    if shutil.which("mmdebstrap") is None or platform.freedesktop_os_release()["ID"] != "debian":
        pytest.skip("a bare Debian is made by mmdebstrap, on Debian")
    if subprocess.run(["unshare", "--net", "--mount", "true"], check=False).returncode:
        pytest.skip("this machine lets no one make a namespace")
    asked = ["apt-get", "indextargets", "--format", "$(SITE)", "Origin: Debian", "Label: Debian"]
    mirrors = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()
    if not mirrors:
        pytest.skip("apt of this machine has no lists of Debian")
    suite = platform.freedesktop_os_release()["VERSION_CODENAME"]
    options = ["--quiet", "--variant=minbase", "--include=python3"]
    options += [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("doc", "locale", "man")]
    options += ['--aptopt=Acquire::Languages "none"']
    subprocess.run(["mmdebstrap", *options, suite, folder, mirrors[0]], check=True)
    # The command line with its Python, and this checkout.
    own = {Path(place) for place in (sys.prefix, sys.base_prefix, ROOT)} - {Path("/usr")}
    return BareRoot(folder, (*sorted(own), *shared))
