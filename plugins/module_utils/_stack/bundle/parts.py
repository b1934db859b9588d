"""A bundle on disk: one file, or pieces NAME.001, NAME.002 ... that are read as one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, BinaryIO

from ..core.errors import StackError

if TYPE_CHECKING:
    from pathlib import Path

_NUMBER = re.compile(r"\.(\d{3,})")


class Incomplete(StackError):
    """Pieces that do not make a whole."""

    code = "bundle.incomplete"


def piece(bundle: Path, number: int) -> Path:
    """Return the file of a piece, counted from 1."""
    return bundle.with_name(f"{bundle.name}.{number:03d}")


def find(path: Path) -> tuple[Path, ...]:
    """Return the files of a bundle, given as the whole, as the first piece or as their common name.

    Raises ``Incomplete`` where nothing is there, or where a piece is missing or has another length.
    """
    number = _NUMBER.fullmatch(path.suffix)
    if path.is_file() and not number:
        return (path,)
    bundle = path.with_suffix("") if number else path
    files = pieces_of(bundle)
    if not files:
        raise Incomplete(
            f"There is no bundle {path}.",
            f"Neither that file nor its first piece {piece(bundle, 1).name} is there.",
            "Give the file that slowfast-stack bundle create wrote, or its name without .001.",
        )
    missing = [piece(bundle, n).name for n in range(1, max(files)) if n not in files]
    if missing:
        raise _incomplete(bundle, f"These pieces are missing: {', '.join(missing)}.")
    sizes = {n: file.stat().st_size for n, file in files.items()}
    whole = max(sizes.values())
    cut = [n for n in sizes if sizes[n] != whole and n != max(files)]
    if cut:
        names = ", ".join(f"{piece(bundle, n).name} has {sizes[n]} bytes" for n in sorted(cut))
        raise _incomplete(bundle, f"{names}; the other pieces have {whole}.")
    return tuple(files[n] for n in sorted(files))


def pieces_of(bundle: Path) -> dict[int, Path]:
    """Return the pieces that lie beside each other, by number."""
    found = {}
    if bundle.parent.is_dir():
        for file in bundle.parent.iterdir():
            number = _NUMBER.fullmatch(file.suffix)
            if number and file.stem == bundle.name and file.is_file():
                found[int(number[1])] = file
    return found


def _incomplete(bundle: Path, cause: str) -> Incomplete:
    message = f"The bundle {bundle} is not complete; nothing was used."
    return Incomplete(message, cause, "Bring these pieces again.")


class Pieces:
    """Files read one after the other; ``offset`` counts from the first byte of the first one."""

    def __init__(self, files: tuple[Path, ...]) -> None:
        self.files = files
        self.sizes = tuple(file.stat().st_size for file in files)
        self.size = sum(self.sizes)
        self.offset = 0
        self._next = 0
        self._open: BinaryIO | None = None

    def close(self) -> None:
        """Close the file that is open."""
        if self._open:
            self._open.close()

    def read(self, size: int) -> bytes:
        """Return that many bytes, fewer at the end. Raises StackError for a disk that fails."""
        parts = []
        try:
            while size:
                part = self._open.read(size) if self._open else b""
                if not part:
                    if self._next == len(self.files):
                        break
                    self._advance()
                    continue
                parts.append(part)
                size -= len(part)
        except OSError as error:
            raise StackError(
                f"{self.files[self._next - 1]} cannot be read.",
                f"{error.strerror}.",
                "Check the disk, or bring the file again.",
                code="file.unreadable",
            ) from error
        data = parts[0] if len(parts) == 1 else b"".join(parts)
        self.offset += len(data)
        return data

    def _advance(self) -> None:
        if self._open:
            self._open.close()
        self._open = self.files[self._next].open("rb")
        self._next += 1

    def files_of(self, start: int, end: int) -> list[str]:
        """Return the files that bytes lie in, by name; what lies behind the end, in the last."""
        found, before = [], 0
        for file, size in zip(self.files, self.sizes):
            if before < max(end, start + 1) and start < before + size:
                found.append(file.name)
            before += size
        return found or [self.files[-1].name]
