"""The AVA evaluation uses names that NumPy 1.24 and 2.0 removed."""

from __future__ import annotations

from ..attribute_renames import NUMPY_ALIASES, renaming
from ..conditions import at_least
from ..model import NOT_PINNED, Patch, Site

PATCH = Patch(
    id="numpy-nan-alias",
    component="slowfast",
    title="Replace np.NAN, np.bool and np.float by names that NumPy 2 has",
    symptom="AttributeError: module 'numpy' has no attribute 'NAN'",
    reason="NumPy 1.24 removed np.bool and np.float, NumPy 2.0 removed np.NAN.",
    needed=at_least("numpy", "1.24"),
    sites=(
        Site("ava_evaluation/metrics.py", renaming(NUMPY_ALIASES)),
        Site("slowfast/utils/ava_evaluation/metrics.py", renaming(NUMPY_ALIASES)),
    ),
    origins=NOT_PINNED,
)
