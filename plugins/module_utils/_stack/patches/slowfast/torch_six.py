"""``torch._six`` is gone since torch 2.0, and the guard around it compares versions wrongly."""

from __future__ import annotations

import ast

from ..conditions import Condition, parts
from ..model import Finding, Patch, Site, Versions, affected, already
from ..syntax.source_file import Source, find
from ..syntax.splices import Splice, remove, rewrite

FIRST_WITHOUT, PASSES_BY_LUCK = (2, 0), (8,)
GUARD = ("TORCH_MAJOR", "TORCH_MINOR")


def _reaches_the_import(versions: Versions) -> bool:
    """Torch 2.8 to 2.x pass the guard by luck: it asks for major >= 1 and minor >= 8."""
    torch = parts(versions.get("torch", "2.0"))
    return torch >= FIRST_WITHOUT and torch[1:] < PASSES_BY_LUCK


def _examine(source: Source) -> Finding:
    guards = [node for node in source.tree.body if _imports_six(node)]
    if not guards:
        return already("Nothing is imported from torch._six.")
    splices = [rewrite(source, guards[0], "_int_classes = int")]
    return affected(*splices, *_unused_guard(source, guards[0]))


def _imports_six(node: ast.AST) -> bool:
    return any(found.module == "torch._six" for found in find(node, ast.ImportFrom))


def _unused_guard(source: Source, guard: ast.stmt) -> list[Splice]:
    """Remove the version numbers if nobody but the guard reads them."""
    inside = {id(name) for name in find(guard, ast.Name)}
    names = [name for name in find(source.tree, ast.Name) if id(name) not in inside]
    if any(name.id in GUARD and isinstance(name.ctx, ast.Load) for name in names):
        return []
    return [
        remove(source, node)
        for node in source.tree.body
        if isinstance(node, ast.Assign)
        and any(isinstance(t, ast.Name) and t.id in GUARD for t in node.targets)
    ]


PATCH = Patch(
    id="torch-six",
    component="slowfast",
    title="Take int itself instead of torch._six.int_classes",
    symptom="ModuleNotFoundError: No module named 'torch._six'",
    reason="torch 2.0 removed the module; the guard lets 2.0 to 2.7 reach the import.",
    issues=("SF#734", "SF#764", "SF#649", "SF#735"),
    needed=Condition("torch 2.0 to 2.7", _reaches_the_import),
    sites=(Site("slowfast/datasets/multigrid_helper.py", _examine),),
)
