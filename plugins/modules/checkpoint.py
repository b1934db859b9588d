#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Adapter of `_stack.checkpoints`."""

from __future__ import annotations

DOCUMENTATION = r"""
module: checkpoint
short_description: Have a checkpoint of the model zoo, whole, verified and looked into
version_added: 0.1.0
description:
  - Fetches a checkpoint of upstream's model zoo, goes on where an earlier run stopped, compares it with the SHA-256 given or
    of the first sight, and tells its type from its bytes without running code that is in it.
  - The file appears under its name when it is whole and a checkpoint. In check mode nothing is fetched.
author: slowfast.stack contributors (!UNKNOWN)
extends_documentation_fragment: slowfast.stack.attributes
options:
  name:
    description: An id of the zoo, a config, a file name, or an address.
    type: str
    required: true
  dir:
    description: The folder for checkpoints and their record C(models.json).
    type: path
    required: true
  mirror:
    description: Takes the place of upstream's host in the address.
    type: str
  sha256:
    description: What the file must be; without it, what the first whole file was.
    type: str
  accept_change:
    description: The file may differ from the first one seen.
    type: bool
    default: false
  attempts:
    description: How often in a row a connection may bring nothing new.
    type: int
    default: 5
"""

EXAMPLES = r"""
- name: Have the weights that the demo needs
  slowfast.stack.checkpoint:
    name: ava/SLOWFAST_32x2_R101_50_50.pkl
    dir: /srv/checkpoints
  register: checkpoint
"""

RETURN = r"""
path:
  description: Where the checkpoint lies.
  type: str
  returned: always
type:
  description: What C(CHECKPOINT_TYPE) must be, C(pytorch) or C(caffe2); C(detectron2) is none of SlowFast's.
  type: str
  returned: when the file is there
sha256:
  description: The SHA-256 of the file.
  type: str
  returned: when the file is there
size:
  description: Its size in bytes.
  type: int
  returned: when the file is there
verified_by:
  description: What vouches for it.
  type: str
  returned: when the file is there
classes:
  description: The number of classes of its head, where that can be read.
  type: int
  returned: when the file is there
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.slowfast.stack.plugins.module_utils._module import run_module
from ansible_collections.slowfast.stack.plugins.module_utils._stack.checkpoints import (
    fetch,
    requests,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

SPEC = {
    "name": {"type": "str", "required": True},
    "dir": {"type": "path", "required": True},
    "mirror": {"type": "str"},
    "sha256": {"type": "str"},
    "accept_change": {"type": "bool", "default": False},
    "attempts": {"type": "int", "default": 5},
}


def act(want: Mapping[str, Any], check: bool) -> dict[str, Any]:
    """Fetch what is not there; verify and describe what is."""
    wish = requests.wish(want["name"], Path(want["dir"]), want["mirror"]).of(
        sha256=want["sha256"],
        changed_is_meant=want["accept_change"],
        attempts=want["attempts"],
    )
    if check and not wish.path.is_file():
        return {"changed": True, "path": str(wish.path)}
    got = fetch.get(wish, lambda _done, _total: None)
    return {
        "changed": got.new,
        "path": str(got.path),
        "type": got.kind.type,
        "sha256": got.sha256,
        "size": got.size,
        "verified_by": got.verified_by,
        "classes": got.kind.classes,
    }


def main() -> None:
    """Run the module."""
    run_module(SPEC, act)


if __name__ == "__main__":
    main()
