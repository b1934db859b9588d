"""What an FFmpeg offers: the lists that it prints, and what is missing in them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..core.errors import StackError, Unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ..core.process import Commands

# One line of each list. Coders have six flags; filters three, from release 8 on two.
_LINES = {
    "hwaccels": re.compile(r"^(\w+)\s*$", re.MULTILINE),
    "encoders": re.compile(r"^ [VAS][F.][S.][X.][B.][D.] (\w\S*)", re.MULTILINE),
    "decoders": re.compile(r"^ [VAS][F.][S.][X.][B.][D.] (\w\S*)", re.MULTILINE),
    "filters": re.compile(r"^ [T.][S.][C.]? +(\S+) +[AVN|]+->[AVN|]+", re.MULTILINE),
}
# hwaccels alone may be empty: the line that names the list is there all the same.
_HEADINGS = {"hwaccels": "Hardware acceleration methods:"}


def parse(kind: str, text: str) -> frozenset[str]:
    """Read the list ``-encoders``, ``-decoders``, ``-filters`` or ``-hwaccels``.

    Raises ``Unreadable`` where the text is no such list.
    """
    heading = _HEADINGS.get(kind, f"{kind.capitalize()}:")
    before, found, body = text.partition(heading)
    names = frozenset(_LINES[kind].findall(body))
    if not found or (not names and kind not in _HEADINGS):
        raise Unreadable(
            f"FFmpeg's list of {kind} cannot be read.",
            f"It begins with {((found and body) or before)[:80]!r}.",
            "Run the program by hand: a library may be missing.",
            code="ffmpeg.unreadable-list",
        )
    return names


def require(
    commands: Commands, program: Path, required: Mapping[str, Sequence[str]], *, hint: str = ""
) -> None:
    """Raise ``StackError`` where ``program`` does not run or lacks a name of a list."""
    lacks = []
    for kind, names in required.items():
        argv = [str(program), "-hide_banner", f"-{kind}"]
        message = f"{program} does not run"
        listed = parse(kind, commands.checked(message, argv, hint=hint, code="ffmpeg.not-runnable"))
        lacks += [f"{kind} {name}" for name in names if name not in listed]
    if lacks:
        raise StackError(
            f"This FFmpeg lacks {', '.join(lacks)}.",
            f"{program} does not list what is required.",
            hint,
            code="ffmpeg.missing-capability",
        )
