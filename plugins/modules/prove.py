#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Adapter of `_stack.environment.proof`."""

from __future__ import annotations

DOCUMENTATION = r"""
module: prove
short_description: Prove a SlowFast environment by using it
version_added: 0.1.0
description:
  - Runs the proof program with the Python of the environment and returns its claims.
  - Recorded evidence is returned again while plan, driver and every file of the stack are unchanged, unless O(force=true).
  - Files are compared by size, modification time, inode, change time and mode, and those that differ by their bytes.
  - A failed claim does not fail this module; read it in RV(proof).
author: slowfast.stack contributors (!UNKNOWN)
extends_documentation_fragment: slowfast.stack.attributes
options:
  stack:
    description: The folder of the stack, with C(env), C(src), and the folder C(proof) for the evidence.
    type: path
    required: true
  plan:
    description: The plan of the environment.
    type: dict
    required: true
  program:
    description: The files of the proof program, name and text. Evidence of a different program is not valid.
    type: dict
    required: true
  run:
    description: Whether to run the program where there is no valid evidence; V(false) only returns recorded evidence.
    type: bool
    default: true
  force:
    description: Whether to run the program even where evidence is valid.
    type: bool
    default: false
  deep:
    description: Whether to read every file of the stack and to compare its bytes.
    type: bool
    default: false
  restore:
    description: Whether to prepare what differs, so that the roles make it again; source trees that changed are kept under another name.
    type: bool
    default: false
  uv:
    description: The uv binary, which checks the requirements of the packages.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Prove the environment
  slowfast.stack.prove:
    stack: /opt/slowfast-stack/stacks/0123456789ab
    program: {__main__.py: "{{ lookup('ansible.builtin.file', 'program/__main__.py') }}"}
    plan: "{{ stack_plan }}"
    uv: /usr/local/bin/uv
"""

RETURN = r"""
proof:
  description: C(ok), C(made_at), C(reused) and the C(claims), each with C(id), C(ok) (null when skipped), C(expected),
    C(measured) and C(seconds); null where there is no valid evidence.
  type: dict
  returned: always
"""

from pathlib import Path

from ..module_utils._module import Params, Result, run_module
from ..module_utils._stack.core.construct import plain
from ..module_utils._stack.core.process import Commands
from ..module_utils._stack.environment.evidence import Subject
from ..module_utils._stack.environment.proof import prove, recorded

SPEC = {
    "stack": {"type": "path", "required": True},
    "plan": {"type": "dict", "required": True},
    "program": {"type": "dict", "required": True},
    "run": {"type": "bool", "default": True},
    "force": {"type": "bool", "default": False},
    "deep": {"type": "bool", "default": False},
    "restore": {"type": "bool", "default": False},
    "uv": {"type": "path", "required": True},
}


def act(params: Params, check: bool) -> Result:
    """Return recorded evidence, or run the proof."""
    subject = Subject(Path(params["stack"]), params["plan"], params["program"])
    commands, deep = Commands(), params["deep"]
    evidence = None
    if not params["force"]:
        renew = params["restore"] and not check
        evidence = recorded(commands, subject, deep=deep, renew=renew)
    run = evidence is None and params["run"] and not check
    if run:
        evidence = prove(commands, subject, uv=params["uv"], deep=deep)
    proof = {**plain(evidence), "reused": not run} if evidence else None
    return {"changed": run, "proof": proof}


def main() -> None:
    run_module(SPEC, act, data=("uv",))


if __name__ == "__main__":
    main()
