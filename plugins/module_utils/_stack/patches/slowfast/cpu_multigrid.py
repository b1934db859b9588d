"""The long cycle of multigrid divides by NUM_GPUS, and synchronizes BN of one process."""

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
from ..syntax.splices import replace

DIVISOR, AT_LEAST_ONE = "cfg.NUM_GPUS", "max(1, cfg.NUM_GPUS)"
SMALL, SMALL_AND_SHARED = "bs_factor < 1", "bs_factor < 1 and cfg.NUM_GPUS > 1"


def _examine(source: Source) -> Finding:
    update = function(source.tree, "MultigridSchedule.update_long_cycle")
    if update is None:
        return not_applicable("There is no method MultigridSchedule.update_long_cycle.")
    shares = [node for node in find(update, ast.BinOp) if isinstance(node.op, ast.Div)]
    divisors = [node.right for node in shares if same(node.right, DIVISOR)]
    tests = [node.test for node in find(update, ast.If) if same(node.test, SMALL)]
    guarded = [node for node in shares if same(node.right, AT_LEAST_ONE)]
    if not divisors and not tests and guarded:
        return already_applied()
    if len(divisors) != 1 or len(tests) != 1:
        return unknown(
            "Method update_long_cycle does not derive the BN from the batch as expected."
        )
    return affected(
        replace(source, divisors[0], AT_LEAST_ONE), replace(source, tests[0], SMALL_AND_SHARED)
    )


PATCH = Patch(
    id="cpu-multigrid",
    component="slowfast",
    title="Train the long cycle of multigrid with one process",
    symptom="ZeroDivisionError: division by zero, in update_long_cycle",
    reason=(
        "The batch is divided by NUM_GPUS, 0 on a CPU, and a small batch asks for BN over several "
        "processes, which one process does not have: AssertionError (1, 2)."
    ),
    sites=(Site("slowfast/utils/multigrid.py", _examine),),
    origins=GIT_ONLY,
)
