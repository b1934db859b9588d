"""The filter that explains a failure of the package manager."""

from __future__ import annotations

DOCUMENTATION = r"""
name: explain_package_failure
short_description: Say why the package manager failed, and what to do
description:
  - Reads the result of a failed task of C(apt), C(dnf) or a command, and returns a code, the cause with the
    line of output that says so, and what to do. An error that has a code is returned as it is.
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
  ansible.builtin.debug:
    msg: "There is no driver. {{ (ansible_failed_result | slowfast.stack.explain_package_failure).cause }}"
"""

RETURN = r"""
_value:
  description: The C(code), C(cause) and C(hint) of the error.
  type: dict
"""

import re
from typing import Any

from ..module_utils._stack.core import failure_hints
from ..plugin_utils._filter import filter_module

# The command that failed names packages, which say nothing of the failure.
_COMMAND = re.compile(r"'/\S*(?:apt-get|aptitude) .*?' failed: ", re.DOTALL)


def explain_package_failure(result: dict[str, Any]) -> dict[str, str]:
    """Return code, hint, and cause with the message of the package manager that says so."""
    if result.get("code"):
        cause = " ".join(str(result.get(part) or "") for part in ("message", "cause")).strip()
        return {"code": result["code"], "cause": cause, "hint": str(result.get("hint") or "")}
    said = [result.get("msg"), *result.get("failures", []), result.get("stderr")]
    output = _COMMAND.sub("", "\n".join(str(text) for text in said if text))
    found = failure_hints.explain(output or "no output", failure_hints.PACKAGE_MANAGER)
    if found is None:  # a line of spaces
        hint = "Read the log of the package manager on the host."
        return {"code": "packages.failed", "cause": "It printed nothing.", "hint": hint}
    cause = f"{found.cause} It said: {found.line}"
    return {"code": found.code, "cause": cause, "hint": found.hint}


FilterModule = filter_module(explain_package_failure)
