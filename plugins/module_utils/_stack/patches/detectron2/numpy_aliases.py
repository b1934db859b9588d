"""Detectron2 0.6 uses names that NumPy 1.24 removed."""

from __future__ import annotations

from ..attribute_renames import NUMPY_ALIASES, renaming
from ..conditions import at_least
from ..model import NOT_PINNED, Patch, Site

FILES = (
    "evaluation/pascal_voc_evaluation.py",
    "evaluation/sem_seg_evaluation.py",
    "structures/masks.py",
    "data/build.py",
    "utils/visualizer.py",
    "utils/video_visualizer.py",
)

PATCH = Patch(
    id="detectron2-numpy-aliases",
    component="detectron2",
    title="Replace np.bool, np.int and np.float by Python's own types",
    symptom="AttributeError: module 'numpy' has no attribute 'bool'",
    reason="NumPy 1.24 removed these aliases; Detectron2 0.6 uses them in evaluation and data.",
    needed=at_least("numpy", "1.24"),
    sites=tuple(Site(f"detectron2/{path}", renaming(NUMPY_ALIASES)) for path in FILES),
    origins=NOT_PINNED,
)
