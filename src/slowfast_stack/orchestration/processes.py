"""Find and stop the processes of a run: each carries the run's mark in its environment.

Ansible gives every worker a session of its own, so neither a process group nor a terminal reaches
them all. A mark is inherited by every child, also by one whose parents were killed. Where there is
no /proc nothing is found, and Ansible's own handling of signals is all there is.

Any user may start a process with any variable. So a mark ends in a seal, which only this user's
runs can make, and of the processes that a killed run left only those of this user are stopped.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import hmac
import os
import re
import secrets
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import files
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from slowfast_stack.orchestration import logs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

VARIABLE = "SLOWFAST_STACK_RUN"
_PROC = Path("/proc")
_SECRET_BYTES = 32
_MARK = re.compile(
    r"(?P<facts>(?P<scope>[0-9a-f]{12})-(?P<namespace>[0-9]{1,20})-(?P<owner>[0-9]{1,10})"
    r"-(?P<started>[0-9]{1,20}))-(?P<seal>[0-9a-f]{32})"
)


def scope_of(place: str) -> str:
    """Return 12 digits for the place that a run works on."""
    return hashlib.sha256(place.encode()).hexdigest()[:12]


def own_mark(scope: str) -> str:
    """Return the mark of this process: namespace, process id and start time are never reused.

    ``scope`` stands for what the run works on; it has no hyphen.
    """
    facts = f"{scope}-{_namespace()}-{os.getpid()}-{_started(os.getpid())}"
    return f"{facts}-{_seal(facts)}"


def of_run(mark: str) -> list[int]:
    """List the processes that carry a mark."""
    return [pid for pid, found in _marked() if found == mark]


def abandoned(scope: str) -> list[int]:
    """List the processes of runs of this scope whose command line was killed."""
    return [pid for pid, mark in _marked() if _is_orphaned(mark, scope) and _is_own(pid)]


def children_of(parent: int, among: list[int]) -> list[int]:
    """Pick the direct children of a process."""
    return [pid for pid in among if _stat(pid)[1:2] == [str(parent)]]


def send(signum: signal.Signals, pids: list[int]) -> None:
    """Signal processes; one that has ended is no error."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signum)


def _send_to(find: Callable[[], list[int]], signum: signal.Signals) -> list[int]:
    """Signal what ``find`` lists, and no process that gets the number of one that has ended."""
    handles = {pid: _handle(pid) for pid in find()}
    still = find()
    for pid, handle in handles.items():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if pid in still and handle is None:
                os.kill(pid, signum)
            elif pid in still and handle is not None:
                signal.pidfd_send_signal(handle, signum)
        if handle is not None:
            os.close(handle)
    return list(handles)


def _handle(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except OSError:  # it has ended, or Linux is older than 5.3
        return None


def stop(find: Callable[[], list[int]], *, patience: float = 5.0) -> int:
    """End all processes that ``find`` lists, gently first, and return how many there were."""
    found = _send_to(find, signal.SIGTERM)
    deadline = time.monotonic() + patience
    while (left := find()) and time.monotonic() < deadline:
        time.sleep(0.05)
    if left:
        _send_to(find, signal.SIGKILL)
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


def _is_orphaned(mark: str, scope: str) -> bool:
    """Return whether a run of this scope and this user made a mark, and has ended."""
    match = _MARK.fullmatch(mark)
    if match is None or match["scope"] != scope or match["namespace"] != _namespace():
        return False
    return _started(int(match["owner"])) != match["started"] and hmac.compare_digest(
        match["seal"], _seal(match["facts"])
    )


def _is_own(pid: int) -> bool:
    """Return whether a process is of this user alone; a setuid program is also of who started it."""
    try:
        text = (_PROC / str(pid) / "status").read_text(errors="replace")
    except OSError:
        return False
    users = next((row.split()[1:] for row in text.splitlines() if row.startswith("Uid:")), [])
    return bool(users) and set(users) == {str(os.geteuid())}


def _seal(facts: str) -> str:
    return hmac.new(_secret(), facts.encode(), "sha256").hexdigest()[:32]


@functools.cache
def _secret() -> bytes:
    """Return what only this user's runs know; without a folder for it, only this process."""
    path = logs.folder().with_name("run.key")
    try:
        with files.locked(path.with_name(".run.key.lock")):
            if not path.exists():
                files.atomic_write(path, secrets.token_bytes(_SECRET_BYTES), mode=0o600)
            with files.open_own(path) as file:
                found = file.read()
            if len(found) != _SECRET_BYTES:
                path.unlink()
                found = b""
    except (OSError, StackError):
        found = b""
    return found or secrets.token_bytes(_SECRET_BYTES)


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
