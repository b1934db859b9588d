"""The probe's way to look at the machine it runs on."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from ._stack.core.errors import Unreadable
from ._stack.core.http import opened
from ._stack.host.probe import Answer

if TYPE_CHECKING:
    from collections.abc import Sequence


class LocalRunner:
    """Looks at this machine; commands speak the C locale, and none waits for a person."""

    def run(self, argv: Sequence[str], *, timeout_s: float = 10, text: str = "") -> Answer:
        """Run a command; one that is absent has no return code, one that hangs has 124."""
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
        """Return a file; None where it is absent. Raises ``Unreadable``."""
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
        """Tell whether an HTTP request is answered without an error."""
        if not url.startswith(("https://", "http://")):
            return False
        try:
            with opened(url, timeout_s):
                return True
        except (OSError, ValueError):
            return False
