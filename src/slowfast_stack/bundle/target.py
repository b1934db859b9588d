"""Select the wheels that a target can install, by its Python, architecture and glibc."""

from __future__ import annotations

from typing import NamedTuple

from packaging import tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

# Older names of platform tags, PEP 600.
_ALIASES = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
_OLDEST = 5
# The minor versions of glibc 2 that `uv pip compile --python-platform` knows.
_UV_KNOWS = (17, 28, *range(31, 41))


class Target(NamedTuple):
    """Where wheels are installed: Python as X.Y, architecture as of uname, glibc as 2.N."""

    python: str
    machine: str
    glibc: str

    @property
    def platform(self) -> str:
        """Return the newest platform of uv that is not newer than the target."""
        minor = int(self.glibc.partition(".")[2])
        known = max((row for row in _UV_KNOWS if row <= minor), default=_UV_KNOWS[0])
        return f"{self.machine}-manylinux_2_{known}"

    def tags(self) -> list[tags.Tag]:
        """Return the supported wheel tags, best first."""
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
        """Return the best of these wheels, None if the target supports none."""
        order = {tag: place for place, tag in enumerate(self.tags())}
        ranked = []
        for file in files:
            try:
                fits = [order[tag] for tag in parse_wheel_filename(file)[3] if tag in order]
            except InvalidWheelFilename:
                continue
            ranked += [(min(fits), file)] if fits else []
        return min(ranked)[1] if ranked else None
