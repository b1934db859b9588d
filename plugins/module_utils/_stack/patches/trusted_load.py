"""torch 2.6 loads with ``weights_only=True`` and refuses checkpoints that hold more than tensors."""

from __future__ import annotations

import ast
from functools import partial

from .conditions import at_least
from .model import Finding, Patch, Site, affected, already_applied, not_applicable, unknown
from .syntax.source_file import Function, Source, calls, function
from .syntax.splices import before, replace

HELPER = "load_trusted"
# The names are those of torch's error messages: what rebuilds a scalar, an array or a CfgNode.
FUNCTION = f'''
def {HELPER}(file):
    """
    Load a checkpoint on CPU. Tensors, numpy values and configurations are read
    without running any code of the file. Anything else is unpickled only if the
    SHA-256 of the file stands in the environment variable
    SLOWFAST_TRUSTED_SHA256 (several are separated by commas).
    Args:
        file (string or file): the checkpoint, by path or open for reading.
    Returns:
        (object): what the file holds.
    """
    import contextlib
    import hashlib
    import os
    import pickle

    if not hasattr(file, "read"):
        with open(file, "rb") as opened:
            return {HELPER}(opened)
    allow = getattr(torch.serialization, "safe_globals", None)  # torch 2.5
    if allow is None and hasattr(torch.serialization, "add_safe_globals"):  # torch 2.4
        torch.serialization.add_safe_globals(_safe_to_rebuild())
    try:
        with allow(_safe_to_rebuild()) if allow else contextlib.nullcontext():
            return torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        digest = hashlib.sha256()
        file.seek(0)
        for chunk in iter(lambda: file.read(1 << 20), b""):
            digest.update(chunk)
        if digest.hexdigest() not in os.environ.get("SLOWFAST_TRUSTED_SHA256", ""):
            raise RuntimeError(
                "The checkpoint holds objects that could run code when they are read: "
                "{{}}\\nIf you trust its origin, set SLOWFAST_TRUSTED_SHA256={{}}".format(
                    error, digest.hexdigest()
                )
            ) from error
        file.seek(0)
        return torch.load(file, map_location="cpu", weights_only=False)


def _safe_to_rebuild():
    """
    Return the types and functions that rebuild numpy values, and what stands in
    for a configuration: an ordered dictionary, which torch knows how to fill.
    """
    import codecs
    import collections

    import numpy

    core = getattr(numpy, "_core", None) or numpy.core
    rebuild = [core.multiarray.scalar, core.multiarray._reconstruct]
    safe = [codecs.encode, numpy.ndarray, numpy.dtype] + rebuild
    kinds = {{type(numpy.dtype(code)) for code in "?bBhHiIlLqQefdgFDGSU"}}
    safe += [kind for kind in kinds if kind is not numpy.dtype]
    if hasattr(torch.serialization, "get_unsafe_globals_in_checkpoint"):  # torch 2.6
        names = ("fvcore.common.config.CfgNode", "yacs.config.CfgNode")
        safe += [(collections.OrderedDict, name) for name in names]
        # numpy 2 renamed the module; a file has the name of its day.
        for module in ("numpy.core.multiarray.", "numpy._core.multiarray."):
            safe += [(function, module + function.__name__) for function in rebuild]
    return safe


'''


def weights_only_patch(patch_id: str, component: str, path: str, loader: str) -> Patch:
    """Return the patch that makes the function ``loader`` of the file ``path`` use the helper."""
    return Patch(
        id=patch_id,
        component=component,
        title="Load checkpoints with weights_only=True; others only if their SHA-256 is trusted",
        symptom="_pickle.UnpicklingError: Weights only load failed",
        reason=(
            "torch 2.6 refuses files that hold NumPy values or a CfgNode. These are safe and are "
            "allowed; any other object needs the SHA-256 of the file in SLOWFAST_TRUSTED_SHA256."
        ),
        issues=("D2#5456", "fvcore#154"),
        needed=at_least("torch", "2.6"),
        sites=(Site(path, partial(_examine, name=loader)),),
    )


def _examine(source: Source, name: str) -> Finding:
    if function(source.tree, HELPER) is not None:
        return already_applied()
    owner = function(source.tree, name)
    if owner is None:
        return unknown(f"There is no function {name}.")
    loads = calls(owner, "torch.load")
    if not loads:
        return not_applicable(f"Function {name} does not call torch.load.")
    files = [_file(source, call) for call in loads]
    if None in files:
        if all(any(k.arg == "weights_only" for k in call.keywords) for call in loads):
            return already_applied("torch.load is called with weights_only.")
        return unknown(f"Function {name} calls torch.load with unexpected arguments.")
    top = _top(source, owner)
    return affected(
        before(source, top, FUNCTION),
        *[replace(source, call, f"{HELPER}({file})") for call, file in zip(loads, files)],
    )


def _file(source: Source, call: ast.Call) -> str | None:
    """Return the first argument of torch.load, if the only other one is map_location="cpu"."""
    asked = [(k.arg, source.code(k.value).strip("\"'")) for k in call.keywords]
    fits = len(call.args) == 1 and asked in ([], [("map_location", "cpu")])
    return source.code(call.args[0]) if fits else None


def _top(source: Source, owner: Function) -> ast.stmt:
    """Return the top-level statement that contains a function."""
    return next(node for node in source.tree.body if owner in ast.walk(node))
