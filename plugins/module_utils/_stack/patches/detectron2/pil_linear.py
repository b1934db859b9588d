"""Pillow 10 removed ``PIL.Image.LINEAR``."""

from __future__ import annotations

from ..attribute_renames import renaming
from ..conditions import at_least
from ..model import NOT_PINNED, Patch, Site

PATCH = Patch(
    id="pil-linear",
    component="detectron2",
    title="Replace PIL.Image.LINEAR by BILINEAR",
    symptom="AttributeError: module 'PIL.Image' has no attribute 'LINEAR'",
    reason="Pillow 10 removed LINEAR, an alias of BILINEAR; Detectron2 fixed it in ff53992.",
    issues=("D2#5010", "D2#5145", "SF#700"),
    needed=at_least("pillow", "10"),
    sites=(
        Site(
            "detectron2/data/transforms/transform.py",
            renaming({"Image.LINEAR": "Image.BILINEAR"}),
        ),
    ),
    origins=NOT_PINNED,
)
