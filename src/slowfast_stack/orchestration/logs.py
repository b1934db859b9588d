"""The complete log of a run, in a file of its own."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from ansible_collections.slowfast.stack.plugins.module_utils import _places
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.display import escaped
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.files import private_log
from slowfast_stack.exit_codes import UsageError
from slowfast_stack.known_secrets import hidden

KEPT = 50
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def folder() -> Path:
    """Return where logs are kept, after the XDG convention."""
    return _places.state_folder() / "logs"


def new_path(name: str) -> Path:
    """Return the path of a new log, whose folder exists. Raises OSError."""
    folder().mkdir(parents=True, exist_ok=True)
    return folder() / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{name}.log"


class Log:
    """A file that holds every line which Ansible wrote; only its owner can read it."""

    def __init__(self, command: str) -> None:
        """Create the file and delete the oldest ones. Raises UsageError where that is impossible."""
        try:
            self.path = new_path(command)
            for old in sorted(folder().glob("*.log"))[: -KEPT + 1]:
                old.unlink(missing_ok=True)
            self._file = private_log(self.path)
        except OSError as error:
            hint = "Set XDG_STATE_HOME to a folder that you can write."
            raise UsageError.not_writable(folder(), error, hint) from error

    def write(self, text: str) -> None:
        """Add text without colours and secrets; nothing in it steers a terminal that shows the file."""
        if text:
            plain = _COLOUR.sub("", text).replace("\r\n", "\n")
            self._file.write(escaped(hidden(plain)) + "\n")
            self._file.flush()

    def close(self) -> None:
        """Close the file; it stays."""
        self._file.close()
