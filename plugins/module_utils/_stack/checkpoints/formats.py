"""Find the type of a checkpoint by its bytes, not by its suffix, and without unpickling it.

PyTorch writes a zip since 1.6, before that a row of pickles that begins with a fixed number, and
in its first days a tar. Caffe2's converters wrote one pickle: a dictionary with ``blobs``.
"""

from __future__ import annotations

import io
import re
import tarfile
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING, Any

from ..core import zips
from ..patches.safe_globals import NESTED, is_safe
from . import pickles
from .pickle_machine import Budget, NoPickleError, TooLargeError
from .pickles import Pickle

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

PYTORCH, CAFFE2, DETECTRON2, UNKNOWN, DAMAGED = (
    "pytorch",
    "caffe2",
    "detectron2",
    "unknown",
    "damaged",
)
_UNUSABLE = (UNKNOWN, DAMAGED)
_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C  # the first number that torch.save wrote before 1.6
_BEFORE_THE_VALUE, _AFTER_THE_VALUE = 2, 1  # protocol, system; the keys of the storages
_LARGEST_PICKLE = 64 << 20  # bytes; a zip stores tensors beside the pickle
_MOST_MEMBERS = 64
# Members of a zip that torch reads as plain bytes.
_PLAIN_MEMBER = re.compile(
    r"[^/]+/(data/\d+|version|byteorder|\.data/serialization_id"
    r"|\.format_version|\.storage_alignment)"
)
_PROGRAM_MEMBER = re.compile(r"[^/]+/(constants\.pkl|code/.*)", re.IGNORECASE)
_HEADS = ("head.projection.weight", "head.projection.bias", "pred_w", "pred_b")
_MOST_NAMED = 5


@dataclass(frozen=True)
class Kind:
    """The type of a file, its container, and what can be read from it.

    ``imports`` are the names that the pickles of the file ask for, all of them together.
    ``model`` is the model of SlowFast that has such weights, empty where that is not known.
    """

    type: str
    container: str
    cause: str
    keys: tuple[str, ...] = ()
    epoch: int | None = None
    classes: int | None = None
    imports: tuple[str, ...] = ()
    model: str = ""

    @property
    def suspicious(self) -> tuple[str, ...]:
        """Names that unpickling would import and that no loader of a patched tree accepts."""
        return tuple(name for name in self.imports if not _is_harmless(name))

    @property
    def refusal(self) -> str:
        """Return why no program should load the file; empty where it may."""
        names = self.suspicious
        if names:
            more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
            shown = ", ".join(names[:_MOST_NAMED]) + more
            return f"Loading it would run code, or is refused: it asks for {shown}."
        return self.cause if self.type in _UNUSABLE else ""


def of_file(path: Path) -> Kind:
    """Return the kind of a file."""
    with path.open("rb") as file:
        return of(file)


def of(file: IO[bytes]) -> Kind:
    """Return the kind of a file that is open for reading; every pickle in it is followed."""
    return _of(file, Budget(), 0)


def _of(file: IO[bytes], budget: Budget, depth: int) -> Kind:
    head = file.read(tarfile.BLOCKSIZE)
    file.seek(0)
    if not head:
        return Kind(DAMAGED, "none", "The file is empty.")
    if head.startswith(b"PK\x03\x04"):
        return _of_zip(file, budget, depth)
    if head.lstrip()[:1] == b"<":
        return Kind(UNKNOWN, "text", "It is a web page, not a checkpoint.")
    kind = _of_pickle(file, budget, depth)
    if not _begins_a_tar(head):
        return kind
    # torch tries tar first, caffe2's loader knows only pickles: the file may be both.
    return _with_imports(_of_tar(file, budget), kind.imports)


def _is_harmless(text: str) -> bool:
    module, _space, name = text.partition(" ")
    return is_safe(module, name) or (module, name) == NESTED


def _with_imports(kind: Kind, imports: Iterable[str]) -> Kind:
    return replace(kind, imports=tuple(sorted({*kind.imports, *imports})))


def _of_zip(file: IO[bytes], budget: Budget, depth: int) -> Kind:
    main: Pickle | None = None
    imports: set[str] = set()
    failure = ""
    left = _LARGEST_PICKLE
    try:
        with zips.opened(file, "") as archive:
            infos = [
                info for info in archive.infolist() if not _PLAIN_MEMBER.fullmatch(info.filename)
            ]
            for info in infos:
                data = zips.read_at_most(archive, info, left)
                if data is None:
                    failure = failure or "Its pickles are too large for a checkpoint."
                    break
                left -= len(data)
                is_main = info.filename.casefold().endswith("data.pkl")
                try:
                    found = _read(io.BytesIO(data), budget, depth)
                    imports |= found.imports
                    failure = "It has more than one data.pkl." if main and is_main else failure
                    main = found if is_main else main
                except NoPickleError as error:
                    imports |= error.imports
                    failure = f"Its {info.filename} is damaged: {error}." if is_main else failure
    except zips.BadZipError as error:
        return Kind(DAMAGED, "zip", error.cause, imports=tuple(sorted(imports)))
    if any(_PROGRAM_MEMBER.fullmatch(info.filename) for info in infos):
        failure = "It is a TorchScript program, not a checkpoint."
    if failure or main is None:
        cause = failure or "It is a ZIP file without data.pkl."
        return Kind(DAMAGED if failure else UNKNOWN, "zip", cause, imports=tuple(sorted(imports)))
    return _described(PYTORCH, "zip", main.value, imports)


