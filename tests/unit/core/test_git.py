"""Whether a repository has a commit, asked of real repositories, bundles and servers."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.git import has_commit
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from support.http import FileServer, serving

MISSING = "f" * 40


def git(folder: Path, *argv: str) -> str:
    command = ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@t", *argv]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def commits(tmp_path: Path) -> tuple[str, str]:
    """The older commit of the branch of a repository, and one that no branch has any more."""
    folder = tmp_path / "upstream"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    made = []
    for number in (1, 2, 3):
        (folder / "code.py").write_text(f"VERSION = {number}\n")
        git(folder, "add", ".")
        git(folder, "commit", "--quiet", "-m", f"commit {number}")
        made.append(git(folder, "rev-parse", "HEAD"))
    git(folder, "reset", "--quiet", "--hard", made[1])
    git(folder, "bundle", "create", "--quiet", str(tmp_path / "code.bundle"), "main")
    git(tmp_path, "clone", "--quiet", "--bare", str(folder), "served.git")
    git(tmp_path / "served.git", "update-server-info")
    return made[0], made[2]


@pytest.mark.parametrize("form", ["{}/upstream", "{}/code.bundle", "file://{}/upstream"])
def test_a_commit_is_there_or_it_is_not(
    form: str, commits: tuple[str, str], tmp_path: Path
) -> None:
    place = form.format(tmp_path)
    assert has_commit(Commands(), place, commits[0]) is True
    assert has_commit(Commands(), place, MISSING) is False


def test_a_commit_that_no_branch_has_is_had_from_who_gives_it(
    commits: tuple[str, str], tmp_path: Path
) -> None:
    assert has_commit(Commands(), str(tmp_path / "upstream"), commits[1]) is True
    assert has_commit(Commands(), f"file://{tmp_path}/upstream", commits[1]) is True
    assert has_commit(Commands(), str(tmp_path / "code.bundle"), commits[1]) is False


def test_a_server_that_gives_no_single_commit_is_asked_for_its_branches(
    commits: tuple[str, str], tmp_path: Path
) -> None:
    with serving(FileServer(tmp_path)) as server:
        place = f"{server.address}/served.git"
        assert has_commit(Commands(), place, commits[0]) is True
        assert has_commit(Commands(), place, MISSING) is False


def test_what_git_cannot_say_is_neither(tmp_path: Path) -> None:
    (tmp_path / "no.bundle").write_text("no bundle\n")
    (tmp_path / "empty").mkdir()
    for place in (tmp_path / "no.bundle", tmp_path / "empty", tmp_path / "absent"):
        assert has_commit(Commands(), str(place), MISSING) is None
    assert has_commit(Commands(), "http://127.0.0.1:9/code", MISSING) is None
    assert has_commit(Commands({"PATH": "/nowhere"}), f"file://{tmp_path}", MISSING) is None
