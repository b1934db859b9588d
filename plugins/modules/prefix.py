#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Adapter of `_stack.environment.prefix`."""

from __future__ import annotations

DOCUMENTATION = r"""
module: prefix
short_description: Prepare the folder that holds the stacks
version_added: 0.1.0
description:
  - Refuses a folder that another program uses, and a disk with too little free space, before anything is written.
  - Creates the folder, its marker and the folder of the planned stack.
author: slowfast.stack contributors (!UNKNOWN)
extends_documentation_fragment: slowfast.stack.attributes
options:
  path:
    description: The prefix; C(/opt/slowfast-stack) for root and C(~/.local/share/slowfast-stack) otherwise.
    type: path
  plan:
    description: The plan whose stack to create there; without it the prefix is only read.
    type: dict
  installed:
    description: Whether to fail where no stack is current.
    type: bool
    default: false
  current:
    description: The id of the stack to make current; the link C(current) is switched by one atomic rename.
    type: str
"""

EXAMPLES = r"""
- name: Prepare the prefix
  slowfast.stack.prefix:
    plan: "{{ stack_plan }}"
"""

RETURN = r"""
path:
  description: The absolute prefix.
  type: str
  returned: always
stack:
  description: The folder of the planned stack; without a plan, of the current stack.
  type: str
  returned: always
current_plan:
  description: The plan of the current stack; null where there is none, and where O(plan) is given.
  type: dict
  returned: always
"""

from ..module_utils._module import Params, Result, run_module
from ..module_utils._stack.core.names import stack_id
from ..module_utils._stack.environment.current_stack import current, current_id
from ..module_utils._stack.environment.prefix import (
    claim,
    current_plan,
    not_installed,
    refuse_foreign,
    require_disk_space,
    resolve,
    say_in_use,
)
from ..module_utils._stack.environment.stacks import require_plan_of, switch

SPEC = {
    "path": {"type": "path"},
    "plan": {"type": "dict"},
    "installed": {"type": "bool", "default": False},
    "current": {"type": "str"},
}


def act(params: Params, check: bool) -> Result:
    """Check, then claim, then switch."""
    plan, prefix = params["plan"], resolve(params["path"])
    now, changed, recorded = current(prefix), False, None
    stack = now or prefix / "current"
    if plan:
        stack = prefix / "stacks" / stack_id(plan.get("id"), "plan.id")
        refuse_foreign(prefix)
        require_disk_space(prefix, stack, plan["needs_disk_mib"])
        say_in_use(prefix, stack)
        changed = not stack.is_dir() if check else claim(prefix, stack)
    if params["current"]:
        differs = current_id(prefix) != params["current"]
        changed = (differs if check else switch(prefix, params["current"])) or changed
    elif now and not plan:
        recorded = current_plan(prefix)
        require_plan_of(now, recorded or {"id": now.name})
    if params["installed"] and recorded is None:
        raise not_installed(prefix)
    return {"changed": changed, "path": str(prefix), "stack": str(stack), "current_plan": recorded}


def main() -> None:
    run_module(SPEC, act)


if __name__ == "__main__":
    main()