def _read(file: IO[bytes], budget: Budget, depth: int) -> Pickle:
    """Read one pickle, and the checkpoints in its bytes. Raises ``NoPickleError``."""
    found = pickles.read(file, budget)
    imports = set(found.imports)
    for data in found.nested:
        if depth:
            imports.add("too many pickles inside each other")
            break
        inner = _of(io.BytesIO(data), budget, depth + 1)
        imports |= set(inner.imports)
        if inner.type != PYTORCH:
            imports.add("damaged bytes inside")
    return Pickle(found.value, frozenset(imports))


def _begins_a_tar(head: bytes) -> bool:
    """Return whether torch would take the file for a tar, which needs no magic number."""
    try:
        tarfile.TarInfo.frombuf(head, tarfile.ENCODING, "surrogateescape")
    except tarfile.TarError:
        return False
    return True


def _of_tar(file: IO[bytes], budget: Budget) -> Kind:
    names: list[str] = []
    imports: set[str] = set()
    try:
        file.seek(0)
        with tarfile.open(fileobj=file, mode="r:") as archive:
            while len(names) < _MOST_MEMBERS and (member := archive.next()) is not None:
                names.append(member.name)
                content = archive.extractfile(member) if member.isreg() else None
                imports |= _follow(content, budget, 1) if content else set()
    except (tarfile.TarError, EOFError, ValueError, OverflowError) as error:
        cause = f"The tar file is truncated or damaged: {error}."
        return Kind(DAMAGED, "tar", cause, imports=tuple(sorted(imports)))
    cause = "It is a tar file of something else."
    if {"pickle", "tensors", "storages"} & set(names):
        cause = (
            "It is a tar file of an early PyTorch release, whose pickles no release reads safely."
        )
    return Kind(UNKNOWN, "tar", cause, tuple(names[:10]), imports=tuple(sorted(imports)))


def _of_pickle(file: IO[bytes], budget: Budget, depth: int) -> Kind:
    imports: set[str] = set()
    try:
        first = _read(file, budget, depth)
        imports |= first.imports
        if isinstance(first.value, int) and first.value == _LEGACY_MAGIC:
            return _of_pickles(file, budget, depth, imports)
        # A loader reads one pickle; what is hidden after it is reported nevertheless.
        imports |= _follow(file, budget, depth)
    except TooLargeError as error:
        cause = f"It is larger than a checkpoint: {error}."
        return Kind(UNKNOWN, "pickle", cause, imports=tuple(sorted({*imports, *error.imports})))
    except NoPickleError as error:
        return _with_imports(_no_pickle(file, str(error)), {*imports, *error.imports})
    keys = pickles.mapping(first.value)
    type_ = CAFFE2 if "blobs" in keys else DETECTRON2 if "model" in keys else UNKNOWN
    return _described(type_, "pickle", first.value, imports)


def _follow(file: IO[bytes], budget: Budget, depth: int) -> set[str]:
    """Return the names in further pickles, as a loader of several would read them."""
    imports: set[str] = set()
    try:
        while True:
            imports |= _read(file, budget, depth).imports
    except NoPickleError as error:
        return imports | error.imports


def _of_pickles(file: IO[bytes], budget: Budget, depth: int, imports: set[str]) -> Kind:
    """Follow the pickles of torch before 1.6; plain bytes of the storages come after them."""
    for _part in range(_BEFORE_THE_VALUE):
        imports |= _read(file, budget, depth).imports
    main = _read(file, budget, depth)
    imports |= main.imports
    for _part in range(_AFTER_THE_VALUE):
        imports |= _read(file, budget, depth).imports
    return _described(PYTORCH, "pickles", main.value, imports)


def _no_pickle(file: IO[bytes], cause: str) -> Kind:
    file.seek(0)
    first = file.read(1)
    if first in (b"\x80", b"(", b"c", b"}", b"]"):
        return Kind(DAMAGED, "pickle", f"The pickle is truncated or damaged: {cause}.")
    return Kind(UNKNOWN, "none", "Not a ZIP, tar or pickle file.")


_WHY = {
    PYTORCH: "torch.save wrote it.",
    CAFFE2: "It contains a dictionary with blobs.",
    DETECTRON2: "It contains a dictionary with the key model, as Detectron2 writes it.",
    UNKNOWN: "It is a pickle without blobs or model.",
}


def _described(type_: str, container: str, value: Any, imports: Iterable[str]) -> Kind:  # noqa: ANN401
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
        model=_model(weights) if type_ == PYTORCH else "",
    )


# The first weights of each model, in the order of the question.
_FIRST_WEIGHTS = (
    ("MViT", "patch_embed.proj."),
    ("SlowFast", "s1_fuse."),
    ("X3D", "s1.pathway0_stem.conv_xy."),
    ("ResNet", "s1.pathway0_stem."),
    ("ContrastiveModel", "backbone."),
    ("PyTorchVideo", "model."),
)


def _model(weights: dict[Any, Any]) -> str:
    """Return the model that has weights of such names."""
    names = [name for name in weights if isinstance(name, str)]
    known = (
        model for model, first in _FIRST_WEIGHTS if any(name.startswith(first) for name in names)
    )
    return next(known, "")


def _classes(weights: dict[Any, Any]) -> int | None:
    """Return the size of the head that classifies."""
    for name in _HEADS:
        shape = pickles.shape(weights.get(name))
        if shape:
            return shape[0]
    return None
