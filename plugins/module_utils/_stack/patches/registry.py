"""All patches, in the order in which they are applied.

The imports are explicit: Ansible copies only what a module imports to the target.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.errors import StackError
from .detectron2 import (
    missing_csrc,
    missing_extension,
    numpy_aliases,
    pil_linear,
    pkg_resources,
    vision_first,
    weights_only,
)
from .forks import (
    assert_print,
    label_map,
    lr_weight_decay,
    optimizer_try,
    pillow_image,
    random_sampler,
    short_cycle_guard,
    use_pillow,
)
from .pytorchvideo import cat_all_gather, clip_decoder, functional_tensor, hub_weights_only
from .slowfast import (
    activation_checkpointing,
    atomic_checkpoint,
    ava_mixed_precision,
    ava_test_timer,
    checkpoint_weights_only,
    clip_iterator,
    clip_tuple,
    company_imports,
    cpu_contrastive,
    cpu_multigrid,
    cpu_synchronize,
    cuda_amp,
    dead_torchvision_decoder,
    empty_kv_stride,
    empty_loader,
    gradient_accumulation,
    image_time_axis,
    layer_decay_default,
    mixed_precision_dtype,
    multi_tensor_adamw,
    numpy_nan_alias,
    optimizer_state,
    predictor_gpu_id,
    pyav_decoder,
    pypi_bn_statistics,
    pypi_loader_on_cpu,
    pypi_model_to_cpu,
    reversible_class_token,
    scaler_state,
    setup_names,
    short_cycle_index,
    short_cycle_sampler,
    torch_six,
    torchrun_launch,
    visualization_batch,
    weights_not_loaded,
)

if TYPE_CHECKING:
    from .model import Patch

PATCHES: tuple[Patch, ...] = (
    # Regressions of forks first: they restore the code that the other patches know.
    lr_weight_decay.PATCH,
    pillow_image.PATCH,
    use_pillow.PATCH,
    random_sampler.PATCH,
    assert_print.PATCH,
    short_cycle_guard.PATCH,
    label_map.PATCH,
    optimizer_try.PATCH,
    company_imports.PATCH,
    torch_six.PATCH,
    setup_names.PATCH,
    numpy_nan_alias.PATCH,
    dead_torchvision_decoder.PATCH,
    pyav_decoder.PATCH,
    short_cycle_sampler.PATCH,
    short_cycle_index.PATCH,
    clip_tuple.PATCH,
    clip_iterator.PATCH,
    visualization_batch.PATCH,
    empty_loader.PATCH,
    checkpoint_weights_only.PATCH,
    optimizer_state.PATCH,
    layer_decay_default.PATCH,
    scaler_state.PATCH,
    weights_not_loaded.PATCH,
    multi_tensor_adamw.PATCH,
    cuda_amp.PATCH,
    mixed_precision_dtype.PATCH,
    gradient_accumulation.PATCH,
    activation_checkpointing.PATCH,
    cpu_synchronize.PATCH,
    cpu_multigrid.PATCH,
    cpu_contrastive.PATCH,
    predictor_gpu_id.PATCH,
    ava_test_timer.PATCH,
    ava_mixed_precision.PATCH,
    empty_kv_stride.PATCH,
    image_time_axis.PATCH,
    reversible_class_token.PATCH,
    atomic_checkpoint.PATCH,
    # After those that know the conditions it changes.
    torchrun_launch.PATCH,
    pypi_model_to_cpu.PATCH,
    pypi_loader_on_cpu.PATCH,
    pypi_bn_statistics.PATCH,
    missing_csrc.PATCH,
    missing_extension.PATCH,
    pkg_resources.PATCH,
    pil_linear.PATCH,
    numpy_aliases.PATCH,
    weights_only.PATCH,
    vision_first.PATCH,
    functional_tensor.PATCH,
    cat_all_gather.PATCH,
    clip_decoder.PATCH,
    hub_weights_only.PATCH,
)

# The groups that the modules checkpoint_patch and train_loop_patch apply.
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
    "clip-tuple",
    "clip-iterator",
    "empty-loader",
    "cpu-synchronize",
)


def by_id(name: str) -> Patch:
    """Return a patch by its id. Raises ``StackError`` for an unknown id."""
    for patch in PATCHES:
        if patch.id == name:
            return patch
    known = ", ".join(patch.id for patch in PATCHES)
    raise StackError(
        f"There is no patch {name}.",
        f"The patches are: {known}.",
        "Correct the id, or leave it out to apply every patch that the tree needs.",
        code="patches.unknown-patch",
    )
