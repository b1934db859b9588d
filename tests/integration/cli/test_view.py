"""The live view on a real terminal."""

from __future__ import annotations

import re

import pexpect
from support.plan_builder import plan_data

CLAIMS = [
    {"id": "torch.cuda", "ok": True, "expected": "True", "measured": "True", "seconds": 0.12},
    {"id": "detectron2.ops", "ok": None, "expected": "1e-5", "measured": "no compiler"},
]
COLOURED = r"\x1b\[[0-9;]*3[0-9]m"


def on_terminal(stack, *arguments, **variables):
    command, *rest = stack.argv(*arguments)
    environment = stack.environment | {"TERM": "xterm-256color"} | variables
    size = {"dimensions": (40, 110)}
    return pexpect.spawn(command, rest, env=environment, encoding="utf-8", timeout=30, **size)


def end(child):
    child.expect(pexpect.EOF)
    child.close()
    return child.exitstatus


def test_a_terminal_shows_steps_current_task_and_claims(stack, inventory):
    proof = {"ok": True, "claims": CLAIMS}
    hosts = inventory(one={"try_command": "sleep 1", "try_proof": proof})
    child = on_terminal(stack, "up", "-i", hosts, "--yes")
    assert end(child) == 0
    assert re.search(COLOURED, child.before)
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", child.before)
    assert "▸ pytorch" in shown
    assert "Put what the host asks for in place" in shown
    for step in ("probe", "plan", "pytorch", "proof"):
        assert f"✔ {step}" in shown
    assert re.search(r"○\s+│ detectron2.ops\s+│ 1e-5\s+│ no compiler", shown)
    assert "one: proven, nothing changed" in shown


def test_the_question_is_asked_on_a_terminal_and_no_color_is_honoured(stack, inventory):
    hosts = inventory(one={"try_plan": plan_data(changes={"roles": []})})
    child = on_terminal(stack, "up", "-i", hosts, NO_COLOR="1")
    child.expect("Go ahead?")
    asked = child.before
    child.sendline("n")
    assert end(child) == 2
    assert "one: install the NVIDIA driver 580" in asked
    assert "one: install the CUDA toolkit 13.0" in asked
    assert not re.search(COLOURED, asked)
    assert "Nothing was started" in child.before
