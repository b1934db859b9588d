"""Rules on names: models, data sets, losses and all that upstream looks up by a text.

The legal names are read from the source tree that will run; those of the pinned commit are used
where there is none.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slowfast_stack.config.findings import Finding
from slowfast_stack.config.rules_resnet import pathways
from slowfast_stack.config.source_tree import DEFAULTS
from slowfast_stack.config.usage import data_sets, has_batch_norm, is_resnet, model, runs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from slowfast_stack.config.content import Content
    from slowfast_stack.config.source_tree import SourceTree
    from slowfast_stack.config.target import Target

    Names = frozenset[str] | frozenset[str | int]

_MODELS = "slowfast/models"
_HEADS = "slowfast/models/head_helper.py"
_BUILDER = "slowfast/models/video_model_builder.py"
_DATA = "slowfast/datasets"
_CLOSE = 0.6


_ASSERTIONS = "assert_and_infer_cfg"
_DTYPE = "TRAIN.MIXED_PRECISION_DTYPE"  # a patch adds it


def _has_dtype(read: Content) -> bool:
    return _DTYPE in read.values


def _model(read: Content) -> str:
    return str(read.get("MODEL.MODEL_NAME"))


def _always(_read: Content) -> bool:
    return True


def _trains(read: Content) -> bool:
    return bool(read.get("TRAIN.ENABLE"))


def _tests(read: Content) -> bool:
    return bool(read.get("TEST.ENABLE"))


def _tests_clips(read: Content) -> bool:
    return _tests(read) and not read.get("DETECTION.ENABLE")


def _decodes(read: Content) -> bool:
    return "kinetics" in data_sets(read)


def _is_resnet(read: Content) -> bool:
    return is_resnet(read)


def _ptv_resnet(read: Content) -> bool:
    return _model(read) == "PTVResNet"


def _ptv_bottleneck(read: Content) -> bool:
    return _model(read) in ("PTVResNet", "PTVSlowFast")


def _ptv_x3d(read: Content) -> bool:
    return _model(read) == "PTVX3D"


def _ptv_decodes(read: Content) -> bool:
    return bool(data_sets(read) & {"ptvkinetics"})


def _has_depth(read: Content) -> bool:
    return _model(read) in ("ResNet", "SlowFast")


def _ptv_depth(read: Content) -> bool:
    return _model(read) == "PTVSlowFast"


def _head(read: Content) -> str:
    if read.get("MASK.ENABLE"):
        return ""
    if read.get("DETECTION.ENABLE") and _model(read) in ("ResNet", "SlowFast"):
        return "ResNetRoIHead"
    heads = {"MViT": "TransformerBasicHead", "X3D": "X3DHead"}
    return heads.get(_model(read), "ResNetBasicHead" if _has_depth(read) else "")


def _basic_head(read: Content) -> bool:
    return _head(read) in ("ResNetBasicHead", "TransformerBasicHead")


def _strict_head(read: Content) -> bool:
    return _head(read) in ("ResNetRoIHead", "X3DHead") or _model(read).startswith("PTV")


def _is_contrastive(read: Content) -> bool:
    return _model(read) == "ContrastiveModel"


def _is_mvit(read: Content) -> bool:
    return _model(read) in ("MViT", "MaskMViT")


def _non_local(read: Content) -> bool:
    stages = read.get("NONLOCAL.LOCATION") or []
    return _is_resnet(read) and any(blocks for stage in stages for blocks in stage)


def _distributed(read: Content) -> bool:
    return int(read.get("NUM_GPUS")) > 1


@dataclass(frozen=True)
class Choice:
    """A key, when upstream looks it up, how a tree says what is legal, and the pinned commit's."""

    key: str
    applies: Callable[[Content], bool]
    legal: Callable[[SourceTree], Names]
    pinned: tuple[str | int, ...]
    fold: Callable[[str], str] = str


_DATA_SETS = (
    *("Ava", "Charades", "Imagenet", "Kinetics"),
    *("Ptvcharades", "Ptvkinetics", "Ptvssv2", "Ssv2"),
)

