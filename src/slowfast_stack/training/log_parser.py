"""Read what upstream's program says, line by line, into the course of the run.

Upstream (facebookresearch/SlowFast at 287ec00, slowfast/utils/meters.py and logging.py) writes a
line of JSON for every LOG_PERIOD iterations and every epoch; the rest are sentences of
train_net.py, test_net.py and demo_net.py. AVA's meter gives no number of iterations, only the time
of the epoch.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from slowfast_stack.training.run_state import DEMO, EVALUATION, TEST, TRAINING, Course, words

if TYPE_CHECKING:
    from collections.abc import Callable

    Stats = dict[str, Any]

_JSON = re.compile(r"json_stats: (\{.*\})\s*$")
_CLOCK = re.compile(r"(?:(\d+) days?, )?(\d+):(\d\d):(\d\d)$")


def feed(course: Course, line: str) -> str:
    """Take a line into the course; return a sentence where it is news for a person."""
    course.tail.append(line.rstrip())
    found = _JSON.search(line)
    if found:
        return _stats(course, _read(found[1]))
    for pattern, take in _SENTENCES:
        match = pattern.search(line)
        if match:
            return take(course, match)
    return ""


def _stats(course: Course, stats: Stats) -> str:
    kind = str(stats.get("_type") or stats.get("split") or "").removesuffix("ssl").rstrip("_")
    if not kind and stats.get("mode") == TEST and "map" in stats:
        kind = "test_final"
    course.gpu_memory = str(stats.get("gpu_mem") or course.gpu_memory)
    take = _KINDS.get(kind)
    return take(course, stats) if take else ""


def _step(course: Course, stats: Stats, phase: str) -> None:
    course.phase = phase
    _epoch(course, stats)
    course.iteration, course.iterations = _fraction(stats.get("iter") or stats.get("cur_iter"))
    course.seconds_left = _left(course, stats)


def _epoch(course: Course, stats: Stats) -> None:
    epoch, epochs = _fraction(stats.get("epoch") or stats.get("cur_epoch"))
    course.epoch, course.epochs = epoch or course.epoch, epochs or course.epochs


def _left(course: Course, stats: Stats) -> float | None:
    """Return what is left of all epochs, or else of this pass, in seconds."""
    seconds, after = _seconds(stats.get("eta")), course.epochs - course.epoch
    if course.phase != TRAINING:
        return seconds
    if course.iterations and "dt" in stats:
        steps = course.iterations - course.iteration + after * course.iterations
        return float(stats["dt"]) * steps
    if seconds is None or (after and course.epoch_seconds is None):
        return None
    return seconds + after * (course.epoch_seconds or 0.0)


def _train_step(course: Course, stats: Stats) -> str:
    _step(course, stats, TRAINING)
    _learn(course, stats)
    return f"{course.place()}  {course.figures()}"


def _learn(course: Course, stats: Stats) -> None:
    course.loss = _number(stats.get("loss"), course.loss)
    course.rate = _number(stats.get("lr"), course.rate)


def _train_epoch(course: Course, stats: Stats) -> str:
    _epoch(course, stats)
    _learn(course, stats)
    return ""


def _eval_step(course: Course, stats: Stats) -> str:
    _step(course, stats, EVALUATION)
    return ""


def _eval_epoch(course: Course, stats: Stats) -> str:
    course.phase = EVALUATION
    course.evaluated = _scores(stats)
    return f"epoch {course.epoch}/{course.epochs} evaluated: {words(course.evaluated)}"


def _test_step(course: Course, stats: Stats) -> str:
    _step(course, stats, TEST)
    return ""


def _test_final(course: Course, stats: Stats) -> str:
    course.tested = _scores(stats)
    course.finished.add(TEST)
    return f"tested: {words(course.tested)}"


def _demo_step(course: Course, stats: Stats) -> str:
    _step(course, stats, DEMO)
    return course.place()


def _demo_final(course: Course, stats: Stats) -> str:
    course.shown = {key: value for key, value in stats.items() if key != "_type"}
    return ""


_KINDS: dict[str, Callable[[Course, Stats], str]] = {
    "train_iter": _train_step,
    "train_epoch": _train_epoch,
    "val_iter": _eval_step,
    "val_epoch": _eval_epoch,
    "test_iter": _test_step,
    "test_final": _test_final,
    "demo_iter": _demo_step,
    "demo_final": _demo_final,
}


def _begin(course: Course, match: re.Match[str]) -> str:
    course.phase = {"Train": TRAINING, "Test": TEST}.get(match[1], DEMO)
    course.iteration, course.iterations, course.seconds_left = 0, None, None
    return f"{course.phase} begins"


def _start(course: Course, match: re.Match[str]) -> str:
    course.first_epoch = int(match[1])
    return f"starts with epoch {match[1]}"


def _load(course: Course, match: re.Match[str]) -> str:
    course.loaded = match[1]
    return f"weights from {match[1]}"


def _epoch_done(course: Course, match: re.Match[str]) -> str:
    course.epoch, course.epoch_seconds = int(match[1]) + 1, float(match[2])
    course.trained += 1
    place = f"epoch {course.epoch}/{course.epochs or '?'}"
    return f"{place} trained in {match[2]} s  {course.figures()}".rstrip()


def _training_done(course: Course, _match: re.Match[str]) -> str:
    course.finished.add(TRAINING)
    return "training is done"


def _demo_done(course: Course, _match: re.Match[str]) -> str:
    course.finished.add(DEMO)
    return ""


_SENTENCES: tuple[tuple[re.Pattern[str], Callable[[Course, re.Match[str]], str]], ...] = (
    (re.compile(r": (?:(Train|Test) with|Run demo with) config:"), _begin),
    (re.compile(r": Start epoch: (\d+)"), _start),
    (re.compile(r"Loading network weights from (.+)\.$"), _load),
    (re.compile(r": Epoch (\d+) takes ([\d.]+)s\."), _epoch_done),
    (re.compile(r": training done:"), _training_done),
    (re.compile(r": Finish demo in: "), _demo_done),
)


def _scores(stats: Stats) -> dict[str, float]:
    """Return accuracies in percent, mAP as upstream gives it."""
    if "map" in stats:
        return {"map": float(stats["map"])}
    right = {name: stats.get(f"{name}_acc") for name in ("top1", "top5")}
    wrong = {name: stats.get(f"{name}_err") for name in ("top1", "top5")}
    told = {name: float(value) for name, value in right.items() if value is not None}
    return told | {name: 100 - float(value) for name, value in wrong.items() if value is not None}


def _read(text: str) -> Stats:
    try:
        found = json.loads(text)
    except ValueError:  # two processes wrote at once
        return {}
    return found if isinstance(found, dict) else {}


def _fraction(text: object) -> tuple[int, int | None]:
    """Read ``3/20``, or ``3`` where upstream gives no total."""
    done, _, total = str(text or "").partition("/")
    return int(done) if done.isdigit() else 0, int(total) if total.isdigit() else None


def _seconds(text: object) -> float | None:
    """Read a time as Python writes it: ``1 day, 2:03:04``."""
    found = _CLOCK.match(str(text or ""))
    if found is None:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)


def _number(value: object, otherwise: float | None) -> float | None:
    return float(value) if isinstance(value, int | float) else otherwise
