"""How an artifact of a plan is built, as a filter."""

from __future__ import annotations

DOCUMENTATION = r"""
name: planned_artifact
short_description: Say how an artifact of a plan is built, and under which key
description:
  - The key is the SHA-256 of everything that decides the content. It follows from plan and probed
    host alone and is computed on the controller.
version_added: 0.1.0
author: slowfast.stack contributors (!UNKNOWN)
positional: name, home, jobs, host
options:
  _input:
    description: The plan.
    type: dict
    required: true
  name:
    description: The artifact.
    type: str
    choices: [detectron2, pytorchvideo, ffmpeg]
    required: true
  home:
    description: The folder of the stack on the target.
    type: path
    required: true
  jobs:
    description: How many compilers run at once.
    type: int
    default: 1
  host:
    description: The probed host; a wheel of pure Python does not depend on it.
    type: dict
seealso:
  - module: slowfast.stack.artifact
"""

EXAMPLES = r"""
- name: Provide Detectron2
  ansible.builtin.include_role:
    name: slowfast.stack.shared_artifact
  vars:
    shared_artifact_cache: /opt/slowfast-stack/cache/wheels
    shared_artifact_planned: >-
      {{ stack_plan | slowfast.stack.planned_artifact('detectron2', stack_home, 8, stack_host) }}
"""

RETURN = r"""
_value:
  description: C(name), C(key), C(shareable) (whether another host's build can be used) and
    C(options) of M(slowfast.stack.artifact).
  type: dict
"""

from ..module_utils._stack.host import model
from ..module_utils._stack.planner import artifacts
from ..module_utils._stack.planner.plan import Plan
from ..plugin_utils._filter import filter_module


def planned_artifact(
    plan: object, name: str, home: str, jobs: int = 1, host: object = None
) -> dict[str, object]:
    """Return how the artifact ``name`` of a plan is built."""
    planned, probed = Plan.from_dict(plan), model.host(host) if host else None
    made = artifacts.planned_artifact(name, planned, probed, home=home, jobs=int(jobs))
    return made.to_dict()


FilterModule = filter_module(planned_artifact)
