"""Versions and specifiers."""

from __future__ import annotations

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.versions import (
    dotted,
    release,
    spec,
    version,
)


def test_versions_compare_as_numbers_and_ignore_trailing_zeros() -> None:
    assert version("2.10") == version("2.10.0") > version("2.9.1")
    assert dotted(version("12.0")) == "12.0"


@pytest.mark.parametrize(
    ("text", "expected"), [("2.11.0+cu130", "2.11"), ("2.9.0a0+git1", "2.9"), ("v1", ""), ("", "")]
)
def test_a_release_is_the_leading_numbers(text: str, expected: str) -> None:
    assert release(text) == (version(expected) if expected else ())


@pytest.mark.parametrize(
    ("text", "allowed", "refused"),
    [
        ("2.10", "2.10.3", "2.1"),
        ("==2.10.*", "2.10.3", "2.11"),
        (">=2.4,<2.12", "2.11.9", "2.12"),
        ("~=2.4.1", "2.4.9", "2.5"),
        ("!=2.4", "2.4.1", "2.4"),
        ("<=2.4", "2.4", "2.4.1"),
        (">2.4", "2.4.1", "2.4"),
        ("==2.4", "2.4.0", "2.4.1"),
    ],
)
def test_a_specifier_allows_and_refuses(text: str, allowed: str, refused: str) -> None:
    assert spec(text).allows(version(allowed))
    assert not spec(text).allows(version(refused))


def test_other_texts_are_errors() -> None:
    with pytest.raises(StackError) as caught:
        version("2.x")
    assert caught.value.code == "version.invalid"
    with pytest.raises(StackError) as caught:
        spec("=>2")
    assert caught.value.code == "version.invalid-spec"
    with pytest.raises(StackError) as caught:
        spec("~=2")
    assert caught.value.code == "version.invalid-spec"
