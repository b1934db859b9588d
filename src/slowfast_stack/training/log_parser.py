"""Parse the output of upstream's program, line by line, into the progress of the run.

Upstream (facebookresearch/SlowFast at 287ec00, slowfast/utils/meters.py and logging.py) writes a
line of JSON for every LOG_PERIOD iterations and every epoch; the rest are sentences of
train_net.py, test_net.py and demo_net.py. AVA's meter gives no number of iterations, only the time
of the epoch.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.validation import (
    is_number,
    parse_json,
)
from slowfast_stack.training.run_state import (
    DEMO,
    EVALUATION,
    TEST,
    TRAINING,
    Progress,
    scores_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    Stats = dict[str, Any]

_JSON = re.compile(r"json_stats: (\{.*\})\s*$")
_CLOCK = re.compile(r"(?:(\d{1,6}) days?, )?(\d{1,6}):(\d\d):(\d\d)$")
# A longer time is none that a run can have: timedelta could not show it.
_LONGEST_S = 1e12


def feed(progress: Progress, line: str) -> str:
    """Update the progress with a line; return a line for the user, or nothing."""
    progress.tail.append(line.rstrip())
    found = _JSON.search(line)
    if found:
        return _stats(progress, _read(found[1]))
    for pattern, take in _SENTENCES:
        match = pattern.search(line)
        if match:
            return take(progress, match)
    return ""


def _stats(progress: Progress, stats: Stats) -> str:
    kind = str(stats.get("_type") or stats.get("split") or "").removesuffix("ssl").rstrip("_")
    if not kind and stats.get("mode") == TEST and "map" in stats:
        kind = "test_final"
    progress.gpu_memory = str(stats.get("gpu_mem") or progress.gpu_memory)
    take = _KINDS.get(kind)
    return take(progress, stats) if take else ""


def _step(progress: Progress, stats: Stats, phase: str) -> None:
    progress.phase = phase
    _epoch(progress, stats)
    progress.iteration, progress.iterations = _fraction(stats.get("iter") or stats.get("cur_iter"))
    progress.seconds_left = _left(progress, stats)


def _epoch(progress: Progress, stats: Stats) -> None:
    epoch, epochs = _fraction(stats.get("epoch") or stats.get("cur_epoch"))
    progress.epoch, progress.epochs = epoch or progress.epoch, epochs or progress.epochs


def _left(progress: Progress, stats: Stats) -> float | None:
    """Return the seconds that all epochs still take, or else this pass."""
    seconds, after = _seconds(stats.get("eta")), progress.epochs - progress.epoch
    if progress.phase != TRAINING:
        return seconds
    if progress.iterations and "dt" in stats:
        steps = progress.iterations - progress.iteration + after * progress.iterations
        step = _float(stats["dt"])
        return step * steps if step is not None and abs(step * steps) < _LONGEST_S else None
    if seconds is None or (after and progress.epoch_seconds is None):
        return None
    return seconds + after * (progress.epoch_seconds or 0.0)


def _train_step(progress: Progress, stats: Stats) -> str:
    _step(progress, stats, TRAINING)
    _learn(progress, stats)
    return f"{progress.position()}  {progress.figures()}"


def _learn(progress: Progress, stats: Stats) -> None:
    progress.loss = _number(stats.get("loss"), progress.loss)
    progress.rate = _number(stats.get("lr"), progress.rate)


def _train_epoch(progress: Progress, stats: Stats) -> str:
    _epoch(progress, stats)
    _learn(progress, stats)
    return ""


def _eval_step(progress: Progress, stats: Stats) -> str:
    _step(progress, stats, EVALUATION)
    return ""


def _eval_epoch(progress: Progress, stats: Stats) -> str:
    progress.phase = EVALUATION
    progress.evaluated = _scores(stats)
    return f"epoch {progress.epoch}/{progress.epochs} evaluated: {scores_text(progress.evaluated)}"


def _test_step(progress: Progress, stats: Stats) -> str:
    _step(progress, stats, TEST)
    return ""


def _test_final(progress: Progress, stats: Stats) -> str:
    progress.tested = _scores(stats)
    progress.finished.add(TEST)
    return f"tested: {scores_text(progress.tested)}"


def _demo_step(progress: Progress, stats: Stats) -> str:
    _step(progress, stats, DEMO)
    return progress.position()


def _demo_final(progress: Progress, stats: Stats) -> str:
    progress.demo = {key: value for key, value in stats.items() if key != "_type"}
    return ""


_KINDS: dict[str, Callable[[Progress, Stats], str]] = {
    "train_iter": _train_step,
    "train_epoch": _train_epoch,
    "val_iter": _eval_step,
    "val_epoch": _eval_epoch,
    "test_iter": _test_step,
    "test_final": _test_final,
    "demo_iter": _demo_step,
    "demo_final": _demo_final,
}


def _begin(progress: Progress, match: re.Match[str]) -> str:
    progress.phase = {"Train": TRAINING, "Test": TEST}.get(match[1], DEMO)
    progress.iteration, progress.iterations, progress.seconds_left = 0, None, None
    return f"{progress.phase} begins"


def _start(progress: Progress, match: re.Match[str]) -> str:
    progress.first_epoch = int(match[1])
    return f"starts with epoch {match[1]}"


def _load(progress: Progress, match: re.Match[str]) -> str:
    progress.loaded = match[1]
    return f"weights from {match[1]}"


def _epoch_done(progress: Progress, match: re.Match[str]) -> str:
    progress.epoch, progress.epoch_seconds = int(match[1]) + 1, float(match[2])
    progress.trained += 1
    place = f"epoch {progress.epoch}/{progress.epochs or '?'}"
    return f"{place} trained in {match[2]} s  {progress.figures()}".rstrip()


def _training_done(progress: Progress, _match: re.Match[str]) -> str:
    progress.finished.add(TRAINING)
    return "training is done"


def _demo_done(progress: Progress, _match: re.Match[str]) -> str:
    progress.finished.add(DEMO)
    return ""


_SENTENCES: tuple[tuple[re.Pattern[str], Callable[[Progress, re.Match[str]], str]], ...] = (
    (re.compile(r": (?:(Train|Test) with|Run demo with) config:"), _begin),
    (re.compile(r": Start epoch: ([0-9]{1,12})\b"), _start),
    (re.compile(r"Loading network weights from (.+)\.$"), _load),
    (re.compile(r": Epoch ([0-9]{1,12}) takes ([0-9]{1,12}(?:\.[0-9]*)?)s\."), _epoch_done),
    (re.compile(r": training done:"), _training_done),
    (re.compile(r": Finish demo in: "), _demo_done),
)


def _scores(stats: Stats) -> dict[str, float]:
    """Return accuracies in percent, mAP as upstream gives it; what is no number is left out."""
    if "map" in stats:
        found = {"map": _float(stats["map"])}
    else:
        found = {name: _float(stats.get(f"{name}_acc")) for name in ("top1", "top5")}
        for name in ("top1", "top5"):
            wrong = _float(stats.get(f"{name}_err"))
            found[name] = found[name] if wrong is None else 100 - wrong
    return {name: value for name, value in found.items() if value is not None}


def _read(text: str) -> Stats:
    try:
        found = parse_json(text)
    except ValueError:  # two processes wrote at once
        return {}
    return found if isinstance(found, dict) else {}


def _fraction(text: object) -> tuple[int, int | None]:
    """Read ``3/20``, or ``3`` where upstream gives no total."""
    done, _, total = str(text or "").partition("/")
    return int(done) if is_number(done) else 0, int(total) if is_number(total) else None


def _seconds(text: object) -> float | None:
    """Read a time as Python writes it: ``1 day, 2:03:04``."""
    found = _CLOCK.match(str(text or ""))
    if found is None:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)


def _number(value: object, otherwise: float | None) -> float | None:
    found = _float(value) if isinstance(value, int | float) else None
    return otherwise if found is None else found


def _float(value: object) -> float | None:
    """Return a number, also one that is written as text; None for anything else."""
    try:
        return float(value) if isinstance(value, int | float | str) else None
    except (ValueError, OverflowError):
        return None
