#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read what a host is: GPUs by PCI id, driver, toolkits, compilers, Pythons, network."""

from __future__ import annotations

DOCUMENTATION = r"""
module: gpu_info
short_description: Probe a host, with or without a driver
description:
  - Finds NVIDIA GPUs by their PCI ids, so it needs no driver, and reads everything else that a
    plan depends on.
  - Changes nothing. What interpreters and compilers say of themselves is kept in
    C(~/.cache/slowfast-stack/probe.json) and used again while their files are the same.
  - Absent values are null; values that cannot be read are listed in
    RV(host) with their source.
version_added: 0.1.0
author: slowfast.stack contributors (!UNKNOWN)
options:
  prefix:
    description: The folder whose free disk space is read; it need not exist yet.
    type: path
    default: /opt/slowfast-stack
  endpoints:
    description:
      - Endpoints whose reachability is probed in parallel, by name.
      - The names V(detectron2), V(pytorchvideo) and V(slowfast) are git repositories, as URL or
        absolute path. Where V(#) and a commit follow, the repository has to have this commit.
      - The value V(package-index) is the Python package index that O(uv) is configured to use.
      - Every other value is an HTTPS URL. Without endpoints the network is not probed.
    type: dict
    default: {}
  uv:
    description: The uv binary that queries the package index.
    type: path
  timeout_s:
    description: The timeout of an endpoint in seconds.
    type: float
    default: 4
  torch_python:
    description: An interpreter whose PyTorch a stack may adopt.
    type: path
  request:
    description:
      - Where it is given, the controller plans for the host; see the filter P(slowfast.stack.plan#filter).
      - Without O(endpoints), those of the request are probed.
    type: dict
attributes:
  check_mode:
    support: full
    description: The module never changes anything.
  diff_mode:
    support: none
    description: There is nothing to show.
seealso:
  - plugin: slowfast.stack.plan
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Probe the host and its endpoints
  slowfast.stack.gpu_info:
    endpoints:
      pypi: package-index
      slowfast: https://github.com/facebookresearch/SlowFast
    uv: /usr/local/bin/uv
  register: probe

- name: Choose the stack of this host
  ansible.builtin.set_fact:
    stack_plan: "{{ probe.host | slowfast.stack.plan }}"
"""

RETURN = r"""
clock:
  description: The time of the host in seconds since 1970. The action of this name warns where it differs from that of the controller by more than
    five minutes.
  type: float
  returned: always
plan:
  description: The plan for O(request), as the filter P(slowfast.stack.plan#filter) returns it; null without one.
  type: dict
  returned: always
host:
  description: The host as plain data, the input of the filter P(slowfast.stack.plan#filter).
  returned: always
  type: dict
  sample:
    schema: 1
    architecture: x86_64
    gpus:
      - {slot: "0000:3b:00.0", pci_id: "10de:2330", class: "0302", kernel_driver: null}
    driver: null
"""

import time
from pathlib import Path

from ..module_utils._module import Params, Result, run_module
from ..module_utils._runner import probed
from ..module_utils._stack.host.probe import Where

ON_HOST = {
    "prefix": {"type": "path", "default": "/opt/slowfast-stack"},
    "endpoints": {"type": "dict", "default": {}},
    "uv": {"type": "path"},
    "timeout_s": {"type": "float", "default": 4},
    "torch_python": {"type": "path"},
}
# The rest is for the controller.
SPEC = {**ON_HOST, "request": {"type": "dict"}}


def act(params: Params, check: bool) -> Result:
    """Probe."""
    where = Where(**{name: params[name] for name in ON_HOST}, home=str(Path.home()))
    return {
        "changed": False,
        "host": probed(where, remember=not check).to_dict(),
        "plan": None,
        "clock": time.time(),
    }


def main() -> None:
    run_module(SPEC, act, data=("uv",))


if __name__ == "__main__":
    main()
