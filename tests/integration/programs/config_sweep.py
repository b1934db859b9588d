"""Run every configuration of upstream, and planted wrong values, beside the word of `config check`.

    STACK/env/bin/python tests/integration/programs/config_sweep.py STACK
        [--only TEXT] [--planted] [--fix] [--jobs N] [--work DIR] [--page FILE]
        [--state FILE [--stop-after SECONDS]]

STACK is a finished stack with the sources. Each file goes through upstream's own train(), its
evaluation and its test on the CPU, with small crops and made-up data of its kind, in a process of
its own; ``config check`` sees the same file with the same overrides. The table says what the check
said and what happened. Exits 1 where a check was wrong: an error that ran, or a failure unsaid.
With --fix the cases are those that ``config check --fix`` changes, as it leaves them: each runs, or
has an error left that says why not. --page writes the table into a page of the documentation.
--state keeps what happened, so that a sweep goes on where it was stopped, and the check is asked
again of all cases; after --stop-after seconds no more are started, and it exits with 75.
"""

from __future__ import annotations

import argparse
import datetime as dt
import itertools
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import zlib
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import yaml

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "collections")]

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from slowfast_stack.config import content, source_tree, target, validate, yaml_edit

import planted_more
import planted_mvit
import planted_numbers
import planted_shapes
import planted_tasks
import planted_values
import result_page
import upstream_end_to_end as made

if TYPE_CHECKING:
    from collections.abc import Iterator

PLANTED = (
    *planted_values.ROWS,
    *planted_numbers.ROWS,
    *planted_shapes.ROWS,
    *planted_mvit.ROWS,
    *planted_tasks.ROWS,
    *planted_more.ROWS,
)
CLIPS, MORE_CLIPS = 6, 16  # the largest batch of the long cycle is 16 times the smallest
EVALUATED = 4
CLASSES = 6
MEMORY = 10 << 30
SECONDS = 240  # of processor; a process that waits for nothing ends after ten times as many
NOT_FINISHED = 75  # EX_TEMPFAIL of sysexits.h
SMALL: dict[str, Any] = {
    "NUM_GPUS": 0,
    "NUM_SHARDS": 1,
    "BN.NUM_SYNC_DEVICES": 1,
    "CONTRASTIVE.KNN_ON": False,
    "DATA.TRAIN_JITTER_SCALES": [64, 80],
    "DATA.TRAIN_CROP_SIZE": 64,
    "DATA.TEST_CROP_SIZE": 64,
    "TRAIN.BATCH_SIZE": 2,
    "TEST.BATCH_SIZE": 2,
    "TRAIN.EVAL_PERIOD": 1,
    "TRAIN.CHECKPOINT_PERIOD": 1,
    "TRAIN.CHECKPOINT_FILE_PATH": "",
    "TEST.CHECKPOINT_FILE_PATH": "",
    "TEST.NUM_ENSEMBLE_VIEWS": 1,
    "TEST.NUM_SPATIAL_CROPS": 1,
    "TEST.NUM_TEMPORAL_CLIPS": [],
    "BN.NUM_BATCHES_PRECISE": 1,
    "SOLVER.MAX_EPOCH": 1,
    "DATA_LOADER.NUM_WORKERS": 0,
    "DATA_LOADER.PIN_MEMORY": False,
    "LOG_MODEL_INFO": False,
    "TENSORBOARD.ENABLE": False,
    "DEMO.ENABLE": False,
}
# Something else than training is asked of these; one epoch is too short for their schedule.
LONG_CYCLE: dict[str, Any] = {"SOLVER.MAX_EPOCH": 4, "SOLVER.STEPS": [0, 2], "SOLVER.LRS": [1, 0.1]}
SMALLER = {"MVIT.EMBED_DIM": (768, 4), "RESNET.WIDTH_PER_GROUP": (64, 4)}


@dataclass(frozen=True)
class Case:
    """A file and the values that are planted into it."""

    name: str
    path: Path
    values: dict[str, Any]
    part: str = ""  # what is planted


