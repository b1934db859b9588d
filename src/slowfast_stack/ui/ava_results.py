"""The results of ava commands as text and JSON: failures one by one, the rest as counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from slowfast_stack.exit_codes import Exit
from slowfast_stack.facts import AvaStep
from slowfast_stack.ui import terminal

if TYPE_CHECKING:
    from pathlib import Path

    from slowfast_stack.orchestration.run_state import HostRun


def result(root: Path, found: dict[str, Any], *, as_json: bool) -> int:
    """Print the result of a job and return the exit code: 0 where everything is complete."""
    rows = found["results"]
    for row in rows:
        if row["state"] == "failed":
            error = StackError(row["message"], row["cause"], row["hint"], code=row["code"])
            terminal.print_error(error)
    warned = [(row["name"], row["complaints"]) for row in rows if row.get("complaints")]
    lines = [f"{name}: FFmpeg printed {n} warnings; the frames are complete." for name, n in warned]
    lines.append(f"{root}: {_counted(rows)}")
    terminal.show({"ava": {"root": str(root), **found}}, lines, as_json=as_json)
    return Exit.PROVEN if found["ok"] else Exit.FAILED


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


def lists(made: dict[str, Any], *, as_json: bool) -> int:
    """Print which lists were written."""
    lines = [f"left out: {video}: {cause}" for video, cause in made.get("left_out", {}).items()]
    for split, counts in made["splits"].items():
        lines.append(f"{split}: {counts['videos']} videos, {counts['frames']} frames")
    lines.append(f"{made['config']}: {'written' if made['changed'] else 'unchanged'}")
    lines.append("Train with these keys added to a configuration of configs/AVA.")
    terminal.show({"ava": made}, lines, as_json=as_json)
    return Exit.PROVEN


def check_result(root: Path, found: dict[str, Any], *, as_json: bool) -> int:
    """Print the findings of a check and return the exit code."""
    lines = []
    for row in found["findings"]:
        hint = f"\n  hint: {row['hint']}" if row["hint"] else ""
        lines.append(f"{row['level']}: {row['where']}: {row['message']}{hint}")
    lines.append(", ".join(f"{count:,} {message}" for message, count in found["counted"].items()))
    errors = sum(row["level"] == "error" for row in found["findings"])
    lines.append(
        f"{root}: {f'{errors} errors' if errors else 'everything that training opens exists'}"
    )
    terminal.show({"ava": {"root": str(root), **found}}, lines, as_json=as_json)
    return Exit.PROVEN if found["ok"] else Exit.FAILED


def _counted(rows: list[dict[str, Any]]) -> str:
    states = [row["state"] for row in rows]
    words = (("new", "new"), ("present", "already complete"), ("failed", "FAILED"))
    counts = [f"{states.count(state)} {word}" for state, word in words if state in states]
    return ", ".join(counts) or "nothing to do"
