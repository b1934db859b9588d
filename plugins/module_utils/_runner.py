"""The access of the probe to the host that it runs on."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ._stack.core import git, ownership
from ._stack.core.errors import Unreadable
from ._stack.core.http import opened
from ._stack.core.process import Commands, stopping
from ._stack.core.system_errors import require_temporary_space
from ._stack.host.probe import Answer, Where, probe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._stack.host.model import Host


# The most that a program may answer, in bytes; package lists of a large host have 2 MB.
_ANSWER = 64 << 20


def probed(where: Where) -> Host:
    """Return this host. Raises ``StackError`` where a program could not even write its own files."""
    require_temporary_space(Path(os.environ.get("TMPDIR") or tempfile.gettempdir()))
    return probe(LocalRunner(), where)


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
        try:
            with opened(url, timeout_s):
                return True
        except (OSError, ValueError):
            return False

    def has_commit(self, place: str, commit: str, timeout_s: float) -> bool | None:
        """Return whether a repository has a commit; None where git cannot say."""
        return git.has_commit(Commands({"LC_ALL": "C"}).within(timeout_s), place, commit)
