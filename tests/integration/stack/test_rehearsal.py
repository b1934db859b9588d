"""`rehearse` on the environment that `up` has proven: a GPU run on a machine without a GPU."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from support.stack_under_test import COMMAND, Stack

CONFIG = """
_BASE_: {source}/configs/Kinetics/SLOWFAST_4x16_R50.yaml
NUM_GPUS: 1
DATA: {{NUM_FRAMES: 8, TRAIN_CROP_SIZE: 64, TEST_CROP_SIZE: 64}}
RESNET: {{WIDTH_PER_GROUP: 16}}
TRAIN: {{BATCH_SIZE: 2, MIXED_PRECISION: True}}
TEST: {{BATCH_SIZE: 2, ENABLE: True}}
"""
NO_TEST = ("TEST.ENABLE", "False")
STEPS = ("model", "optimizer", "loader of train", "loss", "train", "precise BN", "evaluation")


def _run(stack: Stack, here: Path, *arguments: str, expect: int, path: str = "") -> dict[str, Any]:
    argv = [str(COMMAND), *arguments, "--json", "--prefix", str(stack.prefix)]
    own = {"XDG_CACHE_HOME": str(here / "cache"), "PATH": path or os.environ["PATH"]}
    done = subprocess.run(
        argv, cwd=here, env=os.environ | own, capture_output=True, text=True, check=False
    )
    assert done.returncode == expect, done.stdout[-2000:] + done.stderr[-2000:]
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_a_configuration_is_rehearsed_as_far_as_the_stack_allows(
    stack: Stack, tmp_path: Path
) -> None:
    current = stack.prefix / "current"
    config = tmp_path / "my.yaml"
    config.write_text(CONFIG.format(source=current / "src/slowfast"))
    one = ("rehearse", "my.yaml", "--gpu", "RTX 3060")
    if not (current / "src/slowfast/tools/run_net.py").is_file():
        error = _run(stack, tmp_path, *one, expect=2)["error"]
        assert error["code"] == "stack.reduced"
        return
    cpu = _run(stack, tmp_path, "rehearse", "my.yaml", "--gpus", "0", *NO_TEST, expect=0)[
        "rehearsal"
    ]
    assert (cpu["outcome"], cpu["gpu"], cpu["fits"]) == ("passed", None, None)
    if not list(current.glob("env/lib/python3*/site-packages/torch/lib/libtorch_cuda.so")):
        error = _run(stack, tmp_path, *one, expect=1)["error"]
        assert error["code"] == "rehearsal.cpu-torch"
        return
    _on_a_gpu(stack, tmp_path, one)


def _on_a_gpu(stack: Stack, here: Path, one: tuple[str, ...]) -> None:
    nothing = str(here / "empty")
    error = _run(stack, here, *one, expect=1, path=nothing)["error"]
    assert error["code"] == "rehearsal.no-compiler"
    done = _run(stack, here, *one, expect=0)["rehearsal"]
    assert done["gpu"] == {
        "name": "NVIDIA GeForce RTX 3060",
        "capability": "8.6",
        "bytes": 12 << 30,
        "count": 1,
    }
    assert (done["outcome"], done["precision"], done["clips"]) == ("passed", "float16", 2)
    assert {row["step"] for row in done["steps"] if row["ok"]} >= {*STEPS, "test"}
    assert done["parameters"] < done["peak_bytes"] < 1 << 30
    assert done["syncs"]["train"]["item"] >= 4  # the scaler, the loss and its norm, both errors
    two = ("--gpus", "2", "TRAIN.MIXED_PRECISION_DTYPE", "bfloat16", "TRAIN.BATCH_SIZE", "4")
    two += NO_TEST
    done = _run(stack, here, *one, *two, expect=0)["rehearsal"]
    assert done["precision"] == "bfloat16"
    assert "distributed model" in {row["step"] for row in done["steps"]}
    failed = _run(stack, here, *one, "SLOWFAST.FUSION_KERNEL_SZ", "4", expect=1)["rehearsal"]
    assert failed["failure"]["type"] == "RuntimeError"
    assert failed["failure"]["at"].startswith("slowfast/models/video_model_builder.py:")
    _checked(stack, here)


def _checked(stack: Stack, here: Path) -> None:
    """No rule of config check finds anything here, and the tensors need more than 1 GiB."""
    for name in ("train", "val", "test"):
        rows = [f"{here}/{name}{i}.mp4 {i % 2}\n" for i in range(4)]
        (here / f"{name}.csv").write_text("".join(rows))
        for i in range(4):
            (here / f"{name}{i}.mp4").touch()
    text = CONFIG.replace("NUM_FRAMES: 8", "NUM_FRAMES: 32").replace(
        "BATCH_SIZE: 2", "BATCH_SIZE: 4"
    )
    text = text.replace("TRAIN_CROP_SIZE: 64", "TRAIN_CROP_SIZE: 224").replace(": 16}", ": 64}")
    text = text.replace("ENABLE: True", "ENABLE: False").replace(
        "DATA: {{", "DATA: {{PATH_TO_DATA_DIR: {here}, "
    )
    text += "SOLVER: {{WARMUP_EPOCHS: 0.0}}\n"
    source = stack.prefix / "current/src/slowfast"
    (here / "large.yaml").write_text(text.format(source=source, here=here))
    check = ("config", "check", "large.yaml", "--no-memory", "--rehearse", "--gpu-memory", "1")
    found = _run(stack, here, *check, expect=1)["findings"]
    assert [row["id"] for row in found if row["level"] == "error"] == ["rehearsal"]
