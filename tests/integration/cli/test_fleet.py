"""Many hosts: what is kept of them, who is tried again, batches, events, and a run that is cancelled."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest
from support import ROOT

from slowfast_stack.exit_codes import Interrupted
from slowfast_stack.orchestration import playbooks
from slowfast_stack.orchestration.events import HostEvent, Kind
from slowfast_stack.orchestration.session import Session

from .test_up import UNPROVEN, UNREACHABLE

if TYPE_CHECKING:
    from pathlib import Path

LATE = {"ansible_connection": "local", "try_command": "sleep 30"}


def known(stack, *arguments):
    done = stack.run("hosts", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return {row["name"]: row for row in json.loads(done.stdout)["hosts"]}


def test_each_host_is_kept_as_it_ended_and_retry_runs_those_that_are_not_proven(stack, inventory):
    hosts = inventory(good={}, unproven={"try_proof": UNPROVEN}, dead=UNREACHABLE)
    assert stack.run("up", "-i", hosts, "--yes").returncode == 4
    rows = known(stack, "-i", hosts)
    assert {name: (row["status"], row["code"]) for name, row in rows.items()} == {
        "good": ("proven", None),
        "unproven": ("failed", None),
        "dead": ("unreachable", "host.unreachable"),
    }
    assert rows["unproven"]["proven"] is None
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", rows["dead"]["seen"])
    hosts = inventory(good={}, unproven={}, dead={})
    done = stack.run("up", "-i", hosts, "--retry", "--yes", "--json")
    assert done.returncode == 0, done.stderr
    assert sorted(json.loads(done.stdout)["hosts"]) == ["dead", "unproven"]
    assert {row["status"] for row in known(stack).values()} == {"proven"}
    nothing = stack.run("up", "-i", hosts, "--retry")
    assert (nothing.returncode, "nothing to retry" in nothing.stdout) == (0, True)


def test_a_run_whose_controller_was_killed_is_continued_by_retry(stack, inventory):
    hosts = inventory(quick={}, slow=LATE)
    argv = stack.argv("up", "-i", hosts, "--yes")
    with subprocess.Popen(argv, env=stack.environment, stdout=subprocess.PIPE) as run:
        assert run.stdout
        for line in run.stdout:
            if b"slow: pytorch" in line:
                break
        run.kill()
    assert {row["status"] for row in known(stack).values()} == {"running"}
    done = stack.run("up", "-i", inventory(quick={}, slow={}), "--retry", "--yes", "--json")
    assert done.returncode == 0, done.stderr
    assert sorted(json.loads(done.stdout)["hosts"]) == ["quick", "slow"]


def test_events_are_lines_and_the_last_line_is_the_result(stack, inventory):
    hosts = inventory(one={}, dead=UNREACHABLE)
    done = stack.run("up", "-i", hosts, "--yes", "--stream")
    *events, result = map(json.loads, done.stdout.splitlines())
    assert done.returncode == 4
    assert {name: host["status"] for name, host in result["hosts"].items()} == {
        "one": "proven",
        "dead": "unreachable",
    }
    of_one = [row["event"] for row in events if row["event"]["host"] == "one"]
    assert [row["step"] for row in of_one if row["kind"] == "step"][:2] == ["probe", "plan"]
    assert (of_one[-1]["kind"], of_one[-1]["status"]) == ("ended", "proven")
    kinds = {row["event"]["kind"] for row in events if row["event"]["host"] == "dead"}
    assert kinds == {"step", "unreachable", "ended"}
    seconds = [row["event"]["seconds"] for row in events]
    assert seconds == sorted(seconds)


def test_with_serial_a_failed_batch_is_the_last_one(tmp_path: Path):
    """The real playbook, on hosts that do not answer."""
    hosts = tmp_path / "hosts.json"
    hosts.write_text(json.dumps({"all": {"hosts": dict.fromkeys("abcd", UNREACHABLE)}}))
    hosts = hosts.rename(hosts.with_suffix(".yml"))
    argv = [
        sys.executable,
        "-m",
        "slowfast_stack",
        "up",
        "-i",
        str(hosts),
        "--serial",
        "2",
        "--yes",
    ]
    environment = {"XDG_STATE_HOME": str(tmp_path), "PYTHONPATH": f"{ROOT}/src:{ROOT}/collections"}
    done = subprocess.run(
        [*argv, "--json"],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 4, done.stderr
    codes = {name: host["error"]["code"] for name, host in json.loads(done.stdout)["hosts"].items()}
    dead, left_out = "host.unreachable", "fleet.stopped"
    assert codes == {"a": dead, "b": dead, "c": left_out, "d": left_out}
    rows = [json.loads(path.read_text()) for path in tmp_path.glob("slowfast-stack/hosts/*/*")]
    assert {row["name"]: row["status"] for row in rows} == {
        **dict.fromkeys("ab", "unreachable"),
        **dict.fromkeys("cd", "not-started"),
    }


def test_a_run_in_another_thread_is_cancelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", f"{sys.prefix}/bin:/usr/bin:/bin")
    playbook, hosts = tmp_path / "wait.yml", tmp_path / "hosts.yml"
    task = {"name": "Wait", "ansible.builtin.command": "sleep 60"}
    play = {"name": "Wait", "hosts": "all", "gather_facts": False, "tasks": [task]}
    playbook.write_text(json.dumps([play]))
    hosts.write_text(json.dumps({"all": {"hosts": {"one": {"ansible_connection": "local"}}}}))
    monkeypatch.setattr(
        playbooks.UP.__class__, "play", lambda *_, **__: playbooks.Play(str(playbook), hosts)
    )
    events: list[HostEvent] = []
    cancel, ended = threading.Event(), []
    session = Session(listen=events.append, cancel=cancel)

    def drive() -> None:
        with pytest.raises(Interrupted) as raised:
            playbooks.UP.run(str(hosts), session=session)
        ended.append(raised.value.code)

    thread = threading.Thread(target=drive)
    thread.start()
    while not events:
        time.sleep(0.05)
    assert (events[0].host, events[0].kind) == ("one", Kind.STEP)
    cancel.set()
    thread.join(timeout=20)
    assert ended == ["run.stopped"]
