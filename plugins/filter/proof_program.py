"""The proof program as a filter."""

from __future__ import annotations

DOCUMENTATION = r"""
name: proof_program
short_description: Return the files of the proof program
description:
  - Returns the text of each file of the proof program by its name, for the module M(slowfast.stack.prove).
version_added: 0.2.0
author: slowfast.stack contributors (!UNKNOWN)
options:
  _input:
    description: Names of files to leave out.
    type: list
    elements: str
    required: true
seealso:
  - module: slowfast.stack.prove
"""

EXAMPLES = r"""
- name: Prove the environment
  slowfast.stack.prove:
    stack: "{{ stack_home }}"
    plan: "{{ stack_plan }}"
    uv: "{{ stack_uv }}"
    program: "{{ [] | slowfast.stack.proof_program }}"
"""

RETURN = r"""
_value:
  description: Text by name.
  type: dict
"""

from typing import TYPE_CHECKING

from ..plugin_utils._filter import filter_module
from ..plugin_utils._proof_program import program

if TYPE_CHECKING:
    from collections.abc import Sequence


def proof_program(without: Sequence[str]) -> dict[str, str]:
    """Return the program."""
    return {name: text for name, text in program().items() if name not in without}


FilterModule = filter_module(proof_program)
