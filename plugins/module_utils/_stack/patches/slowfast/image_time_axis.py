"""Images have no time axis, which every model but a vision transformer of images needs."""

from __future__ import annotations

import ast

from ..model import (
    GIT_ONLY,
    Beside,
    Finding,
    Patch,
    Site,
    affected,
    already_applied,
    not_applicable,
    unknown,
)
from ..syntax.source_file import Function, Source, calls, dotted, find, function, same
from ..syntax.splices import Splice, replace

PREPARE = ("_prepare_im_res", "_prepare_im_tf")
WITH_TIME = "im if self.cfg.MVIT.PATCH_2D else im.unsqueeze(1)"
CROP = "transform.uniform_crop(im, test_size, spatial_idx=1, scale_size=train_size)"
SMALLER, LARGER = "min(train_size, test_size)", "max(train_size, test_size)"


def _examine(source: Source) -> Finding:
    found = [function(source.tree, f"Imagenet.{name}") for name in PREPARE]
    prepare = [node for node in found if node is not None]
    if not prepare or any(call for call in _unsqueezed(source)):
        return not_applicable("The data set gives images with a time axis, or is missing.")
    last = [node.body[-1] for node in prepare]
    images = [node.value for node in last if isinstance(node, ast.Return) and node.value]
    if images and all(same(image, WITH_TIME) for image in images):
        return already_applied()
    if len(images) != len(PREPARE) or not all(same(image, "im") for image in images):
        return unknown("The data set Imagenet does not return im from its two preparations.")
    timed = [replace(source, image, WITH_TIME) for image in images]
    return affected(*timed, *_cropped(source, prepare))


def _unsqueezed(source: Source) -> list[ast.Call]:
    """Return the calls by which the first versions of the data set added the axis."""
    item = function(source.tree, "Imagenet.__getitem__")
    return calls(item, "im.unsqueeze") if item else []


def _cropped(source: Source, prepare: list[Function]) -> list[Splice]:
    """Return the edits by which a test scales to the larger size and crops the smaller one."""
    crops = [call for node in prepare for call in find(node, ast.Call) if same(call, CROP)]
    return [
        splice
        for call in crops
        for splice in (
            replace(source, call.args[1], SMALLER),
            replace(source, call.keywords[-1].value, LARGER),
        )
    ]


def _has_patches_of_images(source: Source) -> bool:
    names = {dotted(node) for node in find(source.tree, ast.Attribute)}
    return "_C.MVIT.PATCH_2D" in names


PATCH = Patch(
    id="image-time-axis",
    component="slowfast",
    title="Give images a time axis unless a vision transformer takes them without",
    symptom=(
        "RuntimeError: Given groups=1, weight of size [64, 3, 1, 7, 7], expected input to have 3 "
        "channels"
    ),
    reason=(
        "1930c6a dropped the axis for transformers, and ImageNet/RES_R50 lost it too. Its test also crops "
        "256 from images scaled to 224, so a batch has several sizes."
    ),
    sites=(
        Site(
            "slowfast/datasets/imagenet.py",
            _examine,
            beside=(Beside("slowfast/config/defaults.py", _has_patches_of_images),),
        ),
    ),
    origins=GIT_ONLY,
)
