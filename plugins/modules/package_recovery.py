#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Adapter of `_stack.driver.package_recovery`."""

from __future__ import annotations

DOCUMENTATION = r"""
module: package_recovery
short_description: Finish what an interrupted run of the package manager left
version_added: 0.1.0
description:
  - A machine that loses its power in the middle of an installation has packages that are unpacked and not configured (dpkg), or
    there in two versions (rpm); apt then does nothing until they are done.
  - Goes on where the package manager was stopped. What misses a dependency stays, for the transaction that brings it.
author: slowfast.stack contributors (!UNKNOWN)
extends_documentation_fragment: slowfast.stack.attributes
options:
  family:
    description: Whose package manager this host has.
    type: str
    choices: [debian, redhat]
    required: true
"""

EXAMPLES = r"""
- name: Finish what an interrupted installation left
  slowfast.stack.package_recovery:
    family: debian
"""

RETURN = r"""
found:
  description: The packages that were half-done.
  type: list
  elements: str
  returned: always
left:
  description: Those that still are; in check mode all of them.
  type: list
  elements: str
  returned: always
"""

from typing import TYPE_CHECKING, Any

from ansible_collections.slowfast.stack.plugins.module_utils._module import run_module
from ansible_collections.slowfast.stack.plugins.module_utils._runner import LocalRunner
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from ansible_collections.slowfast.stack.plugins.module_utils._stack.driver.package_recovery import (
    finish,
    left,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

SPEC = {"family": {"type": "str", "required": True, "choices": ["debian", "redhat"]}}


def act(want: Mapping[str, Any], check: bool) -> dict[str, Any]:
    """Finish, and say what is left."""
    runner = LocalRunner()
    found = left(runner, want["family"])
    if found and not check:
        finish(Commands(), want["family"])
    still = left(runner, want["family"]) if found else []
    return {"changed": still != found or (check and bool(found)), "found": found, "left": still}


def main() -> None:
    """Run the module."""
    run_module(SPEC, act)


if __name__ == "__main__":
    main()
