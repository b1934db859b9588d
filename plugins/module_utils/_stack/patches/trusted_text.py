"""The file ``trusted_load.py`` that the patches add to upstream's packages: loaders that run no code."""

from __future__ import annotations

from .safe_globals import CONFIGURATIONS, NESTED, SAFE_GLOBALS

_HEAD = '''"""
Load checkpoints and pickles without running code of theirs. What needs code is loaded only
if the SHA-256 of the file stands in the environment variable SLOWFAST_TRUSTED_SHA256
(several are separated by commas).
"""

import collections
import contextlib
import hashlib
import inspect
import io
import os
import pickle
import re
import sys
import tarfile
import types

import torch

# What rebuilds tensors, numpy values and collections, whatever arguments it gets.
SAFE = {
'''
_TAIL = '''

class _Sealed:
    """A function whose attributes a pickle cannot set."""

    __slots__ = ("_function",)

    def __init__(self, function):
        object.__setattr__(self, "_function", function)

    def __setattr__(self, name, value):
        raise pickle.UnpicklingError("{} cannot be set".format(name))

    def __call__(self, *args):
        return self._function(*args)


class Unpickler(pickle.Unpickler):
    """An unpickler that imports only names of SAFE; a configuration becomes a dictionary."""

    def find_class(self, module, name):
        if (module, name) in CONFIGURATIONS:
            return collections.OrderedDict
        if (module, name) == NESTED:
            return _Sealed(_load_from_bytes)
        if name not in SAFE.get(module, ()):
            raise pickle.UnpicklingError("It asks for {}.{}".format(module, name))
        if module.startswith(("numpy.core", "numpy._core")):
            # numpy 2 renamed the module; a file has the name of its day.
            import numpy

            core = getattr(numpy, "_core", None) or numpy.core
            module = core.__name__ + module[module.index("core") + len("core") :]
        found = super().find_class(module, name)
        return _Sealed(found) if isinstance(found, types.FunctionType) else found


def load(file, **options):
    """Unpickle from an open file without running code of it."""
    return Unpickler(file, **options).load()


def loads(data, **options):
    """Unpickle bytes without running code of them."""
    return load(io.BytesIO(data), **options)


def load_pickle(file, **options):
    """
    Unpickle an open file: a checkpoint of Caffe2, or results.
    Args:
        file (file): the pickle, open for reading bytes.
    Returns:
        (object): what the file holds.
    """
    try:
        return load(file, **options)
    except (pickle.UnpicklingError, AttributeError, ImportError) as error:
        _require_trust(file, error)
        return pickle.load(file, **options)


def load_trusted(file):
    """
    Load a checkpoint on CPU.
    Args:
        file (string or file): the checkpoint, by path or open for reading bytes.
    Returns:
        (object): what the file holds.
    """
    if not hasattr(file, "read"):
        with open(file, "rb") as opened:
            return load_trusted(opened)
    try:
        return _load(file)
    except pickle.UnpicklingError as error:
        _require_trust(file, error)
        return torch.load(file, map_location="cpu", **_unrestricted())


def _load(file):
    if tuple(int(part) for part in re.findall("[0-9]+", torch.__version__)[:2]) >= (2, 6):
        with torch.serialization.safe_globals(_safe_to_rebuild()):
            try:
                return torch.load(file, map_location="cpu", weights_only=True)
            except RuntimeError as error:
                if "weights_only" not in str(error):  # a tar, or a program
                    raise
                raise pickle.UnpicklingError(str(error)) from error
    # Before torch 2.6, weights_only=True could be made to run code (CVE-2025-32434), and
    # torch.load of 1.13 ignores pickle_module: call what it calls.
    return _load_restricted(file, sys.modules[__name__])


def _load_restricted(file, unpickling):
    """Load a zip or the older row of pickles; refuse a tar and a TorchScript program."""
    functions = torch.serialization
    start = file.tell()
    is_zip = file.read(4) == b"PK\\x03\\x04"
    file.seek(start)
    if is_zip:
        with functions._open_zipfile_reader(file) as reader:
            if "constants.pkl" in reader.get_all_records():
                raise pickle.UnpicklingError("It is a TorchScript program")
            return functions._load(reader, "cpu", unpickling, encoding="utf-8")
    with contextlib.suppress(tarfile.TarError):
        tarfile.open(fileobj=file, mode="r:").close()
        raise pickle.UnpicklingError("It is a tar file")
    file.seek(start)
    return functions._legacy_load(file, "cpu", unpickling, encoding="utf-8")


def _unrestricted():
    known = inspect.signature(torch.load).parameters
    return {"weights_only": False} if "weights_only" in known else {}


def _load_from_bytes(data):
    return _load(io.BytesIO(data))


def _require_trust(file, error):
    digest = hashlib.sha256()
    file.seek(0)
    for chunk in iter(lambda: file.read(1 << 20), b""):
        digest.update(chunk)
    if digest.hexdigest() not in os.environ.get("SLOWFAST_TRUSTED_SHA256", "").split(","):
        raise RuntimeError(
            "The file holds objects that could run code when they are read: "
            "{}\\nIf you trust its origin, set SLOWFAST_TRUSTED_SHA256={}".format(
                error, digest.hexdigest()
            )
        ) from error
    file.seek(0)


def _safe_to_rebuild():
    """
    Return the types and functions that rebuild numpy values, and what stands in
    for a configuration: an ordered dictionary, which torch knows how to fill.
    """
    import codecs

    import numpy

    core = getattr(numpy, "_core", None) or numpy.core
    rebuild = [core.multiarray.scalar, core.multiarray._reconstruct]
    safe = [codecs.encode, numpy.ndarray, numpy.dtype] + rebuild
    kinds = {type(numpy.dtype(code)) for code in "?bBhHiIlLqQefdgFDGSU"}
    safe += [kind for kind in kinds if kind is not numpy.dtype]
    safe += [(collections.OrderedDict, ".".join(name)) for name in CONFIGURATIONS]
    # numpy 2 renamed the module; a file has the name of its day.
    for module in ("numpy.core.multiarray.", "numpy._core.multiarray."):
        safe += [(function, module + function.__name__) for function in rebuild]
    return safe
'''
_FROM_URL = '''

def load_state_dict_from_url(url, map_location=None, progress=True, **_options):
    """
    Download a checkpoint to torch's folder, if it is not there yet, and load it on CPU.
    Args:
        url (string): the address of the checkpoint.
        progress (bool): if True, show the progress of the download.
    Returns:
        (object): what the file holds.
    """
    folder = os.path.join(torch.hub.get_dir(), "checkpoints")
    path = os.path.join(folder, os.path.basename(url))
    if not os.path.exists(path):
        os.makedirs(folder, exist_ok=True)
        torch.hub.download_url_to_file(url, path, None, progress=progress)
    return load_trusted(path)
'''


def _table() -> str:
    rows = []
    for module, names in SAFE_GLOBALS.items():
        rows.append(f'    "{module}": (\n')
        rows += [f'        "{name}",\n' for name in names]
        rows.append("    ),\n")
    pairs = [(module, name) for module, names in CONFIGURATIONS.items() for name in names]
    configurations = ", ".join(f'("{module}", "{name}")' for module, name in pairs)
    nested = f'NESTED = ("{NESTED[0]}", "{NESTED[1]}")  # another checkpoint in bytes\n'
    return "".join([*rows, "}\n", f"CONFIGURATIONS = ({configurations})\n", nested])


TEXT = _HEAD + _table() + _TAIL
TEXT_WITH_URLS = TEXT + _FROM_URL
