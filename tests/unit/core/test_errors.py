"""The parts of an error, and reasons as sentences."""

from __future__ import annotations

import errno

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import errors


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        (("What.", "Why.", "Next."), "What. Why. Next."),
        (("What.", "", "Next."), "What. Next."),
        (("What.",), "What."),
    ],
)
def test_an_error_is_what_why_and_what_next(parts: tuple[str, ...], text: str) -> None:
    error = errors.StackError(*parts, code="a.b")
    assert str(error) == text
    assert error.labelled().splitlines()[0] == f"[a.b] {parts[0]}"
    assert error.to_dict()["code"] == "a.b"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (KeyError("a"), "It has no key 'a'."),
        (errors.StackError("What.", "Why.", "Next."), "What. Why."),
        (OSError(errno.ENOENT, "No such file", "/f"), "No such file."),
        (OSError("text"), "text."),
        (ValueError("A sentence."), "A sentence."),
        (ValueError("words"), "words."),
        (ValueError(), "ValueError."),
    ],
)
def test_a_reason_is_a_sentence(error: Exception, reason: str) -> None:
    assert errors.reason(error) == reason


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (OSError(errno.EACCES, "Permission denied", "/f"), "/f: Permission denied."),
        (OSError(errno.EACCES, "Permission denied"), "Permission denied."),
    ],
)
def test_what_cannot_be_written_is_named_by_the_system(error: OSError, cause: str) -> None:
    found = errors.not_writable("/place", error)
    assert (found.code, found.cause) == ("file.not-writable", cause)
    assert found.message.startswith("/place ")
