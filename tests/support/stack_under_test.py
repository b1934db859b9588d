"""The real command line, on this machine, in a temporary prefix."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

COMMAND = Path(sys.executable).parent / "slowfast-stack"
PROGRAMS = Path(__file__).resolve().parents[1] / "integration/programs"
# Local repositories or bundles of the three upstream projects, as NAME=PATH separated by commas.
SOURCES = os.environ.get("SLOWFAST_STACK_SOURCES", "")


@dataclass
class Stack:
    """A prefix, and the command line that works on it."""

    prefix: Path
    options: list[str] = field(default_factory=list)

    def argv(self, verb: str, *options: str) -> list[str]:
        return [str(COMMAND), verb, "--prefix", str(self.prefix), *self.options, *options]

    def run(self, verb: str, *options: str, expect: int = 0) -> dict[str, Any]:
        """Run a verb with --json; check its exit code and return what it says of this machine."""
        done = subprocess.run(
            self.argv(verb, "--json", *options), capture_output=True, text=True, check=False
        )
        assert done.returncode == expect, f"exit code {done.returncode}\n{done.stderr[-4000:]}"
        answer = json.loads(done.stdout)
        assert answer["schema"] == 1
        host: dict[str, Any] = answer["hosts"]["localhost"]
        return host

    def up(self, *options: str, expect: int = 0) -> dict[str, Any]:
        return self.run("up", "--yes", *options, expect=expect)


def sources() -> list[str]:
    return [option for source in SOURCES.split(",") if source for option in ("--source", source)]


def descendants(root: int) -> list[int]:
    """Return all processes below ``root``, whatever sessions they made."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            parent = int(stat.rpartition(")")[2].split()[1])
            parents.setdefault(parent, []).append(int(entry.name))
    found, queue = [], [root]
    while queue:
        children = parents.get(queue.pop(), [])
        found += children
        queue += children
    return found


def kill(process: subprocess.Popen[bytes], *, everything: bool) -> None:
    """Kill the command alone, which leaves its children behind, or all that it started."""
    targets = descendants(process.pid) if everything else []
    for pid in [process.pid, *targets]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    process.wait()
