"""Which host builds an artifact for which others, as a filter."""

from __future__ import annotations

DOCUMENTATION = r"""
name: elect_builders
short_description: Choose what each host does to get its artifact
description:
  - Of the hosts whose artifact has the same key, the first that has it uploads it to the controller;
    where no host has it, the first one builds and uploads it. The others import that copy.
  - A host that does not share its artifact, or that refused two copies, builds for itself.
version_added: 0.1.0
author: slowfast.stack contributors (!UNKNOWN)
positional: folder
options:
  _input:
    description:
      - For each host that is still in the play, in order, a mapping with C(key), C(available),
        C(shared) and C(refused), the number of copies that it refused.
    type: dict
    required: true
  folder:
    description: The folder of the controller that holds the copies.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Choose what each host does
  ansible.builtin.set_fact:
    steps: "{{ candidates | slowfast.stack.elect_builders('/srv/artifacts') }}"
"""

RETURN = r"""
_value:
  description: For each host that does something, a list of V(build), V(upload) and V(import).
  type: dict
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..module_utils._stack.artifacts import copies, election
from ..plugin_utils._filter import filter_module

if TYPE_CHECKING:
    from collections.abc import Mapping


def elect_builders(hosts: Mapping[str, Mapping[str, Any]], folder: str) -> dict[str, list[str]]:
    """Elect among the hosts, with what the folder of the controller holds."""
    candidates = {name: election.Candidate(**host) for name, host in hosts.items()}
    keys = {candidate.key for candidate in candidates.values()}
    return election.elect(candidates, {key for key in keys if copies.vouched(Path(folder), key)})


FilterModule = filter_module(elect_builders)
