#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Adapter of `_stack.datasets.ava.check`."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ava_check
short_description: Check an AVA-style data set as training will read it
version_added: 0.1.0
description:
  - Reads the tree, counts frames, finds truncated JPEG files, and compares lists, boxes, labels and excluded timestamps with
    each other. It changes nothing. RV(ok) says whether training finds everything that it opens.
author: slowfast.stack contributors (!UNKNOWN)
extends_documentation_fragment: [slowfast.stack.attributes, slowfast.stack.ava, slowfast.stack.ava.release]
options:
  lists:
    description: The folder of written lists, such as C(lists/present); default the official ones.
    type: path
  deep:
    description: Whether to read the begin and end of every JPEG file.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Check what training will read
  slowfast.stack.ava_check:
    root: /data/ava
    lists: /data/ava/lists/present
"""

RETURN = r"""
ok:
  description: Whether no error was found.
  type: bool
  returned: always
findings:
  description: Each with C(level) (C(error) or C(warning)), C(where), C(message) and C(hint).
  type: list
  elements: dict
  returned: always
counted:
  description: How much was examined.
  type: dict
  returned: always
"""

from pathlib import Path

from ..module_utils._ava_options import RELEASE, ROOT
from ..module_utils._module import Params, Result, run_module
from ..module_utils._stack.datasets.ava import check as checking
from ..module_utils._stack.datasets.ava import dataset

SPEC = {
    **ROOT,
    **RELEASE,
    "lists": {"type": "path"},
    "deep": {"type": "bool", "default": True},
}


def act(params: Params, check: bool) -> Result:
    """Check; nothing is changed."""
    del check
    tree = dataset.layout(params["root"])
    folder = Path(params["lists"]) if params["lists"] else None
    numbers, version = dataset.load(tree), params["release"]
    found = checking.run(tree, numbers, version, folder=folder, deep=params["deep"])
    return {"changed": False, **found.to_dict()}


def main() -> None:
    run_module(SPEC, act, data=("root", "lists"))


if __name__ == "__main__":
    main()
