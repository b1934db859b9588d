#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Adapter of `_stack.cuda.from_wheels`."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cuda_wheels
short_description: Arrange NVIDIA's wheels in an environment as a CUDA toolkit
version_added: 0.1.0
description:
  - Makes a folder with C(bin), C(include), C(lib64) and C(nvvm) of links to the compiler and the libraries that wheels of CUDA 13
    have put into an environment, so that builds find them as in an installed toolkit. Needs no root.
author: slowfast.stack contributors (!UNKNOWN)
extends_documentation_fragment: slowfast.stack.attributes
options:
  env:
    description: The folder of the environment.
    type: path
    required: true
  home:
    description: The folder of the toolkit, in O(env).
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Arrange the wheels as a toolkit
  slowfast.stack.cuda_wheels:
    env: /opt/slowfast-stack/stacks/0123456789ab/env
    home: /opt/slowfast-stack/stacks/0123456789ab/env/cuda-13.0
"""

RETURN = r"""
replaced:
  description: What was missing or different.
  type: list
  elements: str
  returned: always
"""

from pathlib import Path

from ..module_utils._module import Params, Result, run_module
from ..module_utils._stack.cuda.from_wheels import arrange

SPEC = {"env": {"type": "path", "required": True}, "home": {"type": "path", "required": True}}


def act(params: Params, check: bool) -> Result:
    """Compare, and make what differs."""
    replaced = arrange(Path(params["env"]), Path(params["home"]), check=check)
    return {"changed": bool(replaced), "replaced": replaced}


def main() -> None:
    run_module(SPEC, act)


if __name__ == "__main__":
    main()
