#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Adapter of `_stack.cuda.verify`."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cuda_check
short_description: Verify a CUDA toolkit by compiling and inspecting a program
version_added: 0.1.0
description:
  - Compiles a small program for every planned architecture with the planned host compiler, and checks the machine code of each
    with C(cuobjdump). Where the driver shows a GPU, the program also runs there.
  - The result is stored in O(record) and reused while compiler and parameters are unchanged.
author: slowfast.stack contributors (!UNKNOWN)
extends_documentation_fragment: slowfast.stack.attributes
options:
  home:
    description: The folder of the toolkit.
    type: path
    required: true
  arch_list:
    description: The architectures in the form of E(TORCH_CUDA_ARCH_LIST), such as V(8.0;9.0+PTX).
    type: str
    required: true
  cxx:
    description: The host compiler; without it C(nvcc) chooses one.
    type: path
  record:
    description: The file that stores the result.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Verify the toolkit
  slowfast.stack.cuda_check:
    home: /usr/local/cuda-12.8
    arch_list: "9.0"
    record: /var/lib/slowfast-stack/cuda-12.8.json
"""

RETURN = r"""
seen:
  description: A summary; null in check mode where the toolkit is not verified yet.
  type: str
  returned: always
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..module_utils._module import Params, Result, run_module
from ..module_utils._stack.core import saved
from ..module_utils._stack.core.process import Commands
from ..module_utils._stack.cuda.verify import prove

GPU = Path("/dev/nvidia0")
SCHEMA = 1
SPEC = {
    "home": {"type": "path", "required": True},
    "arch_list": {"type": "str", "required": True},
    "cxx": {"type": "path"},
    "record": {"type": "path", "required": True},
}


@dataclass(frozen=True)
class Verified:
    """What was verified: the compiler and the parameters, and a summary of what they made."""

    subject: dict[str, Any]
    seen: str
    schema: int = SCHEMA


def act(params: Params, check: bool) -> Result:
    """Prove what is not noted yet."""
    home, record = Path(params["home"]), Path(params["record"])
    gpu = GPU.exists()
    nvcc = home / "bin" / "nvcc"
    subject = {
        "arch_list": params["arch_list"],
        "cxx": params["cxx"],
        "nvcc": nvcc.stat().st_mtime_ns if nvcc.exists() else None,
        "gpu": gpu,
    }
    known = saved.load(Verified, record, SCHEMA)
    if known and known.subject == subject:
        return {"changed": False, "seen": known.seen}
    if check:
        return {"changed": True, "seen": None}
    seen = prove(home, params["arch_list"], params["cxx"], Commands(), gpu=gpu)
    record.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    saved.save(record, Verified(subject, seen))
    return {"changed": True, "seen": seen}


def main() -> None:
    run_module(SPEC, act, data=("home", "cxx"))


if __name__ == "__main__":
    main()
