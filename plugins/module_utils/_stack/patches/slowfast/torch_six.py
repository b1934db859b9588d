"""torch 2.0 removed ``torch._six``, and the guard around the import compares versions wrongly."""

from __future__ import annotations

import ast

from ...core.versions import release
from ..conditions import Condition
from ..model import GIT_ONLY, Finding, Patch, Site, Versions, affected, already_applied
from ..syntax.source_file import Source, find
from ..syntax.splices import Splice, remove, rewrite

# The guard is `major >= 1 and minor >= 8`: 2.0 to 2.7 fail it, 2.8 and later pass it.
FIRST_WITHOUT, PASSES_GUARD = release("2.0"), (8,)
GUARD = ("TORCH_MAJOR", "TORCH_MINOR")


def _reaches_the_import(versions: Versions) -> bool:
    torch = release(versions.get("torch", "2.0"))
    return torch >= FIRST_WITHOUT and torch[1:] < PASSES_GUARD


def _examine(source: Source) -> Finding:
    guards = [node for node in source.tree.body if _imports_six(node)]
    if not guards:
        return already_applied("The file does not import torch._six.")
    splices = [rewrite(source, guards[0], "_int_classes = int")]
    return affected(*splices, *_unused_guard(source, guards[0]))


def _imports_six(node: ast.AST) -> bool:
    return any(found.module == "torch._six" for found in find(node, ast.ImportFrom))


def _unused_guard(source: Source, guard: ast.stmt) -> list[Splice]:
    """Return the edits that remove the version numbers, if only the guard reads them."""
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
    title="Use int instead of torch._six.int_classes",
    symptom="ModuleNotFoundError: No module named 'torch._six'",
    reason="torch 2.0 removed the module; the version check lets 2.0 to 2.7 reach the import.",
    issues=("SF#734", "SF#764", "SF#649", "SF#735"),
    needed=Condition("torch 2.0 to 2.7", _reaches_the_import),
    sites=(Site("slowfast/datasets/multigrid_helper.py", _examine),),
    origins=GIT_ONLY,
)
