"""`plan` as a process: a fast start, and an inventory that the playbook plans."""

from __future__ import annotations

import json
import subprocess
import sys


def hypothetical(stack, *arguments):
    done = stack.run("plan", *arguments, "--json")
    return done, json.loads(done.stdout)


def test_a_what_if_plan_loads_neither_ansible_nor_rich(stack):
    code = (
        "import sys; from slowfast_stack.cli.app import run;"
        "run(['plan', '--gpu', '10de:2330', '--json']);"
        "print(*sys.modules, file=sys.stderr)"
    )
    argv = [sys.executable, "-c", code]
    done = subprocess.run(argv, env=stack.environment, capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert not loaded & {"ansible", "ansible_runner", "rich", "jinja2", "httpx"}


def test_probe_reads_this_machine(stack):
    done = stack.run("probe", "--json")
    assert done.returncode == 0, done.stderr
    host = json.loads(done.stdout)["hosts"]["localhost"]
    assert host["schema"] == 1
    assert host["cores"] > 0
    assert host["architecture"]


def test_an_inventory_is_planned_by_the_playbook(stack, inventory):
    conflict = {"facts": ["no GPU"], "because": ["one is required"], "try": ["add one"]}
    refused = {"status": "no-plan", "roles": [], "conflict": conflict}
    done, result = hypothetical(stack, "-i", inventory(one={}, two={"try_plan": refused}))
    assert done.returncode == 3
    assert result["hosts"]["one"]["status"] == "planned"
    assert result["hosts"]["two"]["conflict"] == conflict
    assert result["errors"] == {}
    assert "There is no plan for two: no GPU" in done.stderr
