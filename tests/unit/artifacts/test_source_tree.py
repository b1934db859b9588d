"""Source trees from real repositories, bundles and archives."""

from __future__ import annotations

import hashlib
import socket
import subprocess
import tarfile
import time
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts import source_tree
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts.source_tree import (
    Source,
    identity_of,
    place,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.construct import construct
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from support.errors import fails
from support.http import FileServer, certificate, serving

from slowfast_stack.bundle import sources

UV = "uv"


def git(folder: Path, *argv: str) -> str:
    command = ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@t", *argv]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> tuple[Path, list[str]]:
    """A repository of two commits with a demo animation."""
    folder = tmp_path / "upstream"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    commits = []
    for number in (1, 2):
        (folder / "code.py").write_text(f"VERSION = {number}\n")
        (folder / "demo.gif").write_bytes(b"GIF89a")
        git(folder, "add", ".")
        git(folder, "commit", "--quiet", "-m", f"commit {number}")
        commits.append(git(folder, "rev-parse", "HEAD"))
    return folder, commits


def test_an_older_commit_of_a_local_repository_is_placed_without_animations(
    repository: tuple[Path, list[str]], tmp_path: Path
) -> None:
    upstream, commits = repository
    tree = tmp_path / "src" / "code"
    place(Commands(), Source("git", str(upstream), commits[0]), tree, uv=UV)
    assert (tree / "code.py").read_text() == "VERSION = 1\n"
    assert not (tree / "demo.gif").exists()
    assert identity_of(Commands(), tree) == commits[0]
    assert git(tree, "status", "--porcelain") == ""


def test_a_bundle_and_a_url_give_the_same_tree(
    repository: tuple[Path, list[str]], tmp_path: Path
) -> None:
    upstream, commits = repository
    bundle = tmp_path / "upstream.bundle"
    git(upstream, "bundle", "create", str(bundle), "main")
    for name, url in (("bundle", str(bundle)), ("url", f"file://{upstream}")):
        tree = tmp_path / name
        place(Commands(), Source("git", url, commits[1]), tree, uv=UV)
        assert (tree / "code.py").read_text() == "VERSION = 2\n"


def test_git_follows_no_redirect_from_https_to_http(
    repository: tuple[Path, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream, commits = repository
    bare = tmp_path / "served" / "code.git"
    git(tmp_path, "clone", "--quiet", "--bare", str(upstream), str(bare))
    git(bare, "update-server-info")
    made, key = certificate(tmp_path)
    monkeypatch.setenv("GIT_SSL_CAINFO", str(made))
    with (
        serving(FileServer(bare.parent)) as plain,
        serving(FileServer(bare.parent), made, key) as secure,
    ):
        source = Source("git", f"{secure.address}/code.git", commits[1])
        place(Commands(), source, tmp_path / "direct", uv=UV)
        secure.redirect = plain.address
        with fails("source.unreachable"):
            place(Commands(), source, tmp_path / "redirected", uv=UV)
        assert plain.served == []
        # http is used where the user named it.
        place(Commands(), replace(source, url=f"{plain.address}/code.git"), tmp_path / "x", uv=UV)
    assert (tmp_path / "direct" / "code.py").read_text() == "VERSION = 2\n"


def test_a_newer_pin_replaces_the_tree_and_leaves_nothing_behind(
    repository: tuple[Path, list[str]], tmp_path: Path
) -> None:
    upstream, commits = repository
    tree = tmp_path / "src" / "code"
    for commit in commits:
        place(Commands(), Source("git", str(upstream), commit), tree, uv=UV)
    assert identity_of(Commands(), tree) == commits[1]
    assert {path.name for path in tree.parent.iterdir()} == {"code", ".code.lock"}


def test_a_wrong_commit_is_an_error_that_keeps_the_old_tree(
    repository: tuple[Path, list[str]], tmp_path: Path
) -> None:
    upstream, commits = repository
    tree = tmp_path / "code"
    place(Commands(), Source("git", str(upstream), commits[0]), tree, uv=UV)
    with fails("source.unknown-commit"):
        place(Commands(), Source("git", str(upstream), "f" * 40), tree, uv=UV)
    assert identity_of(Commands(), tree) == commits[0]


@pytest.mark.parametrize("what", ["HEAD:code.py", "HEAD:folder", "HEAD"])
@pytest.mark.parametrize("form", ["{}", "file://{}"])
def test_a_commit_has_the_content_that_its_id_stands_for(
    what: str, form: str, repository: tuple[Path, list[str]], tmp_path: Path
) -> None:
    upstream, _commits = repository
    (upstream / "folder").mkdir()
    (upstream / "folder/more.py").write_text("MORE = 1\n")
    git(upstream, "add", ".")
    git(upstream, "commit", "--quiet", "-m", "more")
    commit = git(upstream, "rev-parse", "HEAD")
    source = Source("git", form.format(upstream), commit)
    place(Commands(), source, tmp_path / "good", uv=UV)
    name = git(upstream, "rev-parse", what)
    kind = git(upstream, "cat-file", "-t", name)
    other = f"{what}~1" if what == "HEAD" else "HEAD~1:demo.gif" if kind == "blob" else "HEAD~1:"
    argv = ["git", "-C", str(upstream), "cat-file", kind, git(upstream, "rev-parse", other)]
    data = subprocess.run(argv, check=True, capture_output=True).stdout
    path = upstream / ".git/objects" / name[:2] / name[2:]
    path.chmod(0o644)
    path.write_bytes(zlib.compress(b"%s %d\0%s" % (kind.encode(), len(data), data)))
    with pytest.raises(StackError) as caught:
        place(Commands(), source, tmp_path / "bad", uv=UV)
    assert caught.value.code.startswith("source.")
    # git itself looks at commits, and at all that comes through a transport.
    if form == "{}" and what != "HEAD":
        assert caught.value.code == "source.other-content"
    assert not (tmp_path / "bad").exists()


def test_a_path_without_a_repository_is_an_error(tmp_path: Path) -> None:
    with fails("source.not-found"):
        place(Commands(), Source("git", str(tmp_path / "no"), "f" * 40), tmp_path / "t", uv=UV)
    with fails("source.not-a-repository"):
        place(Commands(), Source("git", str(tmp_path), "f" * 40), tmp_path / "t", uv=UV)


def test_a_file_of_pypi_with_another_digest_is_refused(tmp_path: Path) -> None:
    with fails("download.checksum-mismatch"):
        place(
            Commands(),
            Source("pypi", requirement="slowfast==1.0", sha256="0" * 64),
            tmp_path / "slowfast",
            uv=UV,
        )
    assert not (tmp_path / "slowfast").exists()


def test_a_source_distribution_of_pypi_is_unpacked_and_recognised(tmp_path: Path) -> None:
    digest = "a261da281863902c5afc40754a9c6aaf220278293ddbc63b2b8936b72e9e47df"
    source, tree = Source("pypi", requirement="slowfast==1.0", sha256=digest), tmp_path / "slowfast"
    place(Commands(), source, tree, uv=UV)
    assert (tree / "slowfast" / "models" / "head_helper.py").is_file()
    assert identity_of(Commands(), tree) == source.identity
    assert {path.name for path in tmp_path.iterdir()} == {"slowfast", ".slowfast.lock"}


@pytest.mark.parametrize("left", [".tree.old", ".tree.new", ".tree.downloads"])
def test_what_an_interrupted_run_left_is_replaced(tmp_path: Path, left: str) -> None:
    packed = tmp_path / "in" / "a.tar.gz"
    (tmp_path / "in" / "a-1").mkdir(parents=True)
    (tmp_path / "in" / "a-1" / "new.py").touch()
    with tarfile.open(packed, "w:gz") as made:
        made.add(tmp_path / "in" / "a-1", "a-1")
    digest = hashlib.sha256(packed.read_bytes()).hexdigest()
    tree = tmp_path / "src" / "tree"
    for folder in (tree, tree.with_name(left)):
        folder.mkdir(parents=True)
        (folder / "left.py").touch()
    place(Commands(), Source("archive", url=str(packed), sha256=digest), tree, uv=UV)
    assert sorted(path.suffix for path in tree.iterdir() if path.suffix == ".py") == [".py"]
    assert (tree / "new.py").exists()
    assert {path.name for path in tree.parent.iterdir()} == {"tree", ".tree.lock"}


def test_an_incomplete_source_of_a_plan_is_named() -> None:
    for data in ({"origin": "git", "url": "https://example.invalid/x"}, {"origin": "svn"}):
        with pytest.raises(StackError) as caught:
            construct(Source, data, "source")
        assert caught.value.code == "data.invalid-value"


def test_a_tree_that_another_run_placed_meanwhile_is_kept(
    repository: tuple[Path, list[str]], tmp_path: Path
) -> None:
    upstream, commits = repository
    tree, source = tmp_path / "src" / "code", Source("git", str(upstream), commits[1])
    place(Commands(), source, tree, uv=UV)
    (tree / "code.py").write_text("patched\n")
    place(Commands(), source, tree, uv=UV)
    assert (tree / "code.py").read_text() == "patched\n"


def test_a_tree_from_an_offline_bundle_has_one_commit_without_history(
    repository: tuple[Path, list[str]], tmp_path: Path
) -> None:
    upstream, commits = repository
    bundle, tree = tmp_path / "bundle", tmp_path / "src" / "code"
    sources.pack(str(upstream), commits[1], bundle / "sources")
    source = Source("git", "https://git.example/code", commits[1])
    place(Commands(), source, tree, uv=UV, bundle=bundle)
    assert (tree / "code.py").read_text() == "VERSION = 2\n"
    assert not (tree / "demo.gif").exists()
    assert git(tree, "log", "--format=%H") == commits[1]
    assert git(tree, "rev-parse", "--is-shallow-repository") == "true"
    assert git(tree, "config", "remote.origin.url") == source.url
    assert git(tree, "config", "remote.origin.promisor") == "true"
    packs = tree / ".git" / "objects" / "pack"
    assert len([*packs.glob("*.promisor")]) == len([*packs.glob("*.pack")]) == 1
    with fails("bundle.missing-source", commits[0]):
        place(Commands(), Source("git", source.url, commits[0]), tree, uv=UV, bundle=bundle)
    assert identity_of(Commands(), tree) == commits[1]


def test_a_server_that_never_answers_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_tree, "GIT_S", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/x.git"
        source = Source("git", url=url, commit="0" * 40)
        began = time.monotonic()
        with fails("source.unreachable", url, "1 s"):
            place(Commands(), source, tmp_path / "tree", uv=UV)
    assert time.monotonic() - began < 30
    assert not (tmp_path / "tree").exists()


def program(folder: Path, name: str, text: str) -> str:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)
    return str(folder / name)


def test_an_index_that_has_no_source_distribution_is_said(tmp_path: Path) -> None:
    uv = program(tmp_path / "bin", "uv", f'echo "$@" > {tmp_path}/asked; echo "wheels = [1]"')
    source = Source("pypi", requirement="slowfast==1.0", sha256="0" * 64)
    with fails("index.no-file", "slowfast==1.0"):
        place(Commands(), source, tmp_path / "tree", uv=uv)
    asked = (tmp_path / "asked").read_text().split()[:-1]
    assert asked == [
        *("pip", "compile", "--quiet", "--no-deps", "--no-header", "--no-binary", "slowfast"),
        *("--format", "pylock.toml"),
    ]
    with fails("index.unreachable", "slowfast==1.0"):
        place(Commands(), source, tmp_path / "tree", uv="false")
    assert not (tmp_path / "tree").exists()


def test_a_source_of_debian_is_asked_of_apt(tmp_path: Path) -> None:
    program(tmp_path / "bin", "apt-get", "exit 0")
    source = Source("debian", package="ffmpeg", suite="trixie", sha256="0" * 64)
    commands = Commands({"PATH": f"{tmp_path}/bin:/usr/bin:/bin"})
    with fails("debian.no-archive"):
        place(commands, source, tmp_path / "tree", uv=UV)


@pytest.mark.parametrize(
    ("source", "identity"),
    [
        (Source("git", "/srv/x", "1" * 40), "1" * 40),
        (Source("archive", "/srv/x.tar", sha256="2" * 64), f"sha256:{'2' * 64}"),
        (
            Source("pypi", requirement="slowfast==1.0", sha256="3" * 64),
            f"slowfast==1.0 sha256:{'3' * 64}",
        ),
    ],
)
def test_a_tree_is_known_by_what_pins_its_source(source: Source, identity: str) -> None:
    assert source.identity == identity


def test_a_folder_that_no_source_was_placed_in_has_no_identity(tmp_path: Path) -> None:
    assert identity_of(Commands(), tmp_path / "absent") is None
    (tmp_path / ".git").mkdir()
    assert identity_of(Commands(), tmp_path) is None
    (tmp_path / source_tree.ORIGIN_FILE).write_text(f"sha256:{'2' * 64}\n")
    assert identity_of(Commands(), tmp_path) == f"sha256:{'2' * 64}"


def test_archives_are_kept_in_the_folder_for_downloads_alone(tmp_path: Path) -> None:
    packed = tmp_path / "a.tar.gz"
    (tmp_path / "a-1").mkdir()
    with tarfile.open(packed, "w:gz") as made:
        made.add(tmp_path / "a-1", "a-1")
    digest = hashlib.sha256(packed.read_bytes()).hexdigest()
    source, kept = Source("archive", url=str(packed), sha256=digest), tmp_path / "kept"
    kept.mkdir()
    (kept / "other").touch()
    place(Commands(), source, tmp_path / "src" / "tree", uv=UV, downloads=kept)
    assert (kept / "other").exists()
    assert {path.name for path in (tmp_path / "src").iterdir()} == {"tree", ".tree.lock"}
