"""Attributes that a library has removed, and what they were another name of."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Callable

from .model import Finding, affected, already, not_here
from .syntax.source_file import Source, dotted, find
from .syntax.splices import replace

if TYPE_CHECKING:
    from collections.abc import Mapping


def renaming(names: Mapping[str, str]) -> Callable[[Source], Finding]:
    """Return a detector for dotted names, with the edit that writes each by its new name."""

    def examine(source: Source) -> Finding:
        written = {id(node): dotted(node) for node in find(source.tree, ast.Attribute)}
        old = [n for n in find(source.tree, ast.Attribute) if written[id(n)] in names]
        if old:
            return affected(*[replace(source, node, names[dotted(node)]) for node in old])
        new = set(names.values()) & set(written.values())
        return already() if new else not_here("The file uses none of these names.")

    return examine
