"""The packages of driver and CUDA as a filter."""

from __future__ import annotations

DOCUMENTATION = r"""
name: nvidia_packages
short_description: Select the installed packages of the NVIDIA driver or of CUDA
description:
  - Picks from a list of installed packages those of the driver, of CUDA toolkits, or both.
    Tools for containers belong to neither.
version_added: 0.1.0
author: slowfast.stack contributors (!UNKNOWN)
positional: parts
options:
  _input:
    description: Lines of name, version, maintainer or vendor, and state, with tabs between.
    type: str
    required: true
  parts:
    description: Which parts count.
    type: list
    elements: str
    choices: [driver, cuda]
    required: true
"""

EXAMPLES = r"""
- name: Name the packages of the driver
  ansible.builtin.debug:
    msg: "{{ listing.stdout | slowfast.stack.nvidia_packages(['driver']) }}"
"""

RETURN = r"""
_value:
  description: The names, sorted.
  type: list
  elements: str
"""

from ..module_utils._stack.core.errors import StackError
from ..module_utils._stack.host import packages as library
from ..plugin_utils._filter import filter_module


def nvidia_packages(listing: str, parts: list[str]) -> list[str]:
    """Return the names of the packages of these parts."""
    unknown = [part for part in parts if part not in library.PARTS]
    if unknown or not parts:
        raise StackError(
            f"The parts to remove are {', '.join(parts) or 'nothing'}.",
            f"The parts are {' and '.join(library.PARTS)}.",
            "Name one or both.",
            code="purge.unknown-part",
        )
    return library.of(listing, parts)


FilterModule = filter_module(nvidia_packages)
