"""The projects whose source trees a stack has; every other list of them derives from this one."""

from __future__ import annotations

# For each component a file in its package folder that the others never had.
MARKER_FILES = {
    "slowfast": "datasets/decoder.py",
    "detectron2": "layers/roi_align.py",
    "pytorchvideo": "data/encoded_video.py",
}
COMPONENTS = tuple(sorted(MARKER_FILES))
