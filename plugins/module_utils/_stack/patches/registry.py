"""All patches, in the order in which they are made.

The imports are written out: a module ships what it imports, and a search of this folder would
find nothing on a target.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.errors import StackError
from .detectron2 import missing_csrc, pil_linear, pkg_resources
from .forks import ava_videos, label_map, learning_rate, optimizer_try, pillow, sampler
from .pytorchvideo import cat_all_gather, functional_tensor
from .slowfast import (
    ava_test_timer,
    cpu_synchronize,
    cuda_amp,
    empty_loader,
    internal_imports,
    layer_decay_default,
    multi_tensor_adamw,
    numpy_aliases,
    optimizer_state,
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
    from .model import Patch

PATCHES: tuple[Patch, ...] = (
    # Regressions of forks first: they give back the form that the others know.
    learning_rate.PATCH,
    pillow.IMAGE_PATCH,
    pillow.OPTION_PATCH,
    sampler.PATCH,
    ava_videos.PATCH,
    short_cycle.GUARD_PATCH,
    label_map.PATCH,
    optimizer_try.PATCH,
    internal_imports.PATCH,
    torch_six.PATCH,
    setup_names.PATCH,
    numpy_aliases.PATCH,
    torchvision_decoder.PATCH,
    pyav_decoder.PATCH,
    short_cycle.SAMPLER_PATCH,
    short_cycle.INDEX_PATCH,
    empty_loader.PATCH,
    weights_only.PATCH,
    optimizer_state.PATCH,
    layer_decay_default.PATCH,
    scaler_state.PATCH,
    weights_not_loaded.PATCH,
    multi_tensor_adamw.PATCH,
    cuda_amp.PATCH,
    cpu_synchronize.PATCH,
    predictor_gpu_id.PATCH,
    ava_test_timer.PATCH,
    pypi_cpu.MODEL_PATCH,
    pypi_cpu.LOADER_PATCH,
    pypi_cpu.STATISTICS_PATCH,
    missing_csrc.SETUP_PATCH,
    missing_csrc.IMPORT_PATCH,
    pkg_resources.PATCH,
    pil_linear.PATCH,
    numpy_aliases.DETECTRON2_PATCH,
    weights_only.DETECTRON2_PATCH,
    functional_tensor.PATCH,
    cat_all_gather.PATCH,
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


def by_id(name: str) -> Patch:
    """Return a patch by its id. Raises ``StackError`` for a name that there is not."""
    for patch in PATCHES:
        if patch.id == name:
            return patch
    known = ", ".join(patch.id for patch in PATCHES)
    raise StackError(
        f"There is no patch {name}.",
        f"The patches are: {known}.",
        "Correct the name, or leave it out to make every patch that is needed.",
    )
