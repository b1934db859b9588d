"""Rehearse every configuration of upstream on GPUs that are not there, and print the table.

    STACK/env/bin/python tests/integration/programs/rehearsal_sweep.py STACK
        [--only REGEX] [--gpu NAME] [--gpus N] [--precision TYPE ...] [--source TREE] [--jobs N]
        [--state FILE]

STACK is a finished stack with the sources and a PyTorch for CUDA. With one GPU, a configuration gets
the clips that one of its GPUs has; with more, it is rehearsed as it is. The first --precision is
rehearsed with evaluation and test, which use no mixed precision; the others in training. --source
rehearses another tree, such as one without a patch. --state keeps finished rows, so that a
stopped sweep goes on.
Exits 1 where upstream's code failed or a configuration could not be rehearsed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = ROOT / "roles/proof/files/rehearsal"
sys.path[:0] = [str(PROGRAM), str(ROOT / "src"), str(ROOT / "collections")]

from ansible_collections.slowfast.stack.plugins.module_utils._stack.cuda.fake_runtime import loaded
from slowfast_stack.training import fake_runtime, rehearsed_gpu
from slowfast_stack.training.installed import Installed

if TYPE_CHECKING:
    from collections.abc import Iterator

PRECISIONS = ("float32", "float16", "bfloat16")
WRITTEN = "as written"
GIB = 1 << 30
STARTED = "FAKE_CUDA_GPUS"  # set where this process already runs on the fake runtime


@dataclass(frozen=True)
class Case:
    """A file in one precision."""

    name: str
    path: Path
    precision: str
    only_training: bool


def pairs(case: Case, gpus: int) -> list[str]:
    """Return what makes a configuration one for this machine in this precision."""
    from slowfast.config.defaults import get_cfg

    values: dict[str, Any] = {
        "NUM_GPUS": gpus,
        "TRAIN.MIXED_PRECISION": case.precision != "float32",
        "TRAIN.MIXED_PRECISION_DTYPE": "bfloat16" if case.precision == "bfloat16" else "float16",
    }
    cfg = get_cfg()
    cfg.merge_from_file(str(case.path))
    if case.only_training and cfg.TRAIN.ENABLE:  # upstream evaluates and tests without autocast
        values |= {"TEST.ENABLE": False, "BN.USE_PRECISE_STATS": False}
    if gpus == 1:
        before = max(1, cfg.NUM_GPUS)
        values |= {
            "NUM_SHARDS": 1,
            "BN.NUM_SYNC_DEVICES": 1,
            "TRAIN.BATCH_SIZE": max(1, cfg.TRAIN.BATCH_SIZE // before),
            "TEST.BATCH_SIZE": max(1, cfg.TEST.BATCH_SIZE // before),
        }
    return [str(word) for pair in values.items() for word in pair]


def as_written(path: Path) -> int:
    """Return NUM_GPUS of a file, for which the fake runtime answers in this process from now on."""
    from slowfast.config.defaults import get_cfg

    cfg = get_cfg()
    cfg.merge_from_file(str(path))
    os.environ[STARTED] = str(max(1, cfg.NUM_GPUS))
    return int(cfg.NUM_GPUS)


def apart(case: Case, gpus: int, log: Path) -> int:
    """Rehearse in a process of its own, which inherits the imports; return its id."""
    pid = os.fork()
    if pid:
        return pid
    with log.open("w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    try:
        import rehearse

        written = case.precision == WRITTEN
        given = ["NUM_GPUS", str(as_written(case.path))] if written else pairs(case, gpus)
        made = rehearse.rehearsed(case.path, given)
    except Exception as error:  # noqa: BLE001  (upstream refuses the file itself)
        text = {"step": "configuration", "type": type(error).__name__, "message": str(error)}
        made = {"outcome": "failed", "failure": text | {"at": ""}}
    log.with_suffix(".json").write_text(json.dumps(made))
    os._exit(0)


def cases(source: Path, given: argparse.Namespace) -> Iterator[Case]:
    """List the files in each precision, or those that `transfer_matrix.py` wrote."""
    if given.written:
        for path in sorted(given.written.glob("*.yaml")):
            if re.search(given.only, path.stem):
                yield Case(path.stem, path, WRITTEN, only_training=False)
        return
    for path in sorted([*source.glob("configs/**/*.yaml"), *source.glob("demo/**/*.yaml")]):
        name = str(path.relative_to(source).with_suffix(""))
        for precision in given.precision if re.search(given.only, name) else ():
            yield Case(name, path, precision, precision != given.precision[0])


def sweep(source: Path, work: Path, given: argparse.Namespace) -> int:
    """Rehearse all cases, some at a time, and print a row for each."""
    waiting = list(cases(source, given))
    rows = _kept(given.state)
    running: dict[int, tuple[Case, Path, float]] = {}
    started, count = time.monotonic(), 0
    while waiting or running:
        while waiting and len(running) < given.jobs:
            case, count = waiting.pop(0), count + 1
            if f"{case.name} {case.precision}" not in rows:
                log = work / f"{count}.log"
                running[apart(case, given.gpus, log)] = (case, log, time.monotonic())
        if not running:
            break
        pid, status = os.wait()
        case, log, begun = running.pop(pid)
        made = _made(log, status) | {"seconds": round(time.monotonic() - begun, 1)}
        rows[f"{case.name} {case.precision}"] = made
        print(f"{case.name} {case.precision}: {happened(made)}", flush=True)
        if given.state:
            given.state.write_text(json.dumps(rows))
    return table(rows, list(cases(source, given)), time.monotonic() - started)


def _kept(state: Path | None) -> dict[str, dict[str, Any]]:
    if state is None or not state.is_file():
        return {}
    kept: dict[str, dict[str, Any]] = json.loads(state.read_text())
    return kept


def _made(log: Path, status: int) -> dict[str, Any]:
    file = log.with_suffix(".json")
    if file.is_file():
        made: dict[str, Any] = json.loads(file.read_text())
        return made
    last = (log.read_text(errors="replace").splitlines() or [""])[-1]
    failure = {"step": "", "type": f"status {status}", "message": last, "at": ""}
    return {"outcome": "unable", "failure": failure}


def happened(made: dict[str, Any]) -> str:
    """Return the cell of a case: its peak, or what failed."""
    if made["outcome"] == "passed":
        peak = made.get("peak_bytes") or made.get("test_bytes") or 0
        waits = sum(made["syncs"].get("train", {}).values())
        return f"{peak / GIB:.2f} GiB, {waits:g} waits"
    failure = made["failure"]
    text = f"**{made['outcome']}** in {failure['step']}: {failure['type']} {failure['at']}"
    return f"{text}: {failure['message'].splitlines()[0][:90] if failure['message'] else ''}"


def table(rows: dict[str, dict[str, Any]], asked: list[Case], seconds: float) -> int:
    """Print a row for each file with a column for each precision; return the exit code."""
    precisions = list(dict.fromkeys(case.precision for case in asked))
    print(f"\n| configuration | clips | {' | '.join(precisions)} |")
    print(f"|---|--:|{'---|' * len(precisions)}")
    for name in dict.fromkeys(case.name for case in asked):
        made = [rows[f"{name} {precision}"] for precision in precisions]
        clips = next((row["clips"] for row in made if "clips" in row), "")
        cells = " | ".join(happened(row).replace("|", "/") for row in made)
        print(f"| {name} | {clips} | {cells} |")
    passed = sum(rows[f"{case.name} {case.precision}"]["outcome"] == "passed" for case in asked)
    print(f"\n{passed} of {len(asked)} passed; {seconds:.0f} s.")
    return int(passed < len(asked))


def main() -> int:
    """Start again on the fake runtime, then sweep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stack", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--gpu", default=rehearsed_gpu.DEFAULT)
    parser.add_argument("--gpus", type=int, default=1)
    parser.add_argument("--precision", nargs="+", choices=PRECISIONS, default=PRECISIONS[1:])
    parser.add_argument("--source", type=Path)
    parser.add_argument("--written", type=Path, help="a folder of files that are taken as they are")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--state", type=Path)
    given = parser.parse_args()
    stack = Installed(given.stack.resolve())
    source = (given.source or stack.source).resolve()
    if STARTED not in os.environ:
        place = fake_runtime.folder(stack)
        own = rehearsed_gpu.find(given.gpu).environment(given.gpus)
        own |= loaded(place)
        own |= {"PYTHONPATH": str(source), "OMP_NUM_THREADS": "1"}
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | own)  # noqa: S606
    sys.path.insert(0, str(source / "tools"))
    # Each process inherits what is imported here.
    import made_up_data  # noqa: F401
    import numberless  # noqa: F401
    import test_net  # noqa: F401
    import train_net  # noqa: F401

    with tempfile.TemporaryDirectory(prefix="rehearsal-sweep-") as work:
        return sweep(source, Path(work), given)


if __name__ == "__main__":
    raise SystemExit(main())
