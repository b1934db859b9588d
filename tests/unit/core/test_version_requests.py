"""Versions and requests compare as numbers, whatever zeros they end with."""

from __future__ import annotations

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.versions import (
    Version,
    dotted,
    spec,
    version,
)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("2.11.0", (2, 11)),
        (" 2.10 ", (2, 10)),
        ("0", (0,)),
        ("0.0.0", (0,)),
        ("580.65.06", (580, 65, 6)),
        ("10.0.1", (10, 0, 1)),
    ],
)
def test_numbers_without_zeros_at_the_end(text: str, numbers: tuple[int, ...]) -> None:
    assert version(text) == numbers


@pytest.mark.parametrize("text", ["", "2.", ".2", "2..1", "2.x", "v2", "2.11.0+cu130", "2-1", "²"])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(StackError) as caught:
        version(text)
    assert caught.value.code == "version.invalid"


def test_major_and_text() -> None:
    assert version("12.4").major == 12
    assert dotted(version("13.0")) == "13.0"
    assert dotted(version("2.11.1")) == "2.11.1"
    assert dotted(Version((2, 10))) == "2.10"


@pytest.mark.parametrize(
    ("request_", "allowed", "refused"),
    [
        ("2.10", ["2.10", "2.10.0", "2.10.3"], ["2.1", "2.11", "2.9", "2", "3.10"]),
        ("2.0", ["2.0.0", "2.0.1"], ["2.1", "3", "1"]),
        ("2", ["2.0", "2.9.9"], ["1.9", "3.0", "20"]),
        ("==2.10", ["2.10", "2.10.0"], ["2.10.1", "2.1"]),
        ("==2.10.*", ["2.10", "2.10.7"], ["2.11", "2.1"]),
        ("!=2.10", ["2.10.1", "2.9"], ["2.10.0"]),
        (">=2.4", ["2.4", "2.4.0", "2.10"], ["2.3.9", "2"]),
        ("<=2.4", ["2.4.0", "2.3"], ["2.4.1", "2.10"]),
        (">2.4", ["2.4.1", "3"], ["2.4", "2.3"]),
        ("<2.4", ["2.3.9"], ["2.4.0", "2.4.1"]),
        ("~=2.4", ["2.4", "2.5", "2.10"], ["2.3", "3.0"]),
        ("~=2.4.1", ["2.4.1", "2.4.9"], ["2.4.0", "2.5"]),
        ("~=2.0", ["2.0", "2.7"], ["1.9", "3.0"]),
        (" >= 2.0 , <3 ", ["2.0", "2.99"], ["1.9", "3.0", "3.1"]),
        (">=2,<2.4", ["2.0.2", "2.3.5"], ["1.26.4", "2.4.0", "2.4.6"]),
    ],
)
def test_a_request_allows_these_versions_alone(
    request_: str, allowed: list[str], refused: list[str]
) -> None:
    read = spec(request_)
    assert read.text == request_
    assert [text for text in allowed if not read.allows(version(text))] == []
    assert [text for text in refused if read.allows(version(text))] == []


@pytest.mark.parametrize("text", ["", "new", ">=", "2.4,", "=2.4", ">=2.4 <3", ">=a", "2.*.1"])
def test_a_request_that_is_not_understood(text: str) -> None:
    with pytest.raises(StackError) as caught:
        spec(text)
    assert caught.value.code == "version.invalid-spec"
