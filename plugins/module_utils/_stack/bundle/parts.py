"""The files of a bundle: one file, or parts NAME.001, NAME.002, ... that are read as one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, BinaryIO

from ..core.errors import StackError

if TYPE_CHECKING:
    from pathlib import Path

_NUMBER = re.compile(r"\.(\d{3,})")


class IncompleteBundle(StackError):
    """A bundle that does not exist, or lacks a part."""

    code = "bundle.incomplete"


def part_path(bundle: Path, number: int) -> Path:
    """Return the path of a part, counted from 1."""
    return bundle.with_name(f"{bundle.name}.{number:03d}")


def common_path(path: Path) -> Path:
    """Return the path of a bundle, given by its file, its first part or the common name of parts."""
    return path.with_suffix("") if _NUMBER.fullmatch(path.suffix) else path


def find(path: Path) -> tuple[Path, ...]:
    """Return the files of a bundle, given by its file, its first part or the common name of parts.

    Raises ``IncompleteBundle`` if there is none, or if a part is missing or has another size.
    """
    number = _NUMBER.fullmatch(path.suffix)
    if path.is_file() and not number:
        return (path,)
    bundle = common_path(path)
    parts = parts_of(bundle)
    if not parts:
        raise IncompleteBundle(
            f"There is no bundle {path}.",
            f"Neither that file nor a first part {part_path(bundle, 1).name} exists.",
            "Give the file that slowfast-stack bundle create wrote, or its name without .001.",
        )
    missing = [part_path(bundle, n).name for n in range(1, max(parts)) if n not in parts]
    if missing:
        raise _incomplete(bundle, f"These parts are missing: {', '.join(missing)}.")
    sizes = {number: part.stat().st_size for number, part in parts.items()}
    full = max(sizes.values())
    short = [n for n in sorted(sizes) if sizes[n] != full and n != max(parts)]
    if short:
        names = ", ".join(f"{part_path(bundle, n).name} has {sizes[n]} bytes" for n in short)
        raise _incomplete(bundle, f"{names}; the other parts have {full}.")
    return tuple(parts[n] for n in sorted(parts))


def parts_of(bundle: Path) -> dict[int, Path]:
    """Return the existing parts of a bundle by number."""
    parts = {}
    if bundle.parent.is_dir():
        for file in bundle.parent.iterdir():
            number = _NUMBER.fullmatch(file.suffix)
            if number and file.stem == bundle.name and file.is_file():
                parts[int(number[1])] = file
    return parts


def _incomplete(bundle: Path, cause: str) -> IncompleteBundle:
    message = f"The bundle {bundle} is incomplete and was not used."
    return IncompleteBundle(message, cause, "Copy these parts again.")


class PartReader:
    """Reads the files of a bundle as one stream; ``offset`` counts from its first byte."""

    def __init__(self, files: tuple[Path, ...]) -> None:
        self.files = files
        self.sizes = tuple(file.stat().st_size for file in files)
        self.size = sum(self.sizes)
        self.offset = 0
        self._left = list(files)
        self._file: BinaryIO | None = None

    def close(self) -> None:
        """Close the current file."""
        if self._file:
            self._file.close()

    def read(self, size: int) -> bytes:
        """Return ``size`` bytes, fewer at the end. Raises ``StackError`` if the disk fails."""
        pieces: list[bytes] = []
        try:
            while size:
                data = self._file.read(size) if self._file else b""
                if not data and not self._left:
                    break
                if not data:
                    self.close()
                    self._file = self._left.pop(0).open("rb")
                pieces.append(data)
                size -= len(data)
        except OSError as error:
            raise StackError(
                "A file of the bundle cannot be read.",
                f"{error.filename or getattr(self._file, 'name', '')}: {error.strerror}.",
                "Check the disk, or copy the file again.",
                code="file.unreadable",
            ) from error
        data = b"".join(pieces)
        self.offset += len(data)
        return data

    def files_of(self, start: int, end: int) -> list[str]:
        """Return the names of the files that contain a range; the last one for what is missing."""
        names, before = [], 0
        for file, size in zip(self.files, self.sizes):
            if before < max(end, start + 1) and start < before + size:
                names.append(file.name)
            before += size
        return names or [self.files[-1].name]
