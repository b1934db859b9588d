"""Nodes that train together over ssh: what their check names, what follows a loss, and Ctrl-C."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support import network_hosts, training_nodes
from support.network_hosts import NetworkHost
from support.stack_under_test import Stack
from support.training_nodes import TrainingNodes

# An hour later, as a clock that no service sets.
SKEW = """
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t clock, struct timespec *now) {
  int failed = syscall(SYS_clock_gettime, clock, now);
  if (!failed && clock == CLOCK_REALTIME) now->tv_sec += 3600;
  return failed;
}
"""
REASON = network_hosts.missing()
WAIT_S = 120

pytestmark = pytest.mark.skipif(bool(REASON), reason=f"no hosts: {REASON}")


@pytest.fixture(scope="module")
def all_nodes(stack: Stack) -> Iterator[TrainingNodes]:
    if not (stack.prefix / "current/src/slowfast/tools/run_net.py").is_file():
        pytest.skip("the reduced stack has no tools/: PyPI's slowfast is the library alone")
    with training_nodes.made(stack.prefix, 3) as made:
        yield made


@pytest.fixture
def nodes(all_nodes: TrainingNodes) -> Iterator[TrainingNodes]:
    """Three nodes that run and have trained nothing."""
    yield all_nodes
    for host in all_nodes.hosts:
        host.kill()
        host.start()
        host.run(f"rm -rf {all_nodes.work}/*")
    for host in all_nodes.hosts:
        until(host.answers)


def until(holds: Callable[[], object]) -> None:
    end = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)


def check(nodes: TrainingNodes, *, expect: int) -> dict[str, Any]:
    argv = nodes.command(1, "--check-only")
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == expect, done.stdout + done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_links_and_an_all_reduce_are_measured(nodes: TrainingNodes) -> None:
    found = check(nodes, expect=0)["check"]
    names = [host.name for host in nodes.hosts]
    assert [(node["name"], node["interface"]) for node in found["nodes"]] == [
        (name, "eth0") for name in names
    ]
    mbit = {(row["from"], row["to"]): row["mbit"] for row in found["links"]}
    assert sorted(mbit) == sorted((a, b) for a in names for b in names if a != b)
    slowest = found["slowest"]
    assert mbit[slowest["from"], slowest["to"]] == min(mbit.values())
    assert found["all_reduce_mbit"] > 0


def test_an_all_reduce_has_the_speed_of_links_that_are_known_to_be_slow(
    nodes: TrainingNodes,
) -> None:
    for host in nodes.hosts:
        host.run("tc qdisc add dev eth0 root tbf rate 100mbit burst 32kb latency 50ms")
    try:
        found = check(nodes, expect=0)["check"]
    finally:
        for host in nodes.hosts:
            host.run("tc qdisc del dev eth0 root")
    assert 50 < min(row["mbit"] for row in found["links"]) < 110
    assert 30 < found["all_reduce_mbit"] < 110


def test_the_slow_link_is_named(nodes: TrainingNodes) -> None:
    last = nodes.hosts[-1]
    last.run("tc qdisc add dev eth0 root tbf rate 20mbit burst 32kb latency 50ms")
    try:
        error = check(nodes, expect=1)["error"]
    finally:
        last.run("tc qdisc del dev eth0 root")
    assert error["code"] == "training.slow-link"
    assert f"from {last.name} (eth0)" in error["message"]


def test_a_cut_link_is_named(nodes: TrainingNodes) -> None:
    first, second, _ = nodes.hosts
    absent = "lladdr 02:00:00:00:00:fe dev eth0 nud permanent"
    first.run(f"ip neigh replace {second.address} {absent}")
    error = check(nodes, expect=1)["error"]
    assert error["code"] == "training.broken-link"
    assert f"{first.name} (eth0) to {second.name} (eth0)" in error["cause"]


@pytest.mark.skipif(shutil.which("iptables") is None, reason="there is no iptables")
def test_a_node_whose_firewall_lets_ssh_alone_pass_is_named(nodes: TrainingNodes) -> None:
    last = nodes.hosts[-1]
    last.run("iptables -A INPUT -i eth0 -p tcp --syn ! --dport 22 -j DROP")
    error = check(nodes, expect=1)["error"]
    assert error["code"] == "training.broken-link"
    assert last.name in error["message"]


def test_the_node_whose_clock_differs_is_named(nodes: TrainingNodes) -> None:
    if shutil.which("gcc") is None:
        pytest.skip("there is no compiler for a clock that differs")
    host = nodes.hosts[1]
    library = nodes.folder / "skew.so"
    argv = ["gcc", "-shared", "-fPIC", "-x", "c", "-", "-o", str(library)]
    subprocess.run(argv, input=SKEW, text=True, check=True)
    with changed(host, nodes, "env/bin/python", f"2i export LD_PRELOAD={library}"):
        error = check(nodes, expect=1)["error"]
    assert error["code"] == "training.nodes-differ"
    assert error["message"].startswith(f"The clock of {host.name} differs")
    assert "3600 s" in error["message"] or "3599 s" in error["message"]


def test_the_node_with_another_stack_is_named(nodes: TrainingNodes) -> None:
    host = nodes.hosts[1]
    version = r's/"version": "[^"]*"/"version": "0"/'
    with changed(host, nodes, "stack.lock.json", version):
        error = check(nodes, expect=1)["error"]
    assert error["code"] == "training.nodes-differ"
    assert error["message"].startswith(f"{host.name} has another stack")


@contextlib.contextmanager
def changed(host: NetworkHost, nodes: TrainingNodes, name: str, edit: str) -> Iterator[None]:
    """Edit a file of the stack of one node alone, and undo it."""
    path = nodes.stack.prefix / "current" / name
    host.run(f"cp -p {path} {path}.kept; sed -i '{edit}' $(readlink -f {path})")
    try:
        yield
    finally:
        host.run(f"cp -p {path}.kept $(readlink -f {path}); rm {path}.kept")


@contextlib.contextmanager
def training(nodes: TrainingNodes, epochs: int, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Train, and continue when a checkpoint is there."""
    argv = nodes.command(epochs, *options)
    with (
        (nodes.folder / "run.log").open("w") as log,
        subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=log, text=True) as child,
    ):
        try:
            until(lambda: nodes.checkpoints() or child.poll() is not None)
            assert child.poll() is None, (nodes.folder / "run.log").read_text()
            yield child
        finally:
            if child.poll() is None:
                child.send_signal(signal.SIGINT)


