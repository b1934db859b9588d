#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Adapter of `_stack.host.package_recovery`."""

from __future__ import annotations

DOCUMENTATION = r"""
module: package_recovery
short_description: Complete an interrupted run of the package manager
version_added: 0.1.0
description:
  - An interrupted installation leaves packages that are unpacked and not configured (dpkg), or installed in two versions (rpm);
    apt refuses further work until they are completed.
  - Continues where the package manager stopped. A package with a missing dependency stays incomplete until a transaction installs it.
author: slowfast.stack contributors (!UNKNOWN)
extends_documentation_fragment: slowfast.stack.attributes
options:
  family:
    description: The family of the package manager.
    type: str
    choices: [debian, redhat]
    required: true
"""

EXAMPLES = r"""
- name: Complete an interrupted installation
  slowfast.stack.package_recovery:
    family: debian
"""

RETURN = r"""
found:
  description: The packages that were incomplete.
  type: list
  elements: str
  returned: always
left:
  description: The packages that still are incomplete; in check mode all of them.
  type: list
  elements: str
  returned: always
"""

from ..module_utils._module import Params, Result, run_module
from ..module_utils._runner import LocalRunner
from ..module_utils._stack.core.process import Commands
from ..module_utils._stack.host.package_recovery import finish, left

SPEC = {"family": {"type": "str", "required": True, "choices": ["debian", "redhat"]}}


def act(params: Params, check: bool) -> Result:
    """Finish, and say what is left."""
    runner = LocalRunner()
    found = left(runner, params["family"])
    if found and not check:
        finish(Commands(), params["family"])
    still = left(runner, params["family"]) if found else []
    return {"changed": still != found or (check and bool(found)), "found": found, "left": still}


def main() -> None:
    run_module(SPEC, act)


if __name__ == "__main__":
    main()
