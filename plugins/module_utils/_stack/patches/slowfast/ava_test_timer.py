"""The AVA test pauses a timer twice: its branch continues into the code for classification."""

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
from ..syntax.source_file import Source, calls, find, function, same
from ..syntax.splices import after

OTHER = "Function perform_test is missing, or has no branch for cfg.DETECTION.ENABLE."
NEXT_BATCH = """
test_meter.iter_tic()
continue
"""


def _examine(source: Source) -> Finding:
    test = function(source.tree, "perform_test")
    loop = next(iter(find(test, ast.For)), None) if test else None
    branch = _detection(loop) if loop else None
    if loop is None or branch is None:
        knows = any(node.attr == "DETECTION" for node in find(loop or source.tree, ast.Attribute))
        return unknown(OTHER) if knows else not_applicable("The test has no branch for detection.")
    tail = loop.body[loop.body.index(branch) + 1 :]
    ends = any(isinstance(node, ast.Continue) for node in branch.body)
    if ends or not any(calls(node, "test_meter.iter_toc") for node in tail):
        return already_applied()
    return affected(after(source, branch.body[-1], NEXT_BATCH))


def _detection(loop: ast.For) -> ast.If | None:
    branches = [n for n in loop.body if isinstance(n, ast.If)]
    return next((n for n in branches if same(n.test, "cfg.DETECTION.ENABLE")), None)


PATCH = Patch(
    id="ava-test-timer",
    component="slowfast",
    title="End the detection branch of the test loop with continue",
    symptom="ValueError: Trying to pause a Timer that is already paused!",
    reason="After a detection batch the loop continues into the code for classification.",
    sites=(Site("tools/test_net.py", _examine),),
    origins=GIT_ONLY,
)
