#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Adapter of `_stack.environment.miniforge`."""

from __future__ import annotations

DOCUMENTATION = r"""
module: miniforge
short_description: Install the planned release of Miniforge, or remove it
version_added: 0.1.0
description:
  - Downloads the installer, verifies its SHA-256, runs it in batch mode and checks that conda and mamba run.
  - Another release is updated in place. An interrupted installation starts again.
  - The user's shell is not changed, and a folder that another program installed is refused.
author: slowfast.stack contributors (!UNKNOWN)
extends_documentation_fragment: slowfast.stack.attributes
options:
  path:
    description: The folder of the installation.
    type: path
    required: true
  state:
    description: Whether Miniforge is installed.
    type: str
    choices: [present, absent]
    default: present
  version:
    description: The release, such as V(26.3.2-3).
    type: str
  url:
    description: The URL of the installer.
    type: str
  sha256:
    description: The SHA-256 of the installer.
    type: str
  cache:
    description: The folder that keeps the installer.
    type: path
  bundle:
    description: The folder of an extracted bundle; with it, the installer is only taken from there.
    type: path
  log:
    description: The file for the installer's output.
    type: path
"""

EXAMPLES = r"""
- name: Install Miniforge
  slowfast.stack.miniforge:
    path: /opt/slowfast-stack/miniforge
    version: 26.3.2-3
    url: https://github.com/conda-forge/miniforge/releases/download/26.3.2-3/Miniforge3-26.3.2-3-Linux-x86_64.sh
    sha256: 848194851a98903134187fbb4ab50efe87b003e0c0f808f97644b7524a62bf2c
    cache: /opt/slowfast-stack/cache/installers
    log: /opt/slowfast-stack/miniforge.log

- name: Remove it
  slowfast.stack.miniforge:
    path: /opt/slowfast-stack/miniforge
    state: absent
"""

RETURN = r"""
reason:
  description: Why the installer ran; null where it did not.
  type: str
  returned: always
versions:
  description: The versions that C(conda) and C(mamba) report; empty in check mode before an installation.
  type: dict
  returned: always
"""

from pathlib import Path

from ..module_utils._module import Params, Result, run_module
from ..module_utils._stack.core import names
from ..module_utils._stack.core.process import Commands
from ..module_utils._stack.environment import miniforge

SPEC = {
    "path": {"type": "path", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "version": {"type": "str"},
    "url": {"type": "str"},
    "sha256": {"type": "str"},
    "cache": {"type": "path"},
    "bundle": {"type": "path"},
    "log": {"type": "path"},
}


def act(params: Params, check: bool) -> Result:
    """Install, update or remove."""
    path = Path(params["path"])
    if params["state"] == "absent":
        removed = miniforge.remove(path, check=check)
        return {
            "changed": removed,
            "reason": "it is not wanted" if removed else None,
            "versions": {},
        }
    wanted = miniforge.Miniforge(
        path,
        params["version"],
        names.address(params["url"], "url"),
        params["sha256"],
        Path(params["cache"]),
        Path(params["log"]),
        Path(params["bundle"]) if params["bundle"] else None,
    )
    act_or_ask = miniforge.why_install if check else miniforge.install
    reason = act_or_ask(Commands(), wanted)
    known = {} if check and reason else miniforge.versions(Commands(), wanted)
    return {"changed": reason is not None, "reason": reason, "versions": known}


def main() -> None:
    run_module(SPEC, act)


if __name__ == "__main__":
    main()
