"""Find and stop the processes of a run: each carries the run's mark in its environment.

Ansible gives every worker a session of its own, so neither a process group nor a terminal reaches
them all. A mark is inherited by every child, also by one whose parents were killed. Where there is
no /proc nothing is found, and Ansible's own handling of signals is all there is.
"""

from __future__ import annotations

import hashlib
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

VARIABLE = "SLOWFAST_STACK_RUN"
_PROC = Path("/proc")


def scope_of(place: str) -> str:
    """Return 12 digits for the place that a run works on."""
    return hashlib.sha256(place.encode()).hexdigest()[:12]


def own_mark(scope: str) -> str:
    """Return the mark of this process: namespace, process id and start time are never reused.

    ``scope`` stands for what the run works on; it has no hyphen.
    """
    return f"{scope}-{_namespace()}-{os.getpid()}-{_started(os.getpid())}"


def of_run(mark: str) -> list[int]:
    """List the processes that carry a mark."""
    return [pid for pid, found in _marked() if found == mark]


def abandoned(scope: str) -> list[int]:
    """List the processes of runs of this scope whose command line was killed."""
    return [pid for pid, mark in _marked() if mark.startswith(f"{scope}-") and _is_orphaned(mark)]


def children_of(parent: int, among: list[int]) -> list[int]:
    """Pick the direct children of a process."""
    return [pid for pid in among if _stat(pid)[1:2] == [str(parent)]]


def send(signum: signal.Signals, pids: list[int]) -> None:
    """Signal processes; one that has ended is no error."""
    for pid in pids:
        try:
            os.kill(pid, signum)
        except (ProcessLookupError, PermissionError):
            continue


def stop(find: Callable[[], list[int]], *, patience: float = 5.0) -> int:
    """End all processes that ``find`` lists, gently first, and return how many there were."""
    found = find()
    send(signal.SIGTERM, found)
    deadline = time.monotonic() + patience
    while (left := find()) and time.monotonic() < deadline:
        time.sleep(0.05)
    send(signal.SIGKILL, left)
    return len(found)


def stop_left_behind(scope: str, say: Callable[[str], None]) -> None:
    """End what killed runs of this scope left behind, and report it."""
    if count := stop(lambda: abandoned(scope)):
        say(f"Stopped {count} processes that a killed run had left behind.")


def _marked() -> Iterator[tuple[int, str]]:
    prefix = f"{VARIABLE}=".encode()
    for folder in _PROC.glob("[0-9]*"):
        try:
            variables = (folder / "environ").read_bytes().split(b"\0")
        except OSError:  # ended since, or another user's
            continue
        for variable in variables:
            if variable.startswith(prefix):
                yield int(folder.name), variable.removeprefix(prefix).decode(errors="replace")


def _is_orphaned(mark: str) -> bool:
    namespace, owner, started = mark.split("-")[1:]
    return namespace == _namespace() and _started(int(owner)) != started


def _namespace() -> str:
    try:
        return str((_PROC / "self/ns/pid").stat().st_ino)
    except OSError:
        return "0"


def _started(pid: int) -> str:
    return next(iter(_stat(pid)[19:20]), "")


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat that follow the name: state, parent and so on."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()
