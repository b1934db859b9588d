"""Keys and file names of artifacts, which become paths on the controller."""

from __future__ import annotations

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts import key
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError


@pytest.mark.parametrize("bad", ["", "../" + "0" * 61, "0" * 63, "0" * 65, "G" * 64, None, 7])
def test_a_key_is_64_hexadecimal_digits(bad: object) -> None:
    with pytest.raises(StackError):
        key.archive_name(bad)
    assert key.archive_name("0a" * 32) == "0a" * 32 + ".tar.gz"
