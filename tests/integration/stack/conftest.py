"""One proven stack for all tests of this folder, which therefore run on one worker."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.stack_under_test import Stack, sources


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """A prefix that `up` has installed and proven, from the sources that can be reached.

    SLOWFAST_STACK_PREFIX names a finished one, for tests that only use it.
    """
    if there := os.environ.get("SLOWFAST_STACK_PREFIX"):
        return Stack(Path(there))
    made = Stack(tmp_path_factory.mktemp("prefix") / "stack", sources())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONDONTWRITEBYTECODE", "1")  # as images of containers often set it
        made.up()
    return made
