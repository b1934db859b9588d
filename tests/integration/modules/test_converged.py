"""One task of Ansible reports whether this machine is as planned and proven."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._runner import probed
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment import lock
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host.probe import Where
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import planner
from ansible_collections.slowfast.stack.plugins.plugin_utils._proof_program import program
from support import ROOT, proven_prefix

PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: {python}
  tasks:
    - slowfast.stack.converged:
        prefix: {prefix}
        request: {request}
      register: found
    - ansible.builtin.copy:
        content: "{{{{ found | to_json }}}}"
        dest: {out}
"""


def asked(folder: Path, prefix: Path, request: str = "{}") -> dict[str, Any]:
    play, out = folder / "play.yml", folder / "out.json"
    out.unlink(missing_ok=True)
    play.write_text(PLAY.format(python=sys.executable, prefix=prefix, request=request, out=out))
    done = subprocess.run(
        [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "localhost,", str(play)],
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    found: dict[str, Any] = json.loads(out.read_text())
    assert found["changed"] is False
    return found


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    """A stack of this machine that looks proven."""
    prefix = tmp_path / "prefix"
    host = probed(Where(str(prefix), {}), remember=False).to_dict()
    plan = planner.plan(host).to_dict()
    if plan["status"] != "planned" or plan["system_packages"]:
        pytest.skip("this machine has no plan without more packages")
    return proven_prefix.make(prefix, host, json.loads(json.dumps(plan)), program())


def test_a_proven_host_answers_with_host_plan_and_proof(stack: Path, tmp_path: Path) -> None:
    prefix = stack.parents[1]
    found = asked(tmp_path, prefix)
    proven = found["proven"]
    assert (proven["prefix"], proven["stack"]) == (str(prefix), str(stack))
    assert proven["proof"]["ok"]
    assert proven["proof"]["reused"]
    assert found["plan"]["id"] == stack.name
    assert found["host"]["distribution"]["id"]

    assert asked(tmp_path, prefix, "{python: '3.12'}")["proven"] is None
    (stack / lock.FILE).write_text("{}\n")
    assert {asked(tmp_path, prefix)[key] for key in ("host", "plan", "proven")} == {None}
    assert asked(tmp_path, tmp_path / "absent")["proven"] is None
