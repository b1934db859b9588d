#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Adapter of `_stack.contents.collect`."""

from __future__ import annotations

DOCUMENTATION = r"""
module: contents
short_description: List every file in a stack, and what provides it
version_added: 0.1.0
description:
  - Lists the packages, source trees, FFmpeg and interpreter of a stack with their licences, each file with what provides it, the native
    libraries with what they load, and the packages of the distribution that the stack uses.
  - A file that nothing provides is listed as such. Nothing of the stack is run, and nothing is changed.
author: slowfast.stack contributors (!UNKNOWN)
extends_documentation_fragment: slowfast.stack.attributes
options:
  stack:
    description: The folder of the stack, with C(env), C(src) and C(stack.lock.json).
    type: path
    required: true
  digests:
    description: Whether to read every file and return its SHA-256.
    type: bool
    default: true
  folder:
    description: A folder on the controller to write the contents into, instead of returning them.
    type: path
"""

EXAMPLES = r"""
- name: List what is in the stack
  slowfast.stack.contents:
    stack: /opt/slowfast-stack/stacks/0123456789ab
"""

RETURN = r"""
contents:
  description: The contents as one packed text, because a stack has 28,000 files.
  type: str
  returned: when O(folder) is omitted
files:
  description: The number of files and links.
  type: int
  returned: always
"""

import platform
from pathlib import Path

from ..module_utils._module import Params, Result, run_module
from ..module_utils._stack.contents.collect import collect
from ..module_utils._stack.contents.packed import pack
from ..module_utils._stack.core.process import Commands

SPEC = {
    "stack": {"type": "path", "required": True},
    "digests": {"type": "bool", "default": True},
    "folder": {"type": "path"},
}


def act(params: Params, _check: bool) -> Result:
    """Collect and pack."""
    commands = Commands({"LC_ALL": "C"})
    stack, digests = Path(params["stack"]), params["digests"]
    found = collect(commands, stack, platform.machine(), digests=digests)
    return {"changed": False, "contents": pack(found), "files": len(found.files)}


def main() -> None:
    run_module(SPEC, act)


if __name__ == "__main__":
    main()
