"""Answers of nodes: what is no value of its kind is none, whatever a node writes."""

from __future__ import annotations

import io
import json
import time

import pytest
from support.answering_nodes import GOOD

from slowfast_stack.training import node_answers

FACTS = GOOD | {"time": 1.5e9, "speed_mbit": 10000}
HOSTILE = {
    "address": ("10.0.0.1 --rdzv-id=x", "$(id)", "evil.example", "::1", "10.0.0.1\n", "", 5, None),
    "interface": ("eth0;id", "../eth0", "eth 0", "a" * 16, "", "\x1b[31m", ["eth0"], None),
    "port": (0, -1, 65536, "80", True, 1.5, None),
    "stack": ("0" * 11, "0123456789AB", "0123456789ab\n", 12, None),
    "time": (True, "1", -1, float("nan"), float("inf"), 10**400, None),
    "speed_mbit": (True, "1", -1, 10**8, float("nan")),
}


@pytest.mark.parametrize(
    ("key", "value"), [(key, value) for key, values in HOSTILE.items() for value in values]
)
def test_a_value_of_another_kind_is_none(key: str, value: object) -> None:
    good = node_answers.facts(json.dumps(FACTS))
    said = node_answers.facts(json.dumps(FACTS | {key: value}))
    assert said is not None
    assert good is not None
    assert getattr(good, key) is not None
    assert getattr(said, key) is None
    others = vars(good).keys() - {key}
    assert all(getattr(said, name) == getattr(good, name) for name in others)


@pytest.mark.parametrize(
    "output", ["", "{}", "[]", "null", "x", '{"stack": 1', "[" * 100_000, "9" * 100_000, "\0"]
)
def test_an_output_without_facts_has_none(output: str) -> None:
    assert node_answers.facts(output) is None


def test_facts_are_found_beside_what_ssh_and_a_shell_print() -> None:
    said = node_answers.facts(f"Welcome!\n{json.dumps(FACTS)}\nConnection closed.\n")
    assert said is not None
    assert said.address == "10.0.0.1"


def test_of_a_line_without_an_end_a_part_is_read() -> None:
    stream = io.BytesIO(b"9" * (10 * node_answers.LINE))
    started = time.monotonic()
    assert node_answers.read(stream) == {}
    assert stream.tell() == node_answers.LINE
    assert time.monotonic() - started < 1


@pytest.mark.parametrize("value", [True, "9", None, -1, 0, float("nan"), float("inf"), 10**400])
def test_a_speed_is_a_number_above_zero(value: object) -> None:
    assert node_answers.mbit({"mbit": value}) is None
    assert node_answers.mbit({"mbit": 9}) == 9


def test_a_reason_is_short_and_steers_no_terminal() -> None:
    reason = node_answers.reason({"error": "\x1b[2J" + "x" * 10_000})
    assert "\x1b" not in reason
    assert len(reason) < 2 * node_answers.SHOWN
    assert node_answers.reason({"error": ["x"]}) == "no answer"
