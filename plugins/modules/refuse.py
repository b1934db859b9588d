#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The parameters of the action plugin of this name, and the same on a target."""

from __future__ import annotations

DOCUMENTATION = r"""
module: refuse
short_description: Fail a host with an error that has a code, a cause and a hint
version_added: 0.1.0
description:
  - Fails the host, as M(ansible.builtin.fail) does, and returns the parts of the error. The command line shows them apart.
  - Runs on the controller, so it needs neither a connection nor privileges on the target.
author: slowfast.stack contributors (!UNKNOWN)
extends_documentation_fragment: slowfast.stack.attributes
options:
  code:
    description: The stable code of the error, one of the table in C(docs/errors.md).
    type: str
    required: true
  msg:
    description: What is refused, or what happened.
    type: str
    required: true
  cause:
    description: Why.
    type: str
    required: true
  hint:
    description: What to do next.
    type: str
    required: true
seealso:
  - module: ansible.builtin.fail
"""

EXAMPLES = r"""
- name: Refuse a stack without a lock
  slowfast.stack.refuse:
    code: stack.no-lock
    msg: There is no stack.lock.json.
    cause: It is written when the proof of a stack passes.
    hint: Run `slowfast-stack up` first.
  when: not lock_file.stat.exists
"""

RETURN = r"""
code:
  description: The stable code of the error.
  type: str
  returned: always
message:
  description: What is refused, or what happened.
  type: str
  returned: always
cause:
  description: Why.
  type: str
  returned: always
hint:
  description: What to do next.
  type: str
  returned: always
"""

from ..module_utils._module import Params, Result, run_module
from ..module_utils._stack.core.errors import StackError

SPEC = {part: {"type": "str", "required": True} for part in ("code", "msg", "cause", "hint")}


def error(params: Params) -> StackError:
    """Return the error that the parameters describe."""
    return StackError(params["msg"], params["cause"], params["hint"], code=params["code"])


def act(params: Params, _check: bool) -> Result:
    """Fail."""
    raise error(params)


def main() -> None:
    run_module(SPEC, act)


if __name__ == "__main__":
    main()
