"""Imports that resolve only inside the authors' company."""

from __future__ import annotations

import ast

from ..model import GIT_ONLY, Finding, Patch, Site, affected, already_applied, unknown
from ..syntax.source_file import Source, find
from ..syntax.splices import Splice

PREFIX = "vision.fair.slowfast."


def _examine(source: Source) -> Finding:
    imports = find(source.tree, ast.ImportFrom)
    wrong = [node for node in imports if (node.module or "").startswith(PREFIX)]
    if not wrong:
        return already_applied(f"No import starts with {PREFIX}")
    if any(PREFIX not in source.code(node) for node in wrong):
        return unknown("An import has spaces inside the module name.")
    return affected(*[_without_prefix(source, node) for node in wrong])


def _without_prefix(source: Source, node: ast.ImportFrom) -> Splice:
    start = source.span(node)[0] + source.code(node).index(PREFIX)
    # tools/ is not a package: its files import each other by their plain names.
    tools = f"{PREFIX}tools."
    prefix = tools if tools in source.code(node) else PREFIX
    return Splice(start, start + len(prefix), "")


PATCH = Patch(
    id="company-imports",
    component="slowfast",
    title="Import SlowFast's modules by their public names",
    symptom="ModuleNotFoundError: No module named 'vision'",
    reason="Two commits of August 2024 use the module names of the authors' company.",
    issues=("SF#718", "SF#752", "SF#753", "SF#772"),
    sites=(
        Site("tools/run_net.py", _examine),
        Site("slowfast/utils/ava_eval_helper.py", _examine),
    ),
    origins=GIT_ONLY,
)
