"""A training over nodes that end well, are lost, come back, or write what they want."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support import answering_nodes
from support.answering_nodes import printed
from support.errors import fails

from slowfast_stack.exit_codes import Interrupted
from slowfast_stack.orchestration.nodes import Node
from slowfast_stack.training import jobs, several_nodes
from slowfast_stack.training.run_state import Progress
from slowfast_stack.training.torchrun import Wanted

# The first start is lost, as ssh says it, and all later ones end well.
LOST_ONCE = "if [ -e {flag} ]; then echo again; else touch {flag}; exit 255; fi"
# After that loss it does not answer for once; then it is back.
AWAY_ONCE = "if [ -e {flag} ] && [ ! -e {flag}2 ]; then touch {flag}2; exit 255; fi; {facts}"


@dataclass
class Screen:
    """Keeps what is shown."""

    said: list[str] = field(default_factory=list)

    def print(self, text: str) -> None:
        self.said.append(text)

    @contextlib.contextmanager
    def follow(self, _progress: Progress, _title: str) -> Iterator[Callable[[str], None]]:
        yield self.said.append


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> jobs.Job:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(several_nodes, "BEAT_S", 0.1)
    monkeypatch.setattr(several_nodes, "ENDING_S", 1.0)
    config = tmp_path / "my.yaml"
    config.write_text("OUTPUT_DIR: out\n")
    return jobs.job(config, [], tmp_path)


def train(
    job: jobs.Job, nodes: list[Node], screen: Screen, on_node_lost: str = "wait", restarts: int = 3
) -> several_nodes.Run:
    wanted = Wanted("/stack", 1, restarts, on_node_lost)
    return several_nodes.train(job, nodes, wanted, screen)


def losing(tmp_path: Path, facts: str = "{facts}") -> list[Node]:
    """Return a good node, and one that is lost in its first start."""
    said = facts.format(flag=tmp_path / "flag", facts=answering_nodes.said())
    run = LOST_ONCE.format(flag=tmp_path / "flag")
    return [
        answering_nodes.node(tmp_path, "a", run="sleep 0.3"),
        answering_nodes.node(tmp_path, "b", facts=said, run=run),
    ]


def test_the_lines_of_all_nodes_are_in_one_log_with_node_and_rank(
    tmp_path: Path, job: jobs.Job
) -> None:
    a = answering_nodes.node(tmp_path, "a", run="echo '[default3]:hello'; echo '\033[2Jx'")
    b = answering_nodes.node(tmp_path, "b", run="echo from torchrun")
    run = train(job, [a, b], Screen())
    assert (run.starts, run.lost, run.nodes) == (1, [], ["a", "b"])
    log = run.log.read_text()
    assert "a/3: hello" in log
    assert "b: from torchrun" in log
    assert "\033" not in log


def test_a_lost_node_is_waited_for(tmp_path: Path, job: jobs.Job) -> None:
    screen = Screen()
    run = train(job, losing(tmp_path, AWAY_ONCE), screen)
    assert (run.starts, run.lost, run.nodes) == (2, ["b"], ["a", "b"])
    assert any("As asked: wait" in text for text in screen.said)


def test_the_rest_goes_on_without_a_lost_node(tmp_path: Path, job: jobs.Job) -> None:
    run = train(job, losing(tmp_path, AWAY_ONCE), Screen(), several_nodes.CONTINUE)
    assert (run.starts, run.lost, run.nodes) == (2, ["b"], ["a"])


def test_losses_end_the_training_where_no_restart_is_left(tmp_path: Path, job: jobs.Job) -> None:
    with fails("training.failed", "b with 255"):
        train(job, losing(tmp_path), Screen(), restarts=0)


def interrupted(after: Callable[[], bool]) -> None:
    """Send Ctrl-C to this process as soon as a condition holds."""

    def send() -> None:
        while not after():
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=send, daemon=True).start()


def test_ctrl_c_waits_until_the_nodes_have_ended_their_processes(
    tmp_path: Path, job: jobs.Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(several_nodes, "ENDING_S", 20.0)
    names = ("a", "b")
    run = "touch {0}.began; cat >/dev/null; sleep 1; touch {0}.ended"
    nodes = [
        answering_nodes.node(tmp_path, name, run=run.format(tmp_path / name)) for name in names
    ]
    interrupted(lambda: all((tmp_path / f"{name}.began").exists() for name in names))
    with pytest.raises(Interrupted):
        train(job, nodes, Screen())
    assert all((tmp_path / f"{name}.ended").exists() for name in names)


def test_ctrl_c_ends_the_wait_for_a_lost_node(tmp_path: Path, job: jobs.Job) -> None:
    screen = Screen()
    away = "if [ -e {flag} ]; then exit 255; fi; {facts}"
    interrupted(lambda: any("As asked: wait" in text for text in screen.said))
    with pytest.raises(Interrupted):
        train(job, losing(tmp_path, away), screen)


def test_a_program_that_fails_is_not_started_again(tmp_path: Path, job: jobs.Job) -> None:
    nodes = [
        answering_nodes.node(tmp_path, "a", run="echo reason; exit 1"),
        answering_nodes.node(tmp_path, "b"),
    ]
    with fails("training.failed", "after 1 starts", "reason"):
        train(job, nodes, Screen())


@pytest.mark.parametrize("endless", ["yes | tr -d '\\n' | head -c 50000000", "yes | head -n 50000"])
def test_a_node_that_writes_much_ends_no_training(
    tmp_path: Path, job: jobs.Job, endless: str
) -> None:
    a = answering_nodes.node(tmp_path, "a", run=endless)
    run = train(job, [a, answering_nodes.node(tmp_path, "b", run=printed({"x": 1}))], Screen())
    assert run.starts == 1
