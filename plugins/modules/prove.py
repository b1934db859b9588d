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
  - Evidence that is ok and still speaks of the same plan, packages, sources and driver is returned again unless
    O(force=true).
  - A claim that does not hold is no failure of this module; RV(proof) says it.
author: slowfast.stack contributors (!UNKNOWN)
extends_documentation_fragment: slowfast.stack.attributes
options:
  env:
    description: The folder of the environment.
    type: path
    required: true
  src:
    description: The folder of the source trees.
    type: path
    required: true
  plan:
    description: The plan that the environment shall fulfil.
    type: dict
    required: true
  out:
    description: The folder for the evidence.
    type: path
    required: true
  program:
    description: The files of the proof program, name and text; another program makes recorded evidence void.
    type: dict
    required: true
  run:
    description: Whether to run the program where no evidence holds; V(false) only returns what is recorded.
    type: bool
    default: true
  force:
    description: Whether to prove again what is proven.
    type: bool
    default: false
  uv:
    description: The uv binary, which checks the packages against each other.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Prove the environment
  slowfast.stack.prove:
    env: /opt/slowfast-stack/stacks/0123456789ab/env
    src: /opt/slowfast-stack/stacks/0123456789ab/src
    out: /opt/slowfast-stack/stacks/0123456789ab/proof
    program: {__main__.py: "{{ lookup('ansible.builtin.file', 'program/__main__.py') }}"}
    plan: "{{ stack_plan }}"
    uv: /usr/local/bin/uv
"""

RETURN = r"""
proof:
  description: C(ok), C(made_at), C(reused) and the C(claims), each with C(id), C(ok) (null when skipped), C(expected),
    C(measured) and C(seconds); null where there is no evidence and none was made.
  type: dict
  returned: always
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.slowfast.stack.plugins.module_utils._module import run_module
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment.proof import (
    Subject,
    prove,
    recorded,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

SPEC = {
    "env": {"type": "path", "required": True},
    "src": {"type": "path", "required": True},
    "plan": {"type": "dict", "required": True},
    "out": {"type": "path", "required": True},
    "program": {"type": "dict", "required": True},
    "run": {"type": "bool", "default": True},
    "force": {"type": "bool", "default": False},
    "uv": {"type": "path", "required": True},
}


def act(want: Mapping[str, Any], check: bool) -> dict[str, Any]:
    """Return the evidence, recorded or new."""
    env, src = Path(want["env"]), Path(want["src"])
    subject, out = Subject(env, src, want["plan"], want["program"]), Path(want["out"])
    proof = None if want["force"] else recorded(subject, out)
    made = proof is None and want["run"] and not check
    if made:
        proof = prove(Commands(), subject, out, uv=want["uv"])
    return {"changed": made, "proof": proof}


def main() -> None:
    """Run the module."""
    run_module(SPEC, act)


if __name__ == "__main__":
    main()
