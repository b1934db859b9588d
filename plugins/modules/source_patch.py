#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Adapter of `_stack.patches`: any patch of a source tree."""

from __future__ import annotations

DOCUMENTATION = r"""
module: source_patch
short_description: Patch known breakages of SlowFast, Detectron2 and PyTorchVideo
version_added: 0.1.0
description:
  - Detects what a source tree of one of these projects needs to run on current releases of its libraries, and patches it.
author: slowfast.stack contributors (!UNKNOWN)
extends_documentation_fragment:
  - slowfast.stack.attributes
  - slowfast.stack.patches
options:
  component:
    description: The project that the tree holds; recognised by its files if left out.
    type: str
    choices: [detectron2, pytorchvideo, slowfast]
  ids:
    description:
      - The patches to make; all that are needed if left out.
      - A patch of another component is reported as not applicable.
    type: list
    elements: str
seealso:
  - module: slowfast.stack.checkpoint_patch
  - module: slowfast.stack.train_loop_patch
"""

EXAMPLES = r"""
- name: Patch whatever this checkout needs
  slowfast.stack.source_patch:
    path: /opt/src/SlowFast

- name: Patch the imports of an installed Detectron2 for its Pillow
  slowfast.stack.source_patch:
    path: /opt/env/lib/python3.11/site-packages/detectron2
    ids: [pil-linear]

- name: Show what this environment needs, and change nothing
  slowfast.stack.source_patch:
    path: /opt/src/SlowFast
    versions:
      torch: 2.11.0
      numpy: 2.4.6
  check_mode: true
  diff: true

- name: Restore every byte
  slowfast.stack.source_patch:
    path: /opt/src/SlowFast
    state: absent
"""

RETURN = r"""
patches:
  description:
    - What each patch found and did, in the order in which they are made.
    - RV(patches[].status) is V(applied) where the file was changed now, V(affected) where it would be, or was until it was undone.
  type: list
  elements: dict
  returned: success
  contains:
    id:
      description: The patch.
      type: str
      returned: always
    status:
      description: What was found, or done.
      type: str
      returned: always
      sample: applied
    files:
      description: The files, relative to the tree.
      type: list
      elements: str
      returned: always
    because:
      description: One sentence where the status needs one.
      type: str
      returned: always
component:
  description: The project that the tree holds.
  type: str
  returned: success
  sample: slowfast
commit:
  description: The commit of the tree; null outside git.
  type: str
  returned: success
"""

from typing import TYPE_CHECKING, Any

from ansible_collections.slowfast.stack.plugins.module_utils._module import run_module
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches import api

if TYPE_CHECKING:
    from collections.abc import Mapping

SPEC = {
    "path": {"type": "path", "required": True},
    "component": {"choices": ["detectron2", "pytorchvideo", "slowfast"]},
    "ids": {"type": "list", "elements": "str"},
    "state": {"default": "present", "choices": ["absent", "present"]},
    "versions": {"type": "dict", "default": {}},
}


def act(want: Mapping[str, Any], check: bool) -> dict[str, Any]:
    """Make the patches, or take them back."""
    return api.act(
        want["path"],
        want["ids"],
        component=want["component"],
        versions=want["versions"],
        absent=want["state"] == "absent",
        check=check,
    )


def main() -> None:
    """Run the module."""
    run_module(SPEC, act)


if __name__ == "__main__":
    main()
