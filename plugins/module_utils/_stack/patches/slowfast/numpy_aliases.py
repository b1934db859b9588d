"""Names that NumPy 1.24 and 2.0 removed, in the AVA evaluation and in Detectron2 0.6."""

from __future__ import annotations

from ..attribute_renames import renaming
from ..conditions import at_least
from ..model import Patch, Site

ALIASES = {
    "np.NAN": "np.nan",
    "np.NaN": "np.nan",
    "np.bool": "bool",
    "np.int": "int",
    "np.float": "float",
    "np.object": "object",
}
DETECTRON2 = (
    "evaluation/pascal_voc_evaluation.py",
    "evaluation/sem_seg_evaluation.py",
    "structures/masks.py",
    "data/build.py",
    "utils/visualizer.py",
    "utils/video_visualizer.py",
)

PATCH = Patch(
    id="numpy-nan-alias",
    component="slowfast",
    title="Write np.NAN, np.bool and np.float as NumPy 2 knows them",
    symptom="AttributeError: module 'numpy' has no attribute 'NAN'",
    reason="NumPy 1.24 removed np.bool and np.float, NumPy 2.0 removed np.NAN.",
    issues=(),
    needed=at_least("numpy", "1.24"),
    sites=(
        Site("ava_evaluation/metrics.py", renaming(ALIASES)),
        Site("slowfast/utils/ava_evaluation/metrics.py", renaming(ALIASES)),
    ),
)
DETECTRON2_PATCH = Patch(
    id="detectron2-numpy-aliases",
    component="detectron2",
    title="Write np.bool, np.int and np.float as Python's own types",
    symptom="AttributeError: module 'numpy' has no attribute 'bool'",
    reason="NumPy 1.24 removed these names; Detectron2 0.6 reads them in evaluation and data.",
    issues=(),
    needed=at_least("numpy", "1.24"),
    sites=tuple(Site(f"detectron2/{path}", renaming(ALIASES)) for path in DETECTRON2),
)
