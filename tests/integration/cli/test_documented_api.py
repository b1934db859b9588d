"""The example of the Python API in docs/fleets.md drives ten hosts, with the real playbook."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support import ROOT, proven_prefix

from ansible_collections.slowfast.stack.plugins.module_utils._runner import probed
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host.probe import Where
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import planner
from ansible_collections.slowfast.stack.plugins.plugin_utils._proof_program import program

# Without the git sources, whose reach differs between the machines that run this.
REQUEST = {"network": "pypi"}


def test_the_example_for_ten_hosts(tmp_path: Path) -> None:
    (example,) = re.findall(
        r"```python\n(.*?)```", (ROOT / "docs/fleets.md").read_text(), re.DOTALL
    )
    prefix = tmp_path / "prefix"
    host = probed(Where(str(prefix), {}, home=str(Path.home())), remember=False).to_dict()
    plan = planner.plan(host, REQUEST).to_dict()
    if plan["status"] != "planned" or plan["system_packages"] or host["gpus"]:
        pytest.skip("this machine has no plan of the prefix alone")
    proven_prefix.make(prefix, host, json.loads(json.dumps(plan)), program())
    names = [f"gpu{number}" for number in range(10)]
    shared = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "stack_prefix": str(prefix),
        "stack_request": REQUEST,
    }
    (tmp_path / "inventories").mkdir()
    inventory = {"all": {"hosts": {name: {} for name in names}, "vars": shared}}
    (tmp_path / "inventories" / "ten-hosts").write_text(json.dumps(inventory))
    done = subprocess.run(
        [sys.executable, "-c", example],
        cwd=tmp_path,
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    lines = done.stdout.splitlines()
    assert sorted(line for line in lines if line.endswith(" proven") and "ended" not in line) == [
        f"{name} proven" for name in names
    ]
    assert sum("ended proven" in line for line in lines) == len(names)
