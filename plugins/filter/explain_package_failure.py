"""What a failure of the package manager means, as a filter."""

from __future__ import annotations

DOCUMENTATION = r"""
name: explain_package_failure
short_description: Say why the package manager failed, and what to do
description:
  - Reads the result of a failed task of C(apt), C(dnf) or a command, and says in sentences why
    it failed and what to do next.
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

from typing import Any, Callable

from ansible_collections.slowfast.stack.plugins.module_utils._stack.driver.package_failures import (
    sentences,
)


def explain_package_failure(result: dict[str, Any]) -> str:
    """Read everything that a result says."""
    said = [result.get("msg"), *result.get("failures", []), result.get("stderr")]
    return sentences("\n".join(str(text) for text in said if text))


class FilterModule:
    """Names the filter for Ansible."""

    def filters(self) -> dict[str, Callable[..., str]]:
        """Return the filters of this file."""
        return {"explain_package_failure": explain_package_failure}
