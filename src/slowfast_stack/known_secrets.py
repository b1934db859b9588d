"""The secrets that this user has: those of the environment, of netrc and of git's credential store."""

from __future__ import annotations

import functools
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import redaction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PASSWORD = re.compile(r"\bpassword\s+(?P<value>\S+)")
_LIMIT = 1 << 20  # bytes


def hidden(text: str) -> str:
    """Return text without secrets of any form, and without those that this user has."""
    return _hide()(text)


@functools.cache
def _hide() -> Callable[[str], str]:
    return redaction.known(_values())


def _values() -> Iterator[str]:
    yield from redaction.of_environment(os.environ)
    for name in (os.environ.get("NETRC") or "~/.netrc", "~/_netrc"):
        yield from (found["value"].strip('"') for found in _PASSWORD.finditer(_read(name)))
    state = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    for name in ("~/.git-credentials", f"{state}/git/credentials"):
        yield from redaction.of_text(_read(name))


def _read(name: str) -> str:
    """Return the text of a file; what cannot be read is known to no program of this user either."""
    try:
        with Path(name).expanduser().open(encoding="utf-8", errors="replace") as file:
            return file.read(_LIMIT)
    except (OSError, RuntimeError):
        return ""
