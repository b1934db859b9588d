"""A small AVA on a server, made once; every test works on a tree of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.datasets.ava import dataset

from support import synthetic_ava
from support.ava_trees import NUMBERS, PLAN, Tree
from support.http import FileServer, serving

__all__ = ["_finished", "filled", "finished", "mirror", "server", "tree"]


@pytest.fixture(scope="session")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the server: one file is cut off, one empty, one too short."""
    if reason := synthetic_ava.missing():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("mirror")
    synthetic_ava.publish(folder, PLAN)
    broken = folder / "trainval/broken.mkv"
    broken.write_bytes(broken.read_bytes()[: broken.stat().st_size // 2])
    (folder / "trainval/empty.mp4").write_bytes(b"")
    return folder


@pytest.fixture
def server(mirror: Path) -> Iterator[FileServer]:
    with serving(FileServer(mirror, dead={"trainval/dead.mp4": 403})) as served:
        yield served


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(dataset.layout(str(tmp_path / "a va")))


@pytest.fixture
def filled(tree: Tree, mirror: Path) -> Tree:
    """A tree with complete videos that another process has fetched, and all lists."""
    for name in ("frame_lists", "annotations"):
        shutil.copytree(mirror / name, tree.layout.root / name)
    shutil.copytree(mirror / "trainval", tree.layout.videos)
    shutil.copy(mirror / tree.layout.names.name, tree.layout.names)
    shutil.unpack_archive(tree.layout.annotations / "ava_v2.2.zip", tree.layout.annotations)
    dataset.save(tree.layout, NUMBERS)
    return tree


@pytest.fixture(scope="session")
def _finished(tmp_path_factory: pytest.TempPathFactory, mirror: Path) -> Path:
    tree = Tree(dataset.layout(str(tmp_path_factory.mktemp("finished"))))
    with serving(FileServer(mirror, dead={"trainval/dead.mp4": 403})) as server:
        tree.fetch(server)
    tree.extract()
    dataset.save(tree.layout, NUMBERS)
    return tree.layout.root


@pytest.fixture
def finished(tree: Tree, _finished: Path) -> Tree:
    """A tree with the frames of all good videos."""
    shutil.copytree(_finished, tree.layout.root)
    return tree
