#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Adapter of `_stack.datasets.ava.download`."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ava_download
short_description: Fetch the lists, annotations and the used part of each video of AVA
version_added: 0.1.0
description:
  - Files appear complete or not at all, downloads resume, and each file is compared with the SHA-256 of its first download or a given one.
  - Of a video only the seconds that are used are downloaded, by HTTP ranges, where the server supports them. This needs FFmpeg.
  - A file that cannot be downloaded is a failed row of RV(results) and no failure of this module; RV(ok) is false then.
author: slowfast.stack contributors (!UNKNOWN)
extends_documentation_fragment: slowfast.stack.attributes
options:
  root:
    description: The folder of the data set.
    type: path
    required: true
  version:
    description: The release of the annotations.
    type: str
    choices: ["2.1", "2.2"]
    default: "2.2"
  mirror:
    description: Use this address in place of the official hosts.
    type: str
  full_videos:
    description: Whether to download complete videos.
    type: bool
    default: false
  lists_only:
    description: Whether to leave the videos out.
    type: bool
    default: false
  videos:
    description: Only these videos, by id.
    type: list
    elements: str
    default: []
  sums:
    description: The SHA-256 of files, by path below O(root).
    type: dict
    default: {}
  accept_change:
    description: Whether files may differ from those of the first download.
    type: bool
    default: false
  verify:
    description: Whether large existing files are read and compared again, too.
    type: bool
    default: false
  attempts:
    description: How often in a row a connection may fail without receiving data.
    type: int
    default: 5
  jobs:
    description: How many files are downloaded at once.
    type: int
    default: 4
  disk_check:
    description: Whether to compare the expected size with the free disk space first.
    type: bool
    default: true
  shard:
    description: Which part of the list of videos falls to this host, counted from 0.
    type: int
    default: 0
  shards:
    description: Among how many hosts the list is divided.
    type: int
    default: 1
  cut_s:
    description: The second of a video where its frames begin; default V(900), as in AVA. It is saved.
    type: int
  frames:
    description: How many frames a video has where no frame list says it; default V(27030), as in AVA. It is saved.
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

EXAMPLES = r"""
- name: Fetch the part of AVA that falls to this host
  slowfast.stack.ava_download:
    root: /data/ava
    shard: "{{ ansible_play_hosts.index(inventory_hostname) }}"
    shards: "{{ ansible_play_hosts | length }}"
"""

RETURN = r"""
ok:
  description: Whether everything is complete.
  type: bool
  returned: always
results:
  description: One row for each file or video, with C(name), C(state) (C(new), C(present) or C(failed)), C(message), C(cause),
    C(hint), C(code) and its size. In check mode, only what is missing.
  type: list
  elements: dict
  returned: always
"""


from ..module_utils._module import Params, Result, run_module
from ..module_utils._stack.core.process import Commands
from ..module_utils._stack.datasets.ava import dataset, download, results
from ..module_utils._stack.datasets.ava.media import Tools

SPEC = {
    "root": {"type": "path", "required": True},
    "version": {"type": "str", "choices": ["2.1", "2.2"], "default": "2.2"},
    "mirror": {"type": "str"},
    "full_videos": {"type": "bool", "default": False},
    "lists_only": {"type": "bool", "default": False},
    "videos": {"type": "list", "elements": "str", "default": []},
    "sums": {"type": "dict", "default": {}},
    "accept_change": {"type": "bool", "default": False},
    "verify": {"type": "bool", "default": False},
    "attempts": {"type": "int", "default": 5},
    "jobs": {"type": "int", "default": 4},
    "disk_check": {"type": "bool", "default": True},
    "shard": {"type": "int", "default": 0},
    "shards": {"type": "int", "default": 1},
    "cut_s": {"type": "int"},
    "frames": {"type": "int"},
    "ffmpeg": {"type": "str", "default": "ffmpeg"},
    "ffprobe": {"type": "str", "default": "ffprobe"},
}


def act(params: Params, check: bool) -> Result:
    """Download what is missing."""
    tree = dataset.layout(params["root"])
    options = download.Options(
        version=params["version"],
        mirror=params["mirror"],
        full_videos=params["full_videos"],
        lists_only=params["lists_only"],
        videos=tuple(params["videos"]),
        shard=(params["shard"], params["shards"]),
        jobs=params["jobs"],
        attempts=params["attempts"],
        verify=params["verify"],
        accept_change=params["accept_change"],
        disk_check=params["disk_check"],
        sums=params["sums"],
        tools=Tools(params["ffmpeg"], params["ffprobe"]),
    )
    if check:
        return results.planned(download.absent(tree, options))
    numbers = dataset.chosen(tree, cut_s=params["cut_s"], frames=params["frames"])
    return results.summary(download.run(Commands(), tree, numbers, options))


def main() -> None:
    """Run the module."""
    run_module(SPEC, act)


if __name__ == "__main__":
    main()
