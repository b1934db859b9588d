"""torchvision 0.17 removed ``torchvision.transforms.functional_tensor``."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..conditions import at_least
from ..model import NOT_PINNED, Finding, Patch, Site, affected, already_applied
from ..syntax.splices import rewrite

if TYPE_CHECKING:
    from ..syntax.source_file import Source

OLD = "torchvision.transforms.functional_tensor"
NEW = "torchvision.transforms._functional_tensor"
LINES = f"""
try:
    import {NEW} as F_t
except ImportError:  # torchvision before 0.15
    import {OLD} as F_t
"""


def _examine(source: Source) -> Finding:
    wrong = [
        node
        for node in source.tree.body
        if isinstance(node, ast.Import) and [a.name for a in node.names] == [OLD]
    ]
    if not wrong:
        return already_applied()
    return affected(rewrite(source, wrong[0], LINES))


PATCH = Patch(
    id="functional-tensor",
    component="pytorchvideo",
    title="Import the tensor transforms from their new module",
    symptom="ModuleNotFoundError: No module named 'torchvision.transforms.functional_tensor'",
    reason="torchvision 0.15 renamed the module, 0.17 removed the old name; eb04d1b fixed it.",
    issues=("PTV#258", "PTV#261", "PTV#269", "PTV#271"),
    needed=at_least("torchvision", "0.17"),
    sites=(Site("pytorchvideo/transforms/augmentations.py", _examine),),
    origins=NOT_PINNED,
)
