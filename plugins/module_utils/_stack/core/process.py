"""Run programs on this host: keep their output, write logs, let them hold locks."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Callable

from . import files, ownership
from .errors import StackError
from .redaction import redacted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

TAIL_LINES = 15
TIMED_OUT = 124  # as of timeout(1)
# Of more output only the end is kept, and a longer line is cut: a server can make git talk on.
_OUTPUT, _LINE = 64 << 20, 1 << 20  # characters


@dataclass(frozen=True)
class Finished:
    """The exit status and the output of a program, standard error included."""

    rc: int
    output: str

    def tail(self, lines: int = TAIL_LINES) -> str:
        """Return the last ``lines`` lines, where most programs print their error."""
        return "\n".join(self.output.strip().splitlines()[-lines:])


@dataclass(frozen=True)
class Commands:
    """Run programs with ``environment`` added to that of this process.

    ``locks`` are file descriptors that every child inherits: a lock taken with `locked` is held
    until the last child has ended, even if this process is killed before. A program that takes
    longer than ``timeout_s`` is stopped with its children.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    locks: tuple[int, ...] = ()
    timeout_s: float | None = None

    def within(self, seconds: float) -> Commands:
        """Return the same with a limit for each program."""
        return replace(self, timeout_s=seconds)

    def run(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | None = None,
        environment: Mapping[str, str] | None = None,
        log: Path | None = None,
        each: Callable[[str], None] | None = None,
        stdin: Path | None = None,
    ) -> Finished:
        """Run ``argv`` and return its exit status and output; ``stdin`` is a file that it reads.

        Each line of output is appended to ``log``, without secrets, and passed to ``each`` as soon
        as it arrives.
        A program that does not exist has the exit status 127, one that took too long 124. Raises
        ``StackError`` where root would run a program that another user can change.
        """
        ownership.require_program(argv[0])
        full = {**os.environ, **self.environment, **(environment or {})}
        source = stdin.open("rb") if stdin else contextlib.nullcontext(subprocess.DEVNULL)
        try:
            with source as given:
                child = subprocess.Popen(
                    list(argv),
                    cwd=cwd,
                    env=full,
                    stdin=given,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    errors="replace",
                    pass_fds=self.locks,
                    start_new_session=self.timeout_s is not None,
                )
        except OSError as error:
            return Finished(127, f"{argv[0]}: {error.strerror}")
        with child, contextlib.ExitStack() as stack:
            late = stack.enter_context(stopping(child, self.timeout_s))
            sink = stack.enter_context(files.private_log(log)) if log else None
            lines: deque[str] = deque()
            size = 0
            for line in _lines(child):
                lines.append(line)
                size += len(line)
                while size > _OUTPUT:
                    size -= len(lines.popleft())
                if sink:
                    sink.write(redacted(line))
                    sink.flush()
                if each:
                    each(line)
            rc = child.wait()
            if late.is_set():
                lines.append(f"\nIt did not end within {self.timeout_s:.0f} s and was stopped.\n")
            return Finished(TIMED_OUT if late.is_set() else rc, "".join(lines))

    def checked(
        self,
        message: str,
        argv: Sequence[str],
        *,
        code: str,
        hint: str = "",
        cwd: Path | None = None,
        environment: Mapping[str, str] | None = None,
        log: Path | None = None,
    ) -> str:
        """Run ``argv`` and return its output. Raises ``StackError`` with ``message`` if it fails."""
        done = self.run(argv, cwd=cwd, environment=environment, log=log)
        if done.rc:
            command = " ".join(argv)
            raise StackError(
                f"{message}.",
                f"`{command}` exited with {done.rc}:\n{done.tail()}\n",
                hint,
                code=code,
            )
        return done.output


def _lines(child: subprocess.Popen[str]) -> Iterator[str]:
    stream = child.stdout
    return iter(lambda: stream.readline(_LINE) if stream else "", "")


@contextlib.contextmanager
def stopping(child: subprocess.Popen[Any], timeout_s: float | None) -> Iterator[threading.Event]:
    """Stop a program and its children after a time; give what is set then."""
    late = threading.Event()

    def stop() -> None:
        late.set()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)

    if timeout_s is None:
        yield late
        return
    timer = threading.Timer(timeout_s, stop)
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()


@contextlib.contextmanager
def locked(commands: Commands, path: Path, *, wait: bool = True) -> Iterator[Commands]:
    """Hold the lock file ``path`` during this block and for every program started in it.

    Waits for another holder (a killed run may have left a child that still works), or raises
    ``files.Busy`` at once where ``wait`` is false.
    """
    with files.locked(path, wait=wait) as descriptor:
        yield replace(commands, locks=(*commands.locks, descriptor))
