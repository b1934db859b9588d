"""The live view on a real terminal, and what is left of it where there is none."""

from __future__ import annotations

import re

import pexpect

CLAIMS = [
    {"id": "torch.cuda", "ok": True, "expected": "True", "measured": "True", "seconds": 0.12},
    {"id": "detectron2.ops", "ok": None, "expected": "1e-5", "measured": "no compiler"},
]
PLAN = {"status": "planned", "roles": ["pytorch", "proof"]}


def on_terminal(stack, *arguments, environment=None):
    child = pexpect.spawn(
        stack.argv(*arguments)[0],
        stack.argv(*arguments)[1:],
        env=stack.environment | {"TERM": "xterm-256color"} | (environment or {}),
        dimensions=(40, 110),
        encoding="utf-8",
        timeout=30,
    )
    child.expect(pexpect.EOF)
    child.close()
    return child


def test_a_terminal_shows_steps_current_task_and_claims(stack, inventory):
    proof = {"ok": True, "claims": CLAIMS}
    hosts = inventory(one={"try_command": "sleep 1", "try_proof": proof})
    child = on_terminal(stack, "up", "-i", hosts, "--yes")
    assert child.exitstatus == 0
    assert "\x1b[" in child.before
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", child.before)
    assert "▸ pytorch" in shown
    assert "Put what the host asks for in place" in shown
    for step in ("probe", "plan", "pytorch", "proof"):
        assert f"✔ {step}" in shown
    assert re.search(r"○\s+│ detectron2.ops\s+│ 1e-5\s+│ no compiler", shown)
    assert "one: proven, nothing changed" in shown


def test_no_color_is_honoured(stack, inventory):
    child = on_terminal(
        stack, "up", "-i", inventory(one={}), "--yes", environment={"NO_COLOR": "1"}
    )
    assert child.exitstatus == 0
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", child.before)


def test_the_question_is_asked_on_a_terminal(stack, inventory):
    plan = PLAN | {"driver": {"action": "install", "branch": "580", "reboot": True}}
    argv = stack.argv("up", "-i", inventory(one={"try_plan": plan}))
    child = pexpect.spawn(argv[0], argv[1:], env=stack.environment, encoding="utf-8", timeout=30)
    child.expect("one: install the NVIDIA driver 580")
    child.expect("one: reboot")
    child.expect("Go ahead?")
    child.sendline("n")
    child.expect("Nothing was started")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 2


def test_without_a_terminal_each_step_is_a_line(stack, inventory):
    done = stack.run("up", "-i", inventory(one={}), "--yes")
    lines = re.findall(r"^\d\d:\d\d  (.+)$", done.stdout, re.MULTILINE)
    steps = ("probe", "plan", "preflight", "pytorch", "proof")
    assert lines == [f"one: {step}" for step in steps]
