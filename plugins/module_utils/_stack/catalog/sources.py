"""Source trees of the stack, and what the package index holds in their place."""

from __future__ import annotations

from typing import NamedTuple

from .source import Source
from .upload_modules import FILES, OF_SLOWFAST, SLOWFAST_LACKS

READ = Source("setup.py and sources of the repository at this commit", "2026-11-22", "measured")
PYPI = Source("file and SHA-256 on PyPI", "2026-11-22", "measured")
EXAMINED = Source("every patch examined on every upstream commit", "2026-11-22", "measured")


# Where uv downloads Pythons from, as `uv python list --show-urls` names them.
UV_PYTHONS = "https://github.com/astral-sh/python-build-standalone/releases"


class TreeRow(NamedTuple):
    """A repository at the commit that was measured."""

    name: str
    url: str
    commit: str
    source: Source


class UploadRow(NamedTuple):
    """A file on PyPI that replaces a tree, and the parts that it lacks."""

    name: str
    requirement: str
    filename: str
    sha256: str
    lacks: tuple[str, ...]
    source: Source


MODULES_LACKING = (
    f"{len(SLOWFAST_LACKS)} of the {OF_SLOWFAST} modules of the pinned commit (such as"
    " models/attention.py of MViT, utils/multigrid.py, datasets/charades.py,"
    " datasets/ssv2.py, visualization/ and utils/parser.py)"
)
# fmt: off
TREES = (
    TreeRow("detectron2", "https://github.com/facebookresearch/detectron2",
            "02b5c4e295e990042a714712c21dc79b731e8833", READ),
    TreeRow("pytorchvideo", "https://github.com/facebookresearch/pytorchvideo",
            "f3142bb05cdb56af0704ab6f0adfb0c7bbafe4a0", READ),
    TreeRow("slowfast", "https://github.com/facebookresearch/SlowFast",
            "287ec0076846560f44a9327e931a5a2360240533", READ),
)

UPLOADS = (
    UploadRow("detectron2", "pb1-detectron2==0.6", "pb1-detectron2-0.6.tar.gz",
              "5d2e9e51e523ec72f6a31cca04b0a515492e9514b773a3d134cedc0677170b29",
              ("compiled operators (_C)",), PYPI),
    UploadRow("slowfast", "slowfast==1.0", "slowfast-1.0.tar.gz",
              "a261da281863902c5afc40754a9c6aaf220278293ddbc63b2b8936b72e9e47df",
              (
                  "tools/",
                  "configs/",
                  MODULES_LACKING,
              ), FILES),
)
# fmt: on
