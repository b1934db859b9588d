"""Dataclasses are made of plain data and become the same plain data again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import construct
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError


def upper(value: object, where: str) -> str:
    return f"{where}:{str(value).upper()}"


@dataclass(frozen=True)
class Inner:
    name: str
    size: int = 3


@dataclass(frozen=True)
class Outer:
    name: str
    count: int
    on: bool
    anything: Any
    inner: Inner
    maybe: str | None = None
    many: tuple[Inner, ...] = ()
    words: tuple[str, ...] = ("a",)
    table: dict[str, int] = field(default_factory=dict)
    own: str = construct.read(upper, default="none")
    renamed: str = construct.read(default="x", key="other-name")
    quiet: str | None = construct.read(default=None, omit=True)
    steady: str | None = construct.read(default=None)


FULL = {
    "name": "n",
    "count": 0,
    "on": False,
    "anything": [1],
    "inner": {"name": "i"},
    "maybe": "m",
    "many": [{"name": "1", "size": 1}, {"name": "2"}],
    "words": ["b", "c"],
    "table": {"k": 2},
    "own": "shout",
    "other-name": "y",
    "quiet": "q",
}


def test_every_field_is_read_by_its_type() -> None:
    made = construct.construct(Outer, FULL, "data")
    assert made == Outer(
        name="n",
        count=0,
        on=False,
        anything=[1],
        inner=Inner("i"),
        maybe="m",
        many=(Inner("1", 1), Inner("2", 3)),
        words=("b", "c"),
        table={"k": 2},
        own="data.own:SHOUT",
        renamed="y",
        quiet="q",
    )


def test_absent_and_null_are_the_default() -> None:
    least = {key: FULL[key] for key in ("name", "count", "on", "anything", "inner")}
    made = construct.construct(Outer, least, "data")
    assert made == construct.construct(Outer, least | {"words": None, "own": None}, "data")
    assert (made.words, made.own, made.renamed, made.table) == (("a",), "none", "x", {})


def test_plain_data_is_what_it_was_made_of() -> None:
    made = construct.construct(Outer, FULL | {"own": None}, "data")
    plain = construct.plain(made)
    assert plain == FULL | {
        "own": "none",
        "many": [{"name": "1", "size": 1}, {"name": "2", "size": 3}],
        "inner": {"name": "i", "size": 3},
        "steady": None,
    }
    assert construct.plain(construct.construct(Outer, plain | {"own": None}, "data")) == plain


def test_a_field_that_may_be_omitted_is_so_at_its_default_alone() -> None:
    plain = construct.plain(construct.construct(Outer, FULL | {"quiet": None}, "data"))
    assert "quiet" not in plain
    assert plain["steady"] is None


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"name": 1}, "data.name"),
        ({"name": None}, "data.name"),
        ({"count": "1"}, "data.count"),
        ({"on": 1}, "data.on"),
        ({"inner": {}}, "data.inner.name"),
        ({"inner": []}, "data.inner"),
        ({"maybe": 1}, "data.maybe"),
        ({"many": [{"name": "1"}, {"name": 2}]}, "data.many[1].name"),
        ({"words": "b"}, "data.words"),
        ({"table": {"k": "v"}}, "data.table.k"),
        ({"other-name": 1}, "data.other-name"),
    ],
)
def test_a_value_of_another_type_is_named_by_its_path(
    change: dict[str, object], place: str
) -> None:
    with pytest.raises(StackError) as caught:
        construct.construct(Outer, FULL | change, "data")
    assert caught.value.code == "data.invalid-value"
    assert caught.value.message.startswith(f"{place} is ")


def test_unknown_keys_are_refused_above_and_left_below() -> None:
    with pytest.raises(StackError) as caught:
        construct.construct(Outer, FULL | {"nmae": 1}, "data")
    assert caught.value.code == "data.unknown-key"
    made = construct.construct(Outer, FULL | {"nmae": 1}, "data", ignore_unknown=True)
    assert made == construct.construct(Outer, FULL, "data")
    newer = FULL | {"inner": {"name": "i", "new": 1}}
    assert construct.construct(Outer, newer, "data").inner == Inner("i")
