"""The filter that explains a failure of the package manager."""

from __future__ import annotations

DOCUMENTATION = r"""
name: explain_package_failure
short_description: Say why the package manager failed, and what to do
description:
  - Reads the result of a failed task of C(apt), C(dnf) or a command, and returns a code, the cause with the
    line of output that says so, and what to do. An error that has a code is returned as it is, and the output
    of an unknown one is the cause.
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

from typing import Any

from ..module_utils._stack.symptoms.lines import texts
from ..module_utils._stack.symptoms.recognize import explain
from ..plugin_utils._filter import filter_module

_EMPTY = ("", "(traceback unavailable)")
_SHOWN = 100  # lines of output, the last ones
_HINT = "Correct what it reports, then run the same command again; it resumes."


def explain_package_failure(result: dict[str, Any]) -> dict[str, str]:
    """Return code, hint, and cause with the message that says so; an unknown one is shown as it is."""
    if result.get("code"):
        cause = " ".join(str(result.get(part) or "") for part in ("message", "cause")).strip()
        return {"code": result["code"], "cause": cause, "hint": str(result.get("hint") or "")}
    said = list(texts(result))
    found = explain(*said)
    if found:
        cause = f"{found.cause} It said: {found.line}"
        return {
            "code": found.symptom.code or "packages.failed",
            "cause": cause,
            "hint": found.hint,
        }
    lines = [line for text in said for line in text.splitlines() if line.strip() not in _EMPTY]
    lines = list(dict.fromkeys(lines))
    shown = "\n".join(lines[-_SHOWN:])
    cause = f"The package manager failed. It said: {shown}" if shown else "It printed nothing."
    return {"code": "packages.failed", "cause": cause, "hint": _HINT}


FilterModule = filter_module(explain_package_failure)
