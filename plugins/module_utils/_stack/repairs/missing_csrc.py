"""PyPI's Detectron2 has no C++ sources, and its setup.py compiles them all the same."""

from __future__ import annotations

import ast

from ..edits import replace
from ..source import Source, find, function, same
from .conditions import always
from .model import Finding, Repair, Site, affected, already, not_here, unknown

COMPILED = "get_extensions()"
IF_THERE = 'get_extensions() if path.isdir(path.join("detectron2", "layers", "csrc")) else []'


def _examine(source: Source) -> Finding:
    options = [k.value for k in find(source.tree, ast.keyword) if k.arg == "ext_modules"]
    if not options:
        return not_here("setup.py compiles nothing.")
    if same(options[0], IF_THERE):
        return already()
    if not same(options[0], COMPILED) or function(source.tree, "get_extensions") is None:
        return unknown("setup.py chooses its extensions in another way.")
    return affected(replace(source, options[0], IF_THERE))


REPAIR = Repair(
    id="missing-csrc",
    component="detectron2",
    title="Compile the extension only where its sources are",
    symptom="ninja: error: '.../detectron2/layers/csrc/vision.cpp' missing",
    reason="The uploads of Detectron2 on PyPI hold its Python part alone.",
    issues=(),
    needed=always,
    sites=(Site("setup.py", _examine, lacks="detectron2/layers/csrc/vision.cpp"),),
)
