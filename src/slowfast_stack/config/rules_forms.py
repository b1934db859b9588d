"""Rules on lists: how many numbers, for how many stages and pathways, and what has no value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from slowfast_stack.config import usage
from slowfast_stack.config.defaults import DEFAULTS
from slowfast_stack.config.findings import ERROR, NOTE, WARNING, Finding
from slowfast_stack.config.rules_resnet import pathways

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from slowfast_stack.config.content import Content

    Test = Callable[[Any, Content], str]

_STAGES = 4
_COLORS = 3


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _numbers(*counts: int, least: float | None = None, above: bool = False) -> Test:
    """Return a test for a list of some numbers; it returns what is expected."""

    def test(value: Any, _read: Content) -> str:  # noqa: ANN401
        words = f"{' or '.join(map(str, counts))} numbers"
        if not isinstance(value, list | tuple) or len(value) not in counts:
            return words
        if not all(map(_is_number, value)):
            return words
        low = [n for n in value if least is not None and (n <= least if above else n < least)]
        return f"{words} {'above' if above else 'of at least'} {least:g}" if low else ""

    return test


def _stages(item: Callable[[object], bool], words: str, *, exact: bool) -> Test:
    """Return a test for a list of stages with an item for each pathway."""

    def test(value: Any, read: Content) -> str:  # noqa: ANN401
        count = pathways(read)
        full = f"{_STAGES} stages with {words} for each of {count} pathway(s)"
        rows = value[:_STAGES]
        if len(rows) < _STAGES or not all(isinstance(row, list | tuple) for row in rows):
            return full
        right = all(len(row) == count if exact else len(row) >= count for row in rows)
        return "" if right and all(item(n) for row in rows for n in row) else full

    return test


def _is_count(value: object) -> bool:
    return isinstance(value, int) and value >= 1


def _is_natural(value: object) -> bool:
    return isinstance(value, int) and value >= 0


def _is_places(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(n, int) for n in value)


def _is_pool(value: object) -> bool:
    return value is None or (
        isinstance(value, list | tuple) and len(value) == _STAGES - 1 and all(map(_is_count, value))
    )


def _plain(read: Content) -> bool:
    return usage.runs(read) and usage.backbone(read) in ("ResNet", "SlowFast")


def _x3d(read: Content) -> bool:
    return usage.runs(read) and usage.backbone(read) == "X3D"


def _takes_channels(read: Content) -> bool:
    return usage.runs(read)


def _channels(value: Any, read: Content) -> str:  # noqa: ANN401
    """Pictures and clips have three colors; how many pathways there are is another rule."""
    first = value if usage.backbone(read) in ("ResNet", "SlowFast", "X3D") else value[:1]
    if not value and not usage.is_resnet(read):
        return f"[{_COLORS}]"
    wrong = [n for n in first if n != _COLORS]
    return f"{_COLORS} colors for each pathway" if wrong else ""


def _staged(read: Content) -> bool:
    return usage.runs(read) and usage.backbone(read) in _STAGED


_STAGED = ("ResNet", "SlowFast", "PTVResNet", "PTVSlowFast")


def _builds_non_local(read: Content) -> bool:
    return _plain(read)


def _pools_non_local(read: Content) -> bool:
    places = read.get("NONLOCAL.LOCATION")
    return _plain(read) and any(row for stage in places for row in stage if isinstance(stage, list))


def _reads_videos(read: Content) -> bool:
    return bool(usage.data_sets(read) & {*usage.SAMPLED, *usage.DECODED, "ptvssv2"})


def _reads_boxes(read: Content) -> bool:
    return "ava" in usage.data_sets(read)


def _scales(read: Content) -> bool:
    return _reads_videos(read) or _reads_boxes(read)


def _crops_relatively(read: Content) -> bool:
    both = ("DATA.TRAIN_JITTER_SCALES_RELATIVE", "DATA.TRAIN_JITTER_ASPECT_RELATIVE")
    return usage.trained_on(read) in usage.SAMPLED and any(read.get(key) for key in both)


def _crops_pictures(read: Content) -> bool:
    return usage.trained_on(read) == "imagenet" and not read.get("AUG.ENABLE")


def _adam(read: Content) -> bool:
    return usage.trains(read) and "adam" in str(read.get("SOLVER.OPTIMIZING_METHOD"))


def _jitters_color(read: Content) -> bool:
    return usage.trained_on(read) == "kinetics" and bool(read.get("DATA.SSL_COLOR_JITTER"))


def _short_cycle(read: Content) -> bool:
    return usage.trains(read) and bool(read.get("MULTIGRID.SHORT_CYCLE"))


def _betas(value: Any, read: Content) -> str:  # noqa: ANN401
    return _numbers(2, least=0)(value, read) or ("2 numbers below 1" if max(value) >= 1 else "")


def _factors(value: Any, read: Content) -> str:  # noqa: ANN401
    """Refuse factors that make a batch of none: it grows as the square of the crop shrinks."""
    words = "2 numbers above 0, up to 1.4"
    return words if _numbers(2, least=0, above=True)(value, read) or max(value) ** -2 < 0.5 else ""  # noqa: PLR2004


def _shapes(value: Any, read: Content) -> str:  # noqa: ANN401
    pair = _numbers(2, least=0, above=True)
    right = value and all(not pair(row, read) for row in value)
    return "" if right else "pairs of factors for frames and sides, above 0"


def _long_cycle(read: Content) -> bool:
    return usage.trains(read) and bool(read.get("MULTIGRID.LONG_CYCLE"))


def _jitters_light(read: Content) -> bool:
    boxes = usage.trained_on(read) == "ava" and read.get("AVA.TRAIN_USE_COLOR_AUGMENTATION")
    pictures = usage.trained_on(read) == "imagenet" and not read.get("AUG.ENABLE")
    return bool(boxes or pictures)


def _draws(read: Content) -> bool:
    part = read.get("TENSORBOARD.CONFUSION_MATRIX.ENABLE")
    return usage.runs(read) and bool(read.get("TENSORBOARD.ENABLE") and part)


@dataclass(frozen=True)
class Form:
    """A key, when it is read, a test that returns what is expected, and a level."""

    key: str
    applies: Callable[[Content], bool]
    test: Test
    level: str = ERROR
    fixed: Any = None


_COLOR = _numbers(1, _COLORS)
_SPREAD = _numbers(1, _COLORS, least=0, above=True)
TABLE = (
    Form("SOLVER.BETAS", _adam, _betas, fixed=(0.9, 0.999)),
    Form("DATA.MEAN", _reads_videos, _COLOR, fixed=DEFAULTS["DATA.MEAN"]),
    Form("DATA.STD", _reads_videos, _SPREAD, fixed=DEFAULTS["DATA.STD"]),
    Form("DATA.MEAN", _reads_boxes, _numbers(_COLORS), fixed=DEFAULTS["DATA.MEAN"]),
    Form(
        "DATA.STD", _reads_boxes, _numbers(_COLORS, least=0, above=True), fixed=DEFAULTS["DATA.STD"]
    ),
    Form("DATA.TRAIN_JITTER_SCALES", _scales, _numbers(2, least=1), fixed=[256, 320]),
    Form("DATA.TRAIN_JITTER_SCALES_RELATIVE", _crops_relatively, _numbers(2, least=0)),
    Form("DATA.TRAIN_JITTER_ASPECT_RELATIVE", _crops_relatively, _numbers(2, least=0, above=True)),
    Form(
        "DATA.TRAIN_JITTER_SCALES_RELATIVE",
        _crops_pictures,
        _numbers(2, least=0),
        fixed=[0.08, 1.0],
    ),
    Form(
        "DATA.TRAIN_JITTER_ASPECT_RELATIVE",
        _crops_pictures,
        _numbers(2, least=0, above=True),
        fixed=[0.75, 1.3333],
    ),
    Form("DATA.SSL_COLOR_BRI_CON_SAT", _jitters_color, _numbers(3, least=0), fixed=[0.4, 0.4, 0.4]),
    Form(
        "MULTIGRID.SHORT_CYCLE_FACTORS",
        _short_cycle,
        _factors,
        fixed=DEFAULTS["MULTIGRID.SHORT_CYCLE_FACTORS"],
    ),
    Form("MULTIGRID.LONG_CYCLE_FACTORS", _long_cycle, _shapes),
    Form("RESNET.NUM_BLOCK_TEMP_KERNEL", _plain, _stages(_is_natural, "a number", exact=True)),
    Form("RESNET.SPATIAL_STRIDES", _plain, _stages(_is_count, "a stride", exact=True)),
    Form("RESNET.SPATIAL_STRIDES", _staged, _stages(_is_count, "a stride", exact=False)),
    Form("RESNET.SPATIAL_DILATIONS", _staged, _stages(_is_count, "a dilation", exact=False)),
    Form("RESNET.SPATIAL_DILATIONS", _x3d, _stages(_is_count, "a dilation", exact=False)),
    Form("DATA.INPUT_CHANNEL_NUM", _takes_channels, _channels),
    Form(
        "NONLOCAL.LOCATION", _builds_non_local, _stages(_is_places, "a list of blocks", exact=True)
    ),
    Form("NONLOCAL.GROUP", _builds_non_local, _stages(_is_count, "a number", exact=True)),
    Form("NONLOCAL.POOL", _pools_non_local, _stages(_is_pool, "three sizes", exact=False)),
    Form(
        "DATA.TRAIN_PCA_EIGVAL",
        _jitters_light,
        _numbers(_COLORS),
        fixed=DEFAULTS["DATA.TRAIN_PCA_EIGVAL"],
    ),
    Form(
        "TENSORBOARD.CONFUSION_MATRIX.FIGSIZE",
        _draws,
        _numbers(2, least=0, above=True),
        fixed=[8, 8],
    ),
)


def _for_each_pathway(value: Any, read: Content) -> list[list[Any]]:  # noqa: ANN401
    """Return a list of stages with the item of the first pathway for each pathway."""
    if not isinstance(value, list | tuple):
        return []
    lists = [row for row in value if isinstance(row, list | tuple) and row]
    return [[row[0]] * pathways(read) for row in lists]


def forms(read: Content) -> Iterator[Finding]:
    """List values that have another form than what reads them expects."""
    seen: set[str] = set()
    for row in TABLE:
        if row.key in seen or not row.applies(read):
            continue
        value = read.get(row.key)
        expected = row.test(value, read)
        if expected:
            seen.add(row.key)
            message = f"{value!r} is not {expected}; upstream stops."
            right = row.fixed if row.fixed is not None else _for_each_pathway(value, read)
            fixed = {row.key: right} if right and not row.test(right, read) else {}
            fix = f"{right}" if fixed else f"{expected}".capitalize()
            yield Finding("form", row.key, message, fix, row.level, set=fixed)


# What a part of the keys belongs to, where it is not read in every run.
_PARTS: dict[str, Callable[[Content], bool]] = {
    "TENSORBOARD": lambda read: bool(read.get("TENSORBOARD.ENABLE")),
    "DEMO": lambda read: bool(read.get("DEMO.ENABLE")),
    "MIXUP": lambda read: bool(read.get("MIXUP.ENABLE")),
    "MULTIGRID": lambda read: bool(
        read.get("MULTIGRID.LONG_CYCLE") or read.get("MULTIGRID.SHORT_CYCLE")
    ),
    "MVIT": usage.is_mvit,
    "MASK": lambda read: bool(read.get("MASK.ENABLE")),
    "X3D": lambda read: usage.backbone(read) in ("X3D", "PTVX3D"),
    "SLOWFAST": lambda read: usage.backbone(read) in ("SlowFast", "PTVSlowFast"),
    "NONLOCAL": usage.is_resnet,
    "AVA": _reads_boxes,
    "DETECTION": lambda read: bool(read.get("DETECTION.ENABLE")),
    "BENCHMARK": lambda _read: False,
    "CONTRASTIVE": lambda read: usage.model(read) == "ContrastiveModel",
    "AUG": lambda read: bool(read.get("AUG.ENABLE")),
}


# Keys for which upstream asks whether they are None.
_MAY_BE_NONE = ("AUG.COLOR_JITTER",)


def empty(read: Content) -> Iterator[Finding]:
    """List keys that are written without a value: upstream takes None for it."""
    for key in read.empty:
        default = DEFAULTS[key]
        if key in _MAY_BE_NONE:
            continue
        part, used = key.partition(".")[0], True
        if part in _PARTS:
            used = _PARTS[part](read)
        message = f"{key} has no value, and upstream does not take its default for it."
        level = ERROR if used else NOTE
        if isinstance(default, bool):  # None counts as False
            level = WARNING if default else NOTE
        elsewhere = isinstance(default, str) and default.startswith("/")  # of upstream's authors
        fixed = {} if elsewhere else {key: default}
        fix = "Write it." if elsewhere else f"{default!r}"
        yield Finding("no-value", key, message, fix, level, set=fixed)


RULES = (forms, empty)
