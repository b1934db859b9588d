"""``PIL.Image.LINEAR`` left Pillow with release 10."""

from __future__ import annotations

from ..attribute_renames import renaming
from ..conditions import at_least
from ..model import Patch, Site

PATCH = Patch(
    id="pil-linear",
    component="detectron2",
    title="Write PIL.Image.LINEAR by its other name",
    symptom="AttributeError: module 'PIL.Image' has no attribute 'LINEAR'",
    reason="Pillow 10 removed LINEAR, which always meant BILINEAR; Detectron2 followed in ff53992.",
    issues=("D2#5010", "D2#5145", "SF#700"),
    needed=at_least("pillow", "10"),
    sites=(
        Site(
            "detectron2/data/transforms/transform.py",
            renaming({"Image.LINEAR": "Image.BILINEAR"}),
        ),
    ),
)
