"""`up` from outside: exit codes, JSON, log, words. Ansible really runs."""

from __future__ import annotations

import json

import pytest

CONFLICT = {"facts": ["no GPU was found"], "because": ["a GPU is required"], "try": ["add a GPU"]}
NO_PLAN = {"status": "no-plan", "roles": [], "conflict": CONFLICT}
CLAIM = {"id": "torch.cuda", "expected": "True", "measured": "[False]", "seconds": 0.12}
UNPROVEN = {"ok": False, "claims": [CLAIM | {"ok": False}]}
NOBODY = {
    "ansible_connection": "ssh",
    "ansible_host": "127.0.0.1",
    "ansible_port": 1,
    "ansible_ssh_common_args": "-o BatchMode=yes -o ConnectTimeout=2",
}


def test_a_proven_host_ends_with_0_and_says_that_nothing_changed(stack, inventory):
    done = stack.run("up", "-i", inventory(one={}), "--yes")
    assert done.returncode == 0, done.stderr
    assert "one: proven, nothing changed" in done.stdout
    assert "TASK [slowfast.stack.proof : Hand over the proof]" in stack.log()
    assert "Log: " in done.stdout
    assert "\x1b" not in done.stdout + stack.log()


def test_of_several_hosts_each_is_told_and_the_highest_code_counts(stack, inventory):
    hosts = inventory(
        changed={"try_changed": True},
        unproven={"try_proof": UNPROVEN},
        broken={"try_command": "sh -c 'echo no space left >&2; exit 3'"},
        planless={"try_plan": NO_PLAN},
        unreachable=NOBODY,
    )
    done = stack.run("up", "-i", hosts, "--yes", "--json")
    told = json.loads(done.stdout)["hosts"]
    assert {name: host["status"] for name, host in told.items()} == {
        "changed": "proven",
        "unproven": "failed",
        "broken": "failed",
        "planless": "no-plan",
        "unreachable": "unreachable",
    }
    assert done.returncode == 4
    assert told["changed"]["changed"] == 1
    assert told["unproven"]["proof"] == UNPROVEN
    assert told["broken"]["failure"]["why"].endswith("no space left")
    assert "There is no plan for planless: no GPU was found" in done.stderr
    assert "next: add a GPU" in done.stderr
    assert "unreachable cannot be reached" in done.stderr


@pytest.mark.parametrize(
    ("variables", "code"),
    [({"try_proof": UNPROVEN}, 1), ({"try_plan": NO_PLAN}, 3)],
    ids=["unproven", "planless"],
)
def test_the_exit_code_says_how_a_host_ended(stack, inventory, variables, code):
    done = stack.run("up", "-i", inventory(one=variables), "--yes")
    assert done.returncode == code
    assert "Traceback" not in done.stderr


def test_a_plan_beyond_the_prefix_needs_consent(stack, inventory):
    plan = {"status": "planned", "roles": ["proof"], "system_packages": ["git", "g++"]}
    hosts = inventory(one={"try_plan": plan})
    refused = stack.run("up", "-i", hosts)
    assert refused.returncode == 2
    assert "one: install the packages git, g++" in refused.stdout
    assert "next: Add --yes to go ahead." in refused.stderr
    assert stack.run("up", "-i", hosts, "--yes").returncode == 0


def test_flags_reach_the_play_and_absent_ones_leave_the_inventory_alone(stack, inventory):
    proof = {"ok": True, "claims": [{"id": "{{ stack_request }} {{ stack_prefix }}", "ok": True}]}
    hosts = inventory(one={"try_proof": proof, "stack_request": "mine", "stack_prefix": "/mine"})
    done = stack.run("up", "-i", hosts, "--yes", "--json")
    assert json.loads(done.stdout)["hosts"]["one"]["proof"]["claims"][0]["id"] == "mine /mine"
    flags = ("--torch", ">=2.9", "--preset", "newest", "--prefix", "/opt/x")
    done = stack.run("up", "-i", hosts, "--yes", "--json", *flags)
    given = json.loads(done.stdout)["hosts"]["one"]["proof"]["claims"][0]["id"]
    assert given == "{'torch': '>=2.9', 'preset': 'newest'} /opt/x"


def test_limit_picks_hosts_and_a_mistyped_limit_is_an_error(stack, inventory):
    hosts = inventory(one={}, two={})
    done = stack.run("up", "-i", hosts, "--yes", "--json", "--limit", "two")
    assert list(json.loads(done.stdout)["hosts"]) == ["two"]
    done = stack.run("up", "-i", hosts, "--yes", "--json", "--limit", "tow")
    assert done.returncode == 2
    assert "leaves us with no hosts" in json.loads(done.stdout)["error"]["why"]


def test_verbose_shows_what_ansible_says(stack, inventory):
    done = stack.run("up", "-i", inventory(one={}), "--yes", "-v")
    assert "TASK [slowfast.stack.pytorch : Put what the host asks for in place]" in done.stdout


def test_prove_prints_the_contract_and_writes_a_page(stack, inventory, tmp_path):
    page = tmp_path / "proof.html"
    hosts = inventory(one={"try_proof": UNPROVEN})
    done = stack.run("prove", "-i", hosts, "--json", "--html", str(page))
    assert done.returncode == 1
    assert json.loads(done.stdout) == {"schema": 1, "hosts": {"one": UNPROVEN}, "errors": {}}
    assert "torch.cuda" in page.read_text()
    assert "http" not in page.read_text()
