#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Adapter of `_stack.ffmpeg.build`."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cached_ffmpeg
short_description: Have an FFmpeg with CUDA, built once for its source, flags and compiler
version_added: 0.1.0
description:
  - Builds FFmpeg from pinned source, takes a static program from PyPI, or links the distribution's own, as the plan says.
  - Whatever it is, it is used only after its lists name every hardware decoder, encoder and filter that was asked for.
  - The result appears in the cache by one rename. A build that was killed is gone on with; two builds of the same key do
    not run at once.
  - Package sources of Debian are named to apt in a folder of the cache; those of the system stay as they are.
author: slowfast.stack contributors (!UNKNOWN)
extends_documentation_fragment: slowfast.stack.attributes
options:
  plan:
    description: C(ffmpeg) of the plan.
    type: dict
    required: true
  cache:
    description: The folder of the cache.
    type: path
    required: true
  host:
    description: What of the host decides the content, beside the plan.
    type: dict
    required: true
  build:
    description: Whether to make what is absent; V(false) only looks.
    type: bool
    default: true
  cc:
    description: The C compiler of a build; C(nvcc) uses it too.
    type: str
    default: cc
  jobs:
    description: How many files are compiled at once.
    type: int
    default: 1
  bundle:
    description: The folder of an unpacked bundle; where it is given, source and programs are taken from there alone.
    type: path
  uv:
    description: The uv binary, which asks PyPI.
    type: path
    required: true
  log:
    description: The file that gets the output of the build.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Have the FFmpeg of the plan
  slowfast.stack.cached_ffmpeg:
    plan: "{{ stack_plan.ffmpeg }}"
    cache: /opt/slowfast-stack/cache/ffmpeg
    host: {machine: x86_64, glibc: "2.36", compiler: "12"}
    jobs: 8
    uv: /usr/local/bin/uv
    log: /opt/slowfast-stack/stacks/0123456789ab/logs/ffmpeg.log
"""

RETURN = r"""
folder:
  description: The folder with C(bin/ffmpeg); null where it is absent and was not made.
  type: str
  returned: always
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.slowfast.stack.plugins.module_utils._module import run_module
from ansible_collections.slowfast.stack.plugins.module_utils._stack.commands import Commands
from ansible_collections.slowfast.stack.plugins.module_utils._stack.ffmpeg.build import (
    Recipe,
    find,
    make,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

SPEC = {
    "plan": {"type": "dict", "required": True},
    "cache": {"type": "path", "required": True},
    "host": {"type": "dict", "required": True},
    "build": {"type": "bool", "default": True},
    "cc": {"type": "str", "default": "cc"},
    "jobs": {"type": "int", "default": 1},
    "bundle": {"type": "path"},
    "uv": {"type": "path", "required": True},
    "log": {"type": "path", "required": True},
}


def act(want: Mapping[str, Any], check: bool) -> dict[str, Any]:
    """Look for the FFmpeg, and make it where asked to."""
    cache = Path(want["cache"])
    cc, jobs, log = want["cc"], want["jobs"], Path(want["log"])
    bundle = Path(want["bundle"]) if want["bundle"] else None
    recipe = Recipe(want["plan"], want["host"], cc, jobs, want["uv"], log, bundle)
    folder, made = find(cache, recipe.facts), False
    if folder is None and want["build"] and not check:
        folder, made = make(Commands(), cache, recipe)
    if folder is None:
        return {"changed": want["build"], "folder": None}
    return {"changed": made, "folder": str(folder)}


def main() -> None:
    """Run the module."""
    run_module(SPEC, act)


if __name__ == "__main__":
    main()
