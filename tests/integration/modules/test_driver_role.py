"""The role of the driver, in check mode, for each kind of plan that installs nothing."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from support import ROOT
from support.plan_builder import host, planned

if TYPE_CHECKING:
    from pathlib import Path

PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  vars:
    stack_plan: {driver: "{{ lookup('ansible.builtin.file', folder ~ '/driver.json') | from_json }}"}
    stack_host: "{{ lookup('ansible.builtin.file', folder ~ '/host.json') | from_json }}"
  tasks:
    - ansible.builtin.include_role:
        name: slowfast.stack.nvidia_driver
"""
READY = "h100-driver-580-toolkit-13.0"
CASES: dict[str, tuple[dict[str, Any], int, tuple[str, ...]]] = {
    # host, number of changes, tasks that run
    "kept without packages": (host(READY, driver_packages=[]), 0, ()),
    "kept and held already": (host(READY, installed_driver={"held": "580.*"}), 0, ()),
    "kept and not held": (host(READY), 2, ("Hold a driver that is kept",)),
    "started": (
        host("h100-driver-550-upgraded"),
        3,
        ("Disable nouveau", "Read the state that the next boot", "Hold a driver that is kept"),
    ),
    "in a container beside switches": (
        host(READY, nvswitches=["10de:22a3"], virtualization="container"),
        0,
        (),
    ),
}


@pytest.mark.skipif(os.geteuid() != 0, reason="check mode reads files of root")
@pytest.mark.parametrize("what", CASES)
def test_a_plan_that_installs_nothing_is_applied(tmp_path: Path, what: str) -> None:
    there, changes, tasks = CASES[what]
    plan = planned(there).to_dict()
    (tmp_path / "driver.json").write_text(json.dumps(plan["driver"]), encoding="utf-8")
    (tmp_path / "host.json").write_text(json.dumps(there), encoding="utf-8")
    (tmp_path / "play.yml").write_text(PLAY, encoding="utf-8")
    command = [sys.executable, "-m", "ansible.cli.playbook", "--check", "-i", "localhost,"]
    extra = {"folder": str(tmp_path), "ansible_python_interpreter": sys.executable}
    done = subprocess.run(
        [*command, "-e", json.dumps(extra), str(tmp_path / "play.yml")],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections")},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    counted = re.search(r"changed=(\d+) .* failed=0", done.stdout)
    assert counted, done.stdout
    assert int(counted.group(1)) == changes, done.stdout
    assert [task for task in tasks if task not in done.stdout] == []
    assert "Fabric Manager" not in re.sub(r"(?m)^TASK.*\n(?:skipping.*\n)", "", done.stdout)
