"""The names that a pickle may import and that run no code of the file, whatever arguments they get.

The list follows ``torch._weights_only_unpickler._get_allowed_globals`` of torch 2.11, without the
classes whose attributes a pickle could set, and what numpy needs (``ndarray.__reduce__``). Python 2
and numpy before 2.0 used other module names.
"""

from __future__ import annotations

_DTYPES = (
    *("bfloat16", "bool", "complex128", "complex32", "complex64", "double", "float", "float16"),
    *("float32", "float64", "half", "int", "int16", "int32", "int64", "int8", "long", "short"),
    *("uint8", "uint16", "uint32", "uint64", "float8_e4m3fn", "float8_e5m2", "qint8", "quint8"),
    *("qint32", "strided", "sparse_coo", "contiguous_format", "preserve_format"),
)
_STORAGES = (
    *("BFloat16Storage", "BoolStorage", "ByteStorage", "CharStorage", "ComplexDoubleStorage"),
    *("ComplexFloatStorage", "DoubleStorage", "FloatStorage", "HalfStorage", "IntStorage"),
    *("LongStorage", "QInt32Storage", "QInt8Storage", "QUInt8Storage", "ShortStorage"),
    *("TypedStorage", "UntypedStorage"),
)
_REBUILD = (
    *("_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3", "_rebuild_parameter"),
    *("_rebuild_parameter_with_state", "_rebuild_qtensor", "_rebuild_sparse_tensor"),
    *("_rebuild_meta_tensor_no_storage", "_rebuild_device_tensor_from_numpy"),
    "_rebuild_device_tensor_from_cpu_tensor",
)
_PLAIN = ("bytearray", "complex", "frozenset", "set", "slice")
_MULTIARRAY = ("_reconstruct", "scalar")

SAFE_GLOBALS: dict[str, tuple[str, ...]] = {
    "__builtin__": _PLAIN,
    "_codecs": ("encode",),
    "builtins": _PLAIN,
    "collections": ("Counter", "OrderedDict", "defaultdict"),
    "numpy": ("dtype", "ndarray"),
    "numpy._core.multiarray": _MULTIARRAY,
    "numpy._core.numeric": ("_frombuffer",),
    "numpy.core.multiarray": _MULTIARRAY,
    "numpy.core.numeric": ("_frombuffer",),
    "torch": ("Size", "device", *_DTYPES, *_STORAGES),
    "torch._utils": _REBUILD,
    "torch.serialization": ("_get_layout",),
    "torch.storage": ("TypedStorage", "UntypedStorage", "_TypedStorage", "_UntypedStorage"),
}
# A configuration is read as the dictionary that it is.
CONFIGURATIONS = {"fvcore.common.config": ("CfgNode",), "yacs.config": ("CfgNode",)}
# It reads another checkpoint from its argument, whose pickles have to be followed too.
NESTED = ("torch.storage", "_load_from_bytes")


def is_safe(module: str, name: str) -> bool:
    """Return whether the loaders of a patched source tree would accept a name."""
    return name in SAFE_GLOBALS.get(module, ()) or name in CONFIGURATIONS.get(module, ())
