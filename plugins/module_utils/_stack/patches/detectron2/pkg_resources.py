"""setuptools 82 removed ``pkg_resources``."""

from __future__ import annotations

import ast

from ..conditions import at_least
from ..model import Finding, Patch, Site, affected, already_applied, unknown
from ..syntax.source_file import Source, calls, find, same
from ..syntax.splices import Splice, remove, replace


def _examine(source: Source) -> Finding:
    imports = [
        node
        for node in source.tree.body
        if isinstance(node, ast.Import) and [a.name for a in node.names] == ["pkg_resources"]
    ]
    uses = [name for name in find(source.tree, ast.Name) if name.id == "pkg_resources"]
    if not imports and not uses:
        return already_applied("The file does not use pkg_resources.")
    found = calls(source.tree, "pkg_resources.resource_filename")
    if len(imports) != 1 or len(found) != len(uses) or not all(_is_of_package(c) for c in found):
        return unknown("get_config_file uses pkg_resources for more than resource_filename.")
    return affected(remove(source, imports[0]), *[_beside(source, call) for call in found])


def _is_of_package(call: ast.Call) -> bool:
    return bool(call.args[1:]) and same(call.args[0], '"detectron2.model_zoo"')


def _beside(source: Source, call: ast.Call) -> Splice:
    inside = source.code(call.args[1])
    return replace(source, call, f"os.path.join(os.path.dirname(__file__), {inside})")


PATCH = Patch(
    id="pkg-resources",
    component="detectron2",
    title="Find the configs of the model zoo without pkg_resources",
    symptom="ModuleNotFoundError: No module named 'pkg_resources'",
    reason="setuptools 82 removed pkg_resources; the configs are next to the module that reads them.",
    issues=("D2#5310", "D2#5494", "D2#5510"),
    needed=at_least("setuptools", "82"),
    sites=(Site("detectron2/model_zoo/model_zoo.py", _examine),),
)
