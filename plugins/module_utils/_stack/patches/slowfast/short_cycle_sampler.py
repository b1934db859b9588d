"""The multigrid short cycle needs a sampler, which one process does not get."""

from __future__ import annotations

import ast

from ..model import (
    GIT_ONLY,
    Finding,
    Patch,
    Site,
    affected,
    already_applied,
    not_applicable,
    unknown,
)
from ..syntax.source_file import Source, find, function, same
from ..syntax.splices import Splice, after, rewrite

FIXED = """
if cfg.NUM_GPUS > 1:
    sampler = DistributedSampler(dataset)
else:
    # Without a sampler the loader shuffles by itself, but the short cycle needs one.
    sampler = RandomSampler(dataset) if shuffle else None
"""
# As upstream asks for several processes, and as the patch torchrun-launch does.
SEVERAL = ("cfg.NUM_GPUS > 1", "torch.distributed.is_initialized()")
OTHER = "Function create_sampler does not choose between DistributedSampler and another value."
IMPORT = "from torch.utils.data.sampler import RandomSampler"


def _examine(source: Source) -> Finding:
    create = function(source.tree, "create_sampler")
    if create is None:
        return not_applicable("There is no function create_sampler.")
    choices = [n for n in create.body if isinstance(n, ast.Assign) and _is_choice(n.value)]
    if len(choices) != 1:
        names = {name.id for name in find(create, ast.Name)}
        return already_applied() if {"RandomSampler", "shuffle"} <= names else unknown(OTHER)
    value = choices[0].value
    if isinstance(value, ast.IfExp) and same(value.orelse, "RandomSampler(dataset)"):
        return already_applied("A sampler exists, but always shuffles: see fork-random-sampler.")
    return affected(rewrite(source, choices[0], FIXED), *with_random_sampler(source))


def with_random_sampler(source: Source) -> list[Splice]:
    """Return the edit that imports RandomSampler, empty if the file does so already."""
    imports = [n for n in source.tree.body if isinstance(n, ast.ImportFrom)]
    if any(alias.name == "RandomSampler" for node in imports for alias in node.names):
        return []
    beside = [n for n in imports if n.module == "torch.utils.data.distributed"]
    return [after(source, (beside or imports)[-1], IMPORT)] if imports else []


def _is_choice(value: ast.expr) -> bool:
    return (
        isinstance(value, ast.IfExp)
        and same(value.body, "DistributedSampler(dataset)")
        and any(same(value.test, condition) for condition in SEVERAL)
    )


PATCH = Patch(
    id="short-cycle-sampler",
    component="slowfast",
    title="Give the multigrid short cycle a sampler with one process",
    symptom="sampler should be an instance of torch.utils.data.Sampler, but got sampler=None",
    reason="With one GPU or on a CPU create_sampler returns None, which the batch sampler refuses.",
    issues=("SF#308",),
    sites=(Site("slowfast/datasets/utils.py", _examine),),
    origins=GIT_ONLY,
)
