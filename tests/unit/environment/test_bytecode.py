"""Which files are compiled copies, and what the answer of an environment's Python counts for."""

from __future__ import annotations

import py_compile
import sys
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment import bytecode


@pytest.mark.parametrize(
    ("path", "copy"),
    [
        ("env/a/__pycache__/b.cpython-311.pyc", True),
        ("env/a/__pycache__/b.cpython-311.pyc.123", False),
        ("env/a/b.pyc", False),
        ("env/a/__pycache__/b.py", False),
        ("env/a/x__pycache__/b.pyc", False),
    ],
)
def test_which_files_are_compiled_copies(path: str, *, copy: bool) -> None:
    assert bytecode.is_copy(path) == copy


@pytest.mark.parametrize(
    ("answer", "status", "unlike"),
    [
        ("[]", 0, []),
        ('["b"]', 0, ["b"]),
        ('["b", "other"]', 0, ["b"]),
        ('a warning\n["a"]', 0, ["a"]),
        ("[]", 1, ["a", "b"]),
        ("no JSON", 0, ["a", "b"]),
        ("", 0, ["a", "b"]),
    ],
)
def test_where_python_cannot_say_every_copy_is_unlike_its_source(
    tmp_path: Path, answer: str, status: int, unlike: list[str]
) -> None:
    python = tmp_path / "python"
    (tmp_path / "answer").write_text(answer)
    python.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/asked\ncat {tmp_path}/answer\nexit {status}\n'
    )
    python.chmod(0o755)
    assert bytecode.unlike_source(Commands(), python, ["a", "b"]) == unlike
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked[:6] == ["-I", "-S", "-B", "-W", "ignore", "-c"]


def test_a_python_that_is_absent_says_nothing(tmp_path: Path) -> None:
    assert bytecode.unlike_source(Commands(), tmp_path / "python", ["a"]) == ["a"]


def test_a_copy_is_like_its_source_or_not(tmp_path: Path) -> None:
    names = [f"__pycache__/{name}.{sys.implementation.cache_tag}.pyc" for name in ("one", "two")]
    for name in ("one", "two"):
        (tmp_path / f"{name}.py").write_text("X = 1\n")
        py_compile.compile(str(tmp_path / f"{name}.py"))
    (tmp_path / "two.py").write_text("X = 2\n")
    copies = [str(tmp_path / name) for name in names]
    found = bytecode.unlike_source(Commands(), Path(sys.executable), copies)
    assert found == copies[1:]
