#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Adapter of `_stack.driver.history`."""

from __future__ import annotations

DOCUMENTATION = r"""
module: driver_history
short_description: Record the driver packages of a host before they change
version_added: 0.1.0
description:
  - Records the installed packages of the NVIDIA driver before an installation, and that it is complete. The role
    C(nvidia_driver_rollback) reinstalls them. An interrupted installation keeps the record of the packages before it.
  - A record that a newer release wrote is refused.
author: slowfast.stack contributors (!UNKNOWN)
extends_documentation_fragment: slowfast.stack.attributes
options:
  path:
    description: The file with the record.
    type: path
    default: /var/lib/slowfast-stack/driver.json
  family:
    description: The family of the host's package manager.
    type: str
    choices: [debian, redhat]
    required: true
  step:
    description: Whether an installation begins or ends, or the record is only read.
    type: str
    choices: [begin, end, read]
    default: read
"""

EXAMPLES = r"""
- name: Record the installed driver before it changes
  slowfast.stack.driver_history:
    path: /var/lib/slowfast-stack/driver.json
    family: debian
    step: begin
"""

RETURN = r"""
before:
  description: The driver packages before the last change, and their module stream; null without a record.
  type: dict
  returned: always
now:
  description: The driver packages that are installed now, and their module stream.
  type: dict
  returned: always
release:
  description: The driver release before the last change; null where there was no driver, or no record.
  type: str
  returned: always
"""

from pathlib import Path

from ..module_utils._module import Params, Result, run_module
from ..module_utils._runner import LocalRunner
from ..module_utils._stack.core import saved
from ..module_utils._stack.driver import history
from ..module_utils._stack.host import driver_record

SPEC = {
    "path": {"type": "path", "default": driver_record.PATH},
    "family": {"type": "str", "required": True, "choices": ["debian", "redhat"]},
    "step": {"type": "str", "default": "read", "choices": ["begin", "end", "read"]},
}


def act(params: Params, check: bool) -> Result:
    """Record a step, or read the record."""
    path, runner = Path(params["path"]), LocalRunner()
    record = driver_record.parse((runner.read(str(path)) or b"").decode("utf-8", "replace"))
    listing = runner.run(driver_record.LISTINGS[params["family"]]).stdout
    stream = (runner.read(driver_record.STREAM_FILE) or b"").decode("utf-8", "replace")
    now = driver_record.installed(listing, stream)
    fresh = record
    if params["step"] == "begin":
        fresh = history.begun(record, now)
    elif params["step"] == "end" and record:
        fresh = history.ended(record, now)
    if fresh != record and not check:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        saved.write(path, fresh, indent=None)
    before = driver_record.Installed.from_dict(fresh["before"]) if fresh else None
    return {
        "changed": fresh != record,
        "before": before.to_dict() if before else None,
        "now": now.to_dict(),
        "release": before.release if before else None,
    }


def main() -> None:
    run_module(SPEC, act)


if __name__ == "__main__":
    main()
