#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Adapter of `_stack.cuda.extension_archs`."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cuda_arch_info
short_description: Require GPU code for the planned architectures in a compiled extension
version_added: 0.1.0
description:
  - Lists the machine code and PTX in the extension C(_C) of a package, with C(cuobjdump) where the toolkit has it, otherwise
    by reading the fat binaries of the file. No GPU is needed.
  - Fails where an architecture is missing, so that a builder without a GPU cannot produce a CPU-only extension unnoticed.
author: slowfast.stack contributors (!UNKNOWN)
extends_documentation_fragment: slowfast.stack.attributes
options:
  env:
    description: The folder of the environment.
    type: path
    required: true
  package:
    description: The package with the extension.
    type: str
    required: true
  arch_list:
    description: The architectures in the form of C(TORCH_CUDA_ARCH_LIST).
    type: str
    required: true
  cuda_home:
    description: The folder of the CUDA toolkit.
    type: path
"""

EXAMPLES = r"""
- name: Require code for every GPU of the plan
  slowfast.stack.cuda_arch_info:
    env: /opt/slowfast-stack/stacks/0123456789ab/env
    package: detectron2
    arch_list: "9.0"
    cuda_home: /usr/local/cuda-13.0
"""

RETURN = r"""
code:
  description: The code in the extension, such as C(sm_90).
  type: str
  returned: always
"""

from pathlib import Path

from ..module_utils._module import Params, Result, run_module
from ..module_utils._stack.core.process import Commands
from ..module_utils._stack.cuda import extension_archs

SPEC = {
    "env": {"type": "path", "required": True},
    "package": {"type": "str", "required": True},
    "arch_list": {"type": "str", "required": True},
    "cuda_home": {"type": "path"},
}


def act(params: Params, _check: bool) -> Result:
    """List the code, and require what is planned."""
    path = extension_archs.find(Path(params["env"]), params["package"])
    code = extension_archs.code_of(path, params["cuda_home"], Commands())
    extension_archs.require(path, params["arch_list"], code)
    return {"changed": False, "code": str(code)}


def main() -> None:
    run_module(SPEC, act, data=("cuda_home",))


if __name__ == "__main__":
    main()
