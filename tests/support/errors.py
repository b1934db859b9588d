"""Expect an error by its code."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def fails(code: str, *values: object) -> Iterator[pytest.ExceptionInfo[StackError]]:
    """Expect an error with a code, whose text has these values."""
    with pytest.raises(StackError) as caught:
        yield caught
    assert caught.value.code == code, f"{caught.value.labelled()}, expected {code}"
    for value in values:
        assert str(value) in str(caught.value)