CHOICES = (
    Choice(
        "MODEL.MODEL_NAME",
        _always,
        lambda tree: tree.registered(_MODELS, "MODEL_REGISTRY"),
        (
            *("ContrastiveModel", "MViT", "MaskMViT", "PTVCSN", "PTVMViT", "PTVR2plus1D"),
            *("PTVResNet", "PTVSlowFast", "PTVX3D", "ResNet", "SlowFast", "X3D"),
        ),
    ),
    Choice(
        "TRAIN.DATASET",
        _trains,
        lambda tree: tree.registered(_DATA, "DATASET_REGISTRY"),
        _DATA_SETS,
        str.capitalize,
    ),
    Choice(
        "TEST.DATASET",
        _tests,
        lambda tree: tree.registered(_DATA, "DATASET_REGISTRY"),
        _DATA_SETS,
        str.capitalize,
    ),
    Choice(
        "DATA.DECODING_BACKEND",
        _decodes,
        lambda tree: tree.compared("slowfast/datasets/decoder.py", "decode", "backend"),
        ("pyav", "torchvision"),
    ),
    Choice(
        "MODEL.LOSS_FUNC",
        _trains,
        lambda tree: tree.keys_of("slowfast/models/losses.py", "_LOSSES"),
        (
            *("bce", "bce_logit", "contrastive_loss", "cross_entropy"),
            *("mse", "multi_mse", "soft_cross_entropy"),
        ),
    ),
    Choice(
        "SOLVER.OPTIMIZING_METHOD",
        _trains,
        lambda tree: tree.compared(
            "slowfast/models/optimizer.py", "construct_optimizer", "cfg.SOLVER.OPTIMIZING_METHOD"
        ),
        ("adam", "adamw", "mt_adamw", "sgd"),
    ),
    Choice(
        "SOLVER.LR_POLICY",
        _trains,
        lambda tree: tree.functions("slowfast/utils/lr_policy.py", "lr_func_"),
        ("cosine", "steps_with_relative_lrs"),
    ),
    Choice(
        "BN.NORM_TYPE",
        has_batch_norm,
        lambda tree: tree.compared(
            "slowfast/models/batchnorm_helper.py", "get_norm", "cfg.BN.NORM_TYPE"
        ),
        ("batchnorm", "sub_batchnorm", "sync_batchnorm", "sync_batchnorm_apex"),
    ),
    Choice(
        "MODEL.HEAD_ACT",
        _basic_head,
        lambda tree: tree.compared(_HEADS, "ResNetBasicHead", "act_func"),
        ("none", "sigmoid", "softmax"),
    ),
    Choice(
        "MODEL.HEAD_ACT",
        _strict_head,
        lambda tree: tree.compared(_HEADS, "ResNetRoIHead", "act_func"),
        ("sigmoid", "softmax"),
    ),
    Choice(
        "RESNET.TRANS_FUNC",
        _is_resnet,
        lambda tree: tree.keys_of("slowfast/models/resnet_helper.py", "trans_funcs"),
        ("basic_transform", "bottleneck_transform", "x3d_transform"),
    ),
    Choice(
        "RESNET.DEPTH",
        _is_resnet,
        lambda tree: tree.keys_of(_BUILDER, "_MODEL_STAGE_DEPTH"),
        (18, 50, 101),
    ),
    Choice(
        "RESNET.DEPTH",
        _ptv_depth,
        lambda tree: tree.keys_of("slowfast/models/ptv_model_builder.py", "_MODEL_STAGE_DEPTH"),
        (50, 101),
    ),
    Choice("RESNET.DEPTH", _ptv_resnet, lambda _tree: frozenset(), (50, 101, 152)),
    Choice("MODEL.ARCH", _ptv_resnet, lambda _tree: frozenset(), ("c2d", "i3d", "slow")),
    Choice(
        "RESNET.TRANS_FUNC", _ptv_bottleneck, lambda _tree: frozenset(), ("bottleneck_transform",)
    ),
    Choice("RESNET.TRANS_FUNC", _ptv_x3d, lambda _tree: frozenset(), ("x3d_transform",)),
    Choice(
        "DATA.DECODING_BACKEND", _ptv_decodes, lambda _tree: frozenset(), ("pyav", "torchvision")
    ),
    Choice(
        "MODEL.ARCH",
        _is_contrastive,
        lambda tree: tree.keys_of("slowfast/models/contrastive.py", "_MODEL_TYPES"),
        ("c2d", "i3d", "mvit", "slow", "slow_c2d", "slow_i3d", "slowfast", "x3d"),
    ),
    Choice(
        "MODEL.ARCH",
        _is_resnet,
        lambda tree: tree.keys_of(_BUILDER, "_POOL1"),
        ("2d", "c2d", "i3d", "slow", "slow_c2d", "slow_i3d", "slowfast", "x3d"),
    ),
    Choice(
        "DATA.ENSEMBLE_METHOD",
        _tests_clips,
        lambda tree: tree.compared("slowfast/utils/meters.py", "TestMeter", "self.ensemble_method"),
        ("max", "sum"),
    ),
    Choice(
        "NONLOCAL.INSTANTIATION",
        _non_local,
        lambda tree: tree.compared(
            "slowfast/models/nonlocal_helper.py", "Nonlocal", "self.instantiation"
        ),
        ("dot_product", "softmax"),
    ),
    Choice(
        "CONTRASTIVE.TYPE",
        _is_contrastive,
        lambda tree: tree.compared(f"{_MODELS}/contrastive.py", "ContrastiveModel", "self.type"),
        ("byol", "mem", "moco", "self", "simclr", "swav"),
    ),
    Choice("MVIT.NORM", _is_mvit, lambda _tree: frozenset(), ("layernorm",)),
    Choice(
        "TRAIN.CHECKPOINT_TYPE",
        _always,
        lambda tree: tree.compared(DEFAULTS, _ASSERTIONS, "cfg.TRAIN.CHECKPOINT_TYPE"),
        ("caffe2", "pytorch"),
    ),
    Choice(
        "TEST.CHECKPOINT_TYPE",
        _always,
        lambda tree: tree.compared(DEFAULTS, _ASSERTIONS, "cfg.TEST.CHECKPOINT_TYPE"),
        ("caffe2", "pytorch"),
    ),
    Choice(
        _DTYPE,
        _has_dtype,
        lambda tree: tree.compared(DEFAULTS, _ASSERTIONS, f"cfg.{_DTYPE}"),
        ("bfloat16", "float16"),
    ),
    Choice("DIST_BACKEND", _distributed, lambda _tree: frozenset(), ("gloo", "nccl")),
)


