"""The result of examining or patching a tree, and its unified diff."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .model import AFFECTED, APPLIED

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Outcome:
    """The status of one patch; ``files`` are those that have this status."""

    id: str
    status: str
    files: tuple[str, ...] = ()
    because: str = ""


@dataclass(frozen=True)
class Change:
    """The content of one file before and after; None means that it does not exist."""

    path: str
    before: bytes | None
    after: bytes | None
    patches: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """The outcome of each selected patch, and the resulting changes of files."""

    component: str
    commit: str | None
    outcomes: tuple[Outcome, ...]
    changes: tuple[Change, ...]

    def applied(self) -> Report:
        """Return the report with its affected patches as applied, after the changes were written."""
        outcomes = tuple(
            replace(outcome, status=APPLIED) if outcome.status == AFFECTED else outcome
            for outcome in self.outcomes
        )
        return replace(self, outcomes=outcomes)


def diff(changes: Iterable[Change], encoding: str = "utf-8") -> str:
    """Return the changes as one unified diff in git's format."""
    written = []
    for change in changes:
        path = change.path
        old = "/dev/null" if change.before is None else f"a/{path}"
        new = "/dev/null" if change.after is None else f"b/{path}"
        lines = difflib.unified_diff(
            _lines(change.before, encoding), _lines(change.after, encoding), old, new
        )
        written += [f"diff --git a/{path} b/{path}\n"]
        written += ["new file mode 100644\n"] if change.before is None else []
        written += [
            x if x.endswith("\n") else f"{x}\n\\ No newline at end of file\n" for x in lines
        ]
    return "".join(written)


def _lines(data: bytes | None, encoding: str) -> list[str]:
    return re.findall(r"[^\n]*\n|[^\n]+", (data or b"").decode(encoding, "replace"))
