"""The command line of torchrun on a node, the script of a Slurm job, and what torchrun prints."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import shell

if TYPE_CHECKING:
    from slowfast_stack.training.jobs import Job
    from slowfast_stack.training.node_checks import Facts

# Slurm's names of nodes need not be names that resolve, but their addresses are. A node that was
# started again between two looks has another time.
_BODY = r"""set -eu
restarts=${{SLURM_RESTART_COUNT:-0}}
nodes() {{ scontrol -o show node "$SLURM_JOB_NODELIST"; }}
started() {{ nodes | grep -o 'SlurmdStartTime=[^ ]*'; }}
answer() {{ timeout 60 srun --overlap --nodes="$SLURM_JOB_NUM_NODES" --ntasks-per-node=1 true; }}
addresses=$(nodes | sed -n 's/^NodeName=\([^ ]*\).* NodeAddr=\([^ ]*\).*/\1=\2/p')
first=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
first=$(echo "$addresses" | sed -n "s/^$first=//p")
port=$((20000 + SLURM_JOB_ID % 40000))
task0={output}/.task-$SLURM_JOB_ID
export addresses task0{variables}
cd {folder}
before=$(started)
code=0
{command} --rdzv-endpoint="$first:$port" --rdzv-id="$SLURM_JOB_ID-$restarts" {program} &
srun=$! late=0
# The first task is on this node. After its end srun may wait for one whose node died, and for ever.
while kill -0 $srun 2>/dev/null; do
  sleep 2
  if [ -s "$task0" ] && ! kill -0 "$(cat "$task0")" 2>/dev/null; then late=$((late + 1)); fi
  if [ $late -ge 30 ]; then kill -INT $srun || :; sleep 0.3; kill -INT $srun || :; late=0; fi
done
wait $srun || code=$?
rm -f "$task0"
[ "$code" -ne 0 ] || exit 0
if answer && [ "$(started)" = "$before" ]; then
  echo "Training failed with exit code $code, and no node was lost." >&2
elif [ "$restarts" -ge {restarts} ]; then
  echo "A node was lost, and the job had started again $restarts times already." >&2
elif [ "$(squeue --noheader --jobs="$SLURM_JOB_ID" --format=%T)" = RUNNING ]; then
  echo "A node was lost; the job is queued again and will resume from the last checkpoint." >&2
  scontrol requeue "$SLURM_JOB_ID"
fi
exit "$code"
"""
# Each task takes the address of its own node; torchrun reads its options from these variables too.
# A node that died is not started again within a job: ranks wait for it as long as Slurm does by default.
_TASK = (
    "for pair in $addresses; do "
    '[ "${pair%%=*}" != "$SLURMD_NODENAME" ] || PET_LOCAL_ADDR=${pair#*=}; '
    "done; "
    "PET_RDZV_CONF=is_host=$((SLURM_NODEID == 0)),join_timeout=300; "
    'export PET_LOCAL_ADDR PET_RDZV_CONF; [ "$SLURM_NODEID" != 0 ] || echo $$ >"$task0"; exec "$@"'
)
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


def environment(interface: str | None) -> dict[str, str]:
    """Return the variables of torchrun, by which NCCL and gloo use an interface."""
    # torchrun keeps one store for all its starts: ranks would find the addresses of the start before.
    found = {"TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1"}
    if interface:
        # NCCL takes a prefix of names, unless it begins with =.
        found |= {"NCCL_SOCKET_IFNAME": f"={interface}", "GLOO_SOCKET_IFNAME": interface}
    return found


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
    """Return the batch script: srun starts torchrun once on each node.

    Slurm requeues the job where it knows of a lost node; the script does where ranks fail first.
    """
    asked = [f"--nodes={cluster.nodes}", "--ntasks-per-node=1", f"--cpus-per-task={cluster.cpus}"]
    asked += [f"--gpus-per-node={cluster.gpus}"] if cluster.gpus else []
    asked += [f"--partition={shell.quote(cluster.partition)}"] if cluster.partition else []
    asked += ["--requeue", "--open-mode=append", f"--output={job.output}/slurm-%j.log"]
    command = shell.join([*_srun(cluster), *_module(wanted, cluster.nodes)])
    program = shell.join(_program(job, wanted, str(job.config)))
    variables = "".join(
        f" {shell.join([f'{name}={value}'])}"
        for name, value in environment(wanted.interface).items()
    )
    values = {
        "output": shell.quote(str(job.output)),
        "folder": shell.quote(str(job.start)),
        "restarts": wanted.restarts,
    }
    head = [f"#SBATCH {option}" for option in ("--job-name=slowfast-train", *asked)]
    body = _BODY.format(command=command, program=program, variables=variables, **values)
    return "\n".join(("#!/bin/bash", *head, body))


def _srun(cluster: Cluster) -> list[str]:
    words, task = ["srun", "--kill-on-bad-exit=1"], ["bash", "-c", _TASK, "task"]
    if cluster.image and cluster.image.endswith(".sif"):
        nvidia = ["--nv"] if cluster.gpus else []
        return [*words, *task, "apptainer", "exec", *nvidia, cluster.image]
    if cluster.image:
        words += [f"--container-image={cluster.image}", "--container-mount-home"]
    return words + task
