#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Adapter of `_converged`; the action of this name plans on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: converged
short_description: Report whether a host is as planned and proven
version_added: 0.1.0
description:
  - On the host, compares every file of the current stack with the record of its proof, as the module M(slowfast.stack.prove) does, and probes
    the host meanwhile, as the module M(slowfast.stack.gpu_info) does. Without a proven stack it answers at once and does not probe.
  - On the controller, plans for that host, and compares plan and proof program with those that were proven, and the inputs of the lock with
    those of its file.
  - Changes nothing, and says nothing of what differs; the roles look for it and say it.
author: slowfast.stack contributors (!UNKNOWN)
extends_documentation_fragment: slowfast.stack.attributes
options:
  prefix:
    description: The folder that holds the stacks.
    type: path
  endpoints:
    description: Endpoints whose reachability is probed; see M(slowfast.stack.gpu_info).
    type: dict
    default: {}
  uv:
    description: The uv binary on the host, which queries the package index.
    type: path
  timeout_s:
    description: The timeout of an endpoint in seconds.
    type: float
    default: 4
  torch_python:
    description: An interpreter whose PyTorch a stack may adopt.
    type: path
  request:
    description: What is asked for; see the filter P(slowfast.stack.plan#filter). It stays on the controller.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Ask whether the host is as planned and proven
  slowfast.stack.converged:
    prefix: /opt/slowfast-stack
    endpoints: "{{ {} | slowfast.stack.endpoints }}"
    uv: "{{ stack_uv }}"
  register: found
"""

RETURN = r"""
host:
  description: The host, and null where it has no stack that is as its proof left it.
  type: dict
  returned: always
plan:
  description: The plan for this host; null without RV(proven).
  type: dict
  returned: always
proven:
  description: The folder of the C(prefix), that of the C(stack) and the C(proof), as the module M(slowfast.stack.prove) returns it; null where
    anything is not as planned and proven.
  type: dict
  returned: always
"""

from pathlib import Path

from ..module_utils._converged import looked
from ..module_utils._module import Params, Result, run_module
from ..module_utils._stack.environment import prefix
from ..module_utils._stack.host.probe import Where

ON_HOST = {
    "prefix": {"type": "path"},
    "endpoints": {"type": "dict", "default": {}},
    "uv": {"type": "path"},
    "timeout_s": {"type": "float", "default": 4},
    "torch_python": {"type": "path"},
}
SPEC = {**ON_HOST, "request": {"type": "dict", "default": {}}}


def act(params: Params, check: bool) -> Result:
    """Look at this host."""
    folder = prefix.resolve(params["prefix"])
    asked = {name: params[name] for name in ON_HOST}
    where = Where(**{**asked, "prefix": str(folder)}, home=str(Path.home()))
    return looked(folder, where, remember=not check)


def main() -> None:
    run_module(SPEC, act, data=("uv",))


if __name__ == "__main__":
    main()
