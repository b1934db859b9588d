"""Whether a repository has a commit, asked of real repositories, bundles and servers."""

from __future__ import annotations

import contextlib
import subprocess
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts.source_tree import (
    Source,
    identity_of,
    place,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.contents import owners
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.git import has_commit
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from support.http import FileServer, serving

from slowfast_stack.bundle import sources

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
    for name in ("no.bundle", "empty", "absent"):
        assert has_commit(Commands(), str(tmp_path / name), MISSING) is None
    assert has_commit(Commands(), "http://127.0.0.1:9/code", MISSING) is None
    assert has_commit(Commands({"PATH": "/nowhere"}), f"file://{tmp_path}", MISSING) is None


def hostile(folder: Path, transport: str, marker: Path) -> tuple[Path, str]:
    """Make a repository that lacks an object, and names a program that would fetch it."""
    repository = folder / transport
    repository.mkdir()
    git(repository, "init", "--quiet")
    (repository / "code.py").write_text("1\n")
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "-m", "one")
    lacking = git(repository, "rev-parse", "HEAD:code.py")
    urls = {
        "ext": f"ext::sh -c touch% {marker}",
        "file": f"file://{repository}",
        "ssh": "ssh://h/x",
    }
    for key, value in {
        "core.repositoryformatversion": "1",
        "core.fsmonitor": f"touch {marker};",
        "core.sshCommand": f"touch {marker};",
        "extensions.partialClone": "evil",
        "protocol.ext.allow": "always",
        "remote.evil.promisor": "true",
        "remote.evil.uploadpack": f"touch {marker};",
        "remote.evil.url": urls[transport],
    }.items():
        git(repository, "config", key, value)
    commit = git(repository, "rev-parse", "HEAD")
    (repository / ".git/objects" / lacking[:2] / lacking[2:]).unlink()
    return repository, commit


@pytest.mark.parametrize("transport", ["ext", "file", "ssh"])
def test_no_program_that_a_repository_names_is_run(transport: str, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    repository, commit = hostile(tmp_path, transport, marker)
    assert has_commit(Commands(), str(repository), MISSING) is False
    assert has_commit(Commands(), str(repository), commit) is True
    for each in (commit, MISSING):
        with pytest.raises(StackError):
            sources.pack(str(repository), each, tmp_path / "packed")
        with contextlib.suppress(StackError):
            place(Commands(), Source("git", str(repository), each), tmp_path / "tree", uv="uv")
    identity_of(Commands(), repository)
    owners.tracked(Commands(), repository, [])
    assert not marker.exists()
    # The object is lacking, and git would run the program.
    done = subprocess.run(
        ["git", "-C", repository, "show", "HEAD"], capture_output=True, check=False
    )
    assert done.returncode
    assert marker.exists()
