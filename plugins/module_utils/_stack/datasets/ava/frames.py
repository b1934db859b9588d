"""Compare a folder with the frames that a video should have: names, and complete JPEG files."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...core.validation import is_number
from .dataset import frame_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BEGIN, _END = b"\xff\xd8", b"\xff\xd9"  # start and end of image, ITU-T T.81 table B.1
_SHOWN = 5


@dataclass(frozen=True)
class Observed:
    """The contents of a folder: the expected frames and what is wrong, by kind.

    ``size`` is in bytes; ``mark`` is the SHA-256 of the names and sizes.
    """

    count: int
    size: int
    mark: str
    missing: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    truncated: tuple[str, ...] = ()

    @property
    def wrong(self) -> str:
        """Return what is wrong as text; empty if nothing is."""
        data = []
        for kind in ("missing", "foreign", "truncated"):
            names = getattr(self, kind)
            if names:
                more = ", ..." if len(names) > _SHOWN else ""
                data.append(f"{len(names)} {kind}: {', '.join(names[:_SHOWN])}{more}")
        return "; ".join(data)


def examine(folder: Path, video: str, frames: int | None, *, bytes_too: bool = True) -> Observed:
    """Compare a folder with the frames 1 to ``frames`` (None: to the last that exists).

    ``bytes_too`` reads the first and last two bytes of each file: a truncated JPEG decodes without
    an error in OpenCV 4. An absent folder has all frames missing.
    """
    sizes = dict(_listed(folder))
    count = last_of(sizes, video) if frames is None else frames
    wanted = [frame_name(video, number) for number in range(1, count + 1)]
    here = [name for name in wanted if name in sizes]
    mark = hashlib.sha256("".join(f"{name} {sizes[name]}\n" for name in here).encode())
    return Observed(
        count=len(here),
        size=sum(sizes[name] for name in here),
        mark=mark.hexdigest(),
        missing=tuple(name for name in wanted if name not in sizes),
        foreign=tuple(sorted(sizes.keys() - set(wanted))),
        truncated=tuple(_truncated(folder, here)) if bytes_too else (),
    )


def last_of(names: dict[str, int], video: str) -> int:
    """Return the highest number among the names of a video's frames."""
    head, tail = len(video) + 1, -len(".jpg")
    numbers = (name[head:tail] for name in names if name.startswith(f"{video}_"))
    return max((int(number) for number in numbers if is_number(number)), default=0)


def _listed(folder: Path) -> Iterator[tuple[str, int]]:
    if not folder.is_dir():
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            yield entry.name, entry.stat().st_size


def _truncated(folder: Path, names: list[str]) -> Iterator[str]:
    for name in names:
        with open(folder / name, "rb") as file:  # noqa: PTH123  (eight million times)
            begin = file.read(2)
            size = os.fstat(file.fileno()).st_size
            end = os.pread(file.fileno(), 2, max(0, size - 2))
        if (begin, end) != (_BEGIN, _END):
            yield name
