"""Find the type of a checkpoint by its bytes, not by its suffix, and without unpickling it.

PyTorch writes a zip since 1.6, before that a row of pickles that begins with a fixed number, and
in its first days a tar. Caffe2's converters wrote one pickle: a dictionary with ``blobs``.
"""

from __future__ import annotations

import re
import tarfile
import zipfile
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from . import pickles

if TYPE_CHECKING:
    from pathlib import Path

PYTORCH, CAFFE2, DETECTRON2, UNKNOWN, DAMAGED = (
    "pytorch",
    "caffe2",
    "detectron2",
    "unknown",
    "damaged",
)
_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C  # the first number that torch.save wrote before 1.6
_LARGEST_PICKLE = 64 << 20  # a zip stores tensors beside the pickle
_HARMLESS = re.compile(
    r"torch (\w+Storage|Size|device|b?float\d+|u?int\d+|bool)"
    r"|torch\._utils _rebuild_\w+|torch\.storage \w*Storage"
    r"|numpy (dtype|ndarray)|numpy\._?core\.multiarray (_reconstruct|scalar)"
    r"|collections (OrderedDict|defaultdict)|_codecs encode"
    r"|(__builtin__|builtins) (set|frozenset|bytearray|complex|slice)"
)
_HEADS = ("head.projection.weight", "head.projection.bias", "pred_w", "pred_b")


@dataclass(frozen=True)
class Kind:
    """The type of a file, its container, and what can be read from it."""

    type: str
    container: str
    cause: str
    keys: tuple[str, ...] = ()
    epoch: int | None = None
    classes: int | None = None
    imports: tuple[str, ...] = ()

    @property
    def suspicious(self) -> tuple[str, ...]:
        """Names that unpickling would import and that no checkpoint needs."""
        return tuple(name for name in self.imports if not _HARMLESS.fullmatch(name))


def of_file(path: Path) -> Kind:
    """Return the kind of a file."""
    with path.open("rb") as file:
        head = file.read(512)
        file.seek(0)
        return _of(file, head)


def _of(file: IO[bytes], head: bytes) -> Kind:
    if not head:
        return Kind(DAMAGED, "none", "The file is empty.")
    if head.startswith(b"PK\x03\x04"):
        return _of_zip(file)
    if head[257:262] == b"ustar":
        return _of_tar(file)
    if head.lstrip()[:1] == b"<":
        return Kind(UNKNOWN, "text", "It is a web page, not a checkpoint.")
    return _of_pickle(file)


def _of_zip(file: IO[bytes]) -> Kind:
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
            inner = next((name for name in names if name.endswith("data.pkl")), None)
            if inner is None:
                return Kind(UNKNOWN, "zip", "It is a ZIP file without data.pkl.")
            if archive.getinfo(inner).file_size > _LARGEST_PICKLE:
                return Kind(UNKNOWN, "zip", "Its data.pkl is too large for a checkpoint.")
            with archive.open(inner) as member:
                value, imports = pickles.read(member)
    except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError) as error:
        return Kind(DAMAGED, "zip", f"The ZIP file is truncated or damaged: {error}.")
    return _described(PYTORCH, "zip", value, imports)


def _of_tar(file: IO[bytes]) -> Kind:
    try:
        with tarfile.open(fileobj=file) as archive:
            names = archive.getnames()
    except (tarfile.TarError, EOFError) as error:
        return Kind(DAMAGED, "tar", f"The tar file is truncated or damaged: {error}.")
    if {"pickle", "tensors", "storages"} & set(names):
        return Kind(PYTORCH, "tar", "It is a tar file of an early PyTorch release.", tuple(names))
    return Kind(UNKNOWN, "tar", "It is a tar file of something else.", tuple(names[:10]))


def _of_pickle(file: IO[bytes]) -> Kind:
    try:
        value, imports = pickles.read(file)
        if value == _LEGACY_MAGIC:
            for _part in ("protocol", "system"):
                pickles.read(file)
            value, imports = pickles.read(file)
            return _described(PYTORCH, "pickles", value, imports)
    except UnicodeDecodeError:  # arrays in the text protocol of Python 2
        return _of_text_pickle(file)
    except ValueError as error:
        return _no_pickle(file, str(error))
    keys = pickles.mapping(value)
    if "blobs" in keys:
        return _described(CAFFE2, "pickle", value, imports)
    if "model" in keys:
        return _described(DETECTRON2, "pickle", value, imports)
    return _described(UNKNOWN, "pickle", value, imports)


def _of_text_pickle(file: IO[bytes]) -> Kind:
    file.seek(0)
    is_caffe2 = b"'blobs'" in file.read(4096)
    return Kind(*((CAFFE2, "pickle", _WHY[CAFFE2]) if is_caffe2 else (UNKNOWN, "pickle", "")))


def _no_pickle(file: IO[bytes], cause: str) -> Kind:
    file.seek(0)
    first = file.read(1)
    if first in (b"\x80", b"(", b"c"):
        return Kind(DAMAGED, "pickle", f"The pickle is truncated or damaged: {cause}.")
    return Kind(UNKNOWN, "none", "Not a ZIP, tar or pickle file.")


_WHY = {
    PYTORCH: "torch.save wrote it.",
    CAFFE2: "It contains a dictionary with blobs.",
    DETECTRON2: "It contains a dictionary with the key model, as Detectron2 writes it.",
    UNKNOWN: "It is a pickle without blobs or model.",
}


def _described(type_: str, container: str, value: Any, imports: frozenset[str]) -> Kind:  # noqa: ANN401
    items = pickles.mapping(value)
    weights = pickles.mapping(items.get("blobs") or items.get("model_state") or items.get("model"))
    epoch = items.get("epoch")
    return Kind(
        type_,
        container,
        _WHY[type_],
        keys=tuple(key for key in items if isinstance(key, str))[:20],
        epoch=epoch if isinstance(epoch, int) else None,
        classes=_classes(weights),
        imports=tuple(sorted(imports)),
    )


def _classes(weights: dict[Any, Any]) -> int | None:
    """Return the size of the head that classifies."""
    for name in _HEADS:
        shape = pickles.shape(weights.get(name))
        if shape:
            return shape[0]
    return None
