"""The prefix: claimed once, never taken from another program, never started without disk space."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment.prefix import (
    claim,
    default_prefix,
    refuse_foreign,
    require_disk_space,
)


def test_a_new_or_empty_prefix_is_claimed_once(tmp_path: Path) -> None:
    prefix = tmp_path / "prefix"
    prefix.mkdir()
    refuse_foreign(prefix)
    assert claim(prefix, prefix / "stacks" / "one") is True
    assert claim(prefix, prefix / "stacks" / "one") is False
    refuse_foreign(prefix)


def test_a_prefix_of_another_program_is_refused_and_untouched(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(StackError, match=r"belongs to another program.*thesis.tex.*--prefix"):
        refuse_foreign(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_in_place_of_the_prefix_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StackError, match="is not a folder"):
        refuse_foreign(tmp_path / "file")


def test_too_little_space_is_refused_with_both_figures(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"has \d+ MiB free.*needs 999999999 MiB"):
        require_disk_space(tmp_path / "new", tmp_path / "new" / "stacks" / "x", 999_999_999)


def test_a_proven_stack_needs_no_more_space(tmp_path: Path) -> None:
    (tmp_path / "stack" / "proof").mkdir(parents=True)
    (tmp_path / "stack" / "proof" / "evidence.json").touch()
    require_disk_space(tmp_path, tmp_path / "stack", 999_999_999)


def test_a_prefix_that_may_not_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StackError, match="could not be created"):
        claim(tmp_path / "file" / "prefix", tmp_path / "file" / "prefix" / "stacks" / "x")


def test_the_default_prefix_depends_on_who_runs_it() -> None:
    assert default_prefix(root=True, home=Path("/root")) == Path("/opt/slowfast-stack")
    assert default_prefix(root=False, home=Path("/home/u")) == Path(
        "/home/u/.local/share/slowfast-stack"
    )
