"""Validate a configuration before training, and fix what has one right value."""

from __future__ import annotations

import difflib
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import Unreadable
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.files import (
    atomic_write,
    keep_original,
)
from slowfast_stack.config import (
    breakages,
    content,
    rules_augment,
    rules_boxes,
    rules_clips,
    rules_files,
    rules_forms,
    rules_frames,
    rules_keys,
    rules_labels,
    rules_limits,
    rules_machine,
    rules_mvit,
    rules_names,
    rules_output,
    rules_resnet,
    rules_tasks,
    rules_tensorboard,
    yaml_edit,
)
from slowfast_stack.config.findings import LEVELS, WARNING, Finding, errors
from slowfast_stack.config.target import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from slowfast_stack.config.content import Content
    from slowfast_stack.config.target import Target

    MoreFindings = Callable[[Path, Content], list[Finding]]

_PASSES = 5  # a fixed key can reveal another error
_OF_KEYS = (
    *rules_limits.RULES,
    *rules_forms.RULES,
    *rules_keys.RULES,
    *rules_labels.RULES,
    *rules_clips.RULES,
    *rules_resnet.RULES,
    *rules_mvit.RULES,
    *rules_augment.RULES,
    *rules_tasks.RULES,
    *rules_boxes.RULES,
)

_OF_FILES = (
    *rules_files.RULES,
    *rules_frames.RULES,
    *rules_boxes.FILE_RULES,
    *rules_output.RULES,
    *rules_tensorboard.RULES,
)


def check(read: Content, here: Path, target: Target = UNKNOWN) -> list[Finding]:
    """Apply every rule; paths in the file start in ``here``, where training will be started.

    ``target`` is what is known of the source tree and the machine that will run it.
    """
    found = list(rules_keys.refused(read, breakages.keys_of(target)))
    found += breakages.remaining(read, target)
    for rule in (*rules_names.RULES, *rules_machine.RULES):
        found += rule(read, target)
    for of_keys in _OF_KEYS:
        found += of_keys(read)
    for of_files in _OF_FILES:
        found += of_files(read, here)
    # Of what two splits have in common, the worse counts.
    worst: dict[tuple[str, str, str], Finding] = {}
    for row in found:
        kept = worst.setdefault((row.id, row.key, row.message), row)
        if LEVELS.index(row.level) < LEVELS.index(kept.level):
            worst[row.id, row.key, row.message] = row
    return list(worst.values())


def fixed(text: str, here: Path, target: Target = UNKNOWN) -> tuple[str, list[Finding]]:
    """Return the text with everything fixed that can be, and the findings that were fixed."""
    done: list[Finding] = []
    for _ in range(_PASSES):
        fixable = [row for row in check(content.parse(text), here, target) if row.can_be_fixed]
        if not fixable:
            break
        text = apply_fixes(text, fixable)
        done += fixable
    return text, done


def accepted(text: str) -> str:
    """Return the text without what upstream would refuse, where the fix is known."""
    return apply_fixes(text, list(rules_keys.refused(content.parse(text))))


def apply_fixes(text: str, findings: list[Finding]) -> str:
    """Return the text with the fixes of these findings."""
    for row in findings:
        text = yaml_edit.set_values(text, row.set)
        for key in row.remove:
            text = yaml_edit.remove(text, key)
    return text


@dataclass(frozen=True)
class Report:
    """The findings of a file; ``found`` are those that remain after fixing."""

    path: Path
    found: list[Finding]
    fixed: list[Finding]
    diff: str

    @property
    def errors(self) -> list[Finding]:
        """Return the findings that make training fail."""
        return errors(self.found)

    def as_dict(self) -> dict[str, object]:
        """Return everything as plain data."""
        return {
            "file": str(self.path),
            "ok": not self.errors,
            "findings": [_plain(row) for row in self.found],
            "fixed": [_plain(row) for row in self.fixed],
            "diff": self.diff,
        }

    def lines(self) -> list[str]:
        """Return everything as text."""
        out = [line for row in self.fixed for line in _lines("fixed", row)]
        out += [line for row in self.found for line in _lines(row.level, row)]
        out += self.diff.splitlines()
        warnings = sum(row.level == WARNING for row in self.found)
        count = f"{len(self.errors)} error(s)" if self.errors else "no error"
        count += f", {warnings} warning(s)" if warnings else ""
        fixable = sum(row.can_be_fixed for row in self.found)
        hint = f"; --fix fixes {fixable}" if fixable else ""
        return [*out, f"{self.path}: {count}{hint}"]


@dataclass(frozen=True)
class Checks:
    """What a file is checked against: where it starts, what will run it, and its memory.

    ``memory`` returns the findings on the memory of a file that has no other error.
    """

    start: Path
    memory: MoreFindings
    target: Target = UNKNOWN

    def found(self, path: Path) -> list[Finding]:
        """Return all findings of a file; what is not YAML is one."""
        try:
            read = content.load(path)
        except Unreadable as error:
            return [Finding("unreadable", "(all)", f"{error.message} {error.cause}", error.hint)]
        found = check(read, self.start, self.target)
        return found if errors(found) else found + self.memory(path, read)


def examine(path: Path, checks: Checks, *, output: Path, fix: bool) -> Report:
    """Validate a file, and with ``fix`` write the fixed one; the original of a change is kept."""
    found = checks.found(path)
    if not fix or any(row.id == "unreadable" for row in found):
        return Report(path, found, [], "")
    text = path.read_text(encoding="utf-8-sig")
    new, done = fixed(text, checks.start, checks.target)
    if output == path and new != text:
        keep_original(path)
    if new != text or output != path:
        atomic_write(output, new)
    found = checks.found(output)
    late = [row for row in errors(found) if row.can_be_fixed]
    if late:  # the memory of the fixed file
        if output == path and new == text:
            keep_original(path)
        new = apply_fixes(new, late)
        atomic_write(output, new)
        done, found = done + late, checks.found(output)
    return Report(output, found, done, diff(str(path), text, f"{path} (fixed)", new))


def diff(old: str, before: str, new: str, after: str) -> str:
    """Return the unified diff from the text of the file ``old`` to that of ``new``."""
    was, becomes = before.splitlines(keepends=True), after.splitlines(keepends=True)
    return "".join(difflib.unified_diff(was, becomes, old, new))


def _lines(level: str, row: Finding) -> list[str]:
    return [f"{level:<9}{row.id}: {row.message}", f"         {row.key}: {row.fix}"]


def _plain(row: Finding) -> dict[str, object]:
    return asdict(row) | {"remove": list(row.remove)}
