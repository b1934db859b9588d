#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Apply the patches for loading checkpoints to a source tree of SlowFast, or undo them."""

from __future__ import annotations

DOCUMENTATION = r"""
module: checkpoint_patch
short_description: Patch how SlowFast loads checkpoints that do not fit
version_added: 0.1.0
description:
  - If the saved optimizer state does not fit (other parameter groups, shapes or kind of optimizer), training continues with
    the weights, a fresh optimizer and a warning in the log. A state that fits is loaded as before.
  - A weight that the checkpoint lacks is a warning in training and an error in test and demo.
author: slowfast.stack contributors (!UNKNOWN)
extends_documentation_fragment:
  - slowfast.stack.attributes
  - slowfast.stack.patches
seealso:
  - module: slowfast.stack.source_patch
  - module: slowfast.stack.train_loop_patch
"""

EXAMPLES = r"""
- name: Fine-tune from a checkpoint with another number of classes
  slowfast.stack.checkpoint_patch:
    path: /opt/src/SlowFast
"""

RETURN = r"""
patches:
  description: What each patch found and did, as M(slowfast.stack.source_patch) returns it.
  type: list
  elements: dict
  returned: success
component:
  description: The project that the tree contains.
  type: str
  returned: success
commit:
  description: The git commit of the tree; null outside git.
  type: str
  returned: success
"""

from ..module_utils._patch_module import OPTIONS, run_patch_module
from ..module_utils._stack.patches.registry import CHECKPOINT

SPEC = OPTIONS


def main() -> None:
    run_patch_module(SPEC, CHECKPOINT)


if __name__ == "__main__":
    main()
