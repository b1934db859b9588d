"""One proven stack for all integration tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.stack_under_test import Stack, sources

# The workers share the cores: each proof would start a thread on all of them.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """A prefix that `up` has installed and proven, from the sources that can be reached.

    SLOWFAST_STACK_PREFIX names a finished one, for tests that only use it.
    """
    if there := os.environ.get("SLOWFAST_STACK_PREFIX"):
        return Stack(Path(there))
    made = Stack(tmp_path_factory.mktemp("prefix") / "stack", sources())
    made.up()
    return made
