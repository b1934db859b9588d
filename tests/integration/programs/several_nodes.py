"""Train over nodes that are killed, and compare with a training that nothing disturbs.

    .venv/bin/python tests/integration/programs/several_nodes.py PREFIX [--nodes 2] [--kills 6]

PREFIX holds a finished stack. Nodes are network namespaces with sshd and a folder of their own, so
that nothing is shared. In turn a rank, a complete node and the node of the rendezvous are killed, each
after another checkpoint appeared. Exits with 1 where the loss differs by more than 1e-3 from that of
one process with the same global batch, or a node lacks the last checkpoint, or a cut link is not
named. Needs root.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from support import made_up_stack, node_namespaces
from support.made_up_stack import MadeUpStack
from support.node_namespaces import Nodes
from support.stack_under_test import COMMAND

BATCH, CLIPS, LIMIT, PROGRESS_S = 4, 16, 1e-3, 240
_LOSS = re.compile(r'"_type": "train_epoch".*?"loss": ([0-9.]+)')
KINDS = ("rank", "node", "rendezvous")


def alone(stack: MadeUpStack, folder: Path, epochs: int) -> float:
    """Return the loss of the last epoch of one process."""
    argv = [str(stack.python), str(stack.source / "tools/run_net.py"), "--cfg", str(stack.config)]
    argv += ["--opts", *made_up_stack.OPTIONS, "SOLVER.MAX_EPOCH", str(epochs)]
    done = subprocess.run(
        [*argv, "TRAIN.BATCH_SIZE", str(BATCH)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(_LOSS.findall(done.stdout + done.stderr)[-1])


def command(stack: MadeUpStack, nodes: Nodes, epochs: int, *more: str) -> list[str]:
    argv = [str(COMMAND), "train", "--cfg", str(stack.config), "--prefix", str(stack.prefix)]
    argv += ["-i", str(nodes.inventory()), "--nodes", "nodes", "--from", str(nodes.shared)]
    argv += ["--max-restarts", "20", "--json", *more, *made_up_stack.OPTIONS]
    argv += ["SOLVER.MAX_EPOCH", str(epochs)]
    return [*argv, "TRAIN.BATCH_SIZE", str(BATCH // nodes.count)]


def checkpoints(nodes: Nodes) -> set[str]:
    """Return the names of the complete checkpoints of any node."""
    found = (nodes.own(name) / "out/checkpoints" for name in nodes.names)
    return {path.name for folder in found for path in folder.glob("checkpoint*")}


def kill(nodes: Nodes, kind: str, turn: int) -> None:
    """Kill a rank, the last node, or the first one, which has the rendezvous; start a node again."""
    name = nodes.names[0] if kind == "rendezvous" else nodes.names[-1]
    if kind == "rank":
        name = nodes.names[turn % nodes.count]
        ranks = [p for p in nodes.processes(name, "run_net.py") if "-m torch" not in _line(p)]
        ranks = [p for p in ranks if "several-nodes.yaml" in _line(p) and " -c " not in _line(p)]
        os.kill(ranks[-1], signal.SIGKILL)
        return
    nodes.kill(name)
    time.sleep(2)
    nodes.start(name)


def _line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()


def disturbed(stack: MadeUpStack, nodes: Nodes, kills: int) -> dict[str, object]:
    """Train, and kill after every new checkpoint; return what the command says of its run."""
    argv = command(stack, nodes, kills + 2)
    with (
        (nodes.folder / "run.json").open("wb") as out,
        (nodes.folder / "run.log").open("wb") as log,
    ):
        child = subprocess.Popen(argv, stdout=out, stderr=log)
        seen: set[str] = set()
        for turn in range(kills):
            until = time.monotonic() + PROGRESS_S
            while checkpoints(nodes) <= seen:
                assert child.poll() is None, (nodes.folder / "run.log").read_text()[-6000:]
                assert time.monotonic() < until, (nodes.folder / "run.log").read_text()[-6000:]
                time.sleep(0.1)
            seen = checkpoints(nodes)
            kind = KINDS[turn % len(KINDS)]
            kill(nodes, kind, turn)
            print(f"killed: {kind}, after {max(seen)}", flush=True)
        code = child.wait(PROGRESS_S)
    assert code == 0, (nodes.folder / "run.log").read_text()[-6000:]
    run: dict[str, object] = json.loads((nodes.folder / "run.json").read_text())["run"]
    return run


def cut_link(stack: MadeUpStack, nodes: Nodes) -> str:
    """Cut the link between the first two nodes; return the error of the check."""
    first, second = nodes.names[:2]
    absent = ["lladdr", "02:00:00:00:00:fe", "dev", "eth0", "nud", "permanent"]
    nodes.inside(first, "ip", "neigh", "replace", nodes.address(second), *absent)
    done = subprocess.run(
        command(stack, nodes, 1, "--check-only"), capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stdout
    error = json.loads(done.stdout)["error"]
    assert error["code"] == "training.broken-link", error
    assert f"{first} (eth0) to {second} (eth0)" in error["cause"], error
    return str(error["cause"]).splitlines()[0]


def main() -> int:
    """Run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("prefix", type=Path)
    parser.add_argument("--nodes", type=int, default=2)
    parser.add_argument("--kills", type=int, default=6)
    options = parser.parse_args()
    if reason := node_namespaces.missing():
        print(reason)
        return 2
    with tempfile.TemporaryDirectory(prefix="nodes-") as name:
        folder = Path(name)
        stack = made_up_stack.made(options.prefix, folder / "prefix", CLIPS)
        expected = alone(stack, folder, options.kills + 2)
        (folder / "n").mkdir()
        with node_namespaces.made(folder / "n", options.nodes) as nodes:
            started = time.monotonic()
            run = disturbed(stack, nodes, options.kills)
            spent = time.monotonic() - started
            last = f"checkpoint_epoch_{options.kills + 2:05d}.pyth"
            kept = [(nodes.own(n) / "out/checkpoints" / last).is_file() for n in nodes.names]
            print(f"named: {cut_link(stack, nodes)}")
        log = Path(str(run["log"])).read_text()
        loss = float(_LOSS.findall(log)[-1])
        apart = abs(loss - expected)
        print(
            f"{options.nodes} nodes, {options.kills} kills, {run['starts']} starts, {spent:.0f} s"
        )
        print(
            f"loss {loss}, of one process {expected}, apart {apart:.1e}; last checkpoint on {kept}"
        )
        return 0 if apart <= LIMIT and all(kept) else 1


if __name__ == "__main__":
    raise SystemExit(main())
