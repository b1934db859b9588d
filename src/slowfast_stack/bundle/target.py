"""Which wheels a target takes, best first: its Python, processor and C library."""

from __future__ import annotations

from typing import NamedTuple

from packaging import tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

# Older names of the same promise, PEP 600.
_ALIASES = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
_OLDEST = 5
# What `uv pip compile --python-platform` knows, as minor versions of glibc 2.
_UV_KNOWS = (17, 28, *range(31, 41))


class Target(NamedTuple):
    """Where wheels shall run: Python as X.Y, processor as uname says it, glibc as 2.N."""

    python: str
    machine: str
    glibc: str

    @property
    def platform(self) -> str:
        """Return the platform for uv: the newest it knows that is not newer than the target."""
        minor = int(self.glibc.partition(".")[2])
        known = max((row for row in _UV_KNOWS if row <= minor), default=_UV_KNOWS[0])
        return f"{self.machine}-manylinux_2_{known}"

    def tags(self) -> list[tags.Tag]:
        """Return the tags of the wheels that run there, best first."""
        major, minor = (int(part) for part in self.python.split("."))
        abi = f"cp{major}{minor}"
        platforms = [
            name
            for level in range(int(self.glibc.partition(".")[2]), _OLDEST - 1, -1)
            for name in (f"manylinux_2_{level}", _ALIASES.get(level))
            if name
        ]
        places = [f"{name}_{self.machine}" for name in (*platforms, "linux")]
        return [
            *tags.cpython_tags((major, minor), [abi], places),
            *tags.compatible_tags((major, minor), abi, places),
        ]

    def best(self, files: list[str]) -> str | None:
        """Return the best of these wheels, None where none runs there."""
        order = {tag: place for place, tag in enumerate(self.tags())}
        ranked = []
        for file in files:
            try:
                fits = [order[tag] for tag in parse_wheel_filename(file)[3] if tag in order]
            except InvalidWheelFilename:
                continue
            ranked += [(min(fits), file)] if fits else []
        return min(ranked)[1] if ranked else None
