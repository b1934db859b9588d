"""The filter that explains a failure of the package manager."""

from __future__ import annotations

DOCUMENTATION = r"""
name: explain_package_failure
short_description: Say why the package manager failed, and what to do
description:
  - Reads the result of a failed task of C(apt), C(dnf) or a command, and returns the cause, what
    to do, and the line of output that they are based on.
version_added: 0.1.0
author: slowfast.stack contributors (!UNKNOWN)
options:
  _input:
    description: The result of the failed task.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Say why there is no driver
  ansible.builtin.fail:
    msg: "There is no driver. {{ ansible_failed_result | slowfast.stack.explain_package_failure }}"
"""

RETURN = r"""
_value:
  description: The sentences.
  type: str
"""

import re
from typing import Any

from ..module_utils._stack.core import failure_hints
from ..plugin_utils._filter import filter_module

# The command that failed names packages, which say nothing of the failure.
_COMMAND = re.compile(r"'/\S*(?:apt-get|aptitude) .*?' failed: ", re.DOTALL)


def explain_package_failure(result: dict[str, Any]) -> str:
    """Return cause, hint and the message of the package manager that they are based on."""
    said = [result.get("msg"), *result.get("failures", []), result.get("stderr")]
    output = _COMMAND.sub("", "\n".join(str(text) for text in said if text))
    found = failure_hints.explain(output or "no output", failure_hints.PACKAGE_MANAGER)
    return f"{found.cause} {found.hint} It said: {found.line}" if found else output


FilterModule = filter_module(explain_package_failure)
