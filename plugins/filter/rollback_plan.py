"""The plan of a driver rollback as a filter."""

from __future__ import annotations

DOCUMENTATION = r"""
name: rollback_plan
short_description: Plan the driver that was installed before the last change
description:
  - Returns the driver plan that the role C(nvidia_driver) applies, and the packages to remove after it.
version_added: 0.1.0
author: slowfast.stack contributors (!UNKNOWN)
positional: host
options:
  _input:
    description: The record, as the module M(slowfast.stack.driver_history) returns it.
    type: dict
    required: true
  host:
    description: The host, as the module M(slowfast.stack.gpu_info) returns it.
    type: dict
    required: true
seealso:
  - module: slowfast.stack.driver_history
"""

EXAMPLES = r"""
- name: Show the packages of the previous driver
  ansible.builtin.debug:
    msg: "{{ (record | slowfast.stack.rollback_plan(probe.host)).driver.packages }}"
"""

RETURN = r"""
_value:
  description:
    - C(driver), the driver plan; it is an error where no driver was installed before.
    - C(removed), the packages to remove after it.
  type: dict
"""

from typing import Any

from ..module_utils._stack.core.construct import plain
from ..module_utils._stack.core.errors import StackError
from ..module_utils._stack.host import model
from ..module_utils._stack.host.driver_record import Installed
from ..module_utils._stack.planner import rollback
from ..plugin_utils._filter import filter_module


def rollback_plan(record: dict[str, Any], host: dict[str, Any]) -> dict[str, Any]:
    """Plan a rollback."""
    before = Installed.from_dict(record["before"]) if record["before"] else None
    driver = rollback.rollback(model.host(host), before) if before else None
    if before is None or driver is None:
        raise StackError(
            "There is no previous driver to restore on this host.",
            "No driver was installed before this collection installed one, or it never did.",
            "Remove the driver with `slowfast-stack purge driver`, or choose another with"
            " `slowfast-stack up --driver-branch BRANCH`.",
            code="driver.no-previous",
        )
    now = Installed.from_dict(record["now"])
    return {"driver": plain(driver), "removed": rollback.removed(before, now)}


FilterModule = filter_module(rollback_plan)
