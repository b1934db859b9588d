"""Training by sbatch on a real Slurm cluster is queued again after a node was lost, and resumes."""

from __future__ import annotations

import subprocess
import sys

import pytest
from support import slurm_cluster
from support.stack_under_test import PROGRAMS, Stack

REASON = slurm_cluster.missing()
ROWS = 6


@pytest.mark.skipif(bool(REASON), reason=f"no Slurm cluster: {REASON}")
def test_a_job_survives_the_loss_of_a_node_and_no_other_end_is_repeated(stack: Stack) -> None:
    if not (stack.prefix / "current/src/slowfast/tools/run_net.py").is_file():
        pytest.skip("the reduced stack has no tools/: PyPI's slowfast is the library alone")
    argv = [sys.executable, str(PROGRAMS / "slurm_training.py"), str(stack.prefix)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-3000:]}"
    assert len([line for line in done.stdout.splitlines() if line.endswith(" |")]) == ROWS + 1
