"""The results of ava commands as text and JSON: failures one by one, the rest as counts."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.construct import plain
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from slowfast_stack.exit_codes import Exit
from slowfast_stack.facts import AvaStep
from slowfast_stack.ui import terminal

if TYPE_CHECKING:
    from pathlib import Path

    from ansible_collections.slowfast.stack.plugins.module_utils._stack.datasets.ava.check import (
        Checked,
    )
    from ansible_collections.slowfast.stack.plugins.module_utils._stack.datasets.ava.lists import (
        Written,
    )
    from ansible_collections.slowfast.stack.plugins.module_utils._stack.datasets.ava.results import (
        Summary,
    )
    from slowfast_stack.orchestration.run_state import HostRun

_WORDS = {"new": "new", "present": "already complete", "failed": "FAILED"}


def result(root: Path, found: Summary, *, as_json: bool) -> int:
    """Print the result of a job and return the exit code: 0 where everything is complete."""
    for row in found.failures:
        terminal.print_error(StackError(row.message, row.cause, row.hint, code=row.code))
    lines = [
        f"{row.name}: FFmpeg printed {row.complaints} warnings; the frames are complete."
        for row in found.results
        if row.complaints
    ]
    states = Counter(row.state for row in found.results)
    counts = [f"{states[state]} {word}" for state, word in _WORDS.items() if state in states]
    lines.append(f"{root}: {', '.join(counts) or 'nothing to do'}")
    terminal.show({"ava": {"root": str(root), **plain(found)}}, lines, as_json=as_json)
    return Exit.PROVEN if found.ok else Exit.FAILED


def host(run: HostRun) -> str:
    """Return whether everything is complete on a host."""
    return f"{run.name}: {'complete' if run.value(AvaStep).ok else 'incomplete'}"


def submitted(root: Path, job: str, tasks: int, *, as_json: bool) -> int:
    """Print what was submitted to Slurm."""
    lines = (
        f"Slurm job {job}: {tasks} tasks, logs in {root}/.ava.",
        f"When they are done: slowfast-stack ava check --root {root}",
    )
    terminal.show({"ava": {"root": str(root), "job": job, "tasks": tasks}}, lines, as_json=as_json)
    return Exit.PROVEN


def lists(made: Written, *, as_json: bool) -> int:
    """Print which lists were written."""
    lines = [f"left out: {video}: {cause}" for video, cause in made.left_out.items()]
    for split, counts in made.splits.items():
        lines.append(f"{split}: {counts['videos']} videos, {counts['frames']} frames")
    lines.append(f"{made.config}: {'written' if made.changed else 'unchanged'}")
    lines.append("Train with these keys added to a configuration of configs/AVA.")
    terminal.show({"ava": plain(made)}, lines, as_json=as_json)
    return Exit.PROVEN


def check_result(root: Path, found: Checked, *, as_json: bool) -> int:
    """Print the findings of a check and return the exit code."""
    lines = []
    for row in found.findings:
        hint = f"\n  hint: {row.hint}" if row.hint else ""
        lines.append(f"{row.level}: {row.where}: {row.message}{hint}")
    lines.append(", ".join(f"{count:,} {message}" for message, count in found.counted.items()))
    errors = sum(row.level == "error" for row in found.findings)
    lines.append(
        f"{root}: {f'{errors} errors' if errors else 'everything that training opens exists'}"
    )
    terminal.show({"ava": {"root": str(root), **found.to_dict()}}, lines, as_json=as_json)
    return Exit.PROVEN if found.ok else Exit.FAILED
