#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Adapter of `_stack.environment.lock_record`."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lock
short_description: Record the contents of an environment
version_added: 0.1.0
description:
  - Writes every package with its version, origin and a digest of its content, every source with its commit, patches and a digest of
    the patched tree, the compilers, the build flags and the plan.
  - Compares the result with O(expected), and fails with a list of all differences before anything is written.
author: slowfast.stack contributors (!UNKNOWN)
extends_documentation_fragment: slowfast.stack.attributes
options:
  stack:
    description: The folder of the stack, with C(env), C(src), and the file C(stack.lock.json) to write.
    type: path
    required: true
  plan:
    description: The plan of the environment.
    type: dict
    required: true
  host:
    description: The probed host.
    type: dict
    required: true
  known:
    description: Pins with the SHA-256 of the files that they may be installed from, in the format of pip, C(NAME==VERSION --hash=sha256:DIGEST ...).
    type: list
    elements: str
    default: []
  expected:
    description: A lock that the environment must match.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Write the lock
  slowfast.stack.lock:
    stack: /opt/slowfast-stack/stacks/0123456789ab
    plan: "{{ stack_plan }}"
    host: "{{ stack_host }}"
"""

RETURN = r"""
lock:
  description: The content of the file.
  type: dict
  returned: always
"""

from pathlib import Path

from ..module_utils._module import Params, Result, run_module
from ..module_utils._stack.core.construct import construct, plain
from ..module_utils._stack.core.process import Commands
from ..module_utils._stack.environment import package_hashes
from ..module_utils._stack.environment.lock import (
    FILE,
    Lock,
    inputs,
    note,
    require_equal,
    write,
)
from ..module_utils._stack.environment.lock_record import Subject, record

SPEC = {
    "stack": {"type": "path", "required": True},
    "plan": {"type": "dict", "required": True},
    "host": {"type": "dict", "required": True},
    "known": {"type": "list", "elements": "str", "default": []},
    "expected": {"type": "dict", "default": {}},
}


def act(params: Params, check: bool) -> Result:
    """Record, compare and write."""
    stack = Path(params["stack"])
    known = package_hashes.read(params["known"])
    lock = record(Commands(), Subject(stack, params["plan"], params["host"], known))
    if params["expected"]:
        expected = construct(Lock, params["expected"], "expected", ignore_unknown=True)
        require_equal(expected, lock)
    changed = write(lock, stack / FILE, check=check)
    if not check:
        note(stack, inputs(params["plan"], params["host"], params["known"]))
    return {"changed": changed, "lock": plain(lock)}


def main() -> None:
    run_module(SPEC, act)


if __name__ == "__main__":
    main()
