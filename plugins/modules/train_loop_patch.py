#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Adapter of `_stack.patches`: the data loader and the training loop of SlowFast."""

from __future__ import annotations

DOCUMENTATION = r"""
module: train_loop_patch
short_description: Make SlowFast refuse an empty training set, and train without a GPU
version_added: 0.1.0
description:
  - A training set that cannot fill one batch is an early error with the number of samples, the batch per process and
    C(drop_last), instead of a crash after the epoch or a saved, untrained checkpoint.
author: slowfast.stack contributors (!UNKNOWN)
extends_documentation_fragment:
  - slowfast.stack.attributes
  - slowfast.stack.patches
seealso:
  - module: slowfast.stack.source_patch
  - module: slowfast.stack.checkpoint_patch
"""

EXAMPLES = r"""
- name: Refuse an empty training set early
  slowfast.stack.train_loop_patch:
    path: /opt/src/SlowFast
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
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.registry import (
    TRAIN_LOOP,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

SPEC = {
    "path": {"type": "path", "required": True},
    "state": {"default": "present", "choices": ["absent", "present"]},
    "versions": {"type": "dict", "default": {}},
}


def act(want: Mapping[str, Any], check: bool) -> dict[str, Any]:
    """Make the patches, or take them back."""
    return api.act(
        want["path"],
        TRAIN_LOOP,
        component="slowfast",
        versions=want["versions"],
        absent=want["state"] == "absent",
        check=check,
    )


def main() -> None:
    """Run the module."""
    run_module(SPEC, act)


if __name__ == "__main__":
    main()
