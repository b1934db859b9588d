"""`up` from outside: exit codes, JSON, log, words. Ansible really runs."""

from __future__ import annotations

import json
import re

from support.plan_builder import plan_data

CONFLICT = {"facts": ["no GPU was found"], "because": ["a GPU is required"], "try": ["add a GPU"]}
NO_PLAN = {"status": "no-plan", "roles": [], "conflict": CONFLICT}
CLAIM = {"id": "torch.cuda", "expected": "True", "measured": "[False]", "seconds": 0.12}
UNPROVEN = {"ok": False, "claims": [CLAIM | {"ok": False}]}
UNREACHABLE = {
    "ansible_connection": "ssh",
    "ansible_host": "127.0.0.1",
    "ansible_port": 1,
    "ansible_ssh_common_args": "-o BatchMode=yes -o ConnectTimeout=2",
}


ASKED = {"ok": True, "claims": [{"id": "{{ stack_request }} {{ stack_prefix }}", "ok": True}]}


def test_a_proven_host_exits_0_and_each_step_is_a_line(stack, inventory):
    done = stack.run("up", "-i", inventory(one={}), "--yes")
    assert done.returncode == 0, done.stderr
    steps = ("probe", "plan", "preflight", "pytorch", "proof")
    lines = re.findall(r"^\d\d:\d\d  (.+)$", done.stdout, re.MULTILINE)
    assert lines == [f"one: {step}" for step in steps]
    assert "one: proven, nothing changed" in done.stdout
    assert "Log: " in done.stdout
    assert "TASK [slowfast.stack.proof : Hand over the proof]" in stack.log()
    assert "\x1b" not in done.stdout + stack.log()


def test_of_several_hosts_each_is_reported_and_the_highest_code_counts(stack, inventory):
    hosts = inventory(
        changed={"try_changed": True},
        asking={"try_proof": ASKED, "stack_request": "mine", "stack_prefix": "/mine"},
        unproven={"try_proof": UNPROVEN},
        broken={"try_command": "sh -c 'echo no space left >&2; exit 3'"},
        planless={"try_plan": NO_PLAN},
        unreachable=UNREACHABLE,
    )
    done = stack.run("up", "-i", hosts, "--yes", "--json")
    result = json.loads(done.stdout)["hosts"]
    assert {name: host["status"] for name, host in result.items()} == {
        "changed": "proven",
        "asking": "proven",
        "unproven": "failed",
        "broken": "failed",
        "planless": "no-plan",
        "unreachable": "unreachable",
    }
    assert done.returncode == 4
    assert result["changed"]["changed"] == 1
    assert result["asking"]["proof"]["claims"][0]["id"] == "mine /mine"
    assert result["unproven"]["proof"] == UNPROVEN
    assert result["broken"]["error"]["cause"].endswith("no space left")
    assert "There is no plan for planless: no GPU was found" in done.stderr
    assert "hint:  add a GPU" in done.stderr
    assert "unreachable cannot be reached" in done.stderr


def test_a_host_without_a_plan_exits_3(stack, inventory):
    done = stack.run("up", "-i", inventory(one={"try_plan": NO_PLAN}), "--yes")
    assert done.returncode == 3
    assert "cause: a GPU is required" in done.stderr


def test_a_plan_beyond_the_prefix_needs_consent(stack, inventory):
    changes = {"roles": ["proof"], "system_packages": ["git", "g++"]}
    plan = plan_data("cpu-debian-12", changes=changes)
    done = stack.run("up", "-i", inventory(one={"try_plan": plan}))
    assert done.returncode == 2
    assert "one: install the packages git, g++" in done.stdout
    assert "hint:  Add --yes to go ahead." in done.stderr


def test_flags_reach_the_play_limit_picks_hosts_and_verbose_shows_all(stack, inventory):
    two = {"try_proof": ASKED, "stack_request": "mine"}
    flags = ("--torch", ">=2.9", "--preset", "newest", "--prefix", "/opt/x")
    hosts = inventory(one={}, two=two)
    done = stack.run("up", "-i", hosts, "--yes", "--limit", "two", "-v", *flags)
    assert "ok       {'torch': '>=2.9', 'preset': 'newest'} /opt/x" in done.stdout
    assert "TASK [slowfast.stack.pytorch : Put what the host asks for in place]" in done.stdout
    assert "two: proven" in done.stdout
    assert "one: " not in done.stdout


def test_a_mistyped_limit_is_an_error(stack, inventory):
    done = stack.run("up", "-i", inventory(one={}), "--yes", "--json", "--limit", "oen")
    assert done.returncode == 2
    error = json.loads(done.stdout)["error"]
    assert error["code"] == "inventory.no-host"
    assert "--limit oen" in error["cause"]


def test_prove_prints_the_contract_and_writes_a_page(stack, inventory, tmp_path):
    page = tmp_path / "proof.html"
    hosts = inventory(one={"try_proof": UNPROVEN})
    done = stack.run("prove", "-i", hosts, "--json", "--html", str(page))
    assert done.returncode == 1
    assert json.loads(done.stdout) == {"schema": 1, "hosts": {"one": UNPROVEN}, "errors": {}}
    assert "torch.cuda" in page.read_text()
    assert "http" not in page.read_text()
