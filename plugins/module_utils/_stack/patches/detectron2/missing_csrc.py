"""PyPI's Detectron2 has no C++ sources: nothing to compile, and no operators to import."""

from __future__ import annotations

import ast

from ..conditions import always
from ..model import Finding, Patch, Site, affected, already, not_here, unknown
from ..syntax.source_file import Source, find, function, same
from ..syntax.splices import replace, rewrite

SOURCES = "detectron2/layers/csrc/vision.cpp"
COMPILED = "get_extensions()"
IF_THERE = 'get_extensions() if path.isdir(path.join("detectron2", "layers", "csrc")) else []'
# Only calls fail, with the reason; ROIAlign and NMS come from torchvision and work.
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


def _examine_setup(source: Source) -> Finding:
    options = [k.value for k in find(source.tree, ast.keyword) if k.arg == "ext_modules"]
    if not options:
        return not_here("setup.py compiles nothing.")
    if same(options[0], IF_THERE):
        return already()
    if not same(options[0], COMPILED) or function(source.tree, "get_extensions") is None:
        return unknown("setup.py chooses its extensions in another way.")
    return affected(replace(source, options[0], IF_THERE))


def _examine_import(source: Source) -> Finding:
    imports = [n for n in find(source.tree, ast.ImportFrom) if _is_extension(n)]
    bare = [node for node in imports if node in source.tree.body]
    if bare:
        return affected(*[rewrite(source, node, IMPORT) for node in bare])
    return already() if imports else not_here("The file needs no compiled operator.")


def _examine_evaluation(source: Source) -> Finding:
    imports = [n for n in find(source.tree, ast.ImportFrom) if n.module == FAST]
    bare = [node for node in imports if node in source.tree.body]
    if bare:
        return affected(*[rewrite(source, node, FALLBACK) for node in bare])
    return already() if imports else not_here("The evaluation is Python alone.")


def _is_extension(node: ast.ImportFrom) -> bool:
    return node.module == "detectron2" and [alias.name for alias in node.names] == ["_C"]


SETUP_PATCH = Patch(
    id="missing-csrc",
    component="detectron2",
    title="Compile the extension only where its sources are",
    symptom="ninja: error: '.../detectron2/layers/csrc/vision.cpp' missing",
    reason="The uploads of Detectron2 on PyPI hold its Python part alone.",
    issues=(),
    needed=always,
    sites=(Site("setup.py", _examine_setup, lacks=SOURCES),),
)
IMPORT_PATCH = Patch(
    id="missing-extension",
    component="detectron2",
    title="Import the layers without the compiled extension",
    symptom="ImportError: cannot import name '_C' from 'detectron2'",
    reason="Three layers of Detectron2 0.6 import the extension though few models call it.",
    issues=(),
    needed=always,
    sites=(
        *[
            Site(f"detectron2/layers/{name}.py", _examine_import, lacks=SOURCES)
            for name in ("deform_conv", "roi_align_rotated", "rotated_boxes")
        ],
        Site("detectron2/evaluation/coco_evaluation.py", _examine_evaluation, lacks=SOURCES),
    ),
)
