#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The parameters of the action plugin of this name: none."""

from __future__ import annotations

DOCUMENTATION = r"""
module: refuse_forged_facts
short_description: Refuse a host whose facts are named like variables of the roles
version_added: 0.1.0
description:
  - Any module of a host can report facts. Where C(inject_facts_as_vars) is on, which is the default of Ansible, a fact replaces the default
    of a role, and so for example the file of the controller that is copied to the host.
  - Fails the host where a fact is named like a variable of the roles. The command line turns that setting off as well.
  - Runs on the controller.
author: slowfast.stack contributors (!UNKNOWN)
extends_documentation_fragment: slowfast.stack.attributes
options: {}
"""

EXAMPLES = r"""
- name: Refuse facts that would replace variables of the roles
  slowfast.stack.refuse_forged_facts:
"""

RETURN = r"""
changed:
  description: Always false.
  type: bool
  returned: always
"""

from typing import Any

from ..module_utils._module import Params, Result, run_module

SPEC = dict[str, Any]()


def act(_params: Params, _check: bool) -> Result:
    """Do nothing: facts are on the controller, where the action plugin looks at them."""
    return {"changed": False}


def main() -> None:
    run_module(SPEC, act)


if __name__ == "__main__":
    main()
