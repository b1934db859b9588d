"""A fork guards the second unpacking of a short-cycle index, which hides the error."""

from __future__ import annotations

import ast

from ..model import FORK, Finding, Patch, Site, not_applicable
from ..slowfast.short_cycle_index import examine_index, is_tuple_test
from ..syntax.source_file import Source, find, same


def _examine(source: Source) -> Finding:
    guards = [
        inner
        for outer in find(source.tree, ast.If)
        if same(outer.test, "self.cfg.MULTIGRID.SHORT_CYCLE")
        for inner in outer.body
        if isinstance(inner, ast.If) and is_tuple_test(inner)
    ]
    return examine_index(source) if guards else not_applicable("The unpacking is not guarded.")


PATCH = Patch(
    id="fork-short-cycle-guard",
    component="slowfast",
    title="Unpack the index of a short cycle without a guard",
    symptom="Crops never shrink in a short cycle, and full-size crops come in batches of four times",
    reason="A fork guards the second unpacking, so the position in the cycle is lost silently.",
    sites=(Site("slowfast/datasets/ssv2.py", _examine),),
    origins=(FORK,),
)
