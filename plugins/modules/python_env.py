#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Adapter of `_stack.environment.python_env`: the environment itself."""

from __future__ import annotations

DOCUMENTATION = r"""
module: python_env
short_description: Create a Python environment, and rebuild it if it is incomplete
version_added: 0.1.0
description:
  - Creates a virtual environment with uv, or an environment with conda.
  - Rebuilds it where an installation into it was interrupted, where its interpreter does not run, or where it has
    another Python version than planned.
author: slowfast.stack contributors (!UNKNOWN)
extends_documentation_fragment: slowfast.stack.attributes
options:
  path:
    description: The folder of the environment.
    type: path
    required: true
  python:
    description: The interpreter to build it from, a path or a version that uv can provide; not read with O(conda).
    type: str
  version:
    description: The Python version as C(X.Y).
    type: str
    required: true
  uv:
    description: The uv binary.
    type: path
    required: true
  pythons:
    description: The folder for Pythons that uv downloads, so that other users can use them.
    type: path
  conda:
    description: The folder of a conda installation that creates the environment instead of uv.
    type: path
  channel:
    description: The only channel that conda takes packages from.
    type: str
    default: conda-forge
  packages:
    description: The packages that conda installs, such as C(python=3.9).
    type: list
    elements: str
    default: []
  files:
    description: The files of O(packages) in the folder C(conda) of a bundle.
    type: list
    elements: str
    default: []
  bundle:
    description: The folder of an extracted bundle; with it, conda installs O(files) and uses no channel.
    type: path
"""

EXAMPLES = r"""
- name: Keep the environment
  slowfast.stack.python_env:
    path: /opt/slowfast-stack/stacks/0123456789ab/env
    python: /usr/bin/python3.11
    version: "3.11"
    uv: /usr/local/bin/uv
"""

RETURN = r"""
reason:
  description: Why the environment was built; null where it was kept.
  type: str
  returned: always
"""

from pathlib import Path

from ..module_utils._module import Params, Result, run_module
from ..module_utils._stack.bundle.manifest import CONDA
from ..module_utils._stack.core import ownership
from ..module_utils._stack.core.process import Commands
from ..module_utils._stack.environment.python_env import Conda, PythonEnv, create, why_rebuild

SPEC = {
    "path": {"type": "path", "required": True},
    "python": {"type": "str"},
    "version": {"type": "str", "required": True},
    "uv": {"type": "path", "required": True},
    "pythons": {"type": "path"},
    "conda": {"type": "path"},
    "channel": {"type": "str", "default": "conda-forge"},
    "packages": {"type": "list", "elements": "str", "default": []},
    "files": {"type": "list", "elements": "str", "default": []},
    "bundle": {"type": "path"},
}


def act(params: Params, check: bool) -> Result:
    """Say why the environment must be built, and build it."""
    pythons = Path(params["pythons"]) if params["pythons"] else None
    env = PythonEnv(Path(params["path"]), params["uv"], pythons)
    python = params["python"] or params["version"]
    if Path(python).is_absolute():
        ownership.require_private(Path(python))
    if params["conda"]:
        folder = Path(params["bundle"]) / CONDA if params["bundle"] else None
        files = tuple(folder / name for name in params["files"]) if folder else ()
        python = Conda(Path(params["conda"]), params["channel"], tuple(params["packages"]), files)
    if check:
        reason = why_rebuild(Commands(), env, params["version"])
    else:
        reason = create(Commands(), env, python, params["version"])
    return {"changed": reason is not None, "reason": reason}


def main() -> None:
    run_module(SPEC, act, data=("uv",))


if __name__ == "__main__":
    main()
