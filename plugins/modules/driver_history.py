#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Adapter of `_stack.driver.history`."""

from __future__ import annotations

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.files import atomic_write

DOCUMENTATION = r"""
module: driver_history
short_description: Remember the driver packages of a host before they change, and lead back to them
version_added: 0.1.0
description:
  - Notes the installed packages of the NVIDIA driver before an installation, and that it is complete.
  - From that record it tells which exact versions an undo installs and which packages it removes.
    An installation that was interrupted leaves the record of what was there before it.
author: slowfast.stack contributors (!UNKNOWN)
extends_documentation_fragment: slowfast.stack.attributes
options:
  path:
    description: The file that holds the record.
    type: path
    required: true
  family:
    description: Whose package manager this host has.
    type: str
    choices: [debian, redhat]
    required: true
  step:
    description: Whether an installation begins or has ended, or the record is only read.
    type: str
    choices: [begin, end, read]
    default: read
"""

EXAMPLES = r"""
- name: Note what is there before the driver changes
  slowfast.stack.driver_history:
    path: /var/lib/slowfast-stack/driver.json
    family: debian
    step: begin
"""

RETURN = r"""
plan:
  description: The driver plan that brings back what was there; null where there was no driver, or no record.
  type: dict
  returned: always
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.slowfast.stack.plugins.module_utils._module import run_module
from ansible_collections.slowfast.stack.plugins.module_utils._runner import LocalRunner
from ansible_collections.slowfast.stack.plugins.module_utils._stack.driver import history as library

if TYPE_CHECKING:
    from collections.abc import Mapping

SPEC = {
    "path": {"type": "path", "required": True},
    "family": {"type": "str", "required": True, "choices": ["debian", "redhat"]},
    "step": {"type": "str", "default": "read", "choices": ["begin", "end", "read"]},
}


def act(want: Mapping[str, Any], check: bool) -> dict[str, Any]:
    """Note a step, or read the record."""
    path, runner = Path(want["path"]), LocalRunner()
    record = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    listing = runner.run(library.FAMILIES[want["family"]][0]).stdout
    stream = (runner.read(library.STREAM_FILE) or b"").decode("utf-8", "replace")
    now = library.installed(listing, stream)
    fresh = record
    if want["step"] == "begin":
        fresh = library.begun(record, now)
    elif want["step"] == "end" and record:
        fresh = library.ended(record, now)
    if fresh != record and not check:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        atomic_write(path, json.dumps(fresh) + "\n")
    before = library.read(fresh["before"]) if fresh else None
    plan = library.way_back(before, now, want["family"]) if before else None
    return {"changed": fresh != record, "plan": plan}


def main() -> None:
    """Run the module."""
    run_module(SPEC, act)


if __name__ == "__main__":
    main()
