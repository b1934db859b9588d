"""torch 2.6 reads checkpoints without running what is in them; some hold more than tensors."""

from __future__ import annotations

import ast

from ..conditions import at_least
from ..model import Finding, Patch, Site, affected, already, not_here, unknown
from ..syntax.source_file import Function, Source, calls, function
from ..syntax.splices import before, replace

HELPER = "load_trusted"
# Names as in torch's own messages: what a scalar, an array or a configuration needs to be rebuilt.
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


def _examine(source: Source, name: str) -> Finding:
    if function(source.tree, HELPER) is not None:
        return already()
    owner = function(source.tree, name)
    if owner is None:
        return unknown(f"function {name} is gone.")
    loads = calls(owner, "torch.load")
    if not loads:
        return not_here("No checkpoint is read by torch.load here.")
    files = [_file(source, call) for call in loads]
    if None in files:
        if all(any(k.arg == "weights_only" for k in call.keywords) for call in loads):
            return already("weights_only is given.")
        return unknown(f"function {name} calls torch.load with other arguments.")
    top = _top(source, owner)
    return affected(
        before(source, top, FUNCTION),
        *[replace(source, call, f"{HELPER}({file})") for call, file in zip(loads, files)],
    )


def _file(source: Source, call: ast.Call) -> str | None:
    """Return the file that a call reads, if it asks for nothing but the CPU."""
    asked = [(k.arg, source.code(k.value).strip("\"'")) for k in call.keywords]
    fits = len(call.args) == 1 and asked in ([], [("map_location", "cpu")])
    return source.code(call.args[0]) if fits else None


def _top(source: Source, owner: Function) -> ast.stmt:
    """Return the statement of the module that holds a function or its class."""
    return next(node for node in source.tree.body if owner in ast.walk(node))


def _in_slowfast(source: Source) -> Finding:
    return _examine(source, "load_checkpoint")


def _in_detectron2(source: Source) -> Finding:
    return _examine(source, "DetectionCheckpointer._load_file")


def _patch(name: str, component: str, site: Site) -> Patch:
    return Patch(
        id=name,
        component=component,
        title="Read checkpoints without running their code, and full ones by SHA-256 only",
        symptom="_pickle.UnpicklingError: Weights only load failed",
        reason=(
            "torch 2.6 refuses files that hold numpy values or a CfgNode. They are safe to allow; "
            "for all else the user names the file that is trusted."
        ),
        issues=("D2#5456", "fvcore#154"),
        needed=at_least("torch", "2.6"),
        sites=(site,),
    )


PATCH = _patch(
    "checkpoint-weights-only", "slowfast", Site("slowfast/utils/checkpoint.py", _in_slowfast)
)
DETECTRON2_PATCH = _patch(
    "detectron2-weights-only",
    "detectron2",
    Site("detectron2/checkpoint/detection_checkpoint.py", _in_detectron2),
)
