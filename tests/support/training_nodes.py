"""Hosts of a network of their own that train a small SlowFast together; nothing is shared among them."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from support import made_up_stack, network_hosts
from support.made_up_stack import MadeUpStack
from support.network_hosts import NetworkHost
from support.stack_under_test import COMMAND

# The global batch of a step, and the clips of an epoch.
BATCH, CLIPS = 4, 8


@dataclass(frozen=True)
class TrainingNodes:
    """Hosts with the same stack, each with its own copy of it and of the folder of work."""

    hosts: list[NetworkHost]
    stack: MadeUpStack
    folder: Path

    @property
    def work(self) -> Path:
        return self.folder / "work"

    def outputs(self) -> list[Path]:
        """Return where this machine sees the output of each node."""
        return [host.sees(self.work) / "out" for host in self.hosts]

    def checkpoints(self) -> set[str]:
        """Return the names of the complete checkpoints of any node."""
        return {path.name for out in self.outputs() for path in out.glob("checkpoints/checkpoint*")}

    def command(self, epochs: int, *more: str) -> list[str]:
        """Return the command that trains on all of them."""
        inventory = network_hosts.inventory(self.hosts, "nodes", self.folder / "hosts.yml")
        argv = [str(COMMAND), "train", "--cfg", str(self.stack.config)]
        argv += ["--prefix", str(self.stack.prefix), "-i", str(inventory), "--nodes", "nodes"]
        argv += ["--from", str(self.work), "--max-restarts", "20", "--json", *more]
        argv += [*made_up_stack.OPTIONS, "SOLVER.MAX_EPOCH", str(epochs)]
        return [*argv, "TRAIN.BATCH_SIZE", str(max(1, BATCH // len(self.hosts)))]


def ranks(host: NetworkHost) -> list[int]:
    """Return the processes of a node that train."""
    found = []
    for pid in host.processes("several-nodes.yaml"):
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
            found += [pid] if not {"-c", "torch.distributed.run"} & set(words) else []
    return found


@contextlib.contextmanager
def made(prefix: Path, count: int) -> Iterator[TrainingNodes]:
    """Yield running nodes, with a copy of a finished stack."""
    # A disk, not memory.
    with tempfile.TemporaryDirectory(prefix="nodes-", dir="/var/tmp") as name:
        folder = Path(name)
        stack = made_up_stack.made(prefix, folder / "prefix", CLIPS)
        (folder / "work").mkdir()
        with network_hosts.started(count, folder, [folder / "work", folder / "prefix"]) as hosts:
            yield TrainingNodes(hosts, stack, folder)
