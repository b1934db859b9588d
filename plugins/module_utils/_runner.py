"""The access of the probe to the host that it runs on."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ._stack.core import git, ownership
from ._stack.core.errors import Unreadable
from ._stack.core.http import opened
from ._stack.core.process import Commands
from ._stack.core.system_errors import require_temporary_space
from ._stack.host.probe import Answer, Where, probe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._stack.host.model import Host


def probed(where: Where) -> Host:
    """Return this host. Raises ``StackError`` where a program could not even write its own files."""
    require_temporary_space(Path(os.environ.get("TMPDIR") or tempfile.gettempdir()))
    return probe(LocalRunner(), where)


class LocalRunner:
    """Access to this host; commands use the C locale and never prompt."""

    def run(self, argv: Sequence[str], *, timeout_s: float = 10, text: str = "") -> Answer:
        """Run a command; ``rc`` is None if it does not exist, 124 after a timeout.

        Raises ``StackError`` where root would run a program that another user can change.
        """
        ownership.require_program(argv[0])
        environment = {**os.environ, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}
        try:
            done = subprocess.run(
                list(argv),
                input=text,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                timeout=timeout_s,
                check=False,
                encoding="utf-8",
                errors="replace",
            )
        except subprocess.TimeoutExpired:
            return Answer(124, "")
        except OSError:
            return Answer(None, "")
        return Answer(done.returncode, done.stdout)

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
