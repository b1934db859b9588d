"""CUDA toolkits: the drivers they need, the architectures and the host compilers they accept."""

from __future__ import annotations

from typing import NamedTuple

from .source import Source

NOTES = Source("CUDA release notes, driver table; compatibility of minor versions", "2026-11-22")
GUIDE = Source("CUDA installation guide; bounds table of torch cpp_extension.py", "2026-11-22")
# Their headers name GCC 11, but their front end fails in its <functional>; that of 11.6 does not.
STD_FUNCTION = Source(
    "nvcc 11.5 does not read std_function.h of GCC 11: NVIDIA/nccl#650, NVIDIA/VisRTX#71;"
    " 11.4 has the older front end",
    "2026-11-30",
)
HEADER = Source("crt/host_config.h and ptxas --help of the toolkit's PyPI wheels", "2026-11-22")


class ToolkitRow(NamedTuple):
    """A toolkit: versions as text, ``sms`` the compute capabilities nvcc compiles for.

    ``minimum_driver`` runs programs of this toolkit (minor-version compatibility);
    ``release_driver`` is needed where the driver compiles PTX; None where it is not known.
    ``gcc_source`` vouches for ``max_gcc``, the highest accepted GCC.
    """

    cuda: str
    release_driver: str | None
    minimum_driver: str
    max_gcc: int
    sms: str
    gcc_source: Source
    source: Source = NOTES


# fmt: off
TOOLKITS = (
    # cuda  release driver  minimum driver  max gcc  architectures  source of max gcc
    ToolkitRow("10.1", "418.39", "418.39", 8,
               "3.0 3.2 3.5 3.7 5.0 5.2 5.3 6.0 6.1 6.2 7.0 7.2 7.5", GUIDE),
    ToolkitRow("10.2", "440.33", "440.33", 8,
               "3.0 3.2 3.5 3.7 5.0 5.2 5.3 6.0 6.1 6.2 7.0 7.2 7.5", GUIDE),
    ToolkitRow("11.0", "450.51.05", "450.36.06", 9,
               "3.5 3.7 5.0 5.2 5.3 6.0 6.1 6.2 7.0 7.2 7.5 8.0", GUIDE),
    ToolkitRow("11.1", "455.23", "450.80.02", 10,
               "3.5 3.7 5.0 5.2 5.3 6.0 6.1 6.2 7.0 7.2 7.5 8.0 8.6", GUIDE),
    ToolkitRow("11.2", "460.27.03", "450.80.02", 10,
               "3.5 3.7 5.0 5.2 5.3 6.0 6.1 6.2 7.0 7.2 7.5 8.0 8.6", GUIDE),
    ToolkitRow("11.3", "465.19.01", "450.80.02", 10,
               "3.5 3.7 5.0 5.2 5.3 6.0 6.1 6.2 7.0 7.2 7.5 8.0 8.6", GUIDE),
    ToolkitRow("11.4", "470.42.01", "450.80.02", 10,
               "3.5 3.7 5.0 5.2 5.3 6.0 6.1 6.2 7.0 7.2 7.5 8.0 8.6 8.7", STD_FUNCTION),
    ToolkitRow("11.5", "495.29.05", "450.80.02", 10,
               "3.5 3.7 5.0 5.2 5.3 6.0 6.1 6.2 7.0 7.2 7.5 8.0 8.6 8.7", STD_FUNCTION),
    ToolkitRow("11.6", "510.39.01", "450.80.02", 11,
               "3.5 3.7 5.0 5.2 5.3 6.0 6.1 6.2 7.0 7.2 7.5 8.0 8.6 8.7", GUIDE),
    ToolkitRow("11.7", "515.43.04", "450.80.02", 11,
               "3.5 3.7 5.0 5.2 5.3 6.0 6.1 6.2 7.0 7.2 7.5 8.0 8.6 8.7", HEADER),
    ToolkitRow("11.8", "520.61.05", "450.80.02", 11,
               "3.5 3.7 5.0 5.2 5.3 6.0 6.1 6.2 7.0 7.2 7.5 8.0 8.6 8.7 8.9 9.0", HEADER),
    ToolkitRow("12.0", "525.60.13", "525.60.13", 12,
               "5.0 5.2 5.3 6.0 6.1 6.2 7.0 7.2 7.5 8.0 8.6 8.7 8.9 9.0", HEADER),
    ToolkitRow("12.1", "530.30.02", "525.60.13", 12,
               "5.0 5.2 5.3 6.0 6.1 6.2 7.0 7.2 7.5 8.0 8.6 8.7 8.9 9.0", HEADER),
    ToolkitRow("12.2", "535.54.03", "525.60.13", 12,
               "5.0 5.2 5.3 6.0 6.1 6.2 7.0 7.2 7.5 8.0 8.6 8.7 8.9 9.0", HEADER),
    ToolkitRow("12.3", "545.23.06", "525.60.13", 12,
               "5.0 5.2 5.3 6.0 6.1 6.2 7.0 7.2 7.5 8.0 8.6 8.7 8.9 9.0", HEADER),
    ToolkitRow("12.4", "550.54.14", "525.60.13", 13,
               "5.0 5.2 5.3 6.0 6.1 6.2 7.0 7.2 7.5 8.0 8.6 8.7 8.9 9.0", HEADER),
    ToolkitRow("12.5", "555.42.02", "525.60.13", 13,
               "5.0 5.2 5.3 6.0 6.1 6.2 7.0 7.2 7.5 8.0 8.6 8.7 8.9 9.0", HEADER),
    ToolkitRow("12.6", "560.28.03", "525.60.13", 13,
               "5.0 5.2 5.3 6.0 6.1 6.2 7.0 7.2 7.5 8.0 8.6 8.7 8.9 9.0", HEADER),
    ToolkitRow("12.8", "570.26", "525.60.13", 14,
               "5.0 5.2 5.3 6.0 6.1 6.2 7.0 7.2 7.5 8.0 8.6 8.7 8.9 9.0 10.0 10.1 12.0", HEADER),
    ToolkitRow("12.9", "575.51.03", "525.60.13", 14,
               "5.0 5.2 5.3 6.0 6.1 6.2 7.0 7.2 7.5 8.0 8.6 8.7 8.9 9.0 10.0 10.1 10.3 12.0 12.1", HEADER),
    ToolkitRow("13.0", "580.65.06", "580.65.06", 15,
               "7.5 8.0 8.6 8.7 8.8 8.9 9.0 10.0 10.3 11.0 12.0 12.1", HEADER),
    ToolkitRow("13.1", "590.44.01", "580.65.06", 15,
               "7.5 8.0 8.6 8.7 8.8 8.9 9.0 10.0 10.3 11.0 12.0 12.1", HEADER),
    ToolkitRow("13.2", "595.45.04", "580.65.06", 15,
               "7.5 8.0 8.6 8.7 8.8 8.9 9.0 10.0 10.3 11.0 12.0 12.1", HEADER),
    ToolkitRow("13.3", "610", "580.65.06", 15,
               "7.5 8.0 8.6 8.7 8.8 8.9 9.0 10.0 10.3 11.0 12.0 12.1", HEADER),
    ToolkitRow("13.4", "615", "580.65.06", 16,
               "7.5 8.0 8.6 8.7 8.8 8.9 9.0 10.0 10.3 10.7 11.0 12.0 12.1", HEADER),
    ToolkitRow("13.5", None, "580.65.06", 16,
               "7.5 8.0 8.6 8.7 8.8 8.9 9.0 10.0 10.3 10.7 11.0 12.0 12.1", HEADER),
)
# fmt: on
