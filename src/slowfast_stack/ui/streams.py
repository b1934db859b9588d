r"""The streams of the user: text of hosts, files and servers cannot steer a terminal through them.

Every print of the command line goes through ``guarded``. Characters that a terminal would obey, or that
reorder what is read, are shown as escapes (``\\x1b``); secrets are hidden; errors of writing are named.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from typing import IO, TYPE_CHECKING, Any

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.display import escaped
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import (
    StackError,
    reason,
)
from slowfast_stack.known_secrets import hidden

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class OutputError(StackError):
    """Standard output or standard error cannot be written; ``closed`` where no one reads it."""

    code = "output.not-written"
    closed = False


class _Checked:
    """A stream whose errors are ``OutputError``; everything else is that of the stream inside."""

    def __init__(self, inner: IO[str]) -> None:
        self.inner = inner
        self.failure: OutputError | None = None

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  (any attribute of a stream)
        return getattr(self.inner, name)

    def write(self, text: str) -> int:
        if text:  # a library asks with an empty one whether this is a text stream
            with self._named():
                self.inner.write(hidden(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        with self._named():
            self.inner.flush()

    @contextlib.contextmanager
    def _named(self) -> Iterator[None]:
        """Raise the error of the block as ``OutputError``, and again each time after it."""
        if self.failure is None:
            try:
                yield
            except OSError as error:
                _give_up(self.inner)
                self.failure = OutputError(
                    "The output cannot be written.",
                    reason(error),
                    "Free disk space there, or write to another file.",
                )
                self.failure.closed = error.errno == errno.EPIPE
        if self.failure is not None:
            raise self.failure


class _Guarded(_Checked):
    """A stream on which characters that steer a terminal are shown as escapes."""

    def write(self, text: str) -> int:
        super().write(escaped(text))
        return len(text)


def _give_up(stream: IO[str]) -> None:
    """Let what is still buffered go nowhere: Python would fail on it again at its end."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Guard standard output and standard error while the block runs."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (_guard(stream) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def flush() -> None:
    """Write what is buffered, so that its errors are known. Raises ``OutputError``."""
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.flush()


def _guard(stream: Any) -> Any:  # noqa: ANN401  (None where a program has no terminal)
    return stream if stream is None or isinstance(stream, _Checked) else _Guarded(stream)


def unescaped(stream: Any) -> Any:  # noqa: ANN401  (standard output or standard error)
    """Return a guarded stream without the escaping, for styles of our own and bytes of a file."""
    return _Checked(stream.inner) if isinstance(stream, _Guarded) else stream
