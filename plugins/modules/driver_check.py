#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Adapter of `_stack.driver.verify`."""

from __future__ import annotations

DOCUMENTATION = r"""
module: driver_check
short_description: Verify that the installed NVIDIA driver will work after a reboot
version_added: 0.1.0
description:
  - Reads the files for the kernel of the next boot, such as the module, the libraries, Fabric Manager, the initramfs and the
    key for Secure Boot, and lists every problem. Changes nothing.
author: slowfast.stack contributors (!UNKNOWN)
extends_documentation_fragment: slowfast.stack.attributes
options:
  branch:
    description: The planned driver branch, such as V(580).
    type: str
    required: true
  fabric_manager:
    description: Whether this host needs Fabric Manager.
    type: bool
    default: false
  mok:
    description: Whether the module must be signed with a machine owner key.
    type: bool
    default: false
  settings:
    description: The file that disables nouveau; an older initramfs is out of date.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Check the driver before the reboot
  slowfast.stack.driver_check:
    branch: "580"
    settings: /etc/modprobe.d/slowfast-stack-nouveau.conf
  register: driver
  failed_when: driver.problems | length > 0
"""

RETURN = r"""
problems:
  description: >-
    Why the planned driver would not be loaded after a reboot; empty where it would.
    Each has C(code), C(message), C(cause) and C(hint), as an error.
  type: list
  elements: dict
  returned: always
loaded_problem:
  description: Why the loaded driver is not the installed one, as in RV(problems); null where it is.
  type: dict
  returned: always
space_problem:
  description: Why C(/boot) cannot take a new initramfs, as in RV(problems); null where it can.
  type: dict
  returned: always
state:
  description: The state on disk and in the kernel.
  type: dict
  returned: always
"""

import sys

from ..module_utils._module import Params, Result, run_module
from ..module_utils._runner import LocalRunner
from ..module_utils._stack.driver.verify import (
    Expected,
    loaded_problem,
    look,
    problems,
    space_problem,
)

SPEC = {
    "branch": {"type": "str", "required": True},
    "fabric_manager": {"type": "bool", "default": False},
    "mok": {"type": "bool", "default": False},
    "settings": {"type": "path", "required": True},
}


def act(params: Params, _check: bool) -> Result:
    """Look and judge."""
    wanted = Expected(**params, python=sys.executable)
    state = look(LocalRunner(), wanted)
    loaded, space = loaded_problem(state), space_problem(state)
    return {
        "changed": False,
        "problems": [problem.to_dict() for problem in problems(state, wanted)],
        "loaded_problem": loaded.to_dict() if loaded else None,
        "space_problem": space.to_dict() if space else None,
        "state": state._asdict(),
    }


def main() -> None:
    run_module(SPEC, act)


if __name__ == "__main__":
    main()
