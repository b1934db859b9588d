"""What unit and integration tests share: a folder that is served over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.http import FileServer, serving


@pytest.hookimpl(tryfirst=True)  # xdist reads the mark in a hook of the same name
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give all tests of the proven stack to one worker, so that it is built once.

    The other tests of a file share its fixtures, and stay together.
    """
    for item in items:
        fixtures = item._fixtureinfo.name2fixturedefs if isinstance(item, pytest.Function) else {}
        proven = any(each.scope == "session" for each in fixtures.get("stack", ()))
        group = "stack" if proven else str(item.path.relative_to(item.config.rootpath))
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and the address under which its files are."""
    folder = tmp_path / "served"
    folder.mkdir()
    with serving(FileServer(folder)) as server:
        yield folder, server.address
