"""`up` killed at any moment: the next one goes on and ends in the same proven state."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from pathlib import Path

from stack_under_test import Stack, sources

KILLS = 10


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


def test_ten_kills_at_random_moments_end_in_the_same_state(stack: Stack, tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    whole = stack.up()
    started = time.monotonic()
    fresh = Stack(tmp_path / "prefix0", sources())
    fresh.up()
    lasts = time.monotonic() - started
    killed = Stack(tmp_path / "prefix1", sources())
    moments = []
    while len(moments) < KILLS:
        moment = chance.uniform(0.2, lasts)
        with subprocess.Popen(
            killed.argv("up", "--yes"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            try:
                process.wait(moment)
            except subprocess.TimeoutExpired:
                kill(process, everything=chance.random() < 0.5)
                moments.append(round(moment, 1))
            else:
                assert process.returncode == 0, f"seed {seed}: after kills at {moments} s"
                killed = Stack(tmp_path / f"prefix{len(moments) + 2}", sources())
    end = killed.up()
    again = killed.up()
    story = f"seed {seed}: killed after {moments} s of {lasts:.1f} s"
    assert end["status"] == again["status"] == "proven", story
    assert again["changed"] == 0, story
    assert end["plan"]["id"] == whole["plan"]["id"]
    assert [claim["id"] for claim in again["proof"]["claims"]] == [
        claim["id"] for claim in whole["proof"]["claims"]
    ]
    assert freeze(killed) == freeze(fresh)


def freeze(stack: Stack) -> list[str]:
    env = stack.prefix / "current" / "env"
    done = subprocess.run(
        ["uv", "pip", "freeze", "--python", str(env)], capture_output=True, text=True, check=True
    )
    return [line.replace(str(stack.prefix), "PREFIX") for line in done.stdout.splitlines()]
