"""Render a plan as text in a filter."""

from __future__ import annotations

DOCUMENTATION = r"""
name: explain
short_description: Render a plan and its reasons as text
description:
  - Turns a plan into lines of text, each choice with one sentence and its source.
  - Turns a plan with status V(no-plan) into what contradicts what, and what would help.
version_added: 0.1.0
author: slowfast.stack contributors (!UNKNOWN)
options:
  _input:
    description: A plan, as the filter P(slowfast.stack.plan#filter) returns it.
    type: dict
    required: true
  name:
    description: The name of the host, for the first line.
    type: str
    default: ''
seealso:
  - plugin: slowfast.stack.plan
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show the plan
  ansible.builtin.debug:
    msg: "{{ stack_plan | slowfast.stack.explain(name=inventory_hostname) }}"
"""

RETURN = r"""
_value:
  description: The text.
  type: str
"""

from ..module_utils._stack.planner import explain as renderer
from ..module_utils._stack.planner import plan as plans
from ..plugin_utils._filter import filter_module


def explain(plan: object, name: str = "") -> str:
    """Render one plan as text."""
    return renderer.explain(plans.from_dict(plan), name=name)


FilterModule = filter_module(explain)
