"""Three layers and the COCO evaluation import the compiled extension, which PyPI uploads lack."""

from __future__ import annotations

import ast

from ..model import FORK, PYPI, Finding, Patch, Site, affected, already_applied, not_applicable
from ..syntax.source_file import Source, find
from ..syntax.splices import rewrite
from .missing_csrc import SOURCES

# Only a call raises the error; ROIAlign and NMS come from torchvision and work.
IMPORT = """
try:
    from detectron2 import _C
except ImportError:

    class _NotCompiled:
        def __getattr__(self, name):
            raise ImportError(
                "detectron2 is installed without its compiled operators: " + name
            )

    _C = _NotCompiled()
"""
FAST = "detectron2.evaluation.fast_eval_api"
FALLBACK = f"""
try:
    from {FAST} import COCOeval_opt
except ImportError:
    COCOeval_opt = COCOeval
"""


def _examine_layer(source: Source) -> Finding:
    imports = [n for n in find(source.tree, ast.ImportFrom) if _is_extension(n)]
    unguarded = [node for node in imports if node in source.tree.body]
    if unguarded:
        return affected(*[rewrite(source, node, IMPORT) for node in unguarded])
    if imports:
        return already_applied()
    return not_applicable("The file does not import the compiled extension.")


def _examine_evaluation(source: Source) -> Finding:
    imports = [n for n in find(source.tree, ast.ImportFrom) if n.module == FAST]
    unguarded = [node for node in imports if node in source.tree.body]
    if unguarded:
        return affected(*[rewrite(source, node, FALLBACK) for node in unguarded])
    if imports:
        return already_applied()
    return not_applicable("The evaluation does not use the compiled COCOeval.")


def _is_extension(node: ast.ImportFrom) -> bool:
    return node.module == "detectron2" and [alias.name for alias in node.names] == ["_C"]


PATCH = Patch(
    id="missing-extension",
    component="detectron2",
    title="Import the layers without the compiled extension",
    symptom="ImportError: cannot import name '_C' from 'detectron2'",
    reason="Three layers of Detectron2 0.6 import the extension, although few models call it.",
    sites=(
        *[
            Site(f"detectron2/layers/{name}.py", _examine_layer, lacks=SOURCES)
            for name in ("deform_conv", "roi_align_rotated", "rotated_boxes")
        ],
        Site("detectron2/evaluation/coco_evaluation.py", _examine_evaluation, lacks=SOURCES),
    ),
    origins=(PYPI, FORK),
)
