"""What unit and integration tests share: a folder over HTTP, and what runs on one worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.http import FileServer, serving
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling, Scheduling

# Its files use one stack, and some change it.
ONE_STACK = "tests/integration/stack"


class ByFile(LoadFileScheduling):
    """Give the tests of a file to one worker, and all that use the one stack to one worker."""

    def _split_scope(self, nodeid: str) -> str:
        return ONE_STACK if nodeid.startswith(f"{ONE_STACK}/") else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling | None:
    return ByFile(config, log) if config.option.dist == "loadfile" else None


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and the address under which its files are."""
    folder = tmp_path / "served"
    folder.mkdir()
    with serving(FileServer(folder)) as server:
        yield folder, server.address
