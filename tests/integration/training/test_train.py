"""``slowfast-stack train``: checked before, followed, stopped cleanly, judged after."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING

from support.training_harness import CHECKPOINT, Harness

from slowfast_stack.orchestration import processes

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_run_is_followed_to_its_end(harness: Harness) -> None:
    run = harness.train("NUM_GPUS", "0", "OUTPUT_DIR", "out", LEAVES=str(CHECKPOINT))["run"]
    assert run["epochs_trained"] == 2
    assert run["tested"] == {"top1": 50.0, "top5": 100.0}
    assert run["checkpoint"].endswith("out/checkpoints/checkpoint_epoch_00002.pyth")
    assert run["resumed_from"] is None
    log = (harness.here / "state/slowfast-stack/logs").glob("*-train.log")
    assert "json_stats" in next(log).read_text()


def test_what_cannot_work_is_not_started(harness: Harness) -> None:
    done = harness.run("train", "--cfg", "my.yaml", "TRAIN.BATCH_SIZE", "64")
    assert done.returncode == 1
    assert "TRAIN.BATCH_SIZE: Each process has 4 clips and takes 64 at a time" in done.stderr
    assert not (harness.here / "out").exists()
    forced = harness.run("train", "--cfg", "my.yaml", "TRAIN.BATCH_SIZE", "64", "--skip-validation")
    assert forced.returncode == 0


def test_pairs_are_keys_with_values(harness: Harness) -> None:
    assert "come in pairs" in harness.train("NUM_GPUS", expect=2)["error"]["message"]
    unknown = harness.train("NUM_GPU", "0", expect=1)["error"]
    assert "NUM_GPU is not a key of upstream" in unknown["cause"]
    mistyped = harness.train("SOLVER.BASE_LR", "high", expect=1)["error"]
    assert "upstream expects a float" in mistyped["cause"]


def test_a_failure_has_its_last_error_as_cause_and_a_hint(harness: Harness) -> None:
    last = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB."
    error = harness.train(expect=1, CODE="1", LAST=last)["error"]
    assert error["code"] == "training.failed"
    assert error["cause"].endswith(last)
    assert "TRAIN.BATCH_SIZE" in error["hint"]


def _nothing_left(harness: Harness) -> str:
    said = ["x: 1: Start epoch: 11", "x: 1: training done: _p0"]
    said += ['json_stats: {"split": "test_final"}']
    recorded = harness.here / "nothing.log"
    recorded.write_text("\n".join(said))
    return str(recorded)


def test_a_run_that_trains_nothing_has_failed(harness: Harness) -> None:
    error = harness.train(expect=1, RECORDED=_nothing_left(harness))["error"]
    assert error["message"] == "Nothing was trained."
    assert "CHECKPOINT_EPOCH_RESET" in error["hint"]


def test_a_complete_run_has_nothing_left_and_is_no_failure(harness: Harness) -> None:
    folder = harness.here / "out/checkpoints"
    folder.mkdir(parents=True)
    (folder / "checkpoint_epoch_00010.pyth").write_bytes(CHECKPOINT.read_bytes())
    run = harness.train(RECORDED=_nothing_left(harness))["run"]
    assert run["epochs_trained"] == 0
    assert run["resumed_from"].endswith("checkpoint_epoch_00010.pyth")


def test_a_checkpoint_that_a_killed_run_left_is_set_aside(harness: Harness) -> None:
    folder = harness.here / "out/checkpoints"
    folder.mkdir(parents=True)
    complete = CHECKPOINT.read_bytes()
    (folder / "checkpoint_epoch_00001.pyth").write_bytes(complete)
    (folder / "checkpoint_epoch_00002.pyth").write_bytes(complete[: len(complete) // 2])
    (folder / "checkpoint_epoch_00003.pyth").touch()
    run = harness.train()["run"]
    assert run["resumed_from"].endswith("checkpoint_epoch_00001.pyth")
    assert [path.name for path in sorted((harness.here / "out/damaged").iterdir())] == [
        "checkpoint_epoch_00002.pyth",
        "checkpoint_epoch_00003.pyth",
    ]


def test_ctrl_c_leaves_no_process_and_says_how_to_go_on(harness: Harness) -> None:
    argv = harness.argv("train", "--cfg", "my.yaml")
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    environment = harness.environment(SLEEPS="600")
    with subprocess.Popen(argv, cwd=harness.here, env=environment, **pipes) as process:
        _wait_for(lambda: bool(_children(process.pid)))
        other = harness.run("train", "--cfg", "my.yaml")
        os.kill(process.pid, signal.SIGINT)
        _, result = process.communicate(timeout=30)
        assert _children(process.pid) == []
    assert process.returncode == 130
    assert "Run the same command again: it resumes" in result
    assert other.returncode == 2
    assert "Another run is writing to" in other.stderr


def test_what_a_killed_run_left_is_stopped_before_the_next(harness: Harness) -> None:
    argv = harness.argv("train", "--cfg", "my.yaml")
    environment = harness.environment(SLEEPS="600")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(argv, cwd=harness.here, env=environment, **quiet) as process:
        _wait_for(lambda: "test_final" in harness.log())
        process.kill()
        process.wait()
        left = _children(process.pid)
        result = harness.run("train", "--cfg", "my.yaml", LEAVES=str(CHECKPOINT))
        assert len(left) == 1
        assert _children(process.pid) == []
    assert "that a killed run had left behind" in result.stdout


def _children(pid: int) -> list[int]:
    return [child for child, mark in processes._marked() if mark.split("-")[2] == str(pid)]


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)


def test_without_a_stack_the_way_to_one_is_reported(harness: Harness) -> None:
    (harness.here / "prefix/current/src/slowfast/tools/run_net.py").unlink()
    reduced = harness.train(expect=2)["error"]
    assert "reduced stack" in reduced["message"]
    (harness.here / "prefix/current").unlink()
    none = harness.run("train", "--cfg", "my.yaml", "--json")
    assert none.returncode == 2
    assert "slowfast-stack up" in json.loads(none.stdout)["error"]["hint"]
