"""Rules on numbers: a table of the limits of keys, where something reads them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from slowfast_stack.config import usage
from slowfast_stack.config.findings import ERROR, WARNING, Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from slowfast_stack.config.content import Content

    Applies = Callable[[Content], bool]


def _several_epochs(read: Content) -> bool:
    own_schedule = read.get("MULTIGRID.LONG_CYCLE")
    return usage.trains(read) and read.get("SOLVER.MAX_EPOCH") > 1 and not own_schedule


def _warms_up(read: Content) -> bool:
    return usage.trains(read) and read.get("SOLVER.WARMUP_EPOCHS") > 0


def _cosine(read: Content) -> bool:
    return usage.trains(read) and read.get("SOLVER.LR_POLICY") == "cosine"


def _momentum(read: Content) -> bool:
    return usage.trains(read) and read.get("SOLVER.OPTIMIZING_METHOD") == "sgd"


def _decodes(read: Content) -> bool:
    return bool(usage.data_sets(read) & {*usage.DECODED})


def _samples(read: Content) -> bool:
    return usage.runs(read) and "imagenet" not in usage.data_sets(read)


def _tests_clips(read: Content) -> bool:
    return usage.tests(read) and not read.get("DETECTION.ENABLE")


def _repeats(read: Content) -> bool:
    return usage.trained_on(read) in usage.SAMPLED


def _kinetics(read: Content) -> bool:
    return usage.trained_on(read) == "kinetics"


def _jitters_color(read: Content) -> bool:
    return _kinetics(read) and bool(read.get("DATA.SSL_COLOR_JITTER"))


def _multigrid(read: Content) -> bool:
    cycles = read.get("MULTIGRID.SHORT_CYCLE") or read.get("MULTIGRID.LONG_CYCLE")
    return usage.trains(read) and bool(cycles)


def _long_cycle(read: Content) -> bool:
    return usage.trains(read) and bool(read.get("MULTIGRID.LONG_CYCLE"))


def _compares(read: Content) -> bool:
    return usage.runs(read) and usage.model(read) == "ContrastiveModel"


def _pictures(read: Content) -> bool:
    return "imagenet" in usage.data_sets(read) and bool(read.get("AUG.ENABLE"))


def _chunks(read: Content) -> bool:
    return _several_epochs(read) and read.get("DATA.LOADER_CHUNK_SIZE") > 0


def _fuses(read: Content) -> bool:
    return usage.backbone(read) in ("SlowFast", "PTVSlowFast")


def _x3d(read: Content) -> bool:
    return usage.backbone(read) in ("X3D", "PTVX3D")


def _boxes(read: Content) -> bool:
    return usage.runs(read) and bool(read.get("DETECTION.ENABLE"))


def _drops_out(read: Content) -> bool:
    return usage.runs(read) and not read.get("MASK.ENABLE")


def _mixes(read: Content) -> bool:
    return usage.trains(read) and bool(read.get("MIXUP.ENABLE"))


def _always(_read: Content) -> bool:
    return True


@dataclass(frozen=True)
class Limit:
    """The least and the greatest value of a key, when it is read, and what happens beyond."""

    key: str
    applies: Applies
    least: float = -math.inf
    greatest: float = math.inf
    happens: str = "upstream stops"
    level: str = ERROR
    fixed: Any = None
    above: bool = False  # the least value itself is beyond too

    def broken(self, value: float) -> bool:
        """Return whether a value is beyond the limits."""
        low = value <= self.least if self.above else value < self.least
        return low or value > self.greatest or math.isnan(value)

    @property
    def words(self) -> str:
        """Return the limits in words."""
        low = f"{'above' if self.above else 'at least'} {self.least:g}"
        high = f"at most {self.greatest:g}"
        given = [low] * (self.least > -math.inf) + [high] * (self.greatest < math.inf)
        return " and ".join(given)


_DIVIDES = "upstream divides by it"
_NO_LOSS = "the loss is not a number"
_GROWS = "weights grow instead of shrinking"
TABLE = (
    Limit("NUM_GPUS", _always, 0),
    Limit("RNG_SEED", usage.runs, 0, 2**32 - 1, fixed=0),
    Limit("LOG_PERIOD", usage.runs, 1, happens=_DIVIDES, fixed=10),
    Limit("DATA_LOADER.NUM_WORKERS", usage.runs, 0, fixed=0),
    Limit("TRAIN.BATCH_SIZE", usage.trains, 1),
    Limit("TRAIN.ACCUMULATION_STEPS", usage.trains, 1, fixed=1),
    Limit("TEST.BATCH_SIZE", usage.tests, 1),
    Limit("TRAIN.EVAL_PERIOD", _several_epochs, 1, happens=_DIVIDES, fixed=1),
    Limit("TRAIN.CHECKPOINT_PERIOD", _several_epochs, 1, happens=_DIVIDES, fixed=1),
    Limit("SOLVER.MAX_EPOCH", usage.trains, 1, happens="nothing is trained"),
    Limit(
        "MULTIGRID.EPOCH_FACTOR", _multigrid, 0, happens="nothing is trained", fixed=1.5, above=True
    ),
    Limit("MULTIGRID.BN_BASE_SIZE", _long_cycle, 1, happens=_DIVIDES, fixed=8),
    Limit("MULTIGRID.EVAL_FREQ", _long_cycle, 1, happens=_DIVIDES, fixed=3),
    Limit("SOLVER.BASE_LR", usage.trains, 0),
    Limit(
        "SOLVER.BASE_LR", usage.trains, 0, above=True, happens="no weight changes", level=WARNING
    ),
    Limit(
        "SOLVER.COSINE_END_LR",
        _cosine,
        0,
        happens="training undoes itself",
        level=WARNING,
        fixed=0.0,
    ),
    Limit(
        "SOLVER.WARMUP_START_LR",
        _warms_up,
        0,
        happens="training undoes itself",
        level=WARNING,
        fixed=0.0,
    ),
    Limit("SOLVER.MOMENTUM", _momentum, 0, fixed=0.9),
    Limit("SOLVER.WEIGHT_DECAY", usage.trains, 0, fixed=1e-4),
    Limit("BN.WEIGHT_DECAY", usage.trains, 0, happens=_GROWS, level=WARNING, fixed=0.0),
    Limit("DATA.NUM_FRAMES", _samples, 1),
    Limit(
        "DATA.SAMPLING_RATE",
        _samples,
        1,
        happens="every frame of a clip is the same",
        level=WARNING,
    ),
    Limit("DATA.TARGET_FPS", _decodes, 1, happens="no clip is read", fixed=30),
    Limit("DATA.TRAIN_CROP_SIZE", usage.trains, 1),
    Limit("DATA.TEST_CROP_SIZE", usage.tests, 1),
    Limit("DATA.TRAIN_CROP_NUM_TEMPORAL", _kinetics, 1, fixed=1),
    Limit("DATA.TRAIN_CROP_NUM_SPATIAL", _kinetics, 1, fixed=1),
    Limit("DATA.LOADER_CHUNK_OVERALL_SIZE", _chunks, 1, happens=_DIVIDES),
    Limit("DATA.SSL_COLOR_HUE", _jitters_color, 0, 0.5, fixed=0.1),
    Limit("AUG.NUM_SAMPLE", _repeats, 1, fixed=1),
    Limit("MODEL.NUM_CLASSES", usage.runs, 1),
    Limit("MODEL.FC_INIT_STD", usage.is_resnet, 0, fixed=0.01),
    Limit("X3D.DEPTH_FACTOR", _x3d, 0, fixed=2.2),
    Limit("X3D.BOTTLENECK_FACTOR", _x3d, 0, above=True, fixed=2.25),
    Limit("X3D.DIM_C5", _x3d, 1, fixed=2048),
    Limit("DATA.IN_VAL_CROP_RATIO", _pictures, 0, fixed=0.875),
    Limit("MVIT.EMBED_DIM", usage.is_mvit, 1),
    Limit("MVIT.MLP_RATIO", usage.is_mvit, 0, fixed=4.0),
    Limit("MVIT.DROPPATH_RATE", usage.is_mvit, greatest=0.999, happens=_NO_LOSS, fixed=0.1),
    Limit("MVIT.DROPOUT_RATE", usage.is_mvit, 0, 1, fixed=0.0),
    Limit("CONTRASTIVE.NUM_MLP_LAYERS", _compares, 1, fixed=1),
    Limit("MODEL.DROPOUT_RATE", _drops_out, -math.inf, 1, fixed=0.5),
    Limit("MIXUP.PROB", _mixes, 0, fixed=1.0),
    Limit("TEST.NUM_SPATIAL_CROPS", _tests_clips, 1, fixed=1),
    Limit("SLOWFAST.BETA_INV", _fuses, 1, happens=_DIVIDES, fixed=8),
    Limit("SLOWFAST.FUSION_CONV_CHANNEL_RATIO", _fuses, 1, happens=_DIVIDES, fixed=2),
    Limit("DETECTION.SPATIAL_SCALE_FACTOR", _boxes, 1, happens=_DIVIDES, fixed=16),
    Limit("DETECTION.ROI_XFORM_RESOLUTION", _boxes, 1, fixed=7),
)


def limits(read: Content) -> Iterator[Finding]:
    """List numbers beyond their limits; of several limits of a key the first broken one."""
    seen: set[str] = set()
    for row in TABLE:
        value = read.get(row.key)
        if row.key in seen or not row.applies(read) or not row.broken(value):
            continue
        seen.add(row.key)
        message = f"{value} is beyond what is read: {row.words}; {row.happens}."
        fixed = {} if row.fixed is None else {row.key: row.fixed}
        fix = row.words if row.fixed is None else f"{row.fixed}"
        yield Finding("limit", row.key, message, fix, row.level, set=fixed)


RULES = (limits,)
