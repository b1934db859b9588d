#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Adapter of `_stack.bundle`."""

from __future__ import annotations

DOCUMENTATION = r"""
module: bundle
short_description: Read, verify and unpack a bundle
version_added: 0.1.0
description:
  - A bundle holds everything that a host without a network needs; C(slowfast-stack bundle create) makes it.
  - Without O(folder), its head is read. With O(folder), every byte is verified while it is unpacked there; the folder appears
    whole, by one rename, or not at all.
author: slowfast.stack contributors (!UNKNOWN)
extends_documentation_fragment: slowfast.stack.attributes
options:
  file:
    description: The bundle, its first piece, or the name that its pieces share.
    type: path
    required: true
  digest:
    description: The digest that the bundle must have; needed with O(folder).
    type: str
  folder:
    description: Where to unpack it.
    type: path
  unpack:
    description: Whether to unpack; V(false) only looks whether that was done.
    type: bool
    default: true
  wheels:
    description: The cache of built wheels that gets those of the bundle.
    type: path
"""

EXAMPLES = r"""
- name: Unpack the bundle
  slowfast.stack.bundle:
    file: /media/usb/slowfast-stack.bundle
    digest: "{{ head.bundle.digest }}"
    folder: /opt/slowfast-stack/cache/bundles/0123456789abcdef
"""

RETURN = r"""
bundle:
  description: What the head says, C(digest), C(files), C(stacks) and C(missing); the request of the filter plan takes it.
  type: dict
  returned: without a folder
unpacked:
  description: Whether the folder holds the bundle.
  type: bool
  returned: with a folder
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.slowfast.stack.plugins.module_utils._module import run_module
from ansible_collections.slowfast.stack.plugins.module_utils._stack.bundle.extract import (
    hand_over_wheels,
    head,
    unpack,
    unpacked,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

SPEC = {
    "file": {"type": "path", "required": True},
    "digest": {"type": "str"},
    "folder": {"type": "path"},
    "unpack": {"type": "bool", "default": True},
    "wheels": {"type": "path"},
}


def act(want: Mapping[str, Any], check: bool) -> dict[str, Any]:
    """Read the head, or unpack."""
    file = Path(want["file"])
    if not want["folder"]:
        return {"changed": False, "bundle": head(file)}
    folder = Path(want["folder"])
    there = unpacked(folder, want["digest"])
    if check or not want["unpack"]:
        return {"changed": want["unpack"] and not there, "unpacked": there}
    if not there:
        unpack(file, folder, want["digest"])
    new = hand_over_wheels(folder, Path(want["wheels"])) if want["wheels"] else []
    return {"changed": bool(new) or not there, "unpacked": True}


def main() -> None:
    """Run the module."""
    run_module(SPEC, act)


if __name__ == "__main__":
    main()
