"""Plain data from outside at the limits of size and depth, and one beyond."""

from __future__ import annotations

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import limits
from support.errors import fails


def nested(depth: int, innermost: object, *, rows: bool = True) -> object:
    for _ in range(depth):
        innermost = [innermost] if rows else {"a": innermost}
    return innermost


@pytest.mark.parametrize(
    ("value", "size"),
    [
        (7, 8),
        ("abc", 11),
        (b"abc", 11),
        ([], 8),
        (["ab", None], 26),
        (("ab", None), 26),
        ({"key": "value"}, 32),
        ({"a": {"b": [1]}}, 50),
    ],
    ids=repr,
)
def test_a_value_counts_eight_bytes_and_its_text(value: object, size: int) -> None:
    limits.require_small(value, "it", size=size)
    with fails("data.too-large", "it"):
        limits.require_small(value, "it", size=size - 1)


@pytest.mark.parametrize("rows", [True, False])
def test_forty_levels_are_read_and_one_more_is_not(*, rows: bool) -> None:
    limits.require_small(nested(40, 1, rows=rows), "it")
    with fails("data.too-large"):
        limits.require_small(nested(41, 1, rows=rows), "it")


def test_eight_mebibytes_are_read_and_one_byte_more_is_not() -> None:
    most = "x" * (8 * 1024 * 1024 - 8)
    limits.require_small(most, "it")
    with fails("data.too-large"):
        limits.require_small(most + "x", "it")
