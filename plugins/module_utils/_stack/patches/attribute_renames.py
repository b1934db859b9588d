"""Replace attributes that a library removed by the names that they were aliases of."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Callable

from .model import Finding, affected, already_applied, not_applicable
from .syntax.source_file import Source, dotted, find
from .syntax.splices import replace

if TYPE_CHECKING:
    from collections.abc import Mapping


NUMPY_ALIASES = {
    "np.NAN": "np.nan",
    "np.NaN": "np.nan",
    "np.bool": "bool",
    "np.int": "int",
    "np.float": "float",
    "np.object": "object",
}


def renaming(names: Mapping[str, str]) -> Callable[[Source], Finding]:
    """Return a detector for the keys of ``names``, dotted, whose edit writes the values instead."""

    def examine(source: Source) -> Finding:
        written = {id(node): dotted(node) for node in find(source.tree, ast.Attribute)}
        old = [n for n in find(source.tree, ast.Attribute) if written[id(n)] in names]
        if old:
            return affected(*[replace(source, node, names[dotted(node)]) for node in old])
        new = set(names.values()) & set(written.values())
        return already_applied() if new else not_applicable("The file uses none of these names.")

    return examine
