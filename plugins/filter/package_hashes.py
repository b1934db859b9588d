"""The known files of the packages of a plan, as a filter."""

from __future__ import annotations

DOCUMENTATION = r"""
name: package_hashes
short_description: Name the files of the planned packages
description:
  - Returns the pins of a plan, and those of what these packages need.
  - Each has the SHA-256 of the files that the catalog knows.
  - Packages that only PyTorch's own index has, and what PyTorch needs, are not in the catalog.
version_added: 0.1.0
author: slowfast.stack contributors
options:
  _input:
    description: A plan, as the filter P(slowfast.stack.plan#filter) returns it.
    type: dict
    required: true
seealso:
  - plugin: slowfast.stack.plan
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Install a package, or refuse any other file in its place
  slowfast.stack.python_packages:
    env: "{{ stack_home }}/env"
    requirements: ["{{ stack_plan.packages | first }}"]
    known: "{{ stack_plan | slowfast.stack.package_hashes }}"
    uv: "{{ stack_uv }}"
    log: "{{ stack_home }}/logs/packages.log"
"""

RETURN = r"""
_value:
  description: Lines in the format of pip, C(NAME==VERSION --hash=sha256:DIGEST ...).
  type: list
  elements: str
"""


from ..module_utils._known_files import package_hashes
from ..plugin_utils._filter import filter_module

FilterModule = filter_module(package_hashes)
