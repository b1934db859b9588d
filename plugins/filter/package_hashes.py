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

from typing import Any

from ..module_utils._stack.catalog.package_files import FILES
from ..module_utils._stack.catalog.packages import DEPENDENCIES
from ..module_utils._stack.core.versions import version
from ..module_utils._stack.environment.package_hashes import written
from ..module_utils._stack.planner.candidates import within
from ..plugin_utils._filter import filter_module


def package_hashes(plan: dict[str, Any]) -> list[str]:
    """Return a line for each pin of a plan that the catalog knows the files of."""
    torch = plan["torch_wheels"]
    pins = [*plan["packages"], *torch["requirements"], *torch["build_tools"], *dependencies(plan)]
    known = {pin: tuple(sorted(FILES[pin].values())) for pin in pins if pin in FILES}
    return list(written(known))


def dependencies(plan: dict[str, Any]) -> list[str]:
    """Return the pins of what the packages of a plan need; none where others decide on that."""
    if plan.get("locked") or plan["torch"].get("adopted"):
        return []
    python, bound = version(plan["python"]), plan["constraints"].get("numpy")
    found: dict[str, str] = {}
    for row in DEPENDENCIES:
        if within(row.pythons, python) and row.numpy in ("", bound):
            found.setdefault(row.name, row.version)
    return [f"{name}=={number}" for name, number in found.items()]


FilterModule = filter_module(package_hashes)
