"""Train by sbatch on three of four nodes of a real Slurm cluster of this machine, and lose nodes.

    .venv/bin/python tests/integration/programs/slurm_training.py PREFIX

PREFIX holds a finished stack. The jobs are those of `train --slurm`; a node is a process namespace, so
that all dies with it. Prints a row for each job: nothing is lost; the program fails of itself, and is
not queued again; the job is cancelled, and neither is it; the first node, which runs the batch script and
the rendezvous, dies and comes back; so does the last one, before Slurm knows of it; the last one dies for
good, and the fourth takes its place.
Needs root and the Debian packages slurmctld, slurmd, slurm-client and munge. Exits with 1 where a job
ended otherwise, or did not resume from its last checkpoint.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from support import made_up_stack, slurm_cluster
from support.slurm_cluster import Cluster
from support.stack_under_test import COMMAND

NODES, SPARE, EPOCHS, CLIPS, LIMIT_S = 3, 1, 12, 12, 300
ENDED = ("COMPLETED", "FAILED", "CANCELLED", "NODE_FAIL", "TIMEOUT")
_BEGUN = re.compile(r"Start epoch: ([0-9]+)")


@dataclass(frozen=True)
class Case:
    """What is done to a job, and how it ends: its state, and how often Slurm started it again."""

    name: str
    state: str
    restarts: int
    disturb: Callable[[Cluster, Job], None]
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Job:
    """A job that was submitted, and the folder that it writes to."""

    number: str
    output: Path

    def checkpoints(self) -> list[str]:
        return sorted(path.name for path in self.output.glob("checkpoints/checkpoint*"))

    def log(self) -> str:
        path = self.output / f"slurm-{self.number}.log"
        return path.read_text() if path.is_file() else ""

    def state(self, cluster: Cluster) -> dict[str, str]:
        """Return what Slurm says of it."""
        said = cluster.ask("scontrol", "--oneliner", "show", "job", self.number)
        return dict(word.split("=", 1) for word in said.split() if "=" in word)


def submitted(cluster: Cluster, prefix: Path, work: Path, options: tuple[str, ...]) -> Job:
    stack = made_up_stack.MadeUpStack(prefix)
    argv = [str(COMMAND), "train", "--cfg", str(stack.config), "--prefix", str(prefix), "--json"]
    argv += ["--slurm", str(NODES), "--cpus", "1", "--from", str(work), "--max-restarts", "1"]
    argv += [*made_up_stack.OPTIONS, "SOLVER.MAX_EPOCH", str(EPOCHS), "TRAIN.BATCH_SIZE", "1"]
    argv += ["OUTPUT_DIR", str(work / "out"), *options]
    done = subprocess.run(
        argv, env=cluster.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    if "--dry-run" not in options:
        return Job(said["job"], work / "out")
    # The wait for a node that is back, but not in this job, is that of users, but shorter.
    assert "join_timeout=300" in said["script"]
    script = work / "train.sbatch"
    script.write_text(said["script"].replace("join_timeout=300", "join_timeout=20"))
    (work / "out").mkdir()
    return Job(cluster.ask("sbatch", "--parsable", str(script)).strip(), work / "out")


def wait(cluster: Cluster, job: Job, holds: Callable[[], bool]) -> None:
    until = time.monotonic() + LIMIT_S
    while not holds():
        assert time.monotonic() < until, f"{job.state(cluster)}\n{job.log()}\n{cluster.logs()}"
        time.sleep(0.2)


def nothing(cluster: Cluster, job: Job) -> None:
    """Leave the job alone."""


def lose(cluster: Cluster, job: Job, place: int) -> str:
    """Kill one of the nodes of a job when it has left a checkpoint."""
    wait(cluster, job, lambda: bool(job.checkpoints()))
    listed = cluster.ask("scontrol", "show", "hostnames", job.state(cluster)["NodeList"])
    name = listed.split()[place]
    slurm_cluster.kill_node(cluster, name)
    return name


def lose_last(cluster: Cluster, job: Job) -> None:
    lose(cluster, job, -1)


def lose_first(cluster: Cluster, job: Job) -> None:
    slurm_cluster.start_node(cluster, lose(cluster, job, 0))


def restart_last(cluster: Cluster, job: Job) -> None:
    slurm_cluster.start_node(cluster, lose(cluster, job, -1))


def cancel(cluster: Cluster, job: Job) -> None:
    wait(cluster, job, lambda: bool(job.checkpoints()))
    cluster.ask("scancel", job.number)


CASES = (
    Case("nothing", "COMPLETED", 0, nothing),
    Case("program", "FAILED", 0, nothing, ("MODEL.ARCH", "none")),
    Case("cancelled", "CANCELLED", 0, cancel),
    Case("first-node", "COMPLETED", 1, lose_first),
    Case("last-node-back", "COMPLETED", 1, restart_last, ("--dry-run",)),
    Case("last-node", "COMPLETED", 1, lose_last),
)


def is_right(case: Case, now: dict[str, str], job: Job) -> bool:
    """Return whether a job ended as expected, and no epoch was trained without a reason."""
    begun = [int(epoch) for epoch in _BEGUN.findall(job.log())]
    if (now["JobState"], int(now["Restarts"])) != (case.state, case.restarts):
        return False
    if case.state != "COMPLETED":
        return True
    # From the first start, nothing; then from a checkpoint of the start before.
    starts = [epoch for epoch in begun if epoch > 1]
    return len(job.checkpoints()) == EPOCHS and bool(starts) == bool(case.restarts)


def main() -> int:
    """Run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("prefix", type=Path)
    parser.add_argument("--only", choices=[case.name for case in CASES])
    options = parser.parse_args()
    if reason := slurm_cluster.missing():
        print(reason)
        return 2
    right = True
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="slurm-")))
        folder.chmod(0o755)
        (folder / "cluster").mkdir()
        made_up_stack.made(options.prefix, folder / "prefix", CLIPS)
        cluster = stack.enter_context(slurm_cluster.running(folder / "cluster", 1, NODES + SPARE))
        print("| lost | state | restarts | seconds | epochs begun with |")
        print("|---|---|--:|--:|---|")
        for case in (case for case in CASES if options.only in (None, case.name)):
            work, started = folder / case.name, time.monotonic()
            work.mkdir()
            job = submitted(cluster, folder / "prefix", work, case.options)
            case.disturb(cluster, job)
            wait(cluster, job, lambda job=job: job.state(cluster)["JobState"] in ENDED)  # type: ignore[misc]
            now, spent = job.state(cluster), time.monotonic() - started
            row = (now["JobState"], now["Restarts"], f"{spent:.0f}", _BEGUN.findall(job.log()))
            print(f"| {case.name} | {' | '.join(map(str, row))} |", flush=True)
            if not is_right(case, now, job):
                right = False
                print(job.log()[-4000:], cluster.logs())
    return 0 if right else 1


if __name__ == "__main__":
    raise SystemExit(main())
