"""Claim: upstream's tools/run_net.py trains, evaluates and tests on the synthetic clips."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from claims import Claim
from slowfast_claims import CONFIG, options

LIMIT_S = 900
# The least depth that upstream builds; releases before it had this one build 50 at least.
DEPTH = 18
SHALLOW = {"RESNET.DEPTH": DEPTH, "RESNET.NUM_BLOCK_TEMP_KERNEL": [[2, 2]] * 4}


def claims(plan: dict, src: Path, data: Path, out: Path) -> list[Claim]:
    """Return the claim about upstream's training program."""
    return [
        Claim(
            "slowfast.run_net",
            "tools/run_net.py exits 0 and writes a checkpoint and a test result",
            lambda: _run_net(plan, src / "slowfast", data, out),
        )
    ]


def smallest(tree: Path) -> dict[str, object]:
    """Return the settings of the shallowest model that a tree of upstream can build."""
    models = tree / "slowfast" / "models" / "video_model_builder.py"
    known = re.search(
        r"^_MODEL_STAGE_DEPTH = \{(\d+):", models.read_text(encoding="utf-8"), re.MULTILINE
    )
    return SHALLOW if known and int(known[1]) == DEPTH else {}


def _run_net(plan: dict, tree: Path, data: Path, out: Path) -> tuple[bool, str]:
    out.mkdir(parents=True, exist_ok=True)
    log = out / "run_net.log"
    pairs = {**options(plan, data, out), **smallest(tree)}.items()
    argv = [
        sys.executable,
        str(tree / "tools" / "run_net.py"),
        "--cfg",
        str(tree / CONFIG),
        "--opts",
    ]
    argv += [str(part) for pair in pairs for part in pair]
    with log.open("w", encoding="utf-8") as sink:
        done = subprocess.run(
            argv,
            cwd=out,
            env=dict(os.environ),
            stdout=sink,
            stderr=subprocess.STDOUT,
            timeout=LIMIT_S,
            check=False,
        )
    text = log.read_text(encoding="utf-8", errors="replace")
    checkpoints = sorted(path.name for path in (out / "checkpoints").glob("*.pyth"))
    results = [line for line in text.splitlines() if '"split": "test_final"' in line]
    if done.returncode or not checkpoints or not results:
        tail = " | ".join(text.strip().splitlines()[-3:])
        return False, f"exit status {done.returncode}, checkpoints {checkpoints}; {tail} ({log})"
    steps = sum('"_type": "train_iter' in line for line in text.splitlines())
    final = results[-1].split("json_stats: ")[-1]
    return True, f"{', '.join(checkpoints)}; {steps} logged steps; {final}"
