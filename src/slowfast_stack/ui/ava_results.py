"""What became of a job, in words: the failures one by one, the rest as numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from slowfast_stack.exit_codes import Exit
from slowfast_stack.ui import terminal

if TYPE_CHECKING:
    from pathlib import Path


def result(root: Path, told: dict[str, Any], *, as_json: bool) -> int:
    """Tell what became of each thing of a job and return the exit code: 0 where all is there."""
    lines = told["things"]
    for item in lines:
        if item["state"] == "failed":
            terminal.print_error(
                StackError(item["message"], item["cause"], item["hint"], code=item["code"])
            )
    if as_json:
        terminal.print_json({"ava": {"root": str(root), **told}})
    else:
        for item in lines:
            if item.get("complaints"):
                count = item["complaints"]
                print(f"{item['name']}: FFmpeg complained {count} times; the frames are complete.")
        print(f"{root}: {_counted(lines)}")
    return Exit.PROVEN if told["ok"] else Exit.FAILED


def submitted(root: Path, job: str, tasks: int, *, as_json: bool) -> int:
    """Tell what was handed to Slurm."""
    if as_json:
        terminal.print_json({"ava": {"root": str(root), "job": job, "tasks": tasks}})
    else:
        print(f"Slurm job {job}: {tasks} tasks, logs in {root}/.ava.")
        print(f"When they are done: slowfast-stack ava check {root}")
    return Exit.PROVEN


def lists(made: dict[str, Any], *, as_json: bool) -> int:
    """Tell which lists were written."""
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


def checked(root: Path, told: dict[str, Any], *, as_json: bool) -> int:
    """Tell what a check has found and return the exit code."""
    if as_json:
        terminal.print_json({"ava": {"root": str(root), **told}})
        return Exit.PROVEN if told["ok"] else Exit.FAILED
    for finding in told["findings"]:
        following = f"\n  next: {finding['hint']}" if finding["hint"] else ""
        print(f"{finding['level']}: {finding['where']}: {finding['message']}{following}")
    print(", ".join(f"{count:,} {message}" for message, count in told["counted"].items()))
    errors = sum(finding["level"] == "error" for finding in told["findings"])
    print(f"{root}: {f'{errors} errors' if errors else 'all that training opens is there'}")
    return Exit.PROVEN if told["ok"] else Exit.FAILED


def _counted(lines: list[dict[str, Any]]) -> str:
    states = [item["state"] for item in lines]
    words = (("new", "new"), ("there", "already there"), ("failed", "FAILED"))
    counts = [f"{states.count(state)} {word}" for state, word in words if state in states]
    return ", ".join(counts) or "nothing to do"
