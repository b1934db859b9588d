"""torchvision's wheels have no video decoder; PyTorchVideo's class for PyAV gives the same frames."""

from __future__ import annotations

import ast

from ..model import Finding, Patch, Site, affected, already_applied, not_applicable, unknown
from ..syntax.source_file import Source, dotted, find, function, same
from ..syntax.splices import replace, rewrite

PYAV = "EncodedVideoPyAV"
DEAD = "EncodedVideoTorchVision"
MODULES = {PYAV: "encoded_video_pyav", DEAD: "encoded_video_torchvision"}
OTHER = "Function select_video_class does more for torchvision than expected."
IMPORT = f"""
# No wheel of torchvision has the decoder; PyAV gives the same frames.
from .{MODULES[PYAV]} import {PYAV}
"""


def _examine(source: Source) -> Finding:
    select = function(source.tree, "select_video_class")
    choices = find(select, ast.If) if select else []
    branch = next((node for node in choices if _is_torchvision(node.test)), None)
    if branch is None:
        return not_applicable("No function select_video_class has a branch for torchvision.")
    *imports, chosen = branch.body
    if not isinstance(chosen, ast.Assign) or dotted(chosen.value) not in (PYAV, DEAD):
        return unknown(OTHER)
    if dotted(chosen.value) == PYAV:
        return already_applied()
    if not imports and any(_imports(node, PYAV) for node in source.tree.body):
        return affected(replace(source, chosen.value, PYAV))
    if [_imports(node, DEAD) for node in imports] != [True]:
        return unknown(OTHER)
    return affected(rewrite(source, imports[0], IMPORT), replace(source, chosen.value, PYAV))


def _imports(node: ast.stmt, name: str) -> bool:
    return (
        isinstance(node, ast.ImportFrom)
        and (node.module, node.level) == (MODULES[name], 1)
        and [(alias.name, alias.asname) for alias in node.names] == [(name, None)]
    )


def _is_torchvision(test: ast.expr) -> bool:
    return same(test, "DecoderType(decoder) == DecoderType.TORCHVISION")


PATCH = Patch(
    id="clip-decoder",
    component="pytorchvideo",
    title="Decode with PyAV where the decoder of torchvision is chosen",
    symptom="AttributeError: '_OpNamespace' 'video_reader' object has no attribute",
    reason=(
        "No wheel of torchvision has the decoder, and 14 configs of SlowFast choose it. Every video "
        "fails, so training has no batch."
    ),
    issues=("vision#9373",),
    sites=(Site("pytorchvideo/data/encoded_video.py", _examine),),
)
