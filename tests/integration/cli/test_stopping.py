"""Stopping `up` in every way a machine knows: nothing survives, and the output shows how to resume."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from slowfast_stack.orchestration import playbooks, processes

# A task as the build of an extension is one: its own session, a child, a grandchild in background.
BUSY = "sh -c 'setsid sleep 600 & sleep 600'"


@contextmanager
def running(stack, hosts):
    argv = stack.argv("up", "-i", hosts, "--yes")
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(argv, env=stack.environment, **pipes)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        processes.stop(lambda: children(process.pid), patience=0)
        for pipe in (process.stdout, process.stderr):
            pipe.close()


@pytest.fixture(autouse=True)
def same_secret(stack, monkeypatch):
    """This process looks for what the command line has marked."""
    monkeypatch.setenv("XDG_STATE_HOME", str(stack.state))
    processes._secret.cache_clear()
    yield
    processes._secret.cache_clear()


def children(pid):
    return [child for child, mark in processes._marked() if mark.split("-")[2:3] == [str(pid)]]


def sleeping(pid):
    def name(child):
        try:
            return Path(f"/proc/{child}/comm").read_text().strip()
        except OSError:
            return ""

    return [child for child in children(pid) if name(child) == "sleep"]


def orphans(*, inventory, prefix=None):
    return set(processes.abandoned(playbooks.UP.play(inventory, prefix=prefix).scope))


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_ctrl_c_ends_everything_and_says_how_to_go_on(stack, inventory):
    hosts = inventory(one={"try_command": BUSY})
    with running(stack, hosts) as process:
        wait_for(lambda: len(sleeping(process.pid)) == 2)
        assert not set(children(process.pid)) & orphans(inventory=hosts)
        process.send_signal(signal.SIGINT)
        _, result = process.communicate(timeout=60)
        assert process.returncode == 130
        assert children(process.pid) == []
    assert "Run the same command again; it resumes: slowfast-stack up -i" in result
    assert "Traceback" not in result


def test_what_a_killed_run_left_is_stopped_by_the_next_one(stack, inventory):
    hosts = inventory(one={"try_command": BUSY})
    with running(stack, hosts) as process:
        wait_for(lambda: len(sleeping(process.pid)) == 2)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert len(sleeping(process.pid)) == 2
        assert set(children(process.pid)) <= orphans(inventory=hosts)
        done = stack.run("up", "-i", inventory(one={}), "--yes")
        assert children(process.pid) == []
    assert done.returncode == 0
    assert "that a killed run had left behind" in done.stdout


def test_a_run_on_another_prefix_or_inventory_leaves_them_alone(stack, inventory, tmp_path):
    hosts = inventory(one={"try_command": BUSY})
    with running(stack, hosts) as process:
        wait_for(lambda: len(sleeping(process.pid)) == 2)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert not set(children(process.pid)) & orphans(inventory=hosts, prefix=str(tmp_path))
        elsewhere = tmp_path / "elsewhere.yml"
        elsewhere.write_text(Path(inventory(one={})).read_text())
        for other in (["-i", str(elsewhere)], ["-i", hosts, "--prefix", str(tmp_path)]):
            done = stack.run("up", *other, "--yes")
            assert done.returncode == 0, done.stdout + done.stderr
            assert "left behind" not in done.stdout
        assert len(sleeping(process.pid)) == 2
