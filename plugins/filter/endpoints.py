"""The URLs that the probe checks, as a filter."""

from __future__ import annotations

DOCUMENTATION = r"""
name: endpoints
short_description: List the URLs that the probe checks for a request
description:
  - Returns the package index, the git sources, PyTorch's wheel index and NVIDIA's repository.
  - Sources of the request replace those of the catalog.
version_added: 0.1.0
author: slowfast.stack contributors (!UNKNOWN)
options:
  _input:
    description: A request, as the filter P(slowfast.stack.plan#filter) takes it.
    type: dict
    required: true
seealso:
  - module: slowfast.stack.gpu_info
"""

EXAMPLES = r"""
- name: Read the host and what it reaches
  slowfast.stack.gpu_info:
    endpoints: "{{ stack_request | slowfast.stack.endpoints }}"
"""

RETURN = r"""
_value:
  description: Names and addresses, for O(slowfast.stack.gpu_info#module:endpoints).
  type: dict
"""

from ..module_utils._stack.planner import planner
from ..plugin_utils._filter import filter_module


def endpoints(request: object) -> dict[str, str]:
    """Name the places of one request."""
    return planner.endpoints(request)


FilterModule = filter_module(endpoints)
