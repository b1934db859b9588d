"""setup.py compiles an extension whose C++ sources the PyPI uploads of Detectron2 do not contain."""

from __future__ import annotations

import ast

from ..model import (
    FORK,
    PYPI,
    Finding,
    Patch,
    Site,
    affected,
    already_applied,
    not_applicable,
    unknown,
)
from ..syntax.source_file import Source, find, function, same
from ..syntax.splices import replace

SOURCES = "detectron2/layers/csrc/vision.cpp"
UNCONDITIONAL = "get_extensions()"
CONDITIONAL = 'get_extensions() if path.isdir(path.join("detectron2", "layers", "csrc")) else []'


def _examine(source: Source) -> Finding:
    options = [k.value for k in find(source.tree, ast.keyword) if k.arg == "ext_modules"]
    if not options:
        return not_applicable("setup.py compiles nothing.")
    if same(options[0], CONDITIONAL):
        return already_applied()
    if not same(options[0], UNCONDITIONAL) or function(source.tree, "get_extensions") is None:
        return unknown("setup.py passes something other than get_extensions() as ext_modules.")
    return affected(replace(source, options[0], CONDITIONAL))


PATCH = Patch(
    id="missing-csrc",
    component="detectron2",
    title="Compile the extension only if its sources are present",
    symptom="ninja: error: '.../detectron2/layers/csrc/vision.cpp' missing",
    reason="The Detectron2 uploads on PyPI contain only its Python files, no C++ or CUDA sources.",
    sites=(Site("setup.py", _examine, lacks=SOURCES),),
    origins=(PYPI, FORK),
)
