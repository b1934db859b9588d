"""Who builds a wheel, or an FFmpeg, for whom, as a filter."""

from __future__ import annotations

DOCUMENTATION = r"""
name: elect_builders
short_description: Choose one host for each key of a build
description:
  - Hosts whose wheel has the same key share one build. The first that has the wheel gives it;
    where nobody has it, the first host builds it. The same for an FFmpeg that is built.
version_added: 0.1.0
author: slowfast.stack contributors (!UNKNOWN)
options:
  _input:
    description:
      - For each host that is still in the play, in order, what
        M(slowfast.stack.cached_wheel) or M(slowfast.stack.cached_ffmpeg) returned.
    type: dict
    required: true
  made:
    description: The name of what is null where it is absent, V(wheel) or V(folder).
    type: str
    default: wheel
"""

EXAMPLES = r"""
- name: Name the host that builds or gives, for each key
  ansible.builtin.set_fact:
    givers: "{{ {'gpu01': known01, 'gpu02': known02} | slowfast.stack.elect_builders }}"
"""

RETURN = r"""
_value:
  description: The name of a host for each key.
  type: dict
"""

from typing import Any, Callable

from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts import build_wheel


class FilterModule:
    """Names the filter for Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters of this file."""
        return {"elect_builders": build_wheel.givers}
