#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Adapter of `_stack.environment.reuse_packages`."""

from __future__ import annotations

DOCUMENTATION = r"""
module: reuse_packages
short_description: Use a package of another Python in an environment
version_added: 0.1.0
description:
  - Links a package and its dependencies from the site folder of another interpreter into an environment. Nothing is copied, and
    the other environment is not changed; uninstalling the package from the environment removes only the links.
  - A package that is installed in the environment is kept.
author: slowfast.stack contributors (!UNKNOWN)
extends_documentation_fragment: slowfast.stack.attributes
options:
  env:
    description: The folder of the environment.
    type: path
    required: true
  python:
    description: The interpreter that has the package; it must have the Python version of the environment.
    type: path
    required: true
  name:
    description: The package.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Use the installed PyTorch of this host
  slowfast.stack.reuse_packages:
    env: /opt/slowfast-stack/stacks/0123456789ab/env
    python: /usr/bin/python3.12
    name: torch
"""

RETURN = r"""
adopted:
  description: The packages that were linked, with their versions.
  type: list
  elements: str
  returned: always
"""

from pathlib import Path

from ..module_utils._module import Params, Result, run_module
from ..module_utils._stack.core.process import Commands
from ..module_utils._stack.environment.python_env import PythonEnv
from ..module_utils._stack.environment.reuse_packages import adopt

SPEC = {
    "env": {"type": "path", "required": True},
    "python": {"type": "path", "required": True},
    "name": {"type": "str", "required": True},
}


def act(params: Params, check: bool) -> Result:
    """Link what is not there."""
    # Only the place of uv is not needed: linking asks no package manager.
    env = PythonEnv(Path(params["env"]), "uv")
    new = adopt(Commands(), env, params["python"], params["name"], change=not check)
    diff = {"before": "", "after": "".join(f"{name}\n" for name in new)}
    return {"changed": bool(new), "adopted": new, "diff": diff}


def main() -> None:
    run_module(SPEC, act)


if __name__ == "__main__":
    main()
