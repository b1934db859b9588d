"""setup.py requires names of modules, not of packages."""

from __future__ import annotations

import ast

from ..model import GIT_ONLY, Finding, Patch, Site, affected, already_applied, not_applicable
from ..syntax.source_file import Source, find
from ..syntax.splices import replace

PACKAGES = {"PIL": "Pillow", "sklearn": "scikit-learn"}


def _examine(source: Source) -> Finding:
    names = _required(source.tree)
    wrong = [name for name in names if name.value in PACKAGES]
    if wrong:
        return affected(*[replace(source, n, _renamed(source.code(n))) for n in wrong])
    if any(name.value in PACKAGES.values() for name in names):
        return already_applied()
    return not_applicable("setup.py requires neither package.")


def _required(tree: ast.AST) -> list[ast.Constant]:
    lists = [k.value for k in find(tree, ast.keyword) if k.arg == "install_requires"]
    return [constant for node in lists for constant in find(node, ast.Constant)]


def _renamed(literal: str) -> str:
    for module, package in PACKAGES.items():
        literal = literal.replace(module, package)
    return literal


PATCH = Patch(
    id="setup-names",
    component="slowfast",
    title="Require Pillow and scikit-learn by their package names",
    symptom="ERROR: Could not find a version that satisfies the requirement PIL",
    reason="PIL and sklearn are names of modules; PyPI has no usable package of that name.",
    issues=("SF#430", "SF#592", "SF#721", "SF#463", "SF#760", "SF#770"),
    sites=(Site("setup.py", _examine),),
    origins=GIT_ONLY,
)