def names(read: Content, target: Target) -> Iterator[Finding]:
    """List names that upstream does not know."""
    for choice in CHOICES:
        value = read.get(choice.key)
        if not choice.applies(read) or _known(choice, value, target.tree):
            continue
        legal = sorted(map(str, _legal(choice, target.tree)))
        close = difflib.get_close_matches(str(value), legal, 1, _CLOSE)
        where = target.tree.root if target.tree else "upstream"
        message = f"{value} is not a name that {where} knows; it stops."
        fix = f"Perhaps {close[0]}." if close else f"One of {', '.join(legal)}."
        yield Finding("unknown-name", choice.key, message, fix)


def _known(choice: Choice, value: object, tree: SourceTree | None) -> bool:
    folded = choice.fold(value) if isinstance(value, str) else value
    return folded in _legal(choice, tree)


def _legal(choice: Choice, tree: SourceTree | None) -> Names | frozenset[str | int]:
    found = tree.once(choice, choice.legal) if tree else None
    return found or frozenset(choice.pinned)


def architecture(read: Content, _target: Target) -> Iterator[Finding]:
    """Refuse an architecture that is in neither list of pathways, or in the wrong one."""
    single = read.get("MODEL.SINGLE_PATHWAY_ARCH")
    listed = [*single, *read.get("MODEL.MULTI_PATHWAY_ARCH")]
    arch = read.get("MODEL.ARCH")
    if arch in single and arch == "slowfast":
        key = "MODEL.SINGLE_PATHWAY_ARCH"
        message = f"{arch} has two pathways, and {key} makes one clip of a video; upstream stops."
        fixed = [name for name in single if name != arch]
        yield Finding("pathways", key, message, f"{fixed}", set={key: fixed})
    elif arch in listed and arch not in single and pathways(read) == 1 and runs(read):
        message = f"{arch} makes two clips of a video, and {model(read)} takes one; upstream stops."
        yield Finding("pathways", "MODEL.ARCH", message, "slow, x3d or mvit, as the model is.")
    if arch not in listed:
        message = f"{arch} is neither in MODEL.SINGLE_PATHWAY_ARCH nor in MULTI_PATHWAY_ARCH."
        close = difflib.get_close_matches(str(arch), listed, 1, _CLOSE)
        fix = f"Perhaps {close[0]}." if close else f"One of {', '.join(listed)}."
        yield Finding("unknown-name", "MODEL.ARCH", message, fix)


RULES = (names, architecture)
