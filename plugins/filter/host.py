"""A probed host as typed values, as a filter."""

from __future__ import annotations

DOCUMENTATION = r"""
name: host
short_description: Read what the probe of a host answered
description:
  - Each value has the type that the probe gives it, and all together have a limited size; anything
    else is an error of that host. Only then does the controller use it.
version_added: 0.1.0
author: slowfast.stack contributors (!UNKNOWN)
options:
  _input:
    description: A host, as the module M(slowfast.stack.gpu_info) returns it.
    type: dict
    required: true
seealso:
  - module: slowfast.stack.gpu_info
"""

EXAMPLES = r"""
- name: Name what was probed
  ansible.builtin.set_fact:
    stack_host: "{{ probe.host | slowfast.stack.host }}"
"""

RETURN = r"""
_value:
  description: The host.
  type: dict
"""

from ..module_utils._stack.core.limits import require_small
from ..module_utils._stack.host import model
from ..plugin_utils._filter import filter_module


def host(answer: object) -> dict[str, object]:
    """Read one host."""
    require_small(answer, "host")
    return model.host(answer).to_dict()


FilterModule = filter_module(host)
