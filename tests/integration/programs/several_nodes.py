"""Train over nodes that are killed, and compare with a training that nothing disturbs.

    .venv/bin/python tests/integration/programs/several_nodes.py PREFIX [--nodes 2] [--kills 10] [--seed 7]

PREFIX holds a finished stack. Nodes are namespaces with sshd and a folder of their own, so that nothing
is shared. A rank, a complete node or the node of the rendezvous is killed after each new checkpoint, in
an order that the seed decides. Exits with 1 where the loss of a step differs by more than 1e-3 from that
of one process with the same global batch, or a node lacks the last checkpoint. Needs root.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from support import made_up_stack, network_hosts, training_nodes
from support.made_up_stack import MadeUpStack
from support.training_nodes import BATCH, CLIPS, TrainingNodes

LIMIT, PROGRESS_S = 1e-3, 300
KINDS = ("rank", "node", "rendezvous")


def epochs(kills: int) -> int:
    """Return how many are trained, 20 steps at least."""
    return max(kills + 2, 20 * BATCH // CLIPS)


def alone(stack: MadeUpStack, folder: Path, count: int) -> dict[int, float]:
    """Return the loss of each step of one process."""
    folder.mkdir()
    argv = [str(stack.python), str(stack.source / "tools/run_net.py"), "--cfg", str(stack.config)]
    argv += ["--opts", *made_up_stack.OPTIONS, "SOLVER.MAX_EPOCH", str(count)]
    done = subprocess.run(
        [*argv, "TRAIN.BATCH_SIZE", str(BATCH)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return made_up_stack.losses(stack, folder)


def kill(nodes: TrainingNodes, kind: str, chance: random.Random) -> str:
    """Kill a rank, a node, or the first one, which has the rendezvous; start a node again."""
    host = nodes.hosts[0]
    if kind == "node":
        host = chance.choice(nodes.hosts[1:])
    elif kind == "rank":
        host = chance.choice(nodes.hosts)
        until = time.monotonic() + PROGRESS_S
        while not (ranks := training_nodes.ranks(host)):
            assert time.monotonic() < until, f"{host.name} has no rank"
            time.sleep(0.1)
        os.kill(chance.choice(ranks), signal.SIGKILL)
        return host.name
    host.kill()
    time.sleep(2)
    host.start()
    return host.name


def _disturb(
    nodes: TrainingNodes, child: subprocess.Popen[bytes], kinds: list[str], chance: random.Random
) -> None:
    """Kill after each new checkpoint."""
    log, seen = nodes.folder / "run.log", set[str]()
    for kind in kinds:
        until = time.monotonic() + PROGRESS_S
        while nodes.checkpoints() <= seen:
            assert child.poll() is None, log.read_text()[-6000:]
            assert time.monotonic() < until, log.read_text()[-6000:]
            time.sleep(0.1)
        seen = nodes.checkpoints()
        name = kill(nodes, kind, chance)
        print(f"killed: {kind} of {name}, after {max(seen)}", flush=True)


def disturbed(nodes: TrainingNodes, kills: int, chance: random.Random) -> dict[str, object]:
    """Train, and kill after every new checkpoint; return what the command says of its run."""
    kinds = [KINDS[turn % len(KINDS)] for turn in range(kills)]
    chance.shuffle(kinds)
    folder = nodes.folder
    with (folder / "run.json").open("wb") as out, (folder / "run.log").open("wb") as log:
        child = subprocess.Popen(nodes.command(epochs(kills)), stdout=out, stderr=log)
        try:
            _disturb(nodes, child, kinds, chance)
            code = child.wait(PROGRESS_S)
        finally:
            child.kill()
    assert code == 0, (folder / "run.log").read_text()[-6000:]
    run: dict[str, object] = json.loads((folder / "run.json").read_text())["run"]
    return run


def main() -> int:
    """Run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("prefix", type=Path)
    parser.add_argument("--nodes", type=int, default=2)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    if reason := network_hosts.missing():
        print(reason)
        return 2
    count = epochs(options.kills)
    with training_nodes.made(options.prefix, options.nodes) as nodes:
        expected = alone(nodes.stack, nodes.folder / "alone", count)
        started = time.monotonic()
        run = disturbed(nodes, options.kills, random.Random(options.seed))
        spent = time.monotonic() - started
        last = f"checkpoint_epoch_{count:05d}.pyth"
        kept = [(out / "checkpoints" / last).is_file() for out in nodes.outputs()]
        found = made_up_stack.losses(nodes.stack, *nodes.outputs())
    # Steps of epochs that no checkpoint followed were trained again.
    apart = max(abs(found.get(step, 1e9) - loss) for step, loss in expected.items())
    print(
        f"{options.nodes} nodes, {options.kills} kills, {run['starts']} starts, {spent:.0f} s; "
        f"{len(expected)} steps, last loss {found[max(found)]:.8f}, largest difference to one "
        f"process {apart:.1e}; last checkpoint on {sum(kept)} nodes"
    )
    return 0 if apart <= LIMIT and all(kept) else 1


if __name__ == "__main__":
    raise SystemExit(main())
