"""Make claims in processes of their own: what ends one of them fails one claim, and no other.

A process reports what it begins and what it finds, one JSON object a line, through a pipe. When it
ends before it said so, the claim that it had begun has failed, and another process makes those that
were left.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import claims as claims_module

if TYPE_CHECKING:
    from groups import Stack

_TAIL = 3  # lines
_CGROUP = Path("/sys/fs/cgroup")


def slots(memory: int, meminfo: Path = Path("/proc/meminfo"), cgroup: Path = _CGROUP) -> int:
    """Return how many processes fit: one for each core, and each with ``memory`` bytes."""
    free = [
        int(line.split()[1]) << 10
        for line in _text(meminfo).splitlines()
        if line.startswith("MemAvailable:")
    ]
    most, used = (_text(cgroup / f"memory.{name}").strip() for name in ("max", "current"))
    if most.isdigit() and used.isdigit():
        free.append(int(most) - int(used))
    cores = len(os.sched_getaffinity(0))
    return max(1, min([cores, *(size // memory for size in free)]))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""


def work(report: int, stack: Stack, groups: list[str], skip: int, limit_s: float) -> None:
    """Make the claims of some groups, without the first ``skip``, and report each.

    The kernel ends this process when a claim, or its own end, takes longer than ``limit_s``: a hang
    in compiled code cannot be interrupted otherwise.
    """
    os.set_inheritable(report, False)  # noqa: FBT003  (it takes no keyword)
    with os.fdopen(report, "w", encoding="utf-8") as sink:

        def say(what: dict[str, object]) -> None:
            sink.write(json.dumps(what) + "\n")
            sink.flush()

        for group in groups:
            signal.setitimer(signal.ITIMER_REAL, limit_s)
            say({"group": group})
            for claim in stack.claims(group)[skip:]:
                signal.setitimer(signal.ITIMER_REAL, limit_s)
                say({"begun": claim.id, "expected": claim.expected})
                say({"made": claim.make()})
            skip = 0
        signal.setitimer(signal.ITIMER_REAL, limit_s)
        say({"ended": True})


def run(
    argv: list[str], groups: list[str], place: Path, limit_s: float
) -> dict[str, list[dict[str, object]]]:
    """Return the claims of some groups, made one after the other by as few processes as it takes."""
    found: dict[str, list[dict[str, object]]] = {group: [] for group in groups}
    left, skip = list(groups), 0
    while left:
        process = _Process(left, found)
        failure = process.follow(argv, skip, place, limit_s)
        group = left[process.at]
        if failure:
            found[group].append(failure)
        if process.ended:
            break
        # A group that could not be made is not tried again.
        left = left[process.at + (process.begun is None) :]
        skip = 0 if process.begun is None else process.number + (skip if process.at == 0 else 0)
    return found


class _Process:
    """One process that makes claims, and how far it came."""

    def __init__(self, groups: list[str], found: dict[str, list[dict[str, object]]]) -> None:
        self.groups, self.found = groups, found
        self.at = 0  # the group
        self.number = 0  # how many claims of it were begun here
        self.begun: dict[str, str] | None = None  # the last claim, None before the first of a group
        self.waits = self.ended = False
        self.started = time.monotonic()

    def follow(
        self, argv: list[str], skip: int, place: Path, limit_s: float
    ) -> dict[str, object] | None:
        """Run the process to its end; return what is to be said of its end, None where it is well."""
        log = place / f"{self.groups[0]}.log"
        reader, writer = os.pipe()
        chosen = [word for group in self.groups for word in ("--group", group)]
        with log.open("wb") as sink, os.fdopen(reader, encoding="utf-8") as lines:
            process = subprocess.Popen(
                [*argv, *chosen, "--skip", str(skip), "--report", str(writer)],
                env={"OMP_NUM_THREADS": "1", **os.environ},
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                pass_fds=[writer],
            )
            os.close(writer)
            with process:
                for line in lines:
                    if line.endswith("\n"):
                        self.hear(json.loads(line))
        if self.ended and process.returncode == 0:
            return None
        return self.failure(_status(process.returncode, limit_s), log)

    def hear(self, said: dict) -> None:
        """Take one line of the process."""
        if "group" in said:
            self.at = self.groups.index(said["group"])
            self.begun, self.number, self.waits = None, 0, False
        elif "begun" in said:
            self.begun, self.waits = said, True
            self.number += 1
        elif "made" in said:
            self.found[self.groups[self.at]].append(said["made"])
            self.waits = False
        elif "ended" in said:
            self.ended = True
        self.started = time.monotonic()

    def failure(self, status: str, log: Path) -> dict[str, object]:
        """Return a failed claim: the one that was being made, else the one about the group."""
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        tail = " | ".join(lines[-_TAIL:])
        claim, expected = f"proof.{self.groups[self.at]}", "the claims of this group"
        if self.waits and self.begun:
            claim, expected = self.begun["begun"], self.begun["expected"]
        measured = f"{status}: {tail}" if tail else status
        return claims_module.failed(claim, expected, measured, time.monotonic() - self.started)


def _status(returncode: int, limit_s: float) -> str:
    if returncode == -signal.SIGALRM:
        return f"no answer within {limit_s:.0f} s"
    name = ""
    if returncode < 0:
        try:
            name = f" ({signal.Signals(-returncode).name})"
        except ValueError:
            name = ""
    return f"exit status {returncode}{name}"
