#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Adapter of `_stack.datasets.ava.lists`."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ava_lists
short_description: Write the frame lists and annotations that SlowFast reads
version_added: 0.1.0
description:
  - Writes them for all videos, or for those whose frames exist, into C(lists/all) or C(lists/present) of O(root), with a
    configuration that names them. The official files are not changed.
author: slowfast.stack contributors (!UNKNOWN)
extends_documentation_fragment: [slowfast.stack.attributes, slowfast.stack.ava, slowfast.stack.ava.release]
options:
  which:
    description: For which videos.
    type: str
    choices: [present, all]
    default: present
"""

EXAMPLES = r"""
- name: Write lists for the frames that exist
  slowfast.stack.ava_lists:
    root: /data/ava
"""

RETURN = r"""
lists:
  description: C(folder), C(config) (a YAML file with the keys of SlowFast), C(splits) (videos and frames of each) and C(left_out)
    (why, by video).
  type: dict
  returned: always
"""

from ..module_utils._ava_options import RELEASE, ROOT
from ..module_utils._module import Params, Result, run_module
from ..module_utils._stack.core.construct import plain
from ..module_utils._stack.datasets.ava import dataset, lists

SPEC = {
    **ROOT,
    **RELEASE,
    "which": {"type": "str", "choices": ["present", "all"], "default": "present"},
}


def act(params: Params, check: bool) -> Result:
    """Write what differs."""
    tree = dataset.layout(params["root"])
    made = lists.write(
        tree, dataset.load(tree), params["release"], every=params["which"] == "all", dry=check
    )
    return {"changed": made.changed, "lists": plain(made)}


def main() -> None:
    run_module(SPEC, act, data=("root",))


if __name__ == "__main__":
    main()