def overrides(read: content.Content, folders: dict[str, Path], out: Path) -> dict[str, Any]:
    """Return what makes a configuration small, and names data of its kind."""
    values = SMALL | {"OUTPUT_DIR": str(out)}
    for key, (least, divisor) in SMALLER.items():
        if read.get(key) >= least:
            values[key] = read.get(key) // divisor
    if read.get("MULTIGRID.LONG_CYCLE"):
        values |= LONG_CYCLE | {"TRAIN.BATCH_SIZE": 1}
    kind = str(read.get("TRAIN.DATASET")).removeprefix("ptv")
    folder = folders.get(kind, folders["kinetics"])
    if read.get("MULTIGRID.LONG_CYCLE"):
        folder = folders[f"{kind}-long"]
    values |= {"DATA.PATH_TO_DATA_DIR": str(folder), "DATA.PATH_PREFIX": ""}
    if kind == "charades":
        values["TEST.NUM_ENSEMBLE_VIEWS"] = 2
    if kind == "ava":
        values |= {
            **{f"AVA.{key}": str(folder) for key in ("FRAME_LIST_DIR", "ANNOTATION_DIR")},
            "AVA.FRAME_DIR": str(folder / "frames"),
            "AVA.TRAIN_PREDICT_BOX_LISTS": [],
            "AVA.TEST_PREDICT_BOX_LISTS": ["ava_val_predicted_boxes.csv"],
            "AVA.TRAIN_GT_BOX_LISTS": ["ava_train_v2.2.csv"],
            "AVA.EXCLUSION_FILE": "ava_val_excluded_timestamps_v2.2.csv",
            "AVA.GROUNDTRUTH_FILE": "ava_val_v2.2.csv",
            "AVA.LABEL_MAP_FILE": "ava_action_list_v2.2_for_activitynet_2019.pbtxt",
        }
    return values


def data(work: Path) -> dict[str, Path]:
    """Make data of each kind: clips, frames with lists, images in folders, boxes."""
    run = made.Run(work, [], work, None)
    folders = {"kinetics": run.clips(CLIPS), "ava": made.ava_data(run)}
    folders["kinetics-long"] = run.clips(MORE_CLIPS)
    for kind in ("ssv2", "charades"):
        for name, clips in ((kind, CLIPS), (f"{kind}-long", MORE_CLIPS)):
            folders[name] = work / name
            _frames(folders[name], kind, clips)
    (work / "names.json").write_text(json.dumps({f"class {i}": i for i in range(CLASSES)}))
    folders["imagenet"] = work / "imagenet"
    for split in ("train", "val", "test"):
        for label in range(CLASSES):
            folder = folders["imagenet"] / split / f"n{label:08d}"
            folder.mkdir(parents=True)
            for i in range(2):
                image = np.full((80, 96, 3), 30 * label + 20 * i, np.uint8)
                cv2.imwrite(str(folder / f"{i}.JPEG"), image)
    return folders


def _frames(folder: Path, kind: str, clips: int) -> None:
    folder.mkdir()
    for split in ("train", "val", "test"):
        lines = ["original_vido_id video_id frame_id path labels\n"]
        for video in range(clips if split == "train" else EVALUATED):
            name = f"{split}{video}"
            (folder / name).mkdir()
            for frame in range(24):
                path = folder / name / f"{frame:05d}.jpg"
                cv2.imwrite(str(path), np.full((80, 96, 3), 12 * video + frame, np.uint8))
                labels = f'"{video % CLASSES},{(video + 1) % CLASSES}"'
                given = labels if kind == "charades" else '""'
                lines.append(f"{name} {video} {frame} {path} {given}\n")
        (folder / f"{split}.csv").write_text("".join(lines))
    if kind == "ssv2":
        names = {f"class {i}": str(i) for i in range(CLASSES)}
        (folder / "something-something-v2-labels.json").write_text(json.dumps(names))
        for split, word in (("train", "train"), ("val", "validation")):
            rows = [
                {"id": f"{split}{i}", "template": f"[class] {i % CLASSES}"}
                for i in range(clips if split == "train" else EVALUATED)
            ]
            (folder / f"something-something-v2-{word}.json").write_text(json.dumps(rows))


def said(case: Case, values: dict[str, Any], stack: target.Target) -> tuple[str, str]:
    """Return the worst level of the check and its ids."""
    try:
        read = content.load(case.path)
    except Exception:  # noqa: BLE001  (whatever the file is, config check calls it an error)
        return "error", "unreadable"
    pairs = [str(word) for pair in values.items() for word in pair]
    found = validate.check(content.with_options(read, pairs), Path(), stack)
    for level in ("error", "warning"):
        ids = sorted({row.id for row in found if row.level == level})
        if ids:
            return level, ", ".join(ids)
    return "", ""