def ended(child: subprocess.Popen[str], nodes: TrainingNodes) -> dict[str, Any]:
    said, _ = child.communicate(timeout=2 * WAIT_S)
    assert child.returncode == 0, (nodes.folder / "run.log").read_text()
    run: dict[str, Any] = json.loads(said)["run"]
    return run


def test_without_a_lost_node_the_rest_goes_on_where_that_was_asked(nodes: TrainingNodes) -> None:
    lost = nodes.hosts[-1]
    with training(nodes, 12, "--on-node-lost", "continue") as child:
        lost.kill()
        run = ended(child, nodes)
    assert run["nodes"] == [host.name for host in nodes.hosts[:-1]]
    assert lost.name in run["lost"]
    for output in nodes.outputs()[:-1]:
        assert (output / "checkpoints/checkpoint_epoch_00012.pyth").is_file()


def test_a_lost_node_is_waited_for_where_that_was_asked(nodes: TrainingNodes) -> None:
    lost = nodes.hosts[-1]
    with training(nodes, 12, "--on-node-lost", "wait") as child:
        lost.kill()
        until(lambda: "As asked: wait" in (nodes.folder / "run.log").read_text())
        lost.start()
        run = ended(child, nodes)
    assert run["nodes"] == [host.name for host in nodes.hosts]
    for output in nodes.outputs():
        assert (output / "checkpoints/checkpoint_epoch_00012.pyth").is_file()


def test_ctrl_c_ends_every_process_of_every_node(nodes: TrainingNodes) -> None:
    with training(nodes, 500) as child:
        assert all(training_nodes.ranks(host) for host in nodes.hosts)
        child.send_signal(signal.SIGINT)
        said, _ = child.communicate(timeout=60)
    assert child.returncode == 130
    assert json.loads(said)["error"]["code"] == "run.stopped"
    for host in nodes.hosts:
        assert host.processes("several-nodes.yaml") == []
        assert host.processes("torch.distributed.run") == []
