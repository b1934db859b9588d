"""Claim: upstream's training and test run for a full-size configuration on the planned GPUs.

They run on tensors without numbers and a fake CUDA runtime, so that mixed precision and as many GPUs
as planned are tried on any host. What a host cannot rehearse is not claimed, and the reason is said.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import fake_runtime
import forked
from claims import Claim

CONFIG = "configs/Kinetics/SLOWFAST_8x8_R50.yaml"
CLIPS = 8  # of one GPU, as upstream trains it
MEMORY = 80 << 30  # bytes of one GPU; whether the tensors fit is not claimed
LIMIT_S = 600
HERE = Path(__file__).parent


def claims(plan: dict, src: Path, out: Path) -> list[Claim]:
    """Return the claim about the planned GPUs."""
    count = len(plan["gpus"])
    where = f"{count} x {plan['gpus'][0]['name']}, mixed precision" if count else "the CPU"
    text = f"{Path(CONFIG).name} in full size on {where}: training, evaluation and test end"
    return [Claim("slowfast.rehearsal", text, lambda: _rehearse(plan, src / "slowfast", out))]


def _rehearse(plan: dict, tree: Path, out: Path) -> tuple[bool | None, str]:
    out.mkdir(parents=True, exist_ok=True)
    left = {key: value for key, value in os.environ.items() if key not in fake_runtime.HIDDEN}
    count = len(plan["gpus"])
    if count:
        try:
            left |= _fake_gpus(plan["gpus"], out / "runtime")
        except fake_runtime.NotBuilt as error:
            return None, f"not rehearsed: {error}"
    clips = CLIPS * max(1, count)
    pairs = ["NUM_GPUS", count, "TRAIN.BATCH_SIZE", clips, "TEST.BATCH_SIZE", clips]
    pairs += ["TRAIN.MIXED_PRECISION", bool(count)]
    program, words = HERE / "rehearse.py", [str(tree / CONFIG), *map(str, pairs)]
    # The fake runtime has to be loaded before everything else.
    if not count and _is_single():
        done = forked.run(program, words, cwd=out, env=left, timeout=LIMIT_S)
    else:
        argv = [sys.executable, "-s", str(program), *words]
        done = subprocess.run(
            argv, cwd=out, env=left, capture_output=True, text=True, timeout=LIMIT_S, check=False
        )
    try:
        report = json.loads(done.stdout.splitlines()[-1])
        outcome = report["outcome"]
    except (IndexError, ValueError, TypeError, KeyError):
        tail = " | ".join(done.stderr.strip().splitlines()[-3:])
        return None, f"not rehearsed: exit status {done.returncode}: {tail}"
    failure = report["failure"]
    if outcome != "passed":
        said = f"{failure['step']}: {failure['type']} at {failure['at']}: {failure['message']}"
        return (False, said) if outcome == "failed" else (None, f"not rehearsed: {said}")
    steps = ", ".join(row["step"] for row in report["steps"] if row["step"].endswith("()"))
    peak = max(report["peak_bytes"], report["test_bytes"] or 0) / 2**30
    where = "on each GPU" if count else "of memory"
    return True, f"{steps} ended in {report['precision']}; tensors need {peak:.2f} GiB {where}"


def _is_single() -> bool:
    """Import what the rehearsal uses, and return whether this process can be forked.

    The claims after this one use the same imports. Threads of OpenMP do not survive a fork.
    """
    try:
        import slowfast.datasets
        import slowfast.models  # noqa: F401
        import torch
    except Exception:  # noqa: BLE001  (the rehearsal says what it is)
        return False
    return torch.get_num_threads() == 1


def _fake_gpus(gpus: list[dict], place: Path) -> dict[str, str]:
    """Return the variables of as many GPUs as planned, all of the lowest capability among them."""
    headers = fake_runtime.headers([Path(sysconfig.get_path("purelib"))])
    fake_runtime.build(HERE / "fake_cuda.c", place, fake_runtime.compiler(), headers)
    known = [gpu for gpu in gpus if gpu["compute_capability"]]
    if not known:
        raise fake_runtime.NotBuilt("rehearsal.unable", "the compute capability is not known")
    lowest = min(known, key=lambda gpu: _capability(gpu["compute_capability"]))
    capability = _capability(lowest["compute_capability"])
    described = fake_runtime.gpus(len(gpus), f"NVIDIA {lowest['name']}", capability, MEMORY)
    return described | fake_runtime.loaded(place)


def _capability(text: str) -> tuple[int, int]:
    major, minor = text.split(".")
    return int(major), int(minor)
