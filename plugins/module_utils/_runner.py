"""The access of the probe to the host that it runs on."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Callable

from ._stack.core import git, ownership
from ._stack.core.errors import StackError, Unreadable
from ._stack.core.process import Commands, stopping
from ._stack.core.system_errors import require_temporary_space
from ._stack.host import parsers
from ._stack.host.memory import Answer, Memory
from ._stack.host.probe import System, Where, probe

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ._stack.host.model import Host


# The most that a program may answer, in bytes; package lists of a large host have 2 MB.
_ANSWER = 64 << 20
# What programs said, below the home folder.
MEMORY = ".cache/slowfast-stack/probe.json"
_MIB = 1 << 20


def probed(where: Where, *, remember: bool = True) -> Host:
    """Return this host. Raises ``StackError`` where a program could not even write its own files.

    With ``remember`` what interpreters and compilers said is written to the user's cache.
    """
    require_temporary_space(Path(os.environ.get("TMPDIR") or tempfile.gettempdir()))
    memory = Memory(Path.home() / MEMORY)
    host = probe(LocalRunner(memory), where)
    if remember:
        with contextlib.suppress(StackError):  # the next probe asks again
            memory.save()
    return host


def _kill(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


def _asked(child: subprocess.Popen[bytes], text: bytes) -> bytes:
    """Return the output of a program that is given a short text, up to a little over the limit."""
    if child.stdin is None or child.stdout is None:
        return b""
    with contextlib.suppress(BrokenPipeError):
        child.stdin.write(text)
        child.stdin.flush()
    with contextlib.suppress(BrokenPipeError):
        child.stdin.close()
    return child.stdout.read(_ANSWER + 1)


class LocalRunner:
    """Access to this host; commands use the C locale and never prompt."""

    def __init__(self, memory: Memory | None = None) -> None:
        """Use what was remembered."""
        self._memory = memory

    def run(self, argv: Sequence[str], *, timeout_s: float = 10, text: str = "") -> Answer:
        """Run a command; ``rc`` is None if it does not exist, 124 after a timeout.

        Raises ``StackError`` where root would run a program that another user can change.
        """
        ownership.require_program(argv[0])
        environment = {**os.environ, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}
        try:
            child = subprocess.Popen(
                list(argv),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,  # what it starts ends with it
            )
        except OSError:
            return Answer(None, "")
        with child, stopping(child, timeout_s) as late:
            try:
                output = _asked(child, text.encode())
            except BaseException:  # such as Ctrl-C, which its session does not get
                _kill(child)
                raise
            if len(output) > _ANSWER:
                _kill(child)
            rc = child.wait()
        if late.is_set() or len(output) > _ANSWER:
            return Answer(124, "")
        return Answer(rc, output.decode("utf-8", "replace").replace("\r\n", "\n"))

    def lasting(
        self, argv: Sequence[str], files: Callable[[str], Iterable[str]] = lambda _output: ()
    ) -> Answer:
        """Return what a program said before where its files are the same, else what it says now.

        Raises ``StackError`` as `run` does.
        """
        ownership.require_program(argv[0])
        return self._memory.answer(argv, files, self.run) if self._memory else self.run(argv)

    def names(self, folder: str) -> list[str]:
        """Return what a folder holds, in order, without hidden names; empty if it cannot be listed."""
        try:
            return sorted(entry.name for entry in os.scandir(folder) if entry.name[0] != ".")
        except OSError:
            return []

    def real(self, path: str) -> str | None:
        """Return the path that a link leads to; None where it leads nowhere."""
        try:
            return str(Path(path).resolve(strict=True))
        except (OSError, RuntimeError):  # RuntimeError for a loop, before Python 3.13
            return None

    def inode(self, path: str) -> int | None:
        """Return the number of a file; None if it does not exist."""
        try:
            return Path(path).stat().st_ino
        except OSError:
            return None

    def free_mib(self, path: str) -> int | None:
        """Return the free MiB of the file system of a path; None if it does not exist."""
        try:
            found = os.statvfs(path)
        except OSError:
            return None
        return found.f_bavail * found.f_frsize // _MIB

    def system(self) -> System:
        """Return what the kernel and the C library say."""
        # The program, which a host may have in place of its own to name another kernel; it prints
        # the release first, whatever the order of its options.
        release, _space, machine = self.run(("uname", "-mr")).stdout.strip().partition(" ")
        cores = len(os.sched_getaffinity(0))
        try:
            library = os.confstr("CS_GNU_LIBC_VERSION") or ""
        except (OSError, ValueError):  # this Python has another C library; the host may have glibc
            library = self.run(("getconf", "GNU_LIBC_VERSION")).stdout
        return System(machine, release, cores, ownership.is_root(), parsers.glibc(library))

    def read(self, path: str) -> bytes | None:
        """Return the bytes of a file, None if it does not exist. Raises ``Unreadable``."""
        try:
            with open(path, "rb") as stream:  # noqa: PTH123  (sysfs, thousands of times)
                return stream.read()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise Unreadable(
                f"{path} cannot be read.",
                f"{error.strerror}.",
                "Run the probe as root.",
                code="file.unreadable",
            ) from error

    def reaches(self, url: str, timeout_s: float) -> bool:
        """Return whether an HTTP request succeeds."""
        if not url.startswith(("https://", "http://")):
            return False
        from ._stack.core.http import opened  # noqa: PLC0415  (of ssl; most probes have no URL)

        try:
            with opened(url, timeout_s):
                return True
        except (OSError, ValueError):
            return False

    def has_commit(self, place: str, commit: str, timeout_s: float) -> bool | None:
        """Return whether a repository has a commit; None where git cannot say."""
        return git.has_commit(Commands({"LC_ALL": "C"}).within(timeout_s), place, commit)
