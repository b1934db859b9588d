"""Write a fine-tuning configuration beside its base: the text, the diff, and what is left to do."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slowfast_stack.config import content, finetune, upstream, validate, yaml_edit
from slowfast_stack.config.findings import ERROR
from slowfast_stack.exit_codes import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from slowfast_stack.config.findings import Finding
    from slowfast_stack.config.finetune import Change, Wanted

    Fitting = Callable[[Path], int | None]


@dataclass(frozen=True)
class Transferred:
    """A new configuration: what changed and why, and what a check still finds."""

    path: Path
    changes: list[Change]
    diff: str
    found: list[Finding]

    @property
    def errors(self) -> list[Finding]:
        """Return what training would fail by."""
        return [row for row in self.found if row.level == ERROR]

    def facts(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "file": str(self.path),
            "changes": [vars(change) for change in self.changes],
            "diff": self.diff,
            "errors": [
                {"key": row.key, "message": row.message, "fix": row.fix} for row in self.errors
            ],
        }

    def lines(self) -> list[str]:
        """Return everything for people."""
        width = max((len(change.key) for change in self.changes), default=0)
        out = [
            f"{change.key:<{width}}  {yaml_edit.literal(change.value)}  ({change.reason})"
            for change in self.changes
        ]
        out += ["", *self.diff.splitlines(), ""]
        out += [f"left to do: {row.message} {row.key}: {row.fix}" for row in self.errors]
        return [*out, f"written: {self.path}"]


def make(
    base: str, source: Path | None, wanted: Wanted, path: Path, fitting: Fitting
) -> Transferred:
    """Write the configuration to ``path``, which must not be there yet.

    ``fitting`` says how many clips of a configuration fit in a GPU, None where that is not known.
    """
    if path.exists():
        raise UsageError(
            f"{path} is there already.", hint="Give another --out.", code="cli.file-exists"
        )
    found = _base(base, source)
    before = found.read_text(encoding="utf-8-sig")
    text = validate.accepted(before)
    own = content.parse(text, str(found)).values
    below = content.Content(content.load(found).values | own)
    fixed = {}
    if content.BASE in own:
        fixed[content.BASE] = str(found.parent.absolute() / own[content.BASE])

    def changed(wanted: Wanted) -> tuple[list[Change], str]:
        changes = finetune.changes(below, wanted)
        values = {change.key: change.value for change in changes} | fixed
        cause = {change.key: change.reason for change in changes}
        return changes, yaml_edit.set_values(text, values, cause)

    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    changes, made = changed(wanted)
    part.write_text(made, encoding="utf-8")
    if wanted.batch is None and wanted.gpus:
        changes, made = changed(replace(wanted, fitting=fitting(part)))
        part.write_text(made, encoding="utf-8")
    part.replace(path)
    old, new = before.splitlines(keepends=True), made.splitlines(keepends=True)
    diff = "".join(difflib.unified_diff(old, new, str(found), str(path)))
    return Transferred(path, changes, diff, validate.check(content.load(path), Path()))


def _base(base: str, source: Path | None) -> Path:
    if Path(base).is_file():
        return Path(base)
    places = upstream.places(base)
    found = [source / place for place in places if (source / place).is_file()] if source else []
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(
            f"{base} is the name of several files.",
            "\n".join(places),
            "Name one.",
            code="config.ambiguous-name",
        )
    raise UsageError(
        f"There is no file {base}.",
        "Upstream has: " + ", ".join(places) if places and not source else "",
        "Name a file, or a name and the checkout that has it: --source DIR.",
        code="file.not-found",
    )
