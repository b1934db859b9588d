"""What is kept of hosts: drift, damaged records, names that are patterns, and what a run may retry."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.errors import fails
from support.plan_builder import host, plan_data

from slowfast_stack import recorded_hosts
from slowfast_stack.cli import hosts as cli
from slowfast_stack.orchestration import events, fleet
from slowfast_stack.orchestration.ansible import Play
from slowfast_stack.orchestration.events import HostEvent, Kind
from slowfast_stack.orchestration.run_state import Failure, Progress

PLAY = Play("slowfast.stack.site", Path("/srv/hosts.yml"), None, {"stack_prefix": "/opt/s"})


@pytest.fixture
def said(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return []


def run(said, *happened, command="up", facts=None):
    progress = Progress(())
    records = fleet.Records(PLAY, command, progress, said.append)
    for event in happened:
        progress.host(event.host).facts.update(facts or {})
        records.note(event)


def step(name):
    return HostEvent(Kind.STEP, name, 1.0, "probe")


def ended(name, status="proven"):
    return HostEvent(Kind.ENDED, name, 2.0, "", status)


def test_a_plan_that_was_not_proven_is_a_drift(said):
    first = {
        "stack_plan": plan_data() | {"id": "0" * 12},
        "stack_proof": {"ok": True, "claims": [], "plan": "0" * 12},
    }
    run(said, step("a"), ended("a"), facts=first)
    (row,) = fleet.known(PLAY)
    assert (row.status, row.plan, row.proven, row.drift) == ("proven", "0" * 12, "0" * 12, "")
    run(said, step("a"), command="plan", facts={"stack_plan": plan_data() | {"id": "1" * 12}})
    (row,) = fleet.known(PLAY)
    assert (row.status, row.drift) == ("proven", f"planned {'1' * 12}, proven {'0' * 12}")
    assert cli._cells(row)[-1] == row.drift
    run(said, step("a"), ended("a", "failed"), facts={"stack_plan": first["stack_plan"]})
    assert fleet.known(PLAY)[0].proven == "0" * 12
    assert said == []


def test_the_kept_hosts_are_those_that_plan_reads(said, capsys, tmp_path):
    run(said, ended("a"), facts={"stack_host": host()})
    assert cli.hosts(as_probe=True) == 0
    recorded = tmp_path / "recorded.json"
    recorded.write_text(capsys.readouterr().out)
    (read,) = recorded_hosts.read([str(recorded)]).values()
    assert len(read.gpus) == 1
    assert cli._cells(fleet.known()[0])[4] == "1"


@pytest.mark.parametrize(("passed", "proven"), [(True, "0" * 12), (False, None)])
def test_a_proof_of_the_current_stack_proves_no_newer_plan(said, passed, proven):
    newer = {"stack_plan": plan_data() | {"id": "1" * 12}}
    run(said, step("a"), ended("a", "failed"), facts=newer)
    proof = {"ok": passed, "claims": [], "plan": "0" * 12}
    run(said, ended("a", "proven"), command="prove", facts={"stack_proof": proof})
    (row,) = fleet.known(PLAY)
    assert (row.plan, row.proven) == ("1" * 12, proven)


def test_of_every_end_only_a_proof_is_not_tried_again(said):
    left_alone = ("proven",)
    every = ("proven", "failed", "no-plan", "unreachable")
    run(said, *(ended(status, status) for status in every), step("running"))
    fleet.not_started(PLAY, ["not-started"])
    assert set(fleet.to_retry(PLAY)) == {*every, "running", "not-started"} - set(left_alone)


def test_probing_alone_is_no_run_to_retry(said):
    run(said, step("a"), command="plan")
    with fails("fleet.no-record"):
        fleet.to_retry(PLAY)


def test_hosts_of_another_prefix_are_others(said):
    run(said, ended("a"))
    other = Play(PLAY.playbook, PLAY.inventory, None, {"stack_prefix": "/opt/other"})
    assert fleet.known(other) == []
    assert [row.name for row in fleet.known()] == ["a"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 1, "name": "a"}', '{"schema": 9}'])
def test_a_damaged_record_counts_as_none_and_a_newer_one_is_refused(said, text):
    run(said, ended("a"))
    (path,) = fleet.folder(PLAY).glob("*.json")
    path.write_text(text)
    if "9" in text:
        with fails("record.unsupported-schema"):
            fleet.known(PLAY)
        return
    assert fleet.known(PLAY) == []
    run(said, ended("a"))
    assert [row.status for row in fleet.known(PLAY)] == ["proven"]


def test_a_record_that_was_copied_to_another_name_is_none(said):
    run(said, ended("a"))
    (path,) = fleet.folder(PLAY).glob("*.json")
    path.rename(path.with_name("0.json"))
    assert fleet.known(PLAY) == []


@pytest.mark.parametrize(
    "name", ["a*", "a[1:3]", "!a", "a:b", "a,b", "&a", "@file", "-l", "a b", ""]
)
def test_a_name_that_is_a_pattern_is_refused(name):
    with fails("fleet.name-is-a-pattern"):
        fleet.pattern(["good", name])


@pytest.mark.parametrize("name", ["../a", "a/b", "a\nb", "ä" * 300, ".", "con"])
def test_a_name_names_no_file(said, name):
    run(said, ended(name))
    (path,) = fleet.folder(PLAY).parent.rglob("*.json")
    assert path.parent == fleet.folder(PLAY)
    assert [row.name for row in fleet.known(PLAY)] == [name]


def test_a_run_goes_on_where_nothing_can_be_kept_and_that_is_said_once(said, tmp_path):
    (tmp_path / "slowfast-stack").write_text("a file in the place of the folder")
    run(said, step("a"), step("b"), ended("a"))
    assert len(said) == 1
    assert str(fleet.folder(PLAY)) in said[0]


def test_events_of_a_host_are_its_steps_one_error_and_its_end():
    progress, ticks = Progress(("probe",), "stack_proof"), iter(range(100))
    watch = events.Watch(progress, "stack_proof", lambda: next(ticks))
    found = []
    for kind, data in (
        ("runner_on_start", {"task": "Probe"}),
        ("runner_on_start", {"task": "Probe more"}),
        ("runner_on_unreachable", {"res": {"msg": "no route"}}),
        ("playbook_on_stats", {"processed": {"a": 1}, "dark": {"a": 1}}),
    ):
        event = {"event": kind, "event_data": {"host": "a", **data}}
        if kind == "playbook_on_stats":
            del event["event_data"]["host"]
        progress.feed(event, 0.0)
        found += watch(event)
    assert [(one.kind, one.step, one.status, one.code) for one in found] == [
        (Kind.STEP, "probe", "", ""),
        (Kind.UNREACHABLE, "probe", "", "host.unreachable"),
        (Kind.ENDED, "", "unreachable", "host.unreachable"),
    ]
    assert found[0].to_dict() == {"kind": "step", "host": "a", "seconds": 1, "step": "probe"}
    assert json.dumps([one.to_dict() for one in found])


def test_a_failed_host_has_its_error_beside_it(said):
    failure = Failure("It stopped.", "Why.", code="packages.locked")
    event = HostEvent(Kind.FAILED, "a", 1.0, "cuda", "", failure.code, failure.message)
    run(
        said,
        step("a"),
        event,
        HostEvent(Kind.ENDED, "a", 2.0, "", "failed", failure.code, failure.message),
    )
    (row,) = fleet.known(PLAY)
    assert cli._cells(row)[-1] == "packages.locked: It stopped."


def test_a_secret_in_an_error_is_not_kept_and_a_row_is_one_line(said):
    text = "It failed at https://me:hunter2@example.org/x\nand more"
    run(said, HostEvent(Kind.FAILED, "a", 1.0, "cuda", "", "packages.locked", text))
    (row,) = fleet.known(PLAY)
    assert "hunter2" not in (row.message or "")
    assert "\n" not in cli._cells(row)[-1]
