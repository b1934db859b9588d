#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Adapter of `_stack.checkpoints`."""

from __future__ import annotations

DOCUMENTATION = r"""
module: checkpoint
short_description: Download and verify a checkpoint of the model zoo
version_added: 0.1.0
description:
  - Downloads a checkpoint of upstream's model zoo, resumes, compares it with the given SHA-256 or that of the first download,
    and finds its type by its bytes without running code that is in it.
  - The file appears when it is complete and a checkpoint. In check mode nothing is downloaded.
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
    description: Replaces upstream's host in the address.
    type: str
  sha256:
    description: The SHA-256 of the file; by default that of the first download.
    type: str
  accept_change:
    description: Whether the file may differ from the first download.
    type: bool
    default: false
  attempts:
    description: How often in a row a connection may fail without receiving data.
    type: int
    default: 5
"""

EXAMPLES = r"""
- name: Download the weights that the demo needs
  slowfast.stack.checkpoint:
    name: ava/SLOWFAST_32x2_R101_50_50.pkl
    dir: /srv/checkpoints
  register: checkpoint
"""

RETURN = r"""
path:
  description: The path of the checkpoint.
  type: str
  returned: always
type:
  description: What C(CHECKPOINT_TYPE) must be, C(pytorch) or C(caffe2); C(detectron2) is none of SlowFast's.
  type: str
  returned: when the file exists
sha256:
  description: The SHA-256 of the file.
  type: str
  returned: when the file exists
size:
  description: Its size in bytes.
  type: int
  returned: when the file exists
verified_by:
  description: What it was verified by.
  type: str
  returned: when the file exists
classes:
  description: The number of classes of its head, where that can be read.
  type: int
  returned: when the file exists
"""

from pathlib import Path

from ..module_utils._module import Params, Result, run_module
from ..module_utils._stack.checkpoints import fetch, requests
from ..module_utils._stack.core.progress import silent

SPEC = {
    "name": {"type": "str", "required": True},
    "dir": {"type": "path", "required": True},
    "mirror": {"type": "str"},
    "sha256": {"type": "str"},
    "accept_change": {"type": "bool", "default": False},
    "attempts": {"type": "int", "default": 5},
}


def act(params: Params, check: bool) -> Result:
    """Download the checkpoint if it is missing; verify and describe it."""
    request = requests.request(params["name"], Path(params["dir"]), params["mirror"]).of(
        sha256=params["sha256"],
        accept_change=params["accept_change"],
        attempts=params["attempts"],
    )
    if check and not request.path.is_file():
        return {"changed": True, "path": str(request.path)}
    got = fetch.get(request, silent)
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
    run_module(SPEC, act, data=("dir",))


if __name__ == "__main__":
    main()
