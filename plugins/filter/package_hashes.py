"""The known files of the packages of a plan, as a filter."""

from __future__ import annotations

DOCUMENTATION = r"""
name: package_hashes
short_description: Name the files of the planned packages
description:
  - Returns the pins of a plan whose files the catalog knows, each with the SHA-256 of its files.
  - Packages that only PyTorch's own index has, and those that the plan does not pin, are not in the catalog.
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

from typing import Any

from ..module_utils._stack.catalog.package_files import FILES
from ..module_utils._stack.environment.package_hashes import written
from ..plugin_utils._filter import filter_module


def package_hashes(plan: dict[str, Any]) -> list[str]:
    """Return a line for each pin of a plan that the catalog knows the files of."""
    pins = [*plan["packages"], *plan["torch_wheels"]["requirements"]]
    known = {pin: tuple(sorted(FILES[pin].values())) for pin in pins if pin in FILES}
    return list(written(known))


FilterModule = filter_module(package_hashes)
