#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Adapter of `_stack.host.apt_sources`."""

from __future__ import annotations

DOCUMENTATION = r"""
module: apt_components
short_description: Enable further components of the distribution's archive, such as non-free
version_added: 0.1.0
description:
  - Writes a separate sources file with the components that the distribution's sources on this host do not enable, with the same
    URLs and keys. Existing files are not changed; where nothing is missing, no file is written.
author: slowfast.stack contributors (!UNKNOWN)
extends_documentation_fragment: slowfast.stack.attributes
options:
  components:
    description: The components, such as V(contrib) and V(non-free).
    type: list
    elements: str
    required: true
  origin:
    description: The origin of the archive, such as V(Debian); apt's lists show which sources have it.
    type: str
    required: true
  path:
    description: The sources file to write, in the format that ends in C(.sources).
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Enable the components of Debian's driver
  slowfast.stack.apt_components:
    components: [contrib, non-free, non-free-firmware]
    origin: Debian
    path: /etc/apt/sources.list.d/slowfast-stack-distribution.sources
"""

RETURN = r"""
path:
  description: The sources file; null where nothing is missing.
  type: str
  returned: always
"""

from pathlib import Path

from ..module_utils._module import Params, Result, run_module
from ..module_utils._runner import LocalRunner
from ..module_utils._stack.core.files import atomic_write
from ..module_utils._stack.host import apt_sources

SPEC = {
    "components": {"type": "list", "elements": "str", "required": True},
    "origin": {"type": "str", "required": True},
    "path": {"type": "path", "required": True},
}


def act(params: Params, check: bool) -> Result:
    """Compare the file with what is missing; write, remove or leave it."""
    path, runner = Path(params["path"]), LocalRunner()
    archives = apt_sources.known(runner, params["origin"])
    # In check mode on a new host apt has no lists yet.
    if not check:
        apt_sources.require(archives, params["origin"])
    sources = apt_sources.read(runner, str(path))
    text = apt_sources.missing(sources, archives, params["components"])
    there = path.read_text(encoding="utf-8") if path.exists() else ""
    if text != there and not check:
        _place(path, text)
    return {
        "changed": text != there,
        "path": str(path) if text else None,
        "diff": {"before": there, "after": text},
    }


def _place(path: Path, text: str) -> None:
    if not text:
        path.unlink()
        return
    atomic_write(path, text, mode=0o644)


def main() -> None:
    run_module(SPEC, act)


if __name__ == "__main__":
    main()
