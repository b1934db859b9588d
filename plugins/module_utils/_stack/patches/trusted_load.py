"""Loaders of upstream that would run code of the files that they read, or of another rank."""

from __future__ import annotations

import ast
from functools import partial

from .model import Beside, Finding, Site, affected, already_applied, not_applicable, unknown
from .syntax.source_file import Source, calls, dotted, find, function
from .syntax.splices import Splice, before, replace
from .trusted_text import TEXT

MODULE = "trusted_load"
_REPLACED = {"pickle.load": f"{MODULE}.load_pickle", "pickle.loads": f"{MODULE}.loads"}
_EARLIER = "load_trusted"  # the function that an earlier release of the patch put into the file
REASON = (
    "Unpickling runs code: torch.load before 2.6 does it with weights_only=True too, "
    "CVE-2025-32434. Tensors, NumPy values, collections and a CfgNode are safe and are allowed; "
    "any other object needs the SHA-256 of the file in SLOWFAST_TRUSTED_SHA256."
)


def with_loaders(package: str, *sites: Site, text: str = TEXT) -> tuple[Site, ...]:
    """Return the sites, and before them one that adds the loaders that they import.

    The package is one such as ``slowfast.utils``.
    """

    def needs(source: Source, site: Site) -> bool:
        return site.examine(source).status in (affected().status, already_applied().status)

    path = f"{package.replace('.', '/')}/{MODULE}.py"
    beside = tuple(Beside(site.path, partial(needs, site=site)) for site in sites)
    return Site(path, partial(_examine_added, text=text), text=text, beside=beside), *sites


def _examine_added(source: Source, text: str) -> Finding:
    if source.text.replace("\r\n", "\n") == text:
        return already_applied()
    return unknown("The file has another content than this patch gives it.")


def pickle_site(path: str, package: str) -> Site:
    """Return the site of a file that unpickles, by ``pickle.load`` or ``pickle.loads``."""
    return Site(path, partial(_examine, package=package, loader=None))


def checkpoint_site(path: str, package: str, loader: str) -> Site:
    """Return the site of a file that unpickles, and whose function ``loader`` calls torch.load."""
    return Site(path, partial(_examine, package=package, loader=loader))


def _examine(source: Source, package: str, loader: str | None) -> Finding:
    edits = [
        replace(source, call.func, _REPLACED[dotted(call.func)])
        for call in calls(source.tree, *_REPLACED)
    ]
    if loader is not None:
        found = _of_torch(source, loader)
        if found.status not in (already_applied().status, not_applicable().status):
            if not found.splices:
                return found
            edits += found.splices
    if not edits:
        is_done = any(name.name == MODULE for name in find(source.tree, ast.alias))
        return already_applied() if is_done else _without_edits(source, loader)
    first = _first_import(source)
    if first is None:
        return unknown("The file has no import at its top.")
    return affected(before(source, first, f"from {package} import {MODULE}\n"), *edits)


def _without_edits(source: Source, loader: str | None) -> Finding:
    if loader is None:
        return not_applicable("It does not unpickle.")
    return _of_torch(source, loader)


def _of_torch(source: Source, name: str) -> Finding:
    """Return what a function has in place of torch.load."""
    if function(source.tree, _EARLIER) is not None:
        return already_applied()
    owner = function(source.tree, name)
    if owner is None:
        return unknown(f"There is no function {name}.")
    inherited = _inherited(source, name)
    loads = calls(owner, "torch.load")
    if not loads and not inherited:
        return not_applicable(f"Function {name} does not call torch.load.")
    files = [_file(source, call) for call in loads]
    if None in files:
        return unknown(f"Function {name} calls torch.load with unexpected arguments.")
    own = [
        replace(source, call, f"{MODULE}.load_trusted({file})") for call, file in zip(loads, files)
    ]
    return affected(*own, *inherited)


def _inherited(source: Source, name: str) -> list[Splice]:
    """Replace ``super()._load_file(file)`` of the class: fvcore's method calls torch.load."""
    owner, _dot, method = name.rpartition(".")
    classes = [node for node in source.tree.body if isinstance(node, ast.ClassDef)]
    return [
        replace(source, call.func, f"{MODULE}.load_trusted")
        for node in classes
        if node.name == owner
        for call in find(node, ast.Call)
        if isinstance(call.func, ast.Attribute)
        and call.func.attr == method
        and isinstance(call.func.value, ast.Call)
        and dotted(call.func.value.func) == "super"
    ]


def _file(source: Source, call: ast.Call) -> str | None:
    """Return the first argument of torch.load; it is loaded on CPU, and by a restricted reader."""
    asked = [
        (k.arg, source.code(k.value).strip("\"'")) for k in call.keywords if k.arg != "weights_only"
    ]
    fits = len(call.args) == 1 and asked in ([], [("map_location", "cpu")])
    return source.code(call.args[0]) if fits else None


def _first_import(source: Source) -> ast.stmt | None:
    kinds = (ast.Import, ast.ImportFrom)
    found = (node for node in source.tree.body if isinstance(node, kinds))
    return next((node for node in found if getattr(node, "module", "") != "__future__"), None)
