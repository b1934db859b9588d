"""What unit and integration tests share: a folder that is served over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.http import FileServer, serving


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and the address under which its files are."""
    folder = tmp_path / "served"
    folder.mkdir()
    with serving(FileServer(folder)) as server:
        yield folder, server.address
