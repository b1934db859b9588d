"""Train by sbatch on three nodes of a real Slurm cluster of this machine.

    .venv/bin/python tests/integration/programs/slurm_training.py PREFIX

PREFIX holds a finished stack. The job is one of `train --slurm`. Needs root and the Debian packages
slurmctld, slurmd, slurm-client and munge. Exits with 1 where the job did not complete.
"""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from support import made_up_stack, slurm_cluster
from support.slurm_cluster import Cluster
from support.stack_under_test import COMMAND

NODES, EPOCHS, CLIPS, LIMIT_S = 3, 2, 24, 240


def submitted(cluster: Cluster, prefix: Path, work: Path) -> str:
    """Submit the job; return its number."""
    stack = made_up_stack.MadeUpStack(prefix)
    argv = [str(COMMAND), "train", "--cfg", str(stack.config), "--prefix", str(prefix)]
    argv += [
        "--slurm",
        str(NODES),
        "--cpus",
        "1",
        "--from",
        str(work),
        "--max-restarts",
        "0",
        "--json",
    ]
    argv += [*made_up_stack.OPTIONS, "SOLVER.MAX_EPOCH", str(EPOCHS), "TRAIN.BATCH_SIZE", "1"]
    argv += ["OUTPUT_DIR", str(work / "out")]
    done = subprocess.run(
        argv, env=cluster.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    job: str = json.loads(done.stdout)["job"]
    return job


def state(cluster: Cluster, job: str) -> dict[str, str]:
    """Return what Slurm says of a job."""
    said = cluster.ask("scontrol", "--oneliner", "show", "job", job)
    return dict(word.split("=", 1) for word in said.split() if "=" in word)


def main() -> int:
    """Run."""
    if reason := slurm_cluster.missing():
        print(reason)
        return 2
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="slurm-")))
        folder.chmod(0o755)
        work = folder / "work"
        work.mkdir()
        (folder / "cluster").mkdir()
        made_up_stack.made(Path(sys.argv[1]), folder / "prefix", CLIPS)
        cluster = stack.enter_context(slurm_cluster.running(folder / "cluster", 1, NODES))
        job = submitted(cluster, folder / "prefix", work)
        log = work / f"out/slurm-{job}.log"
        until = time.monotonic() + LIMIT_S
        while (now := state(cluster, job))["JobState"] not in ("COMPLETED", "FAILED"):
            assert time.monotonic() < until, f"{now}\n{cluster.logs()}"
            time.sleep(0.5)
        said = log.read_text()
        print(f"{now['JobState']}, nodes {now['NumNodes']}")
        print(f"epochs begun with: {re.findall(r'Start epoch: ([0-9]+)', said)}")
        kept = sorted(path.name for path in (work / "out/checkpoints").glob("checkpoint*"))
        print(f"checkpoints: {kept}")
        print(said[-1500:] if now["JobState"] == "FAILED" else "")
    return 0 if now["JobState"] == "COMPLETED" and len(kept) == EPOCHS else 1


if __name__ == "__main__":
    raise SystemExit(main())
