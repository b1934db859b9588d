"""All repairs, in the order in which they are made.

The imports are written out: a module ships what it imports, and a search of this folder would
find nothing on a target.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import StackError
from . import (
    ava_test_timer,
    cat_all_gather,
    company_imports,
    cpu_synchronize,
    cuda_amp,
    empty_loader,
    fork_ava_videos,
    fork_label_map,
    fork_learning_rate,
    fork_optimizer_try,
    fork_pillow,
    fork_sampler,
    functional_tensor,
    layer_decay_default,
    missing_csrc,
    multi_tensor_adamw,
    numpy_aliases,
    optimizer_state,
    pil_linear,
    pkg_resources,
    predictor_gpu_id,
    pyav_decoder,
    pypi_cpu,
    scaler_state,
    setup_names,
    short_cycle,
    torch_six,
    torchvision_decoder,
    weights_not_loaded,
    weights_only,
)

if TYPE_CHECKING:
    from .model import Repair

REPAIRS: tuple[Repair, ...] = (
    # Regressions of forks first: they give back the form that the others know.
    fork_learning_rate.REPAIR,
    fork_pillow.IMAGE_REPAIR,
    fork_pillow.OPTION_REPAIR,
    fork_sampler.REPAIR,
    fork_ava_videos.REPAIR,
    short_cycle.GUARD_REPAIR,
    fork_label_map.REPAIR,
    fork_optimizer_try.REPAIR,
    company_imports.REPAIR,
    torch_six.REPAIR,
    setup_names.REPAIR,
    numpy_aliases.REPAIR,
    torchvision_decoder.REPAIR,
    pyav_decoder.REPAIR,
    short_cycle.SAMPLER_REPAIR,
    short_cycle.INDEX_REPAIR,
    empty_loader.REPAIR,
    weights_only.REPAIR,
    optimizer_state.REPAIR,
    layer_decay_default.REPAIR,
    scaler_state.REPAIR,
    weights_not_loaded.REPAIR,
    multi_tensor_adamw.REPAIR,
    cuda_amp.REPAIR,
    cpu_synchronize.REPAIR,
    predictor_gpu_id.REPAIR,
    ava_test_timer.REPAIR,
    pypi_cpu.MODEL_REPAIR,
    pypi_cpu.LOADER_REPAIR,
    pypi_cpu.STATISTICS_REPAIR,
    missing_csrc.SETUP_REPAIR,
    missing_csrc.IMPORT_REPAIR,
    pkg_resources.REPAIR,
    pil_linear.REPAIR,
    numpy_aliases.DETECTRON2_REPAIR,
    weights_only.DETECTRON2_REPAIR,
    functional_tensor.REPAIR,
    cat_all_gather.REPAIR,
)

# What the modules checkpoint_patch and train_loop_patch stand for.
CHECKPOINT = (
    "checkpoint-weights-only",
    "optimizer-state",
    "layer-decay-default",
    "scaler-state",
    "weights-not-loaded",
    "fork-optimizer-try",
)
TRAIN_LOOP = (
    "fork-lr-weight-decay",
    "fork-random-sampler",
    "fork-short-cycle-guard",
    "short-cycle-sampler",
    "short-cycle-index",
    "empty-loader",
    "cpu-synchronize",
)


def by_id(name: str) -> Repair:
    """Return a repair by its id. Raises ``StackError`` for a name that there is not."""
    for repair in REPAIRS:
        if repair.id == name:
            return repair
    known = ", ".join(repair.id for repair in REPAIRS)
    raise StackError(
        f"There is no repair {name}.",
        f"The repairs are: {known}.",
        "Correct the name, or leave it out to make every repair that is needed.",
    )
