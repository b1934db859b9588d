#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Adapter of `_stack.artifacts.build_wheel`."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cached_wheel
short_description: Build a wheel once for its source, toolchain and architectures
version_added: 0.1.0
description:
  - Looks for the wheel in a cache whose key is everything that decides its content, and builds it where it is absent.
  - The build runs on a copy of the tree, without build isolation, and appears in the cache by one rename. Two builds of
    the same key do not run at once, also where the first one outlived the run that started it.
author: slowfast.stack contributors (!UNKNOWN)
extends_documentation_fragment: slowfast.stack.attributes
options:
  source:
    description: The source tree.
    type: path
    required: true
  cache:
    description: The folder of the cache.
    type: path
    required: true
  facts:
    description: Everything that decides the content, the cache key.
    type: dict
    required: true
  build:
    description: Whether to build an absent wheel; V(false) only looks.
    type: bool
    default: true
  offered:
    description:
      - A folder with a wheel of this key and its record, brought from where it was built.
      - It is taken over where its SHA-256 is the recorded one, and removed in any case.
    type: path
  python:
    description: The interpreter of the environment to build with.
    type: path
    required: true
  uv:
    description: The uv binary.
    type: path
    required: true
  environment:
    description: Variables of the build, such as C(TORCH_CUDA_ARCH_LIST).
    type: dict
    default: {}
  log:
    description: The file that gets the output of the build.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Build Detectron2
  slowfast.stack.cached_wheel:
    source: /opt/slowfast-stack/stacks/0123456789ab/src/detectron2
    cache: /opt/slowfast-stack/cache/wheels
    facts: {commit: 02b5c4e295e990042a714712c21dc79b731e8833, torch: 2.11.0+cu130, arch_list: "9.0"}
    environment: {FORCE_CUDA: "1", TORCH_CUDA_ARCH_LIST: "9.0", MAX_JOBS: "8"}
    python: /opt/slowfast-stack/stacks/0123456789ab/env/bin/python
    uv: /usr/local/bin/uv
    log: /opt/slowfast-stack/stacks/0123456789ab/logs/detectron2.log
"""

RETURN = r"""
key:
  description: The key of the facts, the name of the folder in the cache.
  type: str
  returned: always
arrival:
  description: A folder of the cache that nothing else uses, for a wheel that is brought here.
  type: str
  returned: when the wheel is absent
wheel:
  description: The file of the wheel; null where it is absent and was not built.
  type: str
  returned: always
sha256:
  description: Its SHA-256.
  type: str
  returned: when the wheel is there
seconds:
  description: How long its build took, whenever that was.
  type: float
  returned: when the wheel is there
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.slowfast.stack.plugins.module_utils._module import run_module
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts.build_wheel import (
    Recipe,
    adopt,
    arrival,
    build,
    find,
    key_of,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands

if TYPE_CHECKING:
    from collections.abc import Mapping

SPEC = {
    "source": {"type": "path", "required": True},
    "cache": {"type": "path", "required": True},
    "facts": {"type": "dict", "required": True},
    "build": {"type": "bool", "default": True},
    "offered": {"type": "path"},
    "python": {"type": "path", "required": True},
    "uv": {"type": "path", "required": True},
    "environment": {"type": "dict", "default": {}},
    "log": {"type": "path", "required": True},
}


def act(want: Mapping[str, Any], check: bool) -> dict[str, Any]:
    """Look for the wheel, take over the one that is offered, and build it where asked to."""
    cache, facts, commands = Path(want["cache"]), want["facts"], Commands()
    known = wheel = find(cache, facts)
    told: dict[str, Any] = {"key": key_of(facts)}
    if want["offered"] and not check:
        refused = adopt(commands, cache, facts, Path(want["offered"]))
        told["warnings"] = [refused] if refused else []
        wheel = find(cache, facts)
    if wheel is None and want["build"] and not check:
        recipe = Recipe(
            Path(want["source"]),
            facts,
            Path(want["python"]),
            want["uv"],
            {key: str(value) for key, value in want["environment"].items()},
            Path(want["log"]),
        )
        wheel, _built = build(commands, cache, recipe)
    if wheel is None:
        told |= {"changed": want["build"], "wheel": None, "arrival": str(arrival(cache))}
        return told
    changed = wheel != known
    told |= {"changed": changed, "wheel": str(wheel.path), "sha256": wheel.sha256}
    return {**told, "seconds": wheel.seconds}


def main() -> None:
    """Run the module."""
    run_module(SPEC, act)


if __name__ == "__main__":
    main()
