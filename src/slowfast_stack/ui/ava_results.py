"""The results of ava commands as text and JSON: failures one by one, the rest as counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from slowfast_stack.exit_codes import Exit
from slowfast_stack.ui import terminal

if TYPE_CHECKING:
    from pathlib import Path


def result(root: Path, found: dict[str, Any], *, as_json: bool) -> int:
    """Print the result of a job and return the exit code: 0 where everything is complete."""
    lines = found["results"]
    for item in lines:
        if item["state"] == "failed":
            terminal.print_error(
                StackError(item["message"], item["cause"], item["hint"], code=item["code"])
            )
    if as_json:
        terminal.print_json({"ava": {"root": str(root), **found}})
    else:
        for item in lines:
            if item.get("complaints"):
                count = item["complaints"]
                print(f"{item['name']}: FFmpeg printed {count} warnings; the frames are complete.")
        print(f"{root}: {_counted(lines)}")
    return Exit.PROVEN if found["ok"] else Exit.FAILED


def host(name: str, found: dict[str, Any]) -> str:
    """Return whether everything is complete on a host."""
    return f"{name}: {'complete' if found['ok'] else 'incomplete'}"


def submitted(root: Path, job: str, tasks: int, *, as_json: bool) -> int:
    """Print what was submitted to Slurm."""
    if as_json:
        terminal.print_json({"ava": {"root": str(root), "job": job, "tasks": tasks}})
    else:
        print(f"Slurm job {job}: {tasks} tasks, logs in {root}/.ava.")
        print(f"When they are done: slowfast-stack ava check --root {root}")
    return Exit.PROVEN


def lists(made: dict[str, Any], *, as_json: bool) -> int:
    """Print which lists were written."""
    if as_json:
        terminal.print_json({"ava": made})
        return Exit.PROVEN
    for video, cause in made.get("left_out", {}).items():
        print(f"left out: {video}: {cause}")
    for split, counts in made["splits"].items():
        print(f"{split}: {counts['videos']} videos, {counts['frames']} frames")
    print(f"{made['config']}: {'written' if made['changed'] else 'unchanged'}")
    print("Train with these keys added to a configuration of configs/AVA.")
    return Exit.PROVEN


def check_result(root: Path, found: dict[str, Any], *, as_json: bool) -> int:
    """Print the findings of a check and return the exit code."""
    if as_json:
        terminal.print_json({"ava": {"root": str(root), **found}})
        return Exit.PROVEN if found["ok"] else Exit.FAILED
    for finding in found["findings"]:
        following = f"\n  hint: {finding['hint']}" if finding["hint"] else ""
        print(f"{finding['level']}: {finding['where']}: {finding['message']}{following}")
    print(", ".join(f"{count:,} {message}" for message, count in found["counted"].items()))
    errors = sum(finding["level"] == "error" for finding in found["findings"])
    print(f"{root}: {f'{errors} errors' if errors else 'everything that training opens exists'}")
    return Exit.PROVEN if found["ok"] else Exit.FAILED


def _counted(lines: list[dict[str, Any]]) -> str:
    states = [item["state"] for item in lines]
    words = (("new", "new"), ("present", "already complete"), ("failed", "FAILED"))
    counts = [f"{states.count(state)} {word}" for state, word in words if state in states]
    return ", ".join(counts) or "nothing to do"
