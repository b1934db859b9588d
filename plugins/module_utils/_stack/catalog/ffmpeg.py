"""FFmpeg releases and the NVENC headers that go with a driver."""

from __future__ import annotations

from typing import NamedTuple

from .source import Source

HEADER_README = Source("README of the tag in FFmpeg/nv-codec-headers", "2026-11-22")
CONFIGURE = Source("configure in the FFmpeg source packages of Debian", "2026-11-22", "measured")


class HeaderRow(NamedTuple):
    """A tag of nv-codec-headers and the oldest Linux driver that its NVENC starts on."""

    tag: str
    minimum_driver: str
    source: Source


class ReleaseRow(NamedTuple):
    """An FFmpeg release; ``oldest_header`` is the first nv-codec-headers it accepts.

    ``lowest_ptx`` is the lowest architecture its configure tries for CUDA filters by itself.
    """

    version: str
    oldest_header: str
    lowest_ptx: str
    source: Source


# fmt: off
HEADERS = (
    # tag  minimum driver
    HeaderRow("n13.0.19.0", "570.0", HEADER_README),
    HeaderRow("n12.2.72.0", "550.54.14", HEADER_README),
    HeaderRow("n12.1.14.0", "530.41.03", HEADER_README),
    HeaderRow("n12.0.16.1", "520.56.06", HEADER_README),
    HeaderRow("n11.1.5.3", "470.57.02", HEADER_README),
    HeaderRow("n11.0.10.3", "455.28", HEADER_README),
    HeaderRow("n10.0.26.2", "445.87", HEADER_README),
    HeaderRow("n9.1.23.3", "435.21", HEADER_README),
    HeaderRow("n9.0.18.5", "418.30", HEADER_README),
    HeaderRow("n8.2.15.12", "396.24", HEADER_README),
    HeaderRow("n8.1.24.15", "390.25", HEADER_README),
)

RELEASES = (
    # version  first accepted header  lowest architecture tried
    ReleaseRow("7.1.5", "n11.0.10.3", "6.0", CONFIGURE),
    ReleaseRow("9.0.2", "n11.1.5.3", "7.5", CONFIGURE),
)
# fmt: on
