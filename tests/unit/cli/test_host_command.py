"""Verbs that run playbooks, from the arguments to text, JSON and exit code; Ansible is recorded."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from support import plan_builder

from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.plan import Plan
from slowfast_stack import plan, what_if
from slowfast_stack.cli import up
from slowfast_stack.cli.app import run
from slowfast_stack.exit_codes import Exit
from slowfast_stack.orchestration import playbooks, session
from slowfast_stack.orchestration.ansible import Outcome, Play
from slowfast_stack.orchestration.results import Results
from slowfast_stack.orchestration.run_state import Progress

PURGED = {
    "parts": ["driver"],
    "packages": ["nvidia-open-580", "libnvidia-compute-580"],
    "dependents": ["gpu-burn"],
    "removed": False,
}
SET_FACT = "ansible.builtin.set_fact"
DRIVER = {"packages": ["nvidia-open-570=570.1"], "removed": ["nvidia-open-580"], "done": False}

LOCK = {
    "plan": plan_builder.plan_data(),
    "python": {"implementation": "CPython", "version": "3.11.2"},
    "compilers": {"cc": None},
    "packages": [],
    "sources": {},
}
VALUES: dict[str, dict[str, Any]] = {
    "stack_proof": {"ok": True, "claims": []},
    "stack_purge_result": PURGED,
    "stack_driver_rollback": DRIVER,
    "stack_rollback": {"stacks": [], "removed": []},
    "stack_ava": {"ok": True},
    "stack_lock": LOCK,
    "stack_contents": {"lock": LOCK, "files": 5},
}


@pytest.fixture
def plays(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> list[Play]:
    """Answer each playbook with the fact of its role; return the plays that were started."""
    started: list[Play] = []
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    def replay(play: Play, listen: Any, _cancel: object) -> Outcome:
        started.append(play)
        facts: dict[str, Any] = {
            "slowfast.stack.purge": {
                "stack_purge_result": PURGED
                | {"removed": play.variables.get("stack_purge_allowed", False)}
            },
            "slowfast.stack.driver_rollback": {
                "stack_driver_rollback": DRIVER
                | {"done": play.variables.get("stack_rollback_allowed", False)}
            },
        }[play.playbook]
        result = {"host": "one", "task_action": SET_FACT, "res": {"ansible_facts": facts}}
        listen({"event": "runner_on_start", "event_data": {"host": "one", "task": "Return it"}})
        listen({"event": "runner_on_ok", "event_data": result})
        listen({"event": "playbook_on_stats", "event_data": {"processed": {"one": 1}}})
        return Outcome(0, 0, "")

    monkeypatch.setattr(session.ansible, "run", replay)
    return started


def test_purge_without_consent_is_a_preview(
    plays: list[Play], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["purge", "driver"]) == Exit.PROVEN
    out = capsys.readouterr().out
    assert "one: would remove nvidia-open-580, libnvidia-compute-580" in out
    assert "gpu-burn" in out
    assert "--yes" in out
    assert [play.variables for play in plays] == [{"stack_purge": ["driver"]}]


def test_purge_with_consent_runs_once_with_permission(
    plays: list[Play], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["purge", "--yes", "--dependents", "--json"]) == Exit.PROVEN
    printed = json.loads(capsys.readouterr().out)
    assert printed == {"schema": 1, "hosts": {"one": PURGED | {"removed": True}}, "errors": {}}
    (play,) = plays
    assert play.variables == {
        "stack_purge_allowed": True,
        "stack_purge_dependents_allowed": True,
    }


def test_purge_dry_run_wins_over_consent(plays: list[Play]) -> None:
    assert run(["purge", "--yes", "--dry-run"]) == Exit.PROVEN
    assert [play.variables for play in plays] == [{}]


def test_purge_refuses_an_unknown_part(plays: list[Play]) -> None:
    assert run(["purge", "kernel"]) == Exit.USAGE
    assert plays == []


@pytest.mark.parametrize(("answer", "code", "runs"), [("y\n", 0, 2), ("n\n", 2, 1)])
def test_on_a_terminal_purge_asks(
    plays: list[Play], monkeypatch: pytest.MonkeyPatch, answer: str, code: int, runs: int
) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

        def readline(self, *_: object) -> str:
            return answer

    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("builtins.input", lambda *_: answer.strip())
    assert run(["purge"]) == code
    assert len(plays) == runs


def test_driver_rollback_previews_and_then_may_reboot(
    plays: list[Play], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["driver", "rollback"]) == Exit.PROVEN
    assert "would install nvidia-open-570=570.1" in capsys.readouterr().out
    assert run(["driver", "rollback", "--yes", "--json"]) == Exit.PROVEN
    assert json.loads(capsys.readouterr().out)["hosts"]["one"]["done"] is True
    preview, applied = plays
    assert "stack_rollback_allowed" not in preview.variables
    assert applied.variables == {"stack_rollback_allowed": True, "stack_reboot_allowed": True}


def test_the_result_of_every_verb_is_a_fact_that_is_recorded() -> None:
    verbs = [
        value for value in vars(playbooks).values() if isinstance(value, playbooks.PlaybookVerb)
    ]
    assert len(verbs) == 10
    for verb in verbs:
        progress = Progress(verb.steps, verb.fact)
        value = VALUES.get(verb.fact, {"of": verb.name})
        facts = {verb.fact: value, "stack_other": {"of": "another role"}}
        data = {"host": "one", "task_action": SET_FACT, "res": {"ansible_facts": facts}}
        progress.feed({"event": "runner_on_ok", "event_data": data}, 1.0)
        assert progress.hosts["one"].facts == {verb.fact: value}


def deep(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"ok": value}
    return value


@pytest.mark.parametrize(
    "answer",
    [
        "text",
        7,
        [{"ok": True}],
        {"ok": "yes"},
        {"ok": True, "claims": "none"},
        {"ok": True, "claims": [{"id": {"a": 1}}]},
        {"ok": True, "claims": [{"id": "x", "measured": "y" * (9 << 20)}]},
        {"ok": True, "claims": [], "more": deep(2000)},
    ],
    ids=["text", "number", "list", "truth", "claims", "id", "huge", "deep"],
)
def test_a_forged_answer_fails_its_host_and_no_other(answer: Any) -> None:
    progress = Progress(("proof",), "stack_proof")
    for name, proof in (("evil", answer), ("good", {"ok": True, "claims": []})):
        data = {
            "host": name,
            "task_action": SET_FACT,
            "res": {"ansible_facts": {"stack_proof": proof}},
        }
        progress.feed({"event": "runner_on_ok", "event_data": data}, 1.0)
    stats = {"processed": {"evil": 1, "good": 1}}
    progress.feed({"event": "playbook_on_stats", "event_data": stats}, 2.0)
    results = Results(list(progress.hosts.values()), "stack_proof")
    evil, good = results.runs
    assert (results.code(evil), results.code(good)) == (Exit.FAILED, Exit.PROVEN)
    assert [error.code for error in results.failures()] == ["host.invalid-answer"]
    assert list(results.proofs) == ["good"]


def test_a_module_of_a_host_cannot_set_a_result() -> None:
    progress = Progress(("proof",), "stack_proof")
    forged = {"stack_proof": {"ok": True}, "stack_plan": {"roles": ["evil"]}}
    data = {"host": "evil", "task_action": "slowfast.stack.prove", "res": {"ansible_facts": forged}}
    progress.feed({"event": "runner_on_ok", "event_data": data}, 1.0)
    assert progress.hosts["evil"].facts == {}
    assert [step.name for step in progress.hosts["evil"].steps] == ["proof"]


def test_a_code_of_a_host_is_one_of_the_table() -> None:
    progress = Progress(("proof",), "stack_proof")
    for code, wanted in (
        ("file.not-found", "file.not-found"),
        ("own.code", "ansible.task-failed"),
        ([1], "ansible.task-failed"),
    ):
        data = {"host": "evil", "res": {"message": "m", "code": code, "cause": {}, "hint": 3}}
        progress.feed({"event": "runner_on_failed", "event_data": data}, 1.0)
        failure = progress.hosts["evil"].failure
        assert failure
        assert failure.code == wanted


def test_plan_from_python_returns_typed_results() -> None:
    h100 = what_if.Machine(gpus=["10de:2330x2"], os="ubuntu-22.04")
    results = plan(machine=h100)
    assert results.exit_code is Exit.PROVEN
    (host,) = results.runs
    assert isinstance(host.plan, Plan)
    assert [gpu.pci_id for gpu in host.plan.gpus] == ["10de:2330"] * 2
    assert list(results.failures()) == []


def test_consent_is_asked_for_everything_outside_the_prefix() -> None:
    fresh = plan_builder.plan()
    assert fresh.driver is not None
    rebooting = replace(fresh, driver=replace(fresh.driver, reboot=True))
    assert up.beyond_prefix(rebooting) == [
        "install the NVIDIA driver 580",
        "reboot",
        "install the CUDA toolkit 13.0",
        "install the packages " + ", ".join(fresh.system_packages),
    ]
    nothing = replace(fresh, driver=None, cuda=None, system_packages=())
    assert up.beyond_prefix(nothing) == []


def test_purge_does_not_ask_where_nothing_is_installed(
    plays: list[Play], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

    monkeypatch.setitem(PURGED, "packages", [])
    monkeypatch.setattr("sys.stdin", Terminal())
    assert run(["purge"]) == Exit.PROVEN
    assert len(plays) == 1
