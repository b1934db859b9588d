"""One proven stack for all integration tests."""

from __future__ import annotations

import pytest
from stack_under_test import Stack, sources


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """A prefix that `up` has brought to its proof, from the sources that can be reached."""
    made = Stack(tmp_path_factory.mktemp("prefix") / "stack", sources())
    made.up()
    return made
