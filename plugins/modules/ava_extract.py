#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Adapter of `_stack.datasets.ava.scheduler`."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ava_extract
short_description: Extract the frames of videos in one pass
version_added: 0.1.0
description:
  - Writes exactly the frames that the frame lists name, with upstream's names and quality, one process for a core, no intermediate video.
  - The frames of a video appear complete and verified or not at all. Videos of another process are left to it.
  - With O(boxes), an AVA-style data set is made of custom clips, with lists and annotations.
  - A video that cannot be extracted is a failed row of RV(results) and no failure of this module; RV(ok) is false then.
author: slowfast.stack contributors (!UNKNOWN)
extends_documentation_fragment: [slowfast.stack.attributes, slowfast.stack.ava, slowfast.stack.ava.videos]
options:
  videos:
    description: The folder of the videos; default C(videos) in O(root).
    type: path
  boxes:
    description: A CSV file of boxes and labels for the clips in O(videos), which become the data set.
    type: path
  val_percent:
    description: How many of a hundred clips become validation, where O(boxes) does not say it.
    type: int
    default: 20
  jobs:
    description: How many videos at once; V(0) is one for each core.
    type: int
    default: 0
  replace:
    description: Whether incomplete frames of another program may be replaced.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Extract the frames of AVA
  slowfast.stack.ava_extract:
    root: /data/ava

- name: Make a data set of my own clips
  slowfast.stack.ava_extract:
    root: /data/mine
    videos: /data/clips
    boxes: /data/boxes.csv
"""

RETURN = r"""
ok:
  description: Whether everything is complete.
  type: bool
  returned: always
results:
  description: One row for each video, as M(slowfast.stack.ava_download) returns it. In check mode, only what is missing.
  type: list
  elements: dict
  returned: always
lists:
  description: What was written for custom clips; null without O(boxes).
  type: dict
  returned: always
"""

from pathlib import Path

from ..module_utils._ava_options import ROOT, VIDEOS
from ..module_utils._module import Params, Result, run_module
from ..module_utils._stack.core.construct import plain
from ..module_utils._stack.core.process import Commands
from ..module_utils._stack.datasets.ava import custom, dataset, results, scheduler
from ..module_utils._stack.datasets.ava.media import Tools

SPEC = {
    **ROOT,
    **VIDEOS,
    "videos": {"type": "path"},
    "boxes": {"type": "path"},
    "val_percent": {"type": "int", "default": 20},
    "jobs": {"type": "int", "default": 0},
    "replace": {"type": "bool", "default": False},
}


def act(params: Params, check: bool) -> Result:
    """Extract what is missing."""
    tree = dataset.layout(params["root"])
    options = scheduler.Options(
        videos=tuple(params["only"]),
        folder=Path(params["videos"]) if params["videos"] else None,
        shard=(params["shard"], params["shards"]),
        jobs=params["jobs"],
        replace=params["replace"],
        disk_check=params["disk_check"],
        tools=Tools(params["ffmpeg"], params["ffprobe"]),
    )
    if params["boxes"]:
        table, percent = Path(params["boxes"]), params["val_percent"]
        found = custom.run(Commands(), tree, table, options, val_percent=percent, dry=check)
    elif check:
        found = results.planned(scheduler.absent(tree, dataset.load(tree), options))
    else:
        numbers = dataset.chosen(tree, cut_s=params["start"], frames=params["frames"])
        found = results.summary(scheduler.run(Commands(), tree, numbers, options))
    return {"lists": None, **plain(found)}


def main() -> None:
    run_module(SPEC, act, data=("root", "videos", "boxes"))


if __name__ == "__main__":
    main()
