"""The command line of torchrun on a node, the script of a Slurm job, and what torchrun prints."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import shell

if TYPE_CHECKING:
    from slowfast_stack.training.jobs import Job
    from slowfast_stack.training.node_checks import Facts

_RANKED = re.compile(r"^\[(?:[A-Za-z_]+)?(\d+)\]:(.*)$")


@dataclass(frozen=True)
class Wanted:
    """How to train: the stack of each node, processes on each, and what follows a loss."""

    stack: str
    processes: int
    restarts: int
    on_node_lost: str = "wait"
    interface: str | None = None


def arguments(job: Job, found: list[Facts], place: int, wanted: Wanted) -> list[str]:
    """Return the arguments of a node; the first one holds the rendezvous."""
    first, own = found[0], found[place]
    words = [*_module(wanted, len(found)), f"--rdzv-endpoint={first.address}:{first.port}"]
    words += [f"--rdzv-id=slowfast-{first.port}", f"--rdzv-conf=is_host={int(place == 0)}"]
    words += [f"--local-addr={own.address}", f"--log-dir={job.output}/ranks"]
    return words + _program(job, wanted, config_file(job))


def config_file(job: Job) -> str:
    """Return where each node keeps the configuration that it gets."""
    return f"{job.output}/{job.config.stem}.several-nodes.yaml"


def _module(wanted: Wanted, nodes: int) -> list[str]:
    words = [f"{wanted.stack}/env/bin/python", "-u", "-m", "torch.distributed.run"]
    words += [f"--nnodes={nodes}", f"--nproc-per-node={wanted.processes}"]
    return [*words, "--rdzv-backend=c10d", f"--max-restarts={wanted.restarts}", "--tee=3"]


def _program(job: Job, wanted: Wanted, config: str) -> list[str]:
    words = [f"{wanted.stack}/src/slowfast/tools/run_net.py", "--cfg", config]
    return words + (["--opts", *job.options] if job.options else [])


def environment(interface: str) -> dict[str, str]:
    """Return the variables by which NCCL and gloo use an interface."""
    # NCCL takes a prefix of names, unless it begins with =.
    return {"NCCL_SOCKET_IFNAME": f"={interface}", "GLOO_SOCKET_IFNAME": interface}


def of_line(line: str) -> tuple[int | None, str]:
    """Return the rank on its node that torchrun wrote before a line, and the line."""
    found = _RANKED.match(line)
    return (int(found[1]), found[2]) if found else (None, line)


@dataclass(frozen=True)
class Cluster:
    """What a Slurm job asks for; the image is for enroot (pyxis) or, as a .sif file, Apptainer."""

    nodes: int
    gpus: int
    cpus: int
    partition: str | None
    image: str | None


def script(job: Job, wanted: Wanted, cluster: Cluster) -> str:
    """Return the batch script: srun starts torchrun once on each node, and Slurm requeues the job."""
    asked = [f"--nodes={cluster.nodes}", "--ntasks-per-node=1", f"--cpus-per-task={cluster.cpus}"]
    asked += [f"--gpus-per-node={cluster.gpus}"] if cluster.gpus else []
    asked += [f"--partition={shell.quote(cluster.partition)}"] if cluster.partition else []
    asked += ["--requeue", "--open-mode=append", f"--output={job.output}/slurm-%j.log"]
    command = shell.join([*_srun(cluster), *_module(wanted, cluster.nodes)])
    place = '--rdzv-endpoint="$first:$port" --rdzv-id="$SLURM_JOB_ID-${SLURM_RESTART_COUNT:-0}"'
    return "\n".join(
        (
            "#!/bin/bash",
            *(f"#SBATCH {option}" for option in ("--job-name=slowfast-train", *asked)),
            "set -eu",
            'first=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)',
            # The name of a node need not be one that resolves.
            r"""first=$(scontrol -o show node "$first" | sed -n 's/.* NodeAddr=\([^ ]*\).*/\1/p')""",
            "port=$((20000 + SLURM_JOB_ID % 40000))",
            f"cd {shell.quote(job.start)}",
            f"exec {command} {place} {shell.join(_program(job, wanted, str(job.config)))}",
            "",
        )
    )


def _srun(cluster: Cluster) -> list[str]:
    words = ["srun", "--kill-on-bad-exit=1"]
    if cluster.image and cluster.image.endswith(".sif"):
        nvidia = ["--nv"] if cluster.gpus else []
        words += ["apptainer", "exec", *nvidia, cluster.image]
    elif cluster.image:
        words += [f"--container-image={cluster.image}", "--container-mount-home"]
    return words
