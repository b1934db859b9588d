#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The parameters of the action plugin of this name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: artifact_copy
short_description: Move the copy of an artifact between a host and the controller
version_added: 0.1.0
description:
  - The controller keeps one file for each key, directly in O(folder), and writes, reads and removes nothing else. The name is made of the
    key alone, and links are not followed.
  - What a host uploads is kept where it is the artifact of O(key), every file with the SHA-256 of its manifest, and of limited size; otherwise
    the host fails and nothing is kept.
  - Runs on the controller.
author: slowfast.stack contributors (!UNKNOWN)
extends_documentation_fragment: slowfast.stack.attributes
options:
  step:
    description:
      - V(upload) keeps the archive of the host; V(distribute) copies what the controller has to the host, if it has it; V(verify) removes a
        copy that is damaged, whatever a host says of it.
    type: str
    choices: [upload, distribute, verify]
    required: true
  folder:
    description: The folder of copies on the controller.
    type: str
    required: true
  key:
    description: The key of the artifact, 64 hexadecimal digits.
    type: str
    required: true
  archive:
    description: The path of the archive on the host.
    type: str
    required: true
seealso:
  - module: slowfast.stack.artifact
"""

EXAMPLES = r"""
- name: Keep a copy on the controller
  slowfast.stack.artifact_copy:
    step: upload
    folder: /home/user/.cache/slowfast-stack/artifacts
    key: "{{ shared_artifact_planned.key }}"
    archive: /opt/slowfast-stack/cache/wheels/upload.tar.gz
"""

RETURN = r"""
available:
  description: Whether the controller has a copy that it, or an allowed signer, vouches for.
  type: bool
  returned: always
sha256:
  description: The SHA-256 of the archive that was sent.
  type: str
  returned: when O(step=distribute) sent one
"""

from ..module_utils._module import Params, Result, run_module
from ..module_utils._stack.core.errors import StackError

SPEC = {
    "step": {"type": "str", "choices": ["upload", "distribute", "verify"], "required": True},
    "folder": {"type": "str", "required": True},
    "key": {"type": "str", "required": True, "no_log": False},
    "archive": {"type": "str", "required": True},
}


def act(_params: Params, _check: bool) -> Result:
    """Refuse: a host has no folder of copies."""
    raise StackError(
        "The module artifact_copy runs on the controller.",
        "Its action plugin was not found.",
        "Install the complete collection.",
        code="ansible.task-failed",
    )


def main() -> None:
    run_module(SPEC, act)


if __name__ == "__main__":
    main()
