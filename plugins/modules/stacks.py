#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Adapter of `_stack.environment.stacks`."""

from __future__ import annotations

DOCUMENTATION = r"""
module: stacks
short_description: List the stacks of a prefix, switch back to an earlier one, remove old ones
version_added: 0.1.0
description:
  - The link C(current) of a prefix names the stack in use. Earlier stacks stay beside it, and switching back needs no build.
  - The switch is one atomic rename, so C(current) always names a stack.
author: slowfast.stack contributors (!UNKNOWN)
extends_documentation_fragment: slowfast.stack.attributes
options:
  path:
    description: The prefix; C(/opt/slowfast-stack) for root and C(~/.local/share/slowfast-stack) otherwise.
    type: path
  use:
    description:
      - The stack to make current, by its id or a unique prefix of it.
      - V(previous) is the proven stack that was current before. Without a value nothing is switched.
    type: str
  unproven:
    description: Whether O(use) may name a stack whose proof failed, is missing or is out of date.
    type: bool
    default: false
  keep:
    description:
      - The number of stacks to keep beside the current one, the most recently used proven ones first; the others are removed.
      - Without a value nothing is removed. The current stack and stacks in use are never removed.
    type: int
"""

EXAMPLES = r"""
- name: Switch back to the previous stack
  slowfast.stack.stacks:
    use: previous

- name: Keep one stack beside the current one
  slowfast.stack.stacks:
    keep: 1
"""

RETURN = r"""
stacks:
  description: The remaining stacks, the most recently used first, each with C(id), C(path), C(state),
    C(proven), C(current), C(previous), C(proven_at), C(versions) and C(size_mib).
  type: list
  elements: dict
  returned: always
switched:
  description: The id of the stack that was switched to; null where nothing was switched.
  type: str
  returned: always
removed:
  description: The ids of the stacks that were removed.
  type: list
  elements: str
  returned: always
"""

import time

from ..module_utils._module import Params, Result, run_module
from ..module_utils._stack.environment import stacks
from ..module_utils._stack.environment.current_stack import current_id
from ..module_utils._stack.environment.prefix import resolve

SPEC = {
    "path": {"type": "path"},
    "use": {"type": "str"},
    "unproven": {"type": "bool", "default": False},
    "keep": {"type": "int"},
}


def act(params: Params, check: bool) -> Result:
    """Switch, then remove, then list."""
    prefix, before = resolve(params["path"]), None
    found = stacks.listed(prefix)
    switched, removed = None, []
    if params["use"]:
        before = current_id(prefix)
        target = stacks.chosen(found, params["use"], unproven=params["unproven"])
        switched = target.id if target.id != before else None
    if switched and not check:
        stacks.switch(prefix, switched)
        found = stacks.listed(prefix)
    if params["keep"] is not None:
        removed = stacks.superfluous(found, params["keep"])
        removed = removed if check else stacks.remove(prefix, removed, time.time())
        found = [stack for stack in found if check or stack not in removed]
    names = [stack.id for stack in removed]
    return {
        "changed": bool(switched or names),
        "stacks": [stack.to_dict() for stack in found],
        "switched": switched,
        "removed": names,
        "diff": {"before": {"current": before}, "after": {"current": switched or before}},
    }


def main() -> None:
    run_module(SPEC, act)


if __name__ == "__main__":
    main()
