#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Adapter of `_stack.environment.python_env`: what is installed in the environment."""

from __future__ import annotations

DOCUMENTATION = r"""
module: python_packages
short_description: Install packages into an environment
version_added: 0.1.0
description:
  - Installs missing packages with uv, and marks the environment as incomplete meanwhile.
  - M(slowfast.stack.python_env) finds the mark of an interrupted installation and rebuilds the environment.
author: slowfast.stack contributors (!UNKNOWN)
extends_documentation_fragment: slowfast.stack.attributes
options:
  env:
    description: The folder of the environment.
    type: path
    required: true
  requirements:
    description: Requirements as pins, as C(NAME @ file:///WHEEL), or as C(-e PATH).
    type: list
    elements: str
    required: true
  constraints:
    description: Constraints for every package that is installed with them.
    type: list
    elements: str
    default: []
  locked:
    description: Pins of a lock, each with the SHA-256 of its files where the lock has them. They constrain every installation.
    type: list
    elements: str
    default: []
  known:
    description:
      - Pins with the SHA-256 of their files, in the format of pip, C(NAME==VERSION --hash=sha256:DIGEST ...).
      - No other file of these pins is installed, except from a bundle.
    type: list
    elements: str
    default: []
  index:
    description: An index to use instead of the configured ones, for the wheels of PyTorch.
    type: str
  bundle:
    description: The folder of an extracted bundle; with it, only its wheels are used.
    type: path
  hashes:
    description: A file that receives every package with the SHA-256 of its files, which are then required.
    type: path
  dependencies:
    description: Whether to install what the requirements depend on.
    type: bool
    default: true
  build_isolation:
    description: Whether source trees are built in a separate environment.
    type: bool
    default: true
  uv:
    description: The uv binary.
    type: path
    required: true
  log:
    description: The file for uv's output.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Install PyTorch
  slowfast.stack.python_packages:
    env: /opt/slowfast-stack/stacks/0123456789ab/env
    requirements: ["torch==2.11.0", "torchvision==0.26.0"]
    dependencies: false
    index: https://download.pytorch.org/whl/cu130
    hashes: /opt/slowfast-stack/stacks/0123456789ab/hashes/pytorch.txt
    uv: /usr/local/bin/uv
    log: /opt/slowfast-stack/stacks/0123456789ab/logs/pytorch.log
"""

RETURN = r"""
changes:
  description: The packages that uv installs and removes, one per line.
  type: list
  elements: str
  returned: always
"""

from pathlib import Path

from ..module_utils._module import Params, Result, run_module
from ..module_utils._stack.core.process import Commands
from ..module_utils._stack.environment import package_hashes
from ..module_utils._stack.environment.python_env import Packages, PythonEnv, install, missing

SPEC = {
    "env": {"type": "path", "required": True},
    "requirements": {"type": "list", "elements": "str", "required": True},
    "constraints": {"type": "list", "elements": "str", "default": []},
    "locked": {"type": "list", "elements": "str", "default": []},
    "known": {"type": "list", "elements": "str", "default": []},
    "index": {"type": "str"},
    "bundle": {"type": "path"},
    "hashes": {"type": "path"},
    "dependencies": {"type": "bool", "default": True},
    "build_isolation": {"type": "bool", "default": True},
    "uv": {"type": "path", "required": True},
    "log": {"type": "path", "required": True},
}


def act(params: Params, check: bool) -> Result:
    """Compare, and install what is missing."""
    env = PythonEnv(Path(params["env"]), params["uv"])
    locked = params["locked"]
    # A bundle has the digests of its own wheels, of which it built some. A lock is stricter than
    # the catalog.
    lines = [] if params["bundle"] else [*params["known"], *locked]
    known = package_hashes.read(lines)
    packages = Packages(
        tuple(params["requirements"]),
        (*params["constraints"], *map(package_hashes.bare, locked)),
        params["index"],
        Path(params["bundle"]) if params["bundle"] else None,
        Path(params["hashes"]) if params["hashes"] else None,
        dependencies=params["dependencies"],
        build_isolation=params["build_isolation"],
        known=known,
    )
    if check:
        changes = missing(Commands(), env, packages)
    else:
        changes = install(Commands(), env, packages, Path(params["log"]))
    after = "".join(f"{line}\n" for line in changes)
    diff = {"before": "", "after": after}
    return {"changed": bool(changes), "changes": list(changes), "diff": diff}


def main() -> None:
    run_module(SPEC, act, data=("uv",))


if __name__ == "__main__":
    main()
