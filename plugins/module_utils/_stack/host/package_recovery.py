"""Finish an interrupted run of the package manager, which refuses any other installation before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.errors import StackError
from . import interrupted
from .probe import LISTINGS

if TYPE_CHECKING:
    from ..core.process import Commands
    from .probe import Runner

# Steps that dpkg has planned and not yet recorded in its database.
JOURNAL = "/var/lib/dpkg/updates"
LOCKED = "locked by another process"
# A host is slow just after a power failure.
LISTING_TIMEOUT_S = 120
QUIET = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
# Edited configuration files are kept, as apt does without a terminal.
COMMANDS = {
    "debian": ("dpkg", "--force-confdef", "--force-confold", "--configure", "--pending"),
    "redhat": ("dnf", "--assumeyes", "--disableplugin=versionlock", "remove", "--duplicates"),
}


def left(runner: Runner, family: str) -> list[str]:
    """Return the names of incomplete packages; the journal of dpkg counts as one."""
    read = {"debian": interrupted.debian, "redhat": interrupted.redhat}[family]
    listing = runner.run(LISTINGS[family], timeout_s=LISTING_TIMEOUT_S).stdout
    names = {package.name for package in read(listing)}
    journal = runner.run(("ls", "-1", JOURNAL)).stdout.split()
    return sorted(names | ({JOURNAL} if any(name.isdigit() for name in journal) else set()))


def finish(commands: Commands, family: str) -> None:
    """Let the package manager continue; packages that still lack a dependency stay incomplete.

    Raises ``StackError`` while another run of it holds the lock.
    """
    done = commands.run(COMMANDS[family], environment=QUIET)
    if LOCKED in done.output:
        raise StackError(
            "An interrupted installation could not be finished.",
            done.tail(1) + ".",
            "Wait for the other run of the package manager.",
            code="packages.locked",
        )