def happens(case: Case, values: dict[str, Any], log: Path) -> None:
    """Train, evaluate and test in this process; a failure is an exception."""
    import torch
    from slowfast.config.defaults import assert_and_infer_cfg, get_cfg

    torch.set_num_threads(1)
    cfg = get_cfg()
    cfg.merge_from_file(str(case.path))
    cfg.merge_from_list([word for pair in values.items() for word in pair])
    cfg.NUM_SHARDS, cfg.SHARD_ID = 1, 0  # run_net.py takes them from its command line alone
    cfg = assert_and_infer_cfg(cfg)
    import slowfast.utils.checkpoint as cu

    cu.make_checkpoint_dir(cfg.OUTPUT_DIR)
    if cfg.TRAIN.ENABLE:
        from train_net import train

        train(cfg.clone())
        if not cu.has_checkpoint(cfg.OUTPUT_DIR):
            raise RuntimeError("Nothing was trained.")
    if cfg.TEST.ENABLE:
        from test_net import test

        test(cfg.clone())
    if cfg.TENSORBOARD.MODEL_VIS.ENABLE or cfg.TENSORBOARD.WRONG_PRED_VIS.ENABLE:
        from visualization import visualize

        visualize(cfg)
    log.with_suffix(".done").touch()


def _apart(case: Case, values: dict[str, Any], log: Path) -> int:
    """Start a process for a case; return its id."""
    pid = os.fork()
    if pid:
        return pid
    with log.open("w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    signal.alarm(10 * SECONDS)
    code = 1
    try:
        happens(case, values, log)
        code = 0
    except BaseException as error:  # noqa: BLE001  (the last line of the log is the reason)
        import traceback

        traceback.print_exc()
        print(f"{type(error).__name__}: {error}", flush=True)
    finally:
        sys.stdout.flush()
        os._exit(code)


def cases(source: Path, *, planted: bool) -> Iterator[Case]:
    """List every file as it is, or the planted values."""
    if planted:
        for index, row in enumerate(PLANTED):
            path = source / f"{row.config}.yaml"
            part = " ".join(f"{key} {value!r}" for key, value in row.values.items())
            yield Case(f"{index:03d} {row.config}", path, row.values, part)
        return
    for path in sorted([*source.glob("configs/**/*.yaml"), *source.glob("demo/**/*.yaml")]):
        yield Case(str(path.relative_to(source).with_suffix("")), path, {})


def written(case: Case, values: dict[str, Any]) -> str:
    """Return the text of a case as a file of its own."""
    if not case.values:
        return yaml_edit.set_values(case.path.read_text(), values)
    tree: dict[str, Any] = {}
    for key, value in (content.load(case.path).values | values).items():
        *path, last = key.split(".")
        holder = tree
        for name in path:
            holder = holder.setdefault(name, {})
        holder[last] = list(value) if isinstance(value, tuple) else value
    return yaml.safe_dump(json.loads(json.dumps(tree)))


def after_fix(
    case: Case, values: dict[str, Any], out: Path, known: target.Target
) -> tuple[Case, validate.Report] | None:
    """Apply ``config check --fix`` to a case; None where it changes nothing."""
    given, fixed = out / "given.yaml", out / "fixed.yaml"
    try:
        given.write_text(written(case, values))
    except (StackError, yaml.YAMLError):
        return None
    checks = validate.Checks(Path(), lambda _path, _read: [], known)
    report = validate.examine(given, checks, output=fixed, fix=True)
    if not report.fixed:
        return None
    ids = ", ".join(sorted({row.id for row in report.fixed}))
    return Case(case.name, fixed, {}, f"{case.part}; fixed {ids}"), report


@dataclass(frozen=True)
class Row:
    """A case with the word of the check and what happened; ``wrong`` where they disagree."""

    name: str
    planted: str
    check: str
    happened: str
    ran: bool
    wrong: bool

    def cells(self) -> list[str]:
        """Return the row of a table."""
        return [self.name, self.planted, self.check, self.happened]


@dataclass(frozen=True)
class Outcome:
    """What happened to a case: its exit status, and the last line of its log."""

    status: int
    reason: str

    def beside(self, case: Case, word: tuple[str, str]) -> Row:
        """Return it beside the word of the check."""
        ok = self.status == 0
        alarm, miss = word[0] == "error" and ok, word[0] != "error" and not ok
        mark = "**FALSE ALARM** " if alarm else "**MISS** " if miss else ""
        happened = f"{mark}{'ran' if ok else self.reason}"
        return Row(case.name, case.part, " ".join(word), happened, ok, alarm or miss)


def sweep(stack: Path, work: Path, given: argparse.Namespace) -> int:
    """Run all cases, some at a time, and print the table."""
    source = stack / "src/slowfast"
    folders = data(work)
    os.chdir(work)  # upstream writes what it detects into the current folder
    known = target.Target(source_tree.at(source), target.this_machine())
    waiting = [row for row in cases(source, planted=given.planted) if given.only in row.name]
    running: dict[int, tuple[str, Case, tuple[str, str], Path]] = {}
    kept = _kept(given.state)
    rows: list[Row] = []
    numbers, begun, left = itertools.count(), time.monotonic(), 0
    shown = {str(stack): "STACK", str(work): "WORK"}
    print("| configuration | planted | check | happened |\n|---|---|---|---|", flush=True)
    while waiting or running:
        while waiting and len(running) < given.jobs:
            case = waiting.pop(0)
            identity = f"{case.name} {case.part}"
            out = work / f"out{next(numbers)}"
            out.mkdir()
            values = _values(case, folders, out) | case.values
            if given.fix:
                after = after_fix(case, values, out, known)
                if after is None:
                    continue
                case, values = after[0], {}
                text = case.path.read_text().replace(str(out), "").replace(str(work), "")
                identity += f"; {zlib.crc32(text.encode()):x}"
            word = said(case, values, known)
            if identity in kept:  # the check is asked again, whatever has happened before
                rows.append(_printed(kept[identity].beside(case, word), shown))
            elif given.stop_after is not None and time.monotonic() - begun > given.stop_after:
                left += 1
            else:
                running[_apart(case, values, out / "log")] = (identity, case, word, out / "log")
        if not running:
            break
        pid, status = os.wait()
        identity, case, word, log = running.pop(pid)
        kept[identity] = Outcome(status, _reason(log, status) if status else "")
        _without_checkpoints(log.parent)
        rows.append(_printed(kept[identity].beside(case, word), shown))
        if given.state:
            given.state.write_text(json.dumps({name: asdict(row) for name, row in kept.items()}))
    if left:
        print(f"{left} cases are left.")
        return NOT_FINISHED
    return table(rows, given)


def _without_checkpoints(folder: Path) -> None:
    """Remove what a case saved: 15 GiB of all cases."""
    for each in folder.glob("**/checkpoints"):
        shutil.rmtree(each)


def _printed(row: Row, shown: dict[str, str]) -> Row:
    """Print a row, with other words for folders of this run; return it."""
    planted, happened = row.planted, row.happened
    for folder, word in shown.items():
        planted, happened = planted.replace(folder, word), happened.replace(folder, word)
    row = replace(row, planted=planted, happened=happened)
    print(f"| {' | '.join(row.cells())} |", flush=True)
    return row


def _kept(state: Path | None) -> dict[str, Outcome]:
    if state is None or not state.is_file():
        return {}
    return {name: Outcome(**row) for name, row in json.loads(state.read_text()).items()}


def table(rows: list[Row], given: argparse.Namespace) -> int:
    """Print the count, write the page, and return the exit code."""
    ran, wrong = sum(row.ran for row in rows), sum(row.wrong for row in rows)
    summary = f"{ran} of {len(rows)} ran; the check was wrong on {wrong}."
    print(f"\n{summary}")
    day = dt.datetime.now(tz=dt.UTC).date()
    lines = [f"Run on {day}: {summary}", "", "| configuration |"]
    lines[2] += " planted | check | happened |" if given.planted else " check | happened |"
    lines.append("|---" * (lines[2].count("|") - 1) + "|")
    for row in sorted(rows, key=lambda row: row.name):
        name = row.name.partition(" ")[2] if given.planted else row.name
        cells = [f"`{name}`", f"`{row.planted}`", row.check, row.happened]
        lines.append(f"| {' | '.join(cells if given.planted else [cells[0], *cells[2:]])} |")
    name = "fixed" if given.fix else "planted" if given.planted else "files"
    result_page.put(given.page, name, lines)
    return int(wrong > 0)


def _values(case: Case, folders: dict[str, Path], out: Path) -> dict[str, Any]:
    try:
        return overrides(content.load(case.path), folders, out)
    except Exception:  # noqa: BLE001  (not YAML: upstream says so itself)
        return dict(SMALL)


def _reason(log: Path, status: int) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    last = lines[-1] if lines else ""
    return f"signal {status}" if 0 < status < 256 else last[:110].replace("|", "/")


def main() -> int:
    """Run the sweep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stack", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--planted", action="store_true")
    parser.add_argument("--fix", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--page", type=Path)
    parser.add_argument("--state", type=Path)
    parser.add_argument("--stop-after", type=float)
    given = parser.parse_args()
    work = given.work or Path(tempfile.mkdtemp(prefix="config-sweep-"))
    work.mkdir(parents=True, exist_ok=True)
    given.page = given.page and given.page.resolve()
    given.state = given.state and given.state.resolve()
    import slowfast.models

    sys.path.insert(0, str(Path(slowfast.__file__ or "").parents[1] / "tools"))
    import test_net  # noqa: F401  (each process inherits what is imported here)
    import train_net  # noqa: F401

    return sweep(given.stack.resolve(), work.resolve(), given)


if __name__ == "__main__":
    raise SystemExit(main())
