"""FFmpeg with CUDA: releases, NVIDIA's headers by driver, and builds that others made."""

from __future__ import annotations

from typing import NamedTuple

from .source import Source

HEADER_README = Source("README of the tag in FFmpeg/nv-codec-headers", "2026-11-22")
CONFIGURE = Source("configure in the FFmpeg source packages of Debian", "2026-11-22", "measured")
PTX_RULE = Source("CUDA Compatibility guide: no minor-version compatibility for PTX", "2026-11-22")
CLANG_PTX = Source("PTX that clang 14 wrote for FFmpeg's CUDA filters", "2026-11-23", "measured")
INSTALLED = Source("lists of the installed package", "2026-11-22", "measured")
PACKAGE_LISTS = Source("package lists of the Debian archive", "2026-11-22")
WHEEL = Source("lists of the program in PyPI's imageio-ffmpeg", "2026-11-23", "measured")

HEADERS_URL = "https://github.com/FFmpeg/nv-codec-headers"
RELEASES_URL = "https://ffmpeg.org/releases/"
# The suite of the Debian archive whose source packages are the pinned files.
ARCHIVE_SUITE = "trixie"


class HeaderRow(NamedTuple):
    """A tag of nv-codec-headers and the oldest Linux driver that its NVENC starts on.

    ``sha256`` is that of Debian's source of the same version, "" where Debian has another.
    """

    tag: str
    minimum_driver: str
    commit: str
    sha256: str
    source: Source


class ReleaseRow(NamedTuple):
    """An FFmpeg release; ``oldest_header`` is the first nv-codec-headers it accepts.

    ``sha256`` is that of upstream's .tar.xz, which is also Debian's.
    """

    version: str
    oldest_header: str
    sha256: str
    source: Source


class PackageRow(NamedTuple):
    """A distribution's own FFmpeg with CUDA, and the oldest driver for the headers in it."""

    distribution: str
    number: str
    machine: str
    version: str
    headers: str
    minimum_driver: str
    source: Source


class StaticRow(NamedTuple):
    """A static FFmpeg with CUDA in a wheel on PyPI, pinned by SHA-256."""

    machine: str
    requirement: str
    sha256: str
    version: str
    minimum_driver: str
    source: Source


# fmt: off
HEADERS = (
    # tag  minimum driver  commit  SHA-256 of Debian's file
    HeaderRow("n13.0.19.0", "570.0", "e844e5b26f46bb77479f063029595293aa8f812d", "", HEADER_README),
    HeaderRow("n12.2.72.0", "550.54.14", "c69278340ab1d5559c7d7bf0edf615dc33ddbba7", "",
              HEADER_README),
    HeaderRow("n12.1.14.0", "530.41.03", "1889e62e2d35ff7aa9baca2bceb14f053785e6f1",
              "0ca1a0c85b149646fa6ce4d600584507fdccf5a23d58e668d8701e89cee0c3fb", HEADER_README),
    HeaderRow("n12.0.16.1", "520.56.06", "451da99614412a7f9526ef301a5ee0c7a6f9ad76", "",
              HEADER_README),
    HeaderRow("n11.1.5.3", "470.57.02", "43d91706e097565f57b311e567f0219838bcc2f6", "",
              HEADER_README),
    HeaderRow("n11.0.10.3", "455.28", "625b3199e94db49e3bb0dc797fc4cffbf7115d81", "",
              HEADER_README),
)

# The one that was built and looked into.
RELEASE = ReleaseRow("7.1.5", "n11.0.10.3",
                     "de668509caf9e35e3cd162473441fdb29538c6d96ed080292b3cf9e6fc5d558f", CONFIGURE)

PACKAGES = (
    # distribution  release  machine  FFmpeg  headers  minimum driver
    PackageRow("debian", "12", "x86_64", "5.1.9", "n11.1.5.2", "470.57.02", INSTALLED),
    PackageRow("debian", "13", "x86_64", "7.1.5", "n12.1.14.0", "530.41.03", PACKAGE_LISTS),
)

STATIC = (
    # Its headers are those of its build date, so its NVENC needs a driver of the 570 branch.
    StaticRow("x86_64", "imageio-ffmpeg==0.8.1",
              "050d6850601c3b3890bd2b28306f3b842b3daea390a561101174375a1c460bda", "9.0.2",
              "570.0", WHEEL),
)
# fmt: on

# Shared libraries that programs find beside them in any folder; nothing that is found by
# chance. An RPATH, because it counts for the libraries of libraries as well; configure, make and the
# shell each take some of the signs.
# NVENC, NVDEC and cuvid are named one by one: a part that is named and dropped ends configure.
FLAGS = (
    "--disable-static",
    "--enable-shared",
    r"--extra-ldexeflags=-Wl,--disable-new-dtags,-rpath,'\$\$ORIGIN/../lib'",
    "--disable-doc",
    "--disable-debug",
    "--disable-ffplay",
    "--disable-autodetect",
    "--enable-zlib",
    "--enable-ffnvcodec",
    "--enable-nvenc",
    "--enable-nvdec",
    "--enable-cuvid",
)

# What is asked of every FFmpeg here, by the list that FFmpeg shows it in.
WANTED = {
    "hwaccels": ("cuda",),
    "encoders": ("h264_nvenc", "hevc_nvenc"),
    "decoders": ("h264_cuvid", "hevc_cuvid", "mpeg4_cuvid", "vp9_cuvid"),
    "filters": ("hwupload_cuda", "overlay_cuda", "scale_cuda"),
}
