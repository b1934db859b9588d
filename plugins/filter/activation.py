"""The script that enters a stack, as a filter."""

from __future__ import annotations

DOCUMENTATION = r"""
name: activation
short_description: Write the script that enters a stack and leaves it again
description:
  - Returns a script for sh, bash, dash, ksh and zsh that sets C(PATH), and C(CUDA_HOME) and
    C(LD_LIBRARY_PATH) where the plan has a CUDA toolkit.
  - It defines C(deactivate), which restores the previous values.
version_added: 0.1.0
author: slowfast.stack contributors
positional: stack
options:
  _input:
    description: A plan, as the filter P(slowfast.stack.plan#filter) returns it.
    type: dict
    required: true
  stack:
    description: The folder of the stack on the target, with C(env) in it.
    type: path
    required: true
seealso:
  - plugin: slowfast.stack.plan
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Write the script that enters the stack
  ansible.builtin.copy:
    content: "{{ stack_plan | slowfast.stack.activation(stack_home) }}"
    dest: "{{ stack_home }}/activate"
    mode: "0644"
"""

RETURN = r"""
_value:
  description: The text of the script.
  type: str
"""

from pathlib import Path

from ..module_utils._stack.environment.activation import script
from ..plugin_utils._filter import filter_module


def activation(plan: dict[str, object], stack: str) -> str:
    """Write the script of one stack."""
    return script(Path(stack), plan)


FilterModule = filter_module(activation)
