#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Adapter of `_stack.environment.proof`: whether the files of a stack are those that were proven."""

from __future__ import annotations

DOCUMENTATION = r"""
module: stack_files
short_description: Require that the files of a stack are those that were proven
version_added: 0.1.0
description:
  - Compares every file of a stack with the record of its proof, and fails with the first ones that differ.
  - It changes nothing.
author: slowfast.stack contributors (!UNKNOWN)
extends_documentation_fragment: slowfast.stack.attributes
options:
  stack:
    description: The folder of the stack.
    type: path
    required: true
  deep:
    description: Whether to read every file of the stack and to compare its bytes.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Require that nothing has changed since the proof
  slowfast.stack.stack_files:
    stack: /opt/slowfast-stack/stacks/0123456789ab
"""

RETURN = r"""
count:
  description: The number of files that were compared.
  type: int
  returned: always
"""

from pathlib import Path

from ..module_utils._module import Params, Result, run_module
from ..module_utils._stack.core.errors import StackError
from ..module_utils._stack.core.process import Commands
from ..module_utils._stack.environment.proof import require_unchanged
from ..module_utils._stack.environment.stack_files import FILE, load

SPEC = {"stack": {"type": "path", "required": True}, "deep": {"type": "bool", "default": False}}


def act(params: Params, check: bool) -> Result:
    """Compare the files with their record."""
    del check
    stack = Path(params["stack"])
    if load(stack) is None:
        raise StackError(
            f"The files of {stack} are not recorded.",
            f"There is no proof/{FILE} that can be read; a proof that passes writes it.",
            "Run `slowfast-stack up`.",
            code="stack.unproven",
        )
    files = require_unchanged(Commands(), stack, deep=params["deep"])
    return {"changed": False, "count": len(files.rows)}


def main() -> None:
    run_module(SPEC, act)


if __name__ == "__main__":
    main()
