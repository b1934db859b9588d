#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Adapter of `_stack.artifacts`."""

from __future__ import annotations

DOCUMENTATION = r"""
module: artifact
short_description: Provide a wheel or an FFmpeg, built once for all its inputs
version_added: 0.1.0
description:
  - Looks for the artifact in a cache whose key is the SHA-256 of everything that decides its content, and builds it where it is absent.
  - The result appears in the cache by one rename, with a manifest of the SHA-256 of every file. Two builds of the same key do not run
    at once, also where the first one outlived the run that started it.
  - A wheel is built on a copy of the tree, without build isolation.
  - An FFmpeg is built from pinned source, extracted from a wheel of PyPI, or a link to the distribution's own, as the plan says. It is used
    only after it lists every required decoder, encoder and filter. A build that was killed continues. Package sources of Debian are
    given to apt in a folder of the cache; those of the system do not change.
author: slowfast.stack contributors (!UNKNOWN)
extends_documentation_fragment: slowfast.stack.attributes
options:
  kind:
    description: What is built.
    type: str
    choices: [wheel, ffmpeg]
    required: true
  inputs:
    description: Everything that decides the content, name and text. P(slowfast.stack.planned_artifact#filter) returns it.
    type: dict
    required: true
  cache:
    description: The folder of the cache.
    type: path
    required: true
  build:
    description: Whether to build an absent artifact; V(false) only looks.
    type: bool
    default: true
  import_from:
    description:
      - An archive of the artifact that another host exported.
      - It is imported where its files match its manifest and the key, and it can be used on this host. It is removed in any case.
    type: path
  import_sha256:
    description: The SHA-256 that the archive of O(import_from) must have, as P(slowfast.stack.artifact_copy#module) returns it.
    type: str
  rebuild:
    description: Whether to build an available artifact again in another folder, and to fail where a byte differs.
    type: bool
    default: false
  export_to:
    description: An archive to write, for other hosts.
    type: path
  uv:
    description: The uv binary.
    type: path
    required: true
  log:
    description: The file that gets the output of the build.
    type: path
    required: true
  source:
    description: The source tree of a wheel.
    type: path
  python:
    description: The interpreter of the environment that a wheel is built with.
    type: path
  environment:
    description: Variables of the build of a wheel, such as C(TORCH_CUDA_ARCH_LIST).
    type: dict
    default: {}
  plan:
    description: C(ffmpeg) of the plan.
    type: dict
    default: {}
  cc:
    description: The C compiler of FFmpeg; C(nvcc) uses it too.
    type: str
    default: cc
  jobs:
    description: How many files of FFmpeg are compiled at once.
    type: int
    default: 1
  bundle:
    description: The folder of an unpacked bundle; where it is given, sources and programs of FFmpeg come from there alone.
    type: path
"""

EXAMPLES = r"""
- name: Build Detectron2
  slowfast.stack.artifact:
    kind: wheel
    inputs: {source: 02b5c4e295e990042a714712c21dc79b731e8833, torch: 2.11.0+cu130, arch_list: "9.0"}
    cache: /opt/slowfast-stack/cache/wheels
    source: /opt/slowfast-stack/stacks/0123456789ab/src/detectron2
    environment: {FORCE_CUDA: "1", TORCH_CUDA_ARCH_LIST: "9.0", MAX_JOBS: "8"}
    python: /opt/slowfast-stack/stacks/0123456789ab/env/bin/python
    uv: /usr/local/bin/uv
    log: /opt/slowfast-stack/stacks/0123456789ab/logs/detectron2.log
"""

RETURN = r"""
path:
  description: The file of the wheel, or the folder with C(bin/ffmpeg); null where it is absent and was not built.
  type: str
  returned: always
files:
  description: The SHA-256 of every file.
  type: dict
  returned: when the artifact is available
seconds:
  description: How long its build took, whenever that was.
  type: float
  returned: when the artifact is available
refused:
  description: Why the archive of O(import_from) was not imported; null where it was, or none was given.
  type: str
  returned: always
"""

from pathlib import Path

from ..module_utils._module import Params, Result, run_module
from ..module_utils._stack.artifacts import cache, transfer
from ..module_utils._stack.artifacts.build_ffmpeg import FFmpegRecipe
from ..module_utils._stack.artifacts.build_wheel import WheelRecipe
from ..module_utils._stack.artifacts.key import key_of
from ..module_utils._stack.core.construct import construct
from ..module_utils._stack.core.process import Commands

RECIPES: dict[str, type[cache.Recipe]] = {"wheel": WheelRecipe, "ffmpeg": FFmpegRecipe}
SPEC = {
    "kind": {"type": "str", "choices": ["wheel", "ffmpeg"], "required": True},
    "inputs": {"type": "dict", "required": True},
    "cache": {"type": "path", "required": True},
    "build": {"type": "bool", "default": True},
    "import_from": {"type": "path"},
    "import_sha256": {"type": "str"},
    "rebuild": {"type": "bool", "default": False},
    "export_to": {"type": "path"},
    "uv": {"type": "path", "required": True},
    "log": {"type": "path", "required": True},
    "source": {"type": "path"},
    "python": {"type": "path"},
    "environment": {"type": "dict", "default": {}},
    "plan": {"type": "dict", "default": {}},
    "cc": {"type": "str", "default": "cc"},
    "jobs": {"type": "int", "default": 1},
    "bundle": {"type": "path"},
}


def act(params: Params, check: bool) -> Result:
    """Find, import, build and export, as far as it is asked for."""
    kind, commands, folder = params["kind"], Commands(), Path(params["cache"])
    recipe: cache.Recipe = construct(
        RECIPES[kind], {**params["plan"], **params}, kind, ignore_unknown=True
    )
    key, refused = key_of(recipe.inputs), None
    if not check:
        folder.mkdir(parents=True, exist_ok=True)  # copies of other hosts arrive there
    before = found = cache.find(folder, key)
    if params["import_from"] and not check:
        archive = Path(params["import_from"])
        sha256 = params["import_sha256"]
        refused = transfer.import_archive(commands, folder, recipe, archive, sha256)
        found = cache.find(folder, key)
    if found is None and params["build"] and not check:
        found, _built = cache.build(commands, folder, recipe)
    if found and params["rebuild"] and not check:
        cache.require_same(commands, folder, recipe, found)
    if found and params["export_to"] and not check:
        transfer.export_archive(found, Path(params["export_to"]))
    return {
        "changed": params["build"] if found is None else found != before,
        "path": str(recipe.path(found.folder)) if found else None,
        "refused": refused,
        "warnings": [refused] if refused else [],
        **({"files": dict(found.files), "seconds": found.seconds} if found else {}),
    }


def main() -> None:
    run_module(SPEC, act, data=("uv",))


if __name__ == "__main__":
    main()
