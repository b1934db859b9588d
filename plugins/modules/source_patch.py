#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Apply any patch to a source tree, or undo it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: source_patch
short_description: Patch known breakages of SlowFast, Detectron2 and PyTorchVideo
version_added: 0.1.0
description:
  - Detects which patches a source tree of one of these projects needs to run with current releases of its libraries, and applies them.
author: slowfast.stack contributors (!UNKNOWN)
extends_documentation_fragment:
  - slowfast.stack.attributes
  - slowfast.stack.patches
options:
  component:
    description: The project that the tree contains; recognised by its files if left out.
    type: str
    choices: [detectron2, pytorchvideo, slowfast]
  ids:
    description:
      - The patches to apply; all that are needed if left out.
      - A patch for another component is reported as not applicable.
    type: list
    elements: str
seealso:
  - module: slowfast.stack.checkpoint_patch
  - module: slowfast.stack.train_loop_patch
"""

EXAMPLES = r"""
- name: Apply every patch that this checkout needs
  slowfast.stack.source_patch:
    path: /opt/src/SlowFast

- name: Patch an installed Detectron2 for its release of Pillow
  slowfast.stack.source_patch:
    path: /opt/env/lib/python3.11/site-packages/detectron2
    ids: [pil-linear]

- name: Show which patches this environment needs, without changing anything
  slowfast.stack.source_patch:
    path: /opt/src/SlowFast
    versions:
      torch: 2.11.0
      numpy: 2.4.6
  check_mode: true
  diff: true

- name: Undo all patches
  slowfast.stack.source_patch:
    path: /opt/src/SlowFast
    state: absent
"""

RETURN = r"""
patches:
  description:
    - The result of each patch, in the order in which they are applied.
    - RV(patches[].status) is V(applied) if files were changed now, V(affected) if they would be in check mode, or if the patch was undone.
  type: list
  elements: dict
  returned: success
  contains:
    id:
      description: The id of the patch.
      type: str
      returned: always
    status:
      description: One of V(affected), V(applied), V(already-applied), V(fixed-differently) and V(not-applicable).
      type: str
      returned: always
      sample: applied
    files:
      description: The files with this status, relative to the tree.
      type: list
      elements: str
      returned: always
    because:
      description: The reason for the status, empty if there is none.
      type: str
      returned: always
component:
  description: The project that the tree contains.
  type: str
  returned: success
  sample: slowfast
commit:
  description: The git commit of the tree; null outside git.
  type: str
  returned: success
"""

from ..module_utils._patch_module import OPTIONS, run_patch_module
from ..module_utils._stack.core.components import COMPONENTS

SPEC = {
    **OPTIONS,
    "component": {"choices": list(COMPONENTS)},
    "ids": {"type": "list", "elements": "str"},
}


def main() -> None:
    run_patch_module(SPEC)


if __name__ == "__main__":
    main()
