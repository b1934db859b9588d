"""The family of a distribution as a filter."""

from __future__ import annotations

DOCUMENTATION = r"""
name: distribution_family
short_description: Return the family of the distribution of a host
description:
  - It is one of a few words, so that it can be a part of the name of a file.
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
- name: Load variables for the distribution family
  ansible.builtin.include_vars: "{{ stack_host | slowfast.stack.distribution_family }}.yml"
"""

RETURN = r"""
_value:
  description: V(debian), V(redhat) or V(other).
  type: str
"""

from ..module_utils._stack.core.validation import mapping, one_of
from ..module_utils._stack.host.known import FAMILIES
from ..plugin_utils._filter import filter_module


def distribution_family(host: object) -> str:
    """Return the family of one host."""
    found = mapping(mapping(host, "host").get("distribution"), "host.distribution")
    return one_of(found.get("family", "other"), "host.distribution.family", FAMILIES)


FilterModule = filter_module(distribution_family)
