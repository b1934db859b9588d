"""Miniforge: the pinned installer of conda and mamba, and the one channel that is used."""

from __future__ import annotations

import re
from typing import NamedTuple

from .source import Source

RELEASES = "https://github.com/conda-forge/miniforge/releases/download/"
CHANNEL = "conda-forge"
CHANNEL_URL = "https://conda.anaconda.org/conda-forge"
# A small file that every channel has, for the question whether it is reached.
CHANNEL_FILE = "/noarch/repodata.json"
INSTALLER_NAME = re.compile(r"Miniforge3-(\d[\d.]*-\d+)-Linux-")
RECIPES = Source(
    "SHA-256 in the recipes of Spack (miniforge3) and Homebrew (cask miniforge), which agree with"
    " each other; the installer itself was not downloaded here",
    "2026-11-23",
)


class InstallerRow(NamedTuple):
    """An installer; the part of ``version`` before the hyphen is conda's own version."""

    version: str
    machine: str
    sha256: str
    source: Source

    @property
    def url(self) -> str:
        """Return the address of the release's file."""
        return f"{RELEASES}{self.version}/Miniforge3-{self.version}-Linux-{self.machine}.sh"


# fmt: off
INSTALLERS = (
    InstallerRow("26.3.2-3", "x86_64",
                 "848194851a98903134187fbb4ab50efe87b003e0c0f808f97644b7524a62bf2c", RECIPES),
    InstallerRow("26.3.2-3", "aarch64",
                 "2c113a69297e612b01ca0f320c22a3107a11f2ab9b573d79ac868a175945ce29", RECIPES),
)
# fmt: on
