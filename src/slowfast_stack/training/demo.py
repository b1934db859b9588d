"""Make the annotated video: find weights and names, run upstream's demo, look at the result."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.slowfast.stack.plugins.module_utils._stack.checkpoints import formats
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from slowfast_stack.config import content, validate
from slowfast_stack.exit_codes import UsageError
from slowfast_stack.training import jobs, labels, runner, runs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

    from slowfast_stack.config.content import Content
    from slowfast_stack.training.installed import Installed
    from slowfast_stack.training.jobs import Job
    from slowfast_stack.training.runner import Followed

PROGRAM = Path(__file__).parent / "program" / "whole_video.py"
CONFIG = "demo/AVA/SLOWFAST_32x2_R101_50_50.yaml"
CHECKPOINT = "ava/SLOWFAST_32x2_R101_50_50.pkl"
DETECTOR = "detectron2/faster_rcnn_R_50_FPN_3x.pkl"
_ZOO = "detectron2://"  # Detectron2 would fetch it itself: neither resumed nor verified
_DRAWING = 8  # processes at most


@dataclass(frozen=True)
class Asked:
    """What a person asked for; what is None is found."""

    video: Path
    out: Path
    config: Path | None = None
    checkpoint: Path | None = None
    detector: Path | None = None
    labels: Path | None = None
    gpus: int = 0
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Made:
    """An annotated video."""

    out: Path
    followed: Followed

    def facts(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "video": str(self.out),
            "log": str(self.followed.log),
            "seconds": round(self.followed.seconds, 1),
            **self.followed.course.shown,
        }

    def sentence(self) -> str:
        """Say what was made."""
        shown = self.followed.course.shown
        told = f"{self.out}: {shown['frames']} frames, {shown['persons']} boxes of persons "
        told += f"in {shown['clips']} clips, {self.followed.seconds:.0f} s"
        if not shown["persons"]:
            told += "\n  No person was found; a lower DEMO.DETECTRON2_THRESH finds more."
        return told


def make(
    installed: Installed,
    asked: Asked,
    fetch: Callable[[str], Path],
    console: Console,
    *,
    checked: bool,
) -> Made:
    """Make the video; ``fetch`` gets a checkpoint of the zoo. It appears whole, or not at all."""
    if not asked.video.is_file() or not asked.video.stat().st_size:
        raise UsageError(
            f"There is no video {asked.video}.", hint="Give another --video.", code="file.not-found"
        )
    if not asked.out.absolute().parent.is_dir():
        raise UsageError(
            f"There is no folder {asked.out.absolute().parent}.",
            hint="Make it.",
            code="cli.missing-folder",
        )
    with _private(asked.out) as (part, folder):
        job = _job(installed, asked, fetch, part, folder)
        runs.look(job, console, check=checked)
        place = runner.Place("demo", job.start, asked.out.absolute())
        arguments = [str(PROGRAM), str(installed.program), "--cfg", str(job.config)]
        arguments += ["--opts", *job.options]
        followed = runner.follow(console, installed, arguments, place)
        _judge(followed, part)
        part.replace(asked.out)
    return Made(asked.out, followed)


@contextmanager
def _private(out: Path) -> Iterator[tuple[Path, Path]]:
    """Give the name of an unfinished video beside ``out``, and a folder for upstream."""
    part = out.absolute().with_name(f".{out.stem}.{os.getpid()}.part.mp4")
    try:
        with tempfile.TemporaryDirectory(prefix="slowfast-stack-") as folder:
            yield part, Path(folder)
    finally:
        part.unlink(missing_ok=True)


def _job(
    installed: Installed, asked: Asked, fetch: Callable[[str], Path], part: Path, folder: Path
) -> Job:
    config = _accepted(asked.config or installed.source / CONFIG, folder)
    read = content.with_options(content.load(config), asked.options)
    names = folder / "labels.json"
    names.write_text(labels.text(asked.labels, read.get("MODEL.NUM_CLASSES")), encoding="utf-8")
    checkpoint = _checkpoint(asked, read, fetch)
    half = read.get("DATA.NUM_FRAMES") * read.get("DATA.SAMPLING_RATE") // 2
    values = {
        "TRAIN.ENABLE": False,
        "TEST.ENABLE": False,
        "DEMO.ENABLE": True,
        "DEMO.WEBCAM": -1,
        "DEMO.THREAD_ENABLE": False,
        "DEMO.PREDS_BOXES": "",
        "DEMO.INPUT_VIDEO": asked.video.absolute(),
        "DEMO.OUTPUT_FILE": part,
        "DEMO.LABEL_FILE_PATH": names,
        "DEMO.BUFFER_SIZE": half,
        "DEMO.CLIP_VIS_SIZE": half,  # each frame is drawn on, not ten around the middle
        "DEMO.NUM_VIS_INSTANCES": min(_DRAWING, os.cpu_count() or 1),
        "TEST.CHECKPOINT_FILE_PATH": checkpoint,
        "TEST.CHECKPOINT_TYPE": formats.of_file(checkpoint).type,
        "NUM_GPUS": asked.gpus,
        "OUTPUT_DIR": folder,
        **_detector(asked, read, fetch),
    }
    told = [str(word) for pair in values.items() for word in pair]
    return jobs.job(config, [*told, *asked.options], Path())


def _accepted(config: Path, folder: Path) -> Path:
    """Return the file, or a copy without what upstream refuses; its own demo has such a key."""
    read = content.load(config)
    text = config.read_text(encoding="utf-8-sig")
    fixed = validate.accepted(text) if any(row.fatal for row in read.problems) else text
    if fixed == text or content.BASE in text:
        return config.absolute()
    copy = folder / config.name
    copy.write_text(fixed, encoding="utf-8")
    return copy


def _checkpoint(asked: Asked, read: Content, fetch: Callable[[str], Path]) -> Path:
    if asked.checkpoint is not None:
        return _there(asked.checkpoint, "--checkpoint")
    for part in ("TEST", "TRAIN"):
        named = read.get(f"{part}.CHECKPOINT_FILE_PATH")
        if named and Path(named).is_file():
            return Path(named).absolute()
    if asked.config is None:
        return fetch(CHECKPOINT).absolute()
    raise UsageError(
        f"{asked.config} names no checkpoint that is there.",
        hint="Give it: --checkpoint FILE. See: slowfast-stack models list",
        code="checkpoint.none-found",
    )


def _detector(asked: Asked, read: Content, fetch: Callable[[str], Path]) -> dict[str, Path]:
    key = "DEMO.DETECTRON2_WEIGHTS"
    if not read.get("DETECTION.ENABLE"):
        return {}
    if asked.detector is not None:
        return {key: _there(asked.detector, "--detector")}
    named = str(read.values.get(key) or _ZOO)
    if key in asked.options or not named.startswith(_ZOO):
        return {}
    return {key: fetch(DETECTOR).absolute()}


def _there(path: Path, option: str) -> Path:
    if not path.is_file():
        raise UsageError(
            f"There is no file {path}.", hint=f"Give another {option}.", code="file.not-found"
        )
    return path.absolute()


def _judge(followed: Followed, part: Path) -> None:
    runs.judge_end(followed, "Nothing was written. Run the same command again.")
    if not followed.course.shown.get("frames") or not part.is_file():
        message = "The demo ended without an error and without a video."
        raise StackError(message, hint=f"Read the log: {followed.log}", code="demo.no-video")
