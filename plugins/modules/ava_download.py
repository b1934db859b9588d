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
extends_documentation_fragment: [slowfast.stack.attributes, slowfast.stack.ava, slowfast.stack.ava.release, slowfast.stack.ava.videos]
options:
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

from ..module_utils._ava_options import RELEASE, ROOT, VIDEOS
from ..module_utils._module import Params, Result, run_module
from ..module_utils._stack.core.construct import plain
from ..module_utils._stack.core.process import Commands
from ..module_utils._stack.datasets.ava import dataset, download, results
from ..module_utils._stack.datasets.ava.media import Tools

SPEC = {
    **ROOT,
    **RELEASE,
    **VIDEOS,
    "mirror": {"type": "str"},
    "full_videos": {"type": "bool", "default": False},
    "lists_only": {"type": "bool", "default": False},
    "sums": {"type": "dict", "default": {}},
    "accept_change": {"type": "bool", "default": False},
    "verify": {"type": "bool", "default": False},
    "attempts": {"type": "int", "default": 5},
    "jobs": {"type": "int", "default": 4},
}


def act(params: Params, check: bool) -> Result:
    """Download what is missing."""
    tree = dataset.layout(params["root"])
    options = download.Options(
        version=params["release"],
        mirror=params["mirror"],
        full_videos=params["full_videos"],
        lists_only=params["lists_only"],
        videos=tuple(params["only"]),
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
        return dict(plain(results.planned(download.absent(tree, options))))
    numbers = dataset.chosen(tree, cut_s=params["start"], frames=params["frames"])
    return dict(plain(results.summary(download.run(Commands(), tree, numbers, options))))


def main() -> None:
    run_module(SPEC, act, data=("root",))


if __name__ == "__main__":
    main()
