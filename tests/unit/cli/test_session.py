"""What a run means that did not end as a run should."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support.errors import fails

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from slowfast_stack.exit_codes import Exit, code_of
from slowfast_stack.orchestration import session
from slowfast_stack.orchestration.ansible import Outcome, Play
from slowfast_stack.orchestration.run_state import HostRun, Progress, State, Step

PLAY = Play("slowfast.stack.site", Path("hosts.yml"))


def started():
    progress = Progress(("probe", "plan"))
    data = {"host": "one", "task": "Probe the host"}
    progress.feed({"event": "runner_on_start", "event_data": data}, 1.0)
    return progress


def test_a_playbook_that_ansible_gives_up_on_is_a_failure_with_its_last_words():
    with fails("ansible.failed", "couldn't resolve module") as printed:
        session.check(Outcome(4, 0, "PLAY\r\n\r\ncouldn't resolve module x"), started(), PLAY)
    assert code_of(printed.value) is Exit.FAILED


@pytest.mark.parametrize(
    ("code", "tail", "limit", "cause"),
    [
        (0, "skipping: no hosts matched", None, "It has no host."),
        (1, "--limit leaves us with no hosts to target.", "oen", "--limit oen "),
        (0, "Unable to parse hosts.yml as an inventory source", "oen", "could not parse"),
    ],
)
def test_a_playbook_without_hosts_is_wrong_use(code, tail, limit, cause):
    with fails("inventory.no-host", cause):
        session.check(Outcome(code, 0, tail), Progress(()), replace(PLAY, limit=limit))


def test_a_playbook_that_fails_before_its_first_host_is_not_called_one_without_hosts():
    with fails("ansible.failed", "no such role"):
        session.check(Outcome(4, 0, "no such role"), Progress(()), PLAY)


def test_what_our_modules_say_of_damaged_files_is_shown_once(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    damaged = "[record.unreadable] /opt/x/history.json cannot be read."
    result = {"host": "one", "res": {"warnings": [damaged, "Ansible says something."]}}

    def replay(_play, listen, _cancel):
        for _ in range(2):
            listen({"event": "runner_on_ok", "event_data": result})
        listen({"event": "playbook_on_stats", "event_data": {"processed": {"one": 1}}})
        return Outcome(0, 0, "")

    said = []
    monkeypatch.setattr(session.ansible, "run", replay)
    session.Session(say=said.append).follow(PLAY, "up", (), "stack_proof")
    assert [text for text in said if "Log:" not in text] == [f"one: {damaged}"]


def test_an_interruption_comes_before_everything_else():
    with fails("run.stopped", "SIGHUP") as printed:
        session.check(Outcome(99, 1, "ERROR! User interrupted execution"), started(), PLAY)
    assert printed.value.exit_code == 129


def test_a_failure_that_a_rescue_made_up_for_is_forgotten():
    progress = started()
    data = {"host": "one", "res": {"msg": "no"}}
    progress.feed({"event": "runner_on_failed", "event_data": data}, 2.0)
    assert progress.hosts["one"].failure.cause == "no"
    stats = {"processed": {"one": 1}, "rescued": {"one": 1}, "failures": {}, "dark": {}}
    progress.feed({"event": "playbook_on_stats", "event_data": stats}, 3.0)
    assert progress.hosts["one"].failure is None


def test_a_step_that_only_had_a_look_is_still_to_come_and_its_times_add_up():
    run = HostRun("one", [Step("preflight"), Step("pytorch"), Step("proof")])
    for name, now in (("preflight", 0), ("proof", 1), ("pytorch", 3)):
        run.enter(name, now)
    assert [step.state for step in run.steps] == [State.DONE, State.RUNNING, State.PENDING]
    run.enter("proof", 10)
    run.leave(State.DONE, 14)
    assert [step.seconds(20) for step in run.steps] == [1, 7, 6]


UNMET = "a : Depends: b (= 2) but 1 is to be installed"
AGAIN = "Then run the same command again; it resumes. Run:"
UNMET_HINT = f"Release the hold or the pin. {AGAIN} apt-mark showhold; apt-cache policy b a"
FULL_HINT = f"Free disk space there; in /boot, remove old kernels. {AGAIN} df -h; df -i"
UNMET_CAUSE = "a needs another version of b than 1, which is held, pinned or installed."


@pytest.mark.parametrize(
    ("result", "code", "cause", "hint"),
    [
        ({"msg": "no"}, "ansible.task-failed", "no", ""),
        (
            {"msg": "non-zero return code", "stdout": UNMET, "stderr": "E: held"},
            "ansible.task-failed",
            f"{UNMET_CAUSE}\nnon-zero return code\nE: held\n{UNMET}",
            UNMET_HINT,
        ),
        (
            {
                "msg": "MODULE FAILURE",
                "exception": "Traceback\nOSError: [Errno 28] No space left on device",
            },
            "ansible.task-failed",
            "The disk is full: a file system of this host has no space or no inodes left.\nMODULE FAILURE",
            FULL_HINT,
        ),
        (
            {
                "message": "m",
                "cause": f"It exited with 1:\n{UNMET}",
                "hint": "",
                "code": "disk.full",
            },
            "disk.full",
            f"{UNMET_CAUSE}\nIt exited with 1:\n{UNMET}",
            UNMET_HINT,
        ),
        (
            {"message": "m", "cause": UNMET, "hint": "h", "code": "disk.full"},
            "disk.full",
            UNMET,
            "h",
        ),
        ({"message": "m", "cause": "c", "hint": "h", "code": "disk.full"}, "disk.full", "c", "h"),
        (
            {
                "msg": "Task failed: Finalization of task args failed: Error while resolving value"
                " for 'p': The filter plugin 'slowfast.stack.plan' failed: "
                + StackError("host.root is 'yes'.", "c", "h", code="data.invalid-value").labelled()
            },
            "data.invalid-value",
            "c",
            "h",
        ),
    ],
)
def test_the_parts_of_an_error_reach_the_command_line(result, code, cause, hint):
    progress = started()
    progress.feed({"event": "runner_on_failed", "event_data": {"host": "one", "res": result}}, 2.0)
    failure = progress.hosts["one"].failure
    assert (failure.code, failure.cause, failure.hint) == (code, cause, hint)
