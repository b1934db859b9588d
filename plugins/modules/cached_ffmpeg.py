#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Adapter of `_stack.artifacts.build_ffmpeg`."""

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
  offered:
    description:
      - An archive with a build of this key, brought from where it was built.
      - It is taken over where it is what its record says and runs here, and removed in any case.
    type: path
  pack:
    description: Where an archive of it shall lie, for other hosts.
    type: path
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
key:
  description: The key of what decides the content, the name of the folder in the cache.
  type: str
  returned: always
parcel:
  description: A file of the cache that nothing else uses, for an archive on its way.
  type: str
  returned: always
folder:
  description: The folder with C(bin/ffmpeg); null where it is absent and was not made.
  type: str
  returned: always
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.slowfast.stack.plugins.module_utils._module import run_module
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts import transfer
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts.build_ffmpeg import (
    Recipe,
    find,
    make,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts.build_wheel import (
    key_of,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands

if TYPE_CHECKING:
    from collections.abc import Mapping

SPEC = {
    "plan": {"type": "dict", "required": True},
    "cache": {"type": "path", "required": True},
    "host": {"type": "dict", "required": True},
    "build": {"type": "bool", "default": True},
    "offered": {"type": "path"},
    "pack": {"type": "path"},
    "cc": {"type": "str", "default": "cc"},
    "jobs": {"type": "int", "default": 1},
    "bundle": {"type": "path"},
    "uv": {"type": "path", "required": True},
    "log": {"type": "path", "required": True},
}


def act(want: Mapping[str, Any], check: bool) -> dict[str, Any]:
    """Look for the FFmpeg, take over the one that is offered, and make it where asked to."""
    cache, commands = Path(want["cache"]), Commands()
    cc, jobs, log = want["cc"], want["jobs"], Path(want["log"])
    bundle = Path(want["bundle"]) if want["bundle"] else None
    recipe = Recipe(want["plan"], want["host"], cc, jobs, want["uv"], log, bundle)
    if not check:
        cache.mkdir(parents=True, exist_ok=True)  # an archive may be brought into it
    known = folder = find(cache, recipe.facts)
    told: dict[str, Any] = {"key": key_of(recipe.facts), "parcel": str(transfer.parcel(cache))}
    if want["offered"] and not check:
        refused = transfer.adopt(commands, cache, recipe, Path(want["offered"]))
        told["warnings"] = [refused] if refused else []
        folder = find(cache, recipe.facts)
    if folder is None and want["build"] and not check:
        folder, _made = make(commands, cache, recipe)
    if folder is None:
        return {**told, "changed": want["build"], "folder": None}
    if want["pack"] and not check:
        transfer.pack(folder, Path(want["pack"]))
    return {**told, "changed": folder != known, "folder": str(folder)}


def main() -> None:
    """Run the module."""
    run_module(SPEC, act)


if __name__ == "__main__":
    main()
