#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Adapter of `_stack.artifacts.source_tree`."""

from __future__ import annotations

DOCUMENTATION = r"""
module: source_tree
short_description: Place the source tree of one pinned commit
version_added: 0.1.0
description:
  - Puts the tree of a git commit, or of a source distribution on PyPI that is pinned by its SHA-256, at a path.
  - The tree appears with one rename when it is complete. A tree that already holds the pinned source is not changed,
    including its patches.
author: slowfast.stack contributors (!UNKNOWN)
extends_documentation_fragment: slowfast.stack.attributes
options:
  path:
    description: The folder of the tree.
    type: path
    required: true
  source:
    description:
      - The source as the plan gives it.
      - V(origin=git) needs RV(ignore:url) (a URL, or the absolute path of a repository or bundle on the target) and a commit.
      - V(origin=pypi) needs a requirement C(NAME==VERSION) and its SHA-256.
    type: dict
    required: true
  bundle:
    description: The folder of an extracted bundle; with it, the source is only taken from there.
    type: path
  uv:
    description: The uv binary, which finds files on PyPI.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Place the source of SlowFast
  slowfast.stack.source_tree:
    path: /opt/slowfast-stack/stacks/0123456789ab/src/slowfast
    source:
      origin: git
      url: https://github.com/facebookresearch/SlowFast
      commit: 287ec0076846560f44a9327e931a5a2360240533
    uv: /usr/local/bin/uv
"""

RETURN = r"""
identity:
  description: The source at the path, a commit or a pinned requirement.
  type: str
  returned: always
replaced:
  description: The source that was replaced; null where there was none.
  type: str
  returned: always
"""

from pathlib import Path

from ..module_utils._module import Params, Result, run_module
from ..module_utils._stack.artifacts.source_tree import Source, identity_of, place
from ..module_utils._stack.core.construct import construct
from ..module_utils._stack.core.process import Commands

SPEC = {
    "path": {"type": "path", "required": True},
    "source": {"type": "dict", "required": True},
    "bundle": {"type": "path"},
    "uv": {"type": "path", "required": True},
}


def act(params: Params, check: bool) -> Result:
    """Compare, and place the tree where it differs."""
    commands, tree = Commands(), Path(params["path"])
    source = construct(Source, params["source"], "source", ignore_unknown=True)
    before = identity_of(commands, tree)
    changed = before != source.identity
    bundle = Path(params["bundle"]) if params["bundle"] else None
    if changed and not check:
        place(commands, source, tree, uv=params["uv"], bundle=bundle)
    return {
        "changed": changed,
        "identity": source.identity,
        "replaced": before,
        "diff": {"before": f"{before or 'nothing'}\n", "after": f"{source.identity}\n"},
    }


def main() -> None:
    run_module(SPEC, act, data=("uv",))


if __name__ == "__main__":
    main()
