"""The role miniforge in a play: installer, environment, script, shell, and off again.

The installer is one of the tests; what conda-forge holds is not reached from here.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support import ROOT, miniforge_installer
from support.stack_under_test import COMMAND

VERSION = "{}.{}".format(*sys.version_info)
PLAY = """
- hosts: all
  gather_facts: false
  roles:
    - slowfast.stack.miniforge
"""


@pytest.fixture
def variables(tmp_path: Path, served: tuple[Path, str]) -> dict[str, Any]:
    """A plan for conda as the command line makes it, with the tests' own installer."""
    folder, address = served
    name, sha256 = miniforge_installer.write(folder, "26.3.2-3")
    options = ["--environment", "conda", "--python", VERSION, "--gpu", "10de:2330", "--json"]
    options += ["--source", f"miniforge={address}/{name}@{sha256}"]
    done = subprocess.run(
        [str(COMMAND), "plan", *options], capture_output=True, text=True, check=True
    )
    plan = json.loads(done.stdout)["hosts"]["what-if"]
    assert "miniforge" in plan["roles"]
    assert "uv_env" not in plan["roles"]
    assert plan["environment"]["version"] == "26.3.2-3"
    return {
        "stack_plan": plan,
        "stack_prefix_path": str(tmp_path / "prefix"),
        "stack_home": str(tmp_path / "prefix" / "stacks" / plan["id"]),
        "stack_uv": str(COMMAND.with_name("uv")),
    }


def play(tmp_path: Path, variables: dict[str, Any], *options: str) -> str:
    path, given = tmp_path / "play.yml", tmp_path / "variables.json"
    path.write_text(PLAY)
    given.write_text(json.dumps(variables))
    done = subprocess.run(
        [
            str(COMMAND.with_name("ansible-playbook")),
            str(path),
            "-i",
            str(ROOT / "inventories" / "local"),
            "--extra-vars",
            f"@{given}",
            *options,
        ],
        cwd=ROOT,
        env={**os.environ, "HOME": str(tmp_path), "ANSIBLE_COLLECTIONS_PATH": "collections"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    return done.stdout


def test_the_role_makes_what_later_roles_need(tmp_path: Path, variables: dict[str, Any]) -> None:
    home, prefix = Path(variables["stack_home"]), Path(variables["stack_prefix_path"])
    play(tmp_path, variables, "--check")
    assert not prefix.exists()
    play(tmp_path, variables)
    assert not (tmp_path / ".bashrc").exists()
    version = [str(home / "env" / "bin" / "python"), "--version"]
    said = subprocess.run(version, capture_output=True, text=True, check=True)
    assert f"Python {VERSION}" in said.stdout
    toolkit = variables["stack_plan"]["build"]["cuda_home"]
    inside = ["sh", "-c", '. "$0"; echo "$CONDA_PREFIX $CUDA_HOME"', str(home / "activate")]
    said = subprocess.run(inside, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == f"{home}/env {toolkit}"
    asked = {**variables, "miniforge_shells": ["bash"]}
    assert "changed=1" in play(tmp_path, asked)
    assert (tmp_path / ".bashrc").read_text() == "conda\n"
    assert "changed=0" in play(tmp_path, asked)
    play(tmp_path, {**variables, "miniforge_state": "absent"})
    assert not (prefix / "miniforge").exists()
    assert (home / "env" / "bin" / "python").exists()
