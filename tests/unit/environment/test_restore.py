"""What is removed, moved aside and marked of a stack whose files have changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.files import sha256_of
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment import (
    restore,
    stack_files,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment.python_env import (
    UNFINISHED,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment.stack_files import (
    Difference,
)

COPY = "env/lib/x/__pycache__/a.cpython-311.pyc"


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    """A stack with an environment, two trees, and the interpreter that uv put into the prefix."""
    folder = tmp_path / "prefix" / "stacks" / ("1" * 12)
    python = tmp_path / "prefix" / "pythons" / "cpython-3.11" / "bin" / "python"
    for path in (
        folder / COPY,
        folder / "src/slowfast/a.py",
        folder / "src/slowfast.changed-1/old.py",
        folder / "src/detectron2/b.py",
        folder / "activate",
        python,
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (folder / "env/bin").mkdir()
    (folder / "env/bin/python").symlink_to(python)
    return folder


def prepare(stack: Path, *paths: str) -> tuple[list[str], dict[str, bool]]:
    """Return what was said, and which of these files exist afterwards."""
    said = restore.prepare(stack, [Difference(path, "changed") for path in paths])
    places = {
        "copy": stack / COPY,
        "marked": stack / "env" / UNFINISHED,
        "slowfast": stack / "src/slowfast",
        "aside": stack / "src/slowfast.changed-2/a.py",
        "detectron2": stack / "src/detectron2",
        "activate": stack / "activate",
        "python": stack.parents[1] / "pythons" / "cpython-3.11",
    }
    return said, {name: path.exists() for name, path in places.items()}


USUAL = {
    "copy": True, "marked": False, "slowfast": True, "aside": False, "detectron2": True,
    "activate": True, "python": True,
}  # fmt: skip


@pytest.mark.parametrize(
    ("paths", "change", "clauses"),
    [
        ([], {}, 0),
        ([COPY], {"copy": False}, 1),
        ([COPY, f"{COPY[:-4]}.opt-1.pyc"], {"copy": False}, 1),
        (["env/lib/x/a.py"], {"marked": True}, 1),
        (["env/lib/x/a.py", "env/lib/x/b.py", COPY], {"copy": False, "marked": True}, 2),
        (["src/slowfast/a.py"], {"slowfast": False, "aside": True}, 1),
        (["src/slowfast/x/a.py", "src/slowfast/b.py"], {"slowfast": False, "aside": True}, 1),
        (["python/bin/python"], {"marked": True, "python": False}, 1),
        (["python/bin/python", "env/a"], {"marked": True, "python": False}, 2),
        (["activate", "ffmpeg/bin/ffmpeg"], {}, 0),
        (["src/pytorchvideo/x.py"], {}, 0),
    ],
)
def test_what_differs_is_made_again(
    stack: Path, paths: list[str], change: dict[str, bool], clauses: int
) -> None:
    said, found = prepare(stack, *paths)
    assert found == {**USUAL, **change}
    assert len(said) == clauses


def test_what_was_done_is_said_in_order_and_names_the_tree(stack: Path) -> None:
    said, _found = prepare(stack, "src/slowfast/a.py", "env/x", "src/detectron2/b.py", COPY)
    assert len(said) == 4
    assert said[0] == "compiled copies were removed"
    # The trees follow the environment, by their names.
    assert str(stack / "src/detectron2.changed-1") in said[2]
    assert str(stack / "src/slowfast.changed-2") in said[3]


def test_a_tree_that_is_a_link_stays(stack: Path) -> None:
    (stack / "src/linked").symlink_to(stack / "src/detectron2")
    assert prepare(stack, "src/linked/b.py") == ([], USUAL)


def test_an_interpreter_of_the_host_is_not_removed(stack: Path, tmp_path: Path) -> None:
    python = stack / "env/bin/python"
    python.unlink()
    python.symlink_to(tmp_path / "python3")
    said, found = prepare(stack, "python/bin/python")
    assert found == {**USUAL, "marked": True}
    assert said == prepare(stack, "env/x")[0]


def test_a_stack_without_an_environment_is_not_marked(tmp_path: Path) -> None:
    restore.mark(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_packages_are_removed_from_the_cache_of_uv(tmp_path: Path) -> None:
    uv = tmp_path / "uv"
    uv.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\n')
    uv.chmod(0o755)
    restore.forget(Commands(), str(uv), ["six", "numpy"])
    assert (tmp_path / "asked").read_text() == "cache clean --quiet six numpy\n"


def test_a_file_of_the_own_interpreter_is_below_its_folder(stack: Path, tmp_path: Path) -> None:
    python = stack.parents[1] / "pythons" / "cpython-3.11"
    assert stack_files.place(stack, "python/lib/a.py") == python / "lib/a.py"
    assert stack_files.place(stack, "env/python/a.py") == stack / "env/python/a.py"
    assert stack_files.taken(stack).rows["python/bin/python"].sha256 == sha256_of(
        python / "bin/python"
    )
    copy = python / "lib/__pycache__/a.cpython-311.pyc"
    copy.parent.mkdir(parents=True)
    copy.touch()
    prepare(stack, "python/lib/__pycache__/a.cpython-311.pyc")
    assert not copy.exists()
    (stack / "env/bin/python").unlink()
    (stack / "env/bin/python").symlink_to(tmp_path / "python3")
    assert stack_files.place(stack, "python/lib/a.py") == stack / "python/lib/a.py"
