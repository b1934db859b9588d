"""Annotate a video: find weights and class names, run upstream's demo, verify the result."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ansible_collections.slowfast.stack.plugins.module_utils._stack.checkpoints import formats
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import scratch
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.files import replacing
from slowfast_stack.config import content
from slowfast_stack.config import validate as validation
from slowfast_stack.exit_codes import UsageError
from slowfast_stack.training import jobs, labels, runner, runs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from slowfast_stack.config.content import Content
    from slowfast_stack.training.installed import Installed
    from slowfast_stack.training.jobs import Job
    from slowfast_stack.training.runner import Followed, Screen

PROGRAM = Path(__file__).parent / "program" / "annotate_video.py"
CONFIG = "demo/AVA/SLOWFAST_32x2_R101_50_50.yaml"
CHECKPOINT = "ava/SLOWFAST_32x2_R101_50_50.pkl"
DETECTOR = "detectron2/faster_rcnn_R_50_FPN_3x.pkl"
_ZOO = "detectron2://"  # Detectron2 would fetch it itself: neither resumed nor verified
_DRAWING = 8  # processes at most


@dataclass(frozen=True)
class Request:
    """What to annotate, and with what; None chooses a default."""

    video: Path
    output: Path
    config: Path | None = None
    checkpoint: Path | None = None
    detector: Path | None = None
    labels: Path | None = None
    gpus: int = 0
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class AnnotatedVideo:
    """An annotated video."""

    path: Path
    followed: Followed

    def as_dict(self) -> dict[str, object]:
        """Return everything as plain data."""
        return {
            "video": str(self.path),
            "log": str(self.followed.log),
            "seconds": round(self.followed.seconds, 1),
            **self.followed.progress.demo,
        }

    def summary(self) -> str:
        """Return a few lines on the result."""
        counts = self.followed.progress.demo
        frames, persons, clips = (counts.get(key) for key in ("frames", "persons", "clips"))
        text = f"{self.path}: {frames} frames, {persons or 0} boxes of persons "
        text += f"in {clips or 0} clips, {self.followed.seconds:.0f} s"
        if not persons:
            text += "\n  No person was found; a lower DEMO.DETECTRON2_THRESH finds more."
        return text


def make(
    installed: Installed,
    request: Request,
    fetch: Callable[[str], Path],
    screen: Screen,
    *,
    validate: bool,
) -> AnnotatedVideo:
    """Annotate the video; the output appears complete or not at all.

    ``fetch`` returns a checkpoint of the zoo. Raises UsageError, Interrupted and StackError.
    """
    if not request.video.is_file() or not request.video.stat().st_size:
        raise UsageError(
            f"There is no video {request.video}.",
            "It is not a file, or the file is empty.",
            "Give another --video.",
            code="file.not-found",
        )
    if not request.output.absolute().parent.is_dir():
        raise UsageError(
            f"There is no folder {request.output.absolute().parent}.",
            "The annotated video is written there.",
            "Create it, or give another --output.",
            code="cli.missing-folder",
        )
    with _private(request.output) as (part, folder):
        job = _job(installed, request, fetch, part, folder)
        runs.validate_job(installed, job, screen, refuse=validate)
        place = runner.Place("demo", job.start, request.output.absolute())
        arguments = [str(PROGRAM), str(installed.program), "--cfg", str(job.config)]
        arguments += ["--opts", *job.options]
        followed = runner.follow(screen, installed, arguments, place)
        _judge(followed, part)
    return AnnotatedVideo(request.output, followed)


@contextmanager
def _private(output: Path) -> Iterator[tuple[Path, Path]]:
    """Yield the path of an incomplete video beside ``output``, and a folder for upstream."""
    # PyAV takes the format from the suffix.
    with replacing(output.absolute(), suffix=".mp4") as part, scratch.folder() as folder:
        yield part, folder


def _job(
    installed: Installed, request: Request, fetch: Callable[[str], Path], part: Path, folder: Path
) -> Job:
    config = _accepted(request.config or installed.source / CONFIG, folder)
    read = content.with_options(content.load(config), request.options)
    names = folder / "labels.json"
    names.write_text(labels.text(request.labels, read.get("MODEL.NUM_CLASSES")), encoding="utf-8")
    checkpoint = _checkpoint(request, read, fetch)
    half = read.get("DATA.NUM_FRAMES") * read.get("DATA.SAMPLING_RATE") // 2
    values = {
        "TRAIN.ENABLE": False,
        "TEST.ENABLE": False,
        "DEMO.ENABLE": True,
        "DEMO.WEBCAM": -1,
        "DEMO.THREAD_ENABLE": False,
        "DEMO.PREDS_BOXES": "",
        "DEMO.INPUT_VIDEO": request.video.absolute(),
        "DEMO.OUTPUT_FILE": part,
        "DEMO.LABEL_FILE_PATH": names,
        "DEMO.BUFFER_SIZE": half,
        "DEMO.CLIP_VIS_SIZE": half,  # draw on each frame, not on ten around the middle
        "DEMO.NUM_VIS_INSTANCES": min(_DRAWING, os.cpu_count() or 1),
        "TEST.CHECKPOINT_FILE_PATH": checkpoint,
        "TEST.CHECKPOINT_TYPE": formats.of_file(checkpoint).type,
        "NUM_GPUS": request.gpus,
        "OUTPUT_DIR": folder,
        **_detector(request, read, fetch),
    }
    pairs = [str(word) for pair in values.items() for word in pair]
    return jobs.job(config, [*pairs, *request.options], Path())


def _accepted(config: Path, folder: Path) -> Path:
    """Return the file, or a copy without what upstream refuses; its own demo has such a key."""
    read = content.load(config)
    text = config.read_text(encoding="utf-8-sig")
    fixed = validation.accepted(text) if any(row.fatal for row in read.problems) else text
    if fixed == text or content.BASE in text:
        return config.absolute()
    copy = folder / config.name
    copy.write_text(fixed, encoding="utf-8")
    return copy


def _checkpoint(request: Request, read: Content, fetch: Callable[[str], Path]) -> Path:
    if request.checkpoint is not None:
        return _existing(request.checkpoint, "--checkpoint")
    for part in ("TEST", "TRAIN"):
        named = read.get(f"{part}.CHECKPOINT_FILE_PATH")
        if named and Path(named).is_file():
            return Path(named).absolute()
    if request.config is None:
        return fetch(CHECKPOINT).absolute()
    raise UsageError(
        f"{request.config} names no checkpoint that exists.",
        "Neither TEST.CHECKPOINT_FILE_PATH nor TRAIN.CHECKPOINT_FILE_PATH is the path of a file.",
        "Give it: --checkpoint FILE. See: slowfast-stack models list",
        code="checkpoint.none-found",
    )


def _detector(request: Request, read: Content, fetch: Callable[[str], Path]) -> dict[str, Path]:
    key = "DEMO.DETECTRON2_WEIGHTS"
    if not read.get("DETECTION.ENABLE"):
        return {}
    if request.detector is not None:
        return {key: _existing(request.detector, "--detector")}
    named = str(read.values.get(key) or _ZOO)
    if key in request.options or not named.startswith(_ZOO):
        return {}
    return {key: fetch(DETECTOR).absolute()}


def _existing(path: Path, option: str) -> Path:
    if not path.is_file():
        raise UsageError(
            f"{option} {path} is not a file.",
            "It is a folder." if path.is_dir() else "It does not exist.",
            "Correct the path.",
            code="file.not-found",
        )
    return path.absolute()


def _judge(followed: Followed, part: Path) -> None:
    runner.raise_failure(followed, "Nothing was written; run the same command again.")
    if not followed.progress.demo.get("frames") or not part.is_file():
        raise StackError(
            "The demo ended without an error and without a video.",
            f"It wrote {followed.progress.demo.get('frames') or 0} frames.",
            f"Read the log: {followed.log}",
            code="demo.no-video",
        )
