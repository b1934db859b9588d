"""Record which frames were verified, from which video, and how they were made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...core import names, saved
from ...core.construct import construct
from ...core.validation import bad

if TYPE_CHECKING:
    from .dataset import Layout


@dataclass(frozen=True)
class Manifest:
    """The verified frames of a video: how many, their bytes, and the digest of names and sizes.

    Then how they were made: the file and its size in bytes, the command, FFmpeg's warnings.
    ``adopted`` frames are of another origin, such as those of the user.
    """

    video: str
    frames: int
    bytes: int
    sha256_of_names_and_sizes: str
    source: str | None = None
    source_bytes: int = 0
    command: tuple[str, ...] = ()
    complaints: tuple[str, ...] = ()
    adopted: bool = False
    schema: int = 1


def read(tree: Layout, video: str) -> Manifest | None:
    """Return the manifest of the frames of a video; None if there is none. Raises Unreadable."""
    return saved.read(
        tree.manifest_of(video),
        lambda data: _of(video, construct(Manifest, data, "the manifest", ignore_unknown=True)),
        "Remove it; the frames are then verified again.",
    )


def _of(video: str, manifest: Manifest) -> Manifest:
    """Return the manifest where it is that of ``video``. Raises ``StackError``."""
    if manifest.video != video:
        raise bad("the manifest.video", video, names.shortened(manifest.video))
    return manifest


def write(tree: Layout, manifest: Manifest) -> None:
    """Record frames that were verified."""
    saved.save(tree.manifest_of(manifest.video), manifest)
