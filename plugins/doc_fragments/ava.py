"""Options of the modules for AVA-style data sets."""

from __future__ import annotations


class ModuleDocFragment:
    """The data set, the release of its annotations, and which videos are processed how."""

    DOCUMENTATION = r"""
options:
  root:
    description: The folder of the data set.
    type: path
    required: true
"""

    RELEASE = r"""
options:
  release:
    description: The release of the annotations.
    type: str
    choices: ["2.1", "2.2"]
    default: "2.2"
"""

    VIDEOS = r"""
options:
  only:
    description: Only these videos, by id.
    type: list
    elements: str
    default: []
  disk_check:
    description: Whether to compare the expected size with the free disk space and inodes first.
    type: bool
    default: true
  shard:
    description: Shard index of this host, starting at 0.
    type: int
    default: 0
  shards:
    description: Among how many hosts the list is divided.
    type: int
    default: 1
  start:
    description:
      - The second of a video where its frames begin; default V(900), as in AVA. It is saved.
    type: int
  frames:
    description:
      - How many frames a video has that is in no frame list; default V(27030), as in AVA. It is
        saved.
    type: int
  ffmpeg:
    description: The FFmpeg program.
    type: str
    default: ffmpeg
  ffprobe:
    description: The ffprobe program.
    type: str
    default: ffprobe
"""
