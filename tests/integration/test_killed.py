"""`up` run twice at once, or killed at any moment: the next run ends in the same proven state."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import threading
import time
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import pytest
from support.stack_under_test import SOURCES, Stack, kill, sources

# The steps of `up` that write, and about how many seconds each lasts with everything cached.
STEPS = {"pytorch": 2.0, "detectron2": 10.0, "slowfast": 3.0, "proof": 12.0}
KILLS = int(os.environ.get("SLOWFAST_STACK_KILLS", str(len(STEPS))))
SHORT_WORK = """
import torch
from detectron2.structures import Boxes, pairwise_iou
from slowfast.config.defaults import get_cfg
box = Boxes(torch.tensor([[0.0, 0.0, 2.0, 2.0]]))
assert pairwise_iou(box, box).item() == 1.0 and get_cfg().TRAIN.BATCH_SIZE
"""


def killed_in(stack: Stack, step: str, seconds: float, *, everything: bool) -> bool:
    """Run `up` and kill it so many seconds into a step; return whether it was still running."""
    argv = stack.argv("up", "--yes")
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert process.stdout
        # The proof is named once before the first role, where the evidence is looked for.
        names = (line.split()[-1].decode() for line in process.stdout if line.strip())
        assert "uv_env" in names
        assert step in names
        # What follows is read, or a full pipe would stop the command.
        rest = threading.Thread(target=process.stdout.read)
        rest.start()
        killed = outlived(process, seconds, everything=everything)
        rest.join()
    return killed


def outlived(process: subprocess.Popen[bytes], seconds: float, *, everything: bool) -> bool:
    """Kill a command that is still running after so many seconds, and return whether it was."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        kill(process, everything=everything)
        return True
    return False


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> tuple[Stack, list[dict[str, Any]]]:
    """A prefix on which two runs of `up` began at once, and what each of them reported."""
    prefix = tmp_path_factory.mktemp("twice") / "prefix"
    stack = Stack(prefix, sources() or ["--network", "pypi"])
    argv = stack.argv("up", "--json", "--yes")
    runs = [
        subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [run.communicate() for run in runs]
    assert [run.returncode for run in runs] == [0, 0], "\n".join(error[-4000:] for _, error in said)
    return stack, [json.loads(answer)["hosts"]["localhost"] for answer, _ in said]


def test_two_runs_at_once_on_one_prefix_both_end_proven(
    twice: tuple[Stack, list[dict[str, Any]]],
) -> None:
    stack, hosts = twice
    assert [host["status"] for host in hosts] == ["proven", "proven"]
    assert hosts[0]["plan"]["id"] == hosts[1]["plan"]["id"]
    again = stack.up()
    assert (again["status"], again["changed"]) == ("proven", 0)


def test_a_kill_in_every_step_ends_in_the_same_state(
    twice: tuple[Stack, list[dict[str, Any]]], tmp_path: Path
) -> None:
    """Each kill is at a random moment of its step; the next run resumes what it left."""
    complete, (reported, _) = twice
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    killed = Stack(tmp_path / "prefix0", complete.options)
    moments = []
    for step, longest in islice(cycle(STEPS.items()), KILLS):
        moment = round(chance.uniform(0.1, longest), 1)
        story = f"seed {seed}: after kills at {moments}, then {moment} s into {step}"
        if not killed_in(killed, step, moment, everything=chance.random() < 0.5):
            assert killed.up()["status"] == "proven", story
            killed = Stack(tmp_path / f"prefix{len(moments) + 1}", complete.options)
        moments.append((step, moment))
    end = killed.up()
    again = killed.up()
    story = f"seed {seed}: killed at {moments}"
    assert end["status"] == again["status"] == "proven", story
    assert again["changed"] == 0, story
    assert end["plan"]["id"] == reported["plan"]["id"]
    assert [claim["id"] for claim in again["proof"]["claims"]] == [
        claim["id"] for claim in reported["proof"]["claims"]
    ]
    assert freeze(killed) == freeze(complete)


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
        argv = wanted.argv("up", "--yes")
        with subprocess.Popen(
            argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            running = outlived(process, moment, everything=chance.random() < 0.5)
        assert running or process.returncode == 0, story
        if running:
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
