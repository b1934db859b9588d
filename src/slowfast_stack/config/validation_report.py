"""Examine a file: what is found, what was fixed, and how that is told."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.files import (
    atomic_write,
    keep_original,
)
from slowfast_stack.config import content, validate
from slowfast_stack.config.findings import ERROR

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from slowfast_stack.config.content import Content
    from slowfast_stack.config.findings import Finding

    Weigh = Callable[[Path, Content], list[Finding]]


@dataclass(frozen=True)
class Result:
    """What a check came to; ``found`` is what is left after patching."""

    path: Path
    found: list[Finding]
    fixed: list[Finding]
    diff: str

    @property
    def errors(self) -> list[Finding]:
        """Return what training would fail by."""
        return [row for row in self.found if row.level == ERROR]

    def facts(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "file": str(self.path),
            "ok": not self.errors,
            "findings": [_fact(row) for row in self.found],
            "fixed": [_fact(row) for row in self.fixed],
            "diff": self.diff,
        }

    def lines(self) -> list[str]:
        """Return everything for people."""
        out = [line for row in self.fixed for line in _words("fixed", row)]
        out += [line for row in self.found for line in _words(row.level, row)]
        out += self.diff.splitlines()
        told = f"{len(self.errors)} error(s)" if self.errors else "nothing that would fail"
        fixable = sum(row.can_be_fixed for row in self.errors)
        hint = f"; --fix patches {fixable}" if fixable else ""
        return [*out, f"{self.path}: {told}{hint}"]


def examine(path: Path, start: Path, *, output: Path, fix: bool, weigh: Weigh) -> Result:
    """Check a file, and with ``fix`` write the fixed one; the original of a change is kept.

    ``weigh`` looks at the memory of a file that nothing else is wrong with.
    """
    if not fix:
        return Result(path, _found(path, start, weigh), [], "")
    text = path.read_text(encoding="utf-8-sig")
    new, fixed = validate.fixed(text, start)
    if output == path and new != text:
        keep_original(path)
    if new != text or output != path:
        atomic_write(output, new)
    found = _found(output, start, weigh)
    late = [row for row in found if row.can_be_fixed and row.level == ERROR]
    if late:  # the memory of the fixed file
        if output == path and new == text:
            keep_original(path)
        new = validate.with_(new, late)
        atomic_write(output, new)
        fixed, found = fixed + late, _found(output, start, weigh)
    return Result(output, found, fixed, _diff(path, text, new))


def _found(path: Path, start: Path, weigh: Weigh) -> list[Finding]:
    read = content.load(path)
    found = validate.check(read, start)
    wrong = any(row.level == ERROR for row in found)
    return found if wrong else found + weigh(path, read)


def _diff(path: Path, before: str, after: str) -> str:
    names = (str(path), f"{path} (fixed)")
    return "".join(
        difflib.unified_diff(
            before.splitlines(keepends=True), after.splitlines(keepends=True), *names
        )
    )


def _words(level: str, row: Finding) -> list[str]:
    return [f"{level:<7}{row.id}: {row.message}", f"       {row.key}: {row.fix}"]


def _fact(row: Finding) -> dict[str, Any]:
    told = {
        "id": row.id,
        "level": row.level,
        "key": row.key,
        "message": row.message,
        "fix": row.fix,
    }
    return {**told, "set": row.set, "remove": list(row.remove)}
