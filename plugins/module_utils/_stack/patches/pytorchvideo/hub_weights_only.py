"""PyTorchVideo's hub unpickles what it downloads."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..model import Finding, Patch, Site, affected, already_applied, not_applicable, unknown
from ..syntax.splices import replace
from ..trusted_load import MODULE, REASON, with_loaders
from ..trusted_text import TEXT_WITH_URLS

if TYPE_CHECKING:
    from ..syntax.source_file import Source

_PACKAGE = "pytorchvideo.models.hub"
_FUNCTION = "load_state_dict_from_url"
_FILES = ("csn", "efficient_x3d_mobile_cpu", "r2plus1d", "resnet", "slowfast", "utils", "x3d")


def _examine(source: Source) -> Finding:
    imports = [
        node
        for node in source.tree.body
        if isinstance(node, ast.ImportFrom) and any(name.name == _FUNCTION for name in node.names)
    ]
    if not imports:
        return not_applicable("It downloads nothing.")
    if imports[0].module == f"{_PACKAGE}.{MODULE}":
        return already_applied()
    if imports[0].module != "torch.hub" or len(imports[0].names) > 1 or imports[0].names[0].asname:
        return unknown(f"{_FUNCTION} is imported in an unexpected way.")
    return affected(replace(source, imports[0], f"from {_PACKAGE}.{MODULE} import {_FUNCTION}"))


PATCH = Patch(
    id="hub-weights-only",
    component="pytorchvideo",
    title="Load downloaded checkpoints without running code of theirs",
    symptom="A file that a mirror or proxy replaced runs its code in the hub",
    reason=REASON,
    sites=with_loaders(
        _PACKAGE,
        *(Site(f"pytorchvideo/models/hub/{name}.py", _examine) for name in _FILES),
        text=TEXT_WITH_URLS,
    ),
)
