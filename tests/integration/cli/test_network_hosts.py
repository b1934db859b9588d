"""Hosts that are reached over a network of their own: one dies amid a step, one loses its cable."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import network_hosts

from .conftest import Stack


@pytest.fixture
def fleet() -> Iterator[tuple[Path, list[network_hosts.NetworkHost]]]:
    lacks = network_hosts.missing()
    if lacks:
        pytest.skip(lacks)
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        home = Path.home()
        with network_hosts.started(3, Path(folder), [home]) as hosts:
            yield Path(folder), hosts


def test_a_host_that_dies_and_one_that_is_cut_off_leave_the_others_alone(
    stack: Stack, fleet: tuple[Path, list[network_hosts.NetworkHost]]
) -> None:
    folder, (well, dying, cut) = fleet
    wait = {"try_command": "sleep 4"}
    # The default notices it after half a minute.
    soon = "-o ServerAliveInterval=1 -o ServerAliveCountMax=2"
    stack.environment.update({"ANSIBLE_SSH_EXTRA_ARGS": soon, "ANSIBLE_TIMEOUT": "2"})
    # Connections of earlier hosts with the same addresses are not those of these.
    stack.environment["ANSIBLE_SSH_CONTROL_PATH_DIR"] = str(folder / "cp")
    variables = {
        host.name: {**host.variables, **({} if host is well else wait)}
        for host in (well, dying, cut)
    }
    inventory = folder / "hosts.yml"
    inventory.write_text(json.dumps({"all": {"hosts": variables}}))
    argv = stack.argv("up", "-i", str(inventory), "--yes", "--stream")
    with subprocess.Popen(
        ["timeout", "40", *argv], env=stack.environment, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout
        waiting = set()
        for line in run.stdout:
            event = json.loads(line).get("event", {})
            waiting |= {event["host"]} if event.get("step") == "pytorch" else set()
            if waiting == set(variables):
                break
        dying.kill()
        cut.cut()
        *_, last = run.stdout
        assert run.wait() == 4
    ended = {name: host["status"] for name, host in json.loads(last)["hosts"].items()}
    assert ended == {well.name: "proven", dying.name: "unreachable", cut.name: "unreachable"}
    # Plugged in again, it is one of the hosts that --retry runs.
    cut.cut(again=True)
    done = stack.run("up", "-i", str(inventory), "--yes", "--retry", "--json")
    assert done.returncode == 4
    ended = {name: host["status"] for name, host in json.loads(done.stdout)["hosts"].items()}
    assert ended == {dying.name: "unreachable", cut.name: "proven"}
