"""A small AVA from a local server to upstream's own loader, evaluation and training."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from support import synthetic_ava
from support.http import FileServer, serving
from support.stack_under_test import COMMAND, PROGRAMS, Stack
from support.synthetic_ava import Plan

FRAMES, START = 210, 4
PLAN = Plan(
    train={
        "-5KQ66BBWC4.mkv": ("30000/1001", 13),
        "_Ca3gOdOHxU.mp4": ("24000/1001", 13),
        "dead.mp4": ("30", 1),
    },
    val={"c.webm": ("25", 13), "d.avi": ("24", 13), "e.mp4": ("30", 13), "cut.mkv": ("25", 13)},
    frames=FRAMES,
    seconds=(902, 903, 904),
)
BAD = {"dead": "train", "cut": "val"}
PROGRAM = PROGRAMS / "ava_end_to_end.py"

pytestmark = pytest.mark.skipif(bool(synthetic_ava.missing()), reason=synthetic_ava.missing())


def ava(*arguments: object, expect: int = 0) -> dict[str, Any]:
    argv = [str(COMMAND), "ava", *map(str, arguments), "--json"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == expect, f"{done.returncode}\n{done.stderr[-3000:]}"
    result: dict[str, Any] = json.loads(done.stdout)["ava"]
    return result


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set that went through download, extract and lists; two of its videos are bad."""
    mirror, root = tmp_path_factory.mktemp("mirror"), tmp_path_factory.mktemp("ava") / "root"
    synthetic_ava.publish(mirror, PLAN)
    cut = mirror / "trainval/cut.mkv"
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 3])
    numbers = ("--start", START, "--frames", FRAMES)
    with serving(FileServer(mirror, dead={"trainval/dead.mp4": 404})) as server:
        result = ava("download", "--root", root, "--mirror", server.address, *numbers, expect=1)
    failed = {item["name"]: item for item in result["results"] if item["state"] == "failed"}
    assert failed.keys() == {"videos/dead.mp4", "videos/cut.mkv"}
    assert all(item["message"] and item["cause"] and item["hint"] for item in failed.values())
    result = ava("extract", "--root", root, expect=1)
    assert {item["name"] for item in result["results"] if item["state"] == "failed"} == BAD.keys()
    made = ava("lists", "--root", root)
    assert made["left_out"].keys() == BAD.keys()
    return root


def test_existing_files_is_right_and_what_is_missing_is_named(root: Path) -> None:
    result = ava("check", "--root", root, "--lists", root / "lists/present")
    assert result["findings"] == []
    assert result["counted"]["frames"] == 5 * FRAMES
    result = ava("check", "--root", root, expect=1)
    assert "2 videos have no frames: cut, dead" in result["findings"][0]["message"]


def test_upstreams_loader_and_evaluation_read_it_and_train(
    root: Path, stack: Stack, tmp_path: Path
) -> None:
    source = stack.prefix / "current/src/slowfast"
    if not (source / "tools/run_net.py").is_file():
        pytest.skip("the reduced stack has no tools/: PyPI's slowfast is the library alone")
    python = stack.prefix / "current/env/bin/python"
    argv = [python, PROGRAM, source, root / "lists/present", "--work", tmp_path / "work"]
    done = subprocess.run(
        [str(part) for part in argv],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-3000:]}"
    result = json.loads(done.stdout)
    halves = {"train": PLAN.train, "val": PLAN.val, "test": PLAN.val}
    for split, seen in result["loader"].items():
        names = {Path(file).stem for file in halves[split]} - BAD.keys()
        assert seen["videos"] == dict.fromkeys(names, FRAMES)
        for video, second, path in seen["key_frames"]:
            number = (second - 900) * 30 + 1
            assert Path(path) == root / f"frames/{video}/{video}_{number:06d}.jpg"
    assert len(result["loader"]["train"]["key_frames"]) == 2 * len(PLAN.seconds)
    assert result["checkpoints"]
    assert result["evaluations"] >= 2
