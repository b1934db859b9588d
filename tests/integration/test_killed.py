"""`up` killed at any moment: the next one goes on and ends in the same proven state."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from support.stack_under_test import SOURCES, Stack, kill, sources

KILLS = int(os.environ.get("SLOWFAST_STACK_KILLS", "10"))
SHORT_WORK = """
import torch
from detectron2.structures import Boxes, pairwise_iou
from slowfast.config.defaults import get_cfg
box = Boxes(torch.tensor([[0.0, 0.0, 2.0, 2.0]]))
assert pairwise_iou(box, box).item() == 1.0 and get_cfg().TRAIN.BATCH_SIZE
"""


def killed_at(stack: Stack, moment: float, story: str, *, everything: bool) -> bool:
    """Run `up` and kill it after so many seconds; return whether it was still running."""
    with subprocess.Popen(
        stack.argv("up", "--yes"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            kill(process, everything=everything)
            return True
    assert process.returncode == 0, story
    return False


def test_kills_at_random_moments_end_in_the_same_state(stack: Stack, tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    complete = stack.up()
    started = time.monotonic()
    fresh = Stack(tmp_path / "prefix0", sources())
    fresh.up()
    lasts = time.monotonic() - started
    killed = Stack(tmp_path / "prefix1", sources())
    moments = []
    while len(moments) < KILLS:
        moment = chance.uniform(0.2, lasts)
        story = f"seed {seed}: after kills at {moments} s"
        if killed_at(killed, moment, story, everything=chance.random() < 0.5):
            moments.append(round(moment, 1))
        else:
            killed = Stack(tmp_path / f"prefix{len(moments) + 2}", sources())
    end = killed.up()
    again = killed.up()
    story = f"seed {seed}: killed after {moments} s of {lasts:.1f} s"
    assert end["status"] == again["status"] == "proven", story
    assert again["changed"] == 0, story
    assert end["plan"]["id"] == complete["plan"]["id"]
    assert [claim["id"] for claim in again["proof"]["claims"]] == [
        claim["id"] for claim in complete["proof"]["claims"]
    ]
    assert freeze(killed) == freeze(fresh)


@pytest.mark.skipif(
    not SOURCES, reason="needs local copies of the upstream repositories: SLOWFAST_STACK_SOURCES"
)
def test_the_active_environment_works_after_every_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proven stack is active while `up` for another plan, compile included, is killed."""
    monkeypatch.setenv("UV_CACHE_DIR", said("cache", "dir").strip())
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    prefix = tmp_path / "prefix"
    before = Stack(prefix, ["--network", "pypi"]).up()["plan"]["id"]
    started = time.monotonic()
    planned = Stack(tmp_path / "reference", sources()).up()["plan"]["id"]
    lasts = time.monotonic() - started
    wanted, moments = Stack(prefix, sources()), []
    while len(moments) < KILLS:
        shutil.rmtree(tmp_path / "cache", ignore_errors=True)
        moment = chance.uniform(0.2, lasts)
        story = f"seed {seed}: killed after {moments} s, then {moment:.1f} s, of {lasts:.1f} s"
        if killed_at(wanted, moment, story, everything=chance.random() < 0.5):
            moments.append(round(moment, 1))
        else:
            (prefix / ".current").symlink_to(f"stacks/{before}")
            (prefix / ".current").rename(prefix / "current")
            shutil.rmtree(prefix / "stacks" / planned)
            shutil.rmtree(prefix / "cache" / "wheels")
        assert (prefix / "current").resolve().name in (before, planned), story
        python = prefix / "current" / "env" / "bin" / "python"
        worked = subprocess.run([python, "-c", SHORT_WORK], cwd=tmp_path, check=False)
        assert worked.returncode == 0, story
    end, again = wanted.up(), wanted.up()
    assert end["status"] == again["status"] == "proven", story
    assert again["changed"] == 0, story
    assert end["plan"]["id"] == planned == (prefix / "current").resolve().name
    assert before in [path.name for path in (prefix / "stacks").iterdir()]


def said(*options: str) -> str:
    return subprocess.run(["uv", *options], capture_output=True, text=True, check=True).stdout


def freeze(stack: Stack) -> list[str]:
    env = stack.prefix / "current" / "env"
    lines = said("pip", "freeze", "--python", str(env)).splitlines()
    return [line.replace(str(stack.prefix), "PREFIX") for line in lines]
