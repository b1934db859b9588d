"""The check of nodes names what is wrong, with real processes that answer as nodes do."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support import answering_nodes
from support.answering_nodes import measuring, printed, said
from support.errors import fails

from slowfast_stack.orchestration.nodes import Node
from slowfast_stack.training import node_checks

NAMES = ("a", "b", "c")
SPEED = 1000.0


@pytest.fixture
def three(tmp_path: Path) -> Callable[..., list[Node]]:
    """Return three good nodes, some of whose answers are others."""

    def made(**others: dict[str, str]) -> list[Node]:
        found = []
        for name in NAMES:
            good = {
                "measure": measuring(dict.fromkeys(set(NAMES) - {name}, SPEED)),
                "reduce": printed({"mbit": 700}),
            }
            found.append(answering_nodes.node(tmp_path, name, **(good | others.get(name, {}))))
        return found

    return made


def check(nodes: list[Node]) -> node_checks.Checked:
    return node_checks.check(nodes, "/stack", None)


def test_the_slowest_link_and_the_share_of_the_all_reduce_are_named(
    three: Callable[..., list[Node]],
) -> None:
    checked = check(three(b={"measure": measuring({"a": SPEED, "c": 800})}))
    assert checked.slowest == ("b", "c")
    assert checked.all_reduce_mbit == 700
    assert "b to c with 800 Mbit/s" in checked.summary()
    assert "88% of it" in checked.summary()
    assert checked.as_dict()["slowest"] == {"from": "b", "to": "c"}


@pytest.mark.parametrize(
    ("answer", "code", "named"),
    [
        ({"facts": said(late_s=3600)}, "training.nodes-differ", "The clock of b differs"),
        ({"facts": said(late_s=-3600)}, "training.nodes-differ", "The clock of b differs"),
        ({"facts": said(stack="f" * 12)}, "training.nodes-differ", "b has another stack"),
        ({"facts": said(stack=None)}, "stack.not-installed", "b has no complete stack"),
        ({"facts": said(program=False)}, "stack.not-installed", "b has no complete stack"),
        ({"facts": said(address="$(id)")}, "training.broken-link", "b cannot join"),
        ({"facts": said(interface="-x;id")}, "training.broken-link", "b cannot join"),
        ({"facts": said(port=True)}, "training.broken-link", "b cannot join"),
        ({"facts": said(time="now")}, "training.node-unreachable", "b cannot be reached"),
        ({"facts": "echo hello"}, "training.node-unreachable", "b cannot be reached"),
        ({"facts": "exit 255"}, "training.node-unreachable", "b cannot be reached"),
        ({"facts": "exit 127"}, "stack.not-installed", "of b"),
        ({"measure": "true"}, "training.broken-link", "No other node reaches b (eth0)."),
        ({"measure": measuring({"a": SPEED})}, "training.broken-link", "b (eth0) to c (eth0)"),
        ({"measure": measuring({"a": 9, "c": SPEED})}, "training.slow-link", "from b (eth0) to a"),
        ({"reduce": printed({"error": "refused"})}, "training.broken-link", "b (eth0): refused"),
        ({"reduce": "true"}, "training.broken-link", "b (eth0): no answer"),
        ({"reduce": printed({"mbit": 99})}, "training.slow-link", "carries 99 Mbit/s only"),
    ],
)
def test_the_node_or_link_at_fault_is_named(
    three: Callable[..., list[Node]], answer: dict[str, str], code: str, named: str
) -> None:
    with fails(code, named):
        check(three(b=answer))


def test_a_controller_with_a_wrong_clock_blames_no_node(
    three: Callable[..., list[Node]],
) -> None:
    late = {"facts": said(late_s=7200)}
    assert len(check(three(a=late, b=late, c=late)).nodes) == 3


@pytest.mark.parametrize("endless", ["yes | tr -d '\\n'", "yes '{}'", "cat /dev/zero"])
@pytest.mark.parametrize("verb", ["facts", "measure", "reduce"])
def test_a_node_that_writes_without_end_is_refused_in_bounded_time(
    three: Callable[..., list[Node]],
    monkeypatch: pytest.MonkeyPatch,
    verb: str,
    endless: str,
) -> None:
    monkeypatch.setattr(node_checks, "ANSWER_S", 1)
    started = time.monotonic()
    code = "training.node-unreachable" if verb == "facts" else "training.broken-link"
    with fails(code, "b"):
        check(three(b={verb: endless}))
    assert time.monotonic() - started < 20
