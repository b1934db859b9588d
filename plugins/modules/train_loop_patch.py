#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Apply the patches for data loader and training loop to a source tree of SlowFast, or undo them."""

from __future__ import annotations

DOCUMENTATION = r"""
module: train_loop_patch
short_description: Patch the data loader and the training loop of SlowFast
version_added: 0.1.0
description:
  - A training set that is smaller than one batch is an early error with the number of samples, the batch size per process
    and C(drop_last), instead of a crash after the epoch or a saved, untrained checkpoint.
  - Training works without a GPU and with the multigrid short cycle.
author: slowfast.stack contributors (!UNKNOWN)
extends_documentation_fragment:
  - slowfast.stack.attributes
  - slowfast.stack.patches
seealso:
  - module: slowfast.stack.source_patch
  - module: slowfast.stack.checkpoint_patch
"""

EXAMPLES = r"""
- name: Reject a training set that is too small
  slowfast.stack.train_loop_patch:
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
from ..module_utils._stack.patches.registry import TRAIN_LOOP

SPEC = OPTIONS


def main() -> None:
    run_patch_module(SPEC, TRAIN_LOOP)


if __name__ == "__main__":
    main()
