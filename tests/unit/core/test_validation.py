"""Data from outside has its type, or the error names the place and the value."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import validation as read
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError

WORDS = ("open", "any")


class Template(str):
    """Text that remembers where it comes from, as Ansible hands it over."""

    __slots__ = ()


@pytest.mark.parametrize(
    ("reader", "value", "result"),
    [
        (read.mapping, {"a": 1}, {"a": 1}),
        (read.mapping, {}, {}),
        (read.items, None, []),
        (read.items, (1, 2), [1, 2]),
        (read.items, [], []),
        (read.text, "x", "x"),
        (read.flag, True, True),
        (read.flag, False, False),
        (read.count, 0, 0),
        (read.count, 7, 7),
        (read.choice(*WORDS), "any", "any"),
    ],
)
def test_a_value_of_its_type_is_returned(
    reader: Callable[[Any, str], Any], value: object, result: object
) -> None:
    found = reader(value, "here")
    assert found == result
    assert type(found) is type(result)


def test_text_of_ansible_becomes_plain_text() -> None:
    assert type(read.text(Template("x"), "here")) is str


@pytest.mark.parametrize(
    ("reader", "value"),
    [
        (read.mapping, [1]),
        (read.mapping, {1: "a"}),
        (read.mapping, None),
        (read.items, "ab"),
        (read.items, {"a": 1}),
        (read.text, ""),
        (read.text, 7),
        (read.text, None),
        (read.flag, 1),
        (read.flag, "true"),
        (read.flag, None),
        (read.count, -1),
        (read.count, True),
        (read.count, 1.0),
        (read.count, "1"),
        (read.choice(*WORDS), "closed"),
        (read.choice(*WORDS), None),
    ],
)
def test_another_value_is_refused_by_place_and_value(
    reader: Callable[[Any, str], Any], value: object
) -> None:
    with pytest.raises(StackError) as caught:
        reader(value, "host.place")
    assert caught.value.code == "data.invalid-value"
    assert "host.place" in caught.value.message
    assert repr(value) in caught.value.message


def test_an_unknown_key_is_named_beside_the_known_ones() -> None:
    read.only_keys({"a": 1}, "here", ("a", "b"))
    with pytest.raises(StackError) as caught:
        read.only_keys({"a": 1, "z": 1, "c": 1}, "here", ("a", "b"))
    assert caught.value.code == "data.unknown-key"
    assert "'c'" in caught.value.message
    assert "a, b" in caught.value.cause


@pytest.mark.parametrize("text", ["0", "7", "9" * 18])
def test_a_number_is_what_int_takes(text: str) -> None:
    assert read.is_number(text)
    assert str(int(text)) == text


@pytest.mark.parametrize(
    "text", ["", "-1", "1.0", "²", "\u0661", " 1", "1_0", "9" * 19, "9" * 5000]
)
def test_no_number_is_anything_else(text: str) -> None:
    assert not read.is_number(text)


@pytest.mark.parametrize("value", [None, ""])
def test_a_path_that_is_left_out_is_none(value: object) -> None:
    assert read.optional_path(value, "here") is None
    assert read.optional_path("a/b", "here") == Path("a/b")
    for wrong in (7, ["a"]):
        with pytest.raises(StackError):
            read.optional_path(wrong, "here")
