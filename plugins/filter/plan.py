"""The planner as a filter."""

from __future__ import annotations

DOCUMENTATION = r"""
name: plan
short_description: Choose the stack of a host, with reasons
description:
  - Chooses driver, CUDA toolkit, PyTorch wheel, Python, compiler, pins, sources and patches for a
    host, as a pure function of the host, the request and the catalog.
  - Where nothing fits, RV(_value.status) is V(no-plan) and RV(_value.conflict) holds the smallest
    set of facts that contradict each other, and what would help.
version_added: 0.1.0
author: slowfast.stack contributors (!UNKNOWN)
positional: request
options:
  _input:
    description: A host, as the module M(slowfast.stack.gpu_info) returns it.
    type: dict
    required: true
  request:
    description:
      - Options, all of them optional. C(torch), C(cuda) and C(python) are versions or comparisons
        such as V(>=2.4,<2.12); C(driver_branch) is a number such as V(580),
        C(driver_build) is V(dkms) or V(prebuilt).
      - C(preset) is V(stable), V(newest) or V(guide-2024); C(network) is V(full), V(pypi) or
        V(offline) and replaces what was probed; C(gpu_required) refuses a host without a GPU.
      - C(ffmpeg) is V(distribution), V(build), V(static) or V(none), the FFmpeg with CUDA;
        C(nv_codec_headers) is a tag of NVIDIA's headers for it, such as V(n12.1.14.0).
      - C(sources) maps C(detectron2), C(pytorchvideo) and C(slowfast) to a C(url) and a C(commit);
        C(ffmpeg) to the C(url) of its archive, C(nv-codec-headers) to a git repository.
    type: dict
    default: {}
seealso:
  - module: slowfast.stack.gpu_info
  - plugin: slowfast.stack.explain
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Choose the stack of this host
  ansible.builtin.set_fact:
    stack_plan: "{{ probe.host | slowfast.stack.plan({'torch': '>=2.4'}) }}"
"""

RETURN = r"""
_value:
  description: The plan as plain data.
  type: dict
"""


from ..module_utils._stack.planner import planner
from ..plugin_utils._filter import filter_module


def plan(host: object, request: object = None) -> dict[str, object]:
    """Plan one host."""
    return planner.plan(host, request).to_dict()


FilterModule = filter_module(plan)
