"""Records with paths, links and claims of an attacker: none is believed, nothing outside is touched."""

from __future__ import annotations

import hashlib
import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts import cache
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts.key import key_of
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts.source_tree import (
    Source,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.bundle import extract
from ansible_collections.slowfast.stack.plugins.module_utils._stack.checkpoints import fetch
from ansible_collections.slowfast.stack.plugins.module_utils._stack.checkpoints.requests import (
    request,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import names
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.construct import construct
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.datasets.ava import (
    manifest as frames,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment import (
    lock,
    stacks,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import driver_record
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches import record
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.syntax.source_tree import (
    FolderTree,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import from_bundle
from support import plan_builder
from support.errors import fails
from support.records import DIGEST, INPUTS, KINDS, Kind, OneManifest

KEY = key_of(INPUTS)


def huge(path: Path, _good: bytes) -> None:
    path.touch()
    os.truncate(path, names.RECORD_LIMIT + 1)


def text(content: bytes) -> Callable[[Path, bytes], object]:
    return lambda path, _good: path.write_bytes(content)


HARMS: dict[str, Callable[[Path, bytes], object]] = {
    "pipe": lambda path, _good: os.mkfifo(path),
    "folder": lambda path, _good: path.mkdir(),
    "huge": huge,
    "bytes": text(b"\xff\xfe\x00"),
    "empty": text(b""),
    "cut": lambda path, good: path.write_bytes(good[:-2]),
    "null": text(b"null"),
    "list": text(b"[]"),
    "number": text(b"7"),
    "nested": text(b"[" * 200_000),
    "schema": text(b'{"schema": "1"}'),
}


@pytest.fixture(autouse=True)
def bounded() -> Iterator[None]:
    """A read that waits for a pipe ends the test."""

    def late(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(20)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def refused_or(kind: Kind, folder: Path) -> object:
    """Return what is read; absent where it is refused with a code."""
    try:
        return kind.read(folder)
    except StackError as error:
        return kind.absent if error.code else error


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("name", KINDS)
def test_a_file_that_is_no_record_is_absent_or_refused(
    tmp_path: Path, name: str, harm: str
) -> None:
    kind = KINDS[name]
    path = tmp_path / "folder" / kind.file
    path.parent.mkdir(parents=True)
    HARMS[harm](path, json.dumps(kind.good).encode())
    assert refused_or(kind, tmp_path / "folder") == kind.absent


@pytest.mark.parametrize("name", sorted(set(KINDS) - {"bundle", "patches"}))
def test_a_link_is_no_record(tmp_path: Path, name: str) -> None:
    kind = KINDS[name]
    path = tmp_path / "folder" / kind.file
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(kind.good))
    assert kind.read(tmp_path / "folder") != kind.absent
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert refused_or(kind, tmp_path / "folder") == kind.absent


OUTSIDE = ["/etc/passwd", "../x", "a/../../x", "a//b", "./a", "a\0b", "a\nb", "", "x" * 2000]


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_name_that_leads_out_is_none(tmp_path: Path, name: str) -> None:
    for reader in (names.relative_path, names.bare_name):
        with fails("data.invalid-value"):
            reader(name, "it")
    with pytest.raises(StackError):
        names.inside(tmp_path, name)


def test_a_file_behind_a_link_is_not_inside(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "file").touch()
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path / "there")
    (folder / "file").touch()
    assert names.inside(folder, "file") == folder / "file"
    with fails("file.not-inside"):
        names.inside(folder, "link/file")


@pytest.mark.parametrize(
    "row",
    [{"file": name} for name in ("/etc/passwd", "../x", "a//b", "..")]
    + [{"sha256": "../x"}, {"sha256": 7}, {"size": "1"}, {"size": -1}],
    ids=repr,
)
def test_the_record_of_checkpoints_names_files_inside_of_its_folder(
    tmp_path: Path, row: dict[str, Any]
) -> None:
    rows = {"u": {"size": 1, "sha256": DIGEST, "file": "a.pyth", **row}}
    (tmp_path / "models.json").write_text(json.dumps({"schema": 1, "files": rows}))
    with fails("record.unreadable"):
        fetch.record_of(tmp_path).load()


@pytest.mark.parametrize("url", ["https://example.org/a/..", "https://example.org/"])
def test_an_address_names_a_file(tmp_path: Path, url: str) -> None:
    with fails("checkpoint.invalid-url"):
        request(url, tmp_path, None)


ENTRY = {"before": DIGEST, "after": DIGEST, "patches": ["x"]}


@pytest.mark.parametrize(
    "more",
    [
        *({"files": {path: ENTRY}} for path in ("/etc/x", "../x", ".git/hooks/post-checkout")),
        {"files": {"a.py": {**ENTRY, "before": "../../x"}}},
        {"files": {"a.py": {**ENTRY, "after": 7}}},
        {"files": {"a.py": {**ENTRY, "patches": [{}]}}},
        {"component": "detectron2"},
        {"component": None},
    ],
    ids=repr,
)
def test_the_record_of_patches_is_that_of_its_tree(tmp_path: Path, more: dict[str, Any]) -> None:
    found = {"schema": 2, "component": "slowfast", "commit": None, "files": {}, **more}
    path = tmp_path / record.FILE
    path.parent.mkdir()
    path.write_text(json.dumps(found))
    with fails("patches.damaged-record"):
        record.load(FolderTree(str(tmp_path)), "slowfast")


GOOD = ["nvidia-driver-580", "580.65.06-1", "NVIDIA"]


@pytest.mark.parametrize(
    "packages",
    [
        "nvidia",
        [["openssh-server", "1:9.2p1-2", "Debian"]],
        [["-oAPT::Update::Pre-Invoke::=id", "580.1", "NVIDIA"]],
        [["nvidia-driver-580 openssh-server", "580.1", "NVIDIA"]],
        [["nvidia-driver-580", "--purge", "NVIDIA"]],
        [["nvidia-driver-580", "580.1", "NVIDIA\nx"]],
        [["nvidia-driver-580", "580.1"]],
        [[1, 2, 3]],
        [GOOD] * 501,
    ],
    ids=lambda row: str(row)[:60],
)
def test_the_record_of_the_driver_names_its_packages_alone(packages: object) -> None:
    data = {"packages": packages, "stream": ""}
    with fails("data.invalid-value"):
        driver_record.Installed.from_dict(data)
    with fails("host.damaged-record"):
        driver_record.parse(json.dumps({"schema": 1, "before": data, "done": True}))


def test_the_good_record_of_the_driver_is_read() -> None:
    data = {"packages": [GOOD], "stream": "580-open"}
    assert driver_record.Installed.from_dict(data).to_dict() == data
    for stream in ("x/../y", "a b", 7, None):
        with fails("data.invalid-value"):
            driver_record.Installed.from_dict({**data, "stream": stream})


@pytest.mark.parametrize(
    "row",
    [
        {"name": "torch @ https://example.org/x.whl"},
        {"name": "torch\n--index-url https://example.org"},
        {"name": "-r/etc/passwd"},
        {"version": "1 ; x"},
        {"version": "1\n--pre"},
        {"origin": "elsewhere"},
    ],
    ids=repr,
)
def test_the_packages_of_a_lock_are_names_and_versions(row: dict[str, Any]) -> None:
    found = {"name": "torch", "version": "2.9.1+cu130", "origin": "index"}
    assert construct(lock.Package, found, "it").name == "torch"
    with fails("data.invalid-value"):
        construct(lock.Package, {**found, **row}, "it")


@pytest.mark.parametrize(
    "row",
    [
        {"url": "ext::sh -c id"},
        {"url": "-uid"},
        {"url": "--upload-pack=id"},
        {"url": "https://example.org/x\n[core]"},
        {"commit": "HEAD"},
        {"commit": "*" * 40},
        {"commit": "--output=/etc/x"},
    ],
    ids=repr,
)
def test_a_source_is_an_address_and_a_commit(row: dict[str, Any]) -> None:
    good = {"origin": "git", "url": "https://example.org/SlowFast.git", "commit": "0" * 40}
    assert Source(**good)
    assert Source(**{**good, "url": "git@example.org:a/b.git"})
    assert Source(**{**good, "url": "/srv/my sources/b.git"})
    with fails("data.invalid-value"):
        Source(**{**good, **row})


@pytest.mark.parametrize("name", ["../../evil", "/evil", "current", "A" * 12, ""])
def test_a_stack_is_named_by_its_id(tmp_path: Path, name: str) -> None:
    with fails("data.invalid-value"):
        stacks.switch(tmp_path, name)
    assert not (tmp_path / "current").is_symlink()


def test_a_link_among_the_stacks_is_no_stack(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    (there / "file").touch()
    folder = tmp_path / "prefix" / "stacks"
    folder.mkdir(parents=True)
    (folder / ("a" * 12)).symlink_to(there)
    (folder / f".removing-{'b' * 12}").symlink_to(there)
    assert stacks.listed(tmp_path / "prefix") == []
    assert stacks.remove(tmp_path / "prefix", [], 0.0) == []
    assert (there / "file").exists()


@pytest.mark.parametrize("name", ["/etc", "../../x", "a/../../x"])
def test_a_bundle_names_what_is_inside_of_it(name: str) -> None:
    for row in ({"packages_folder": name}, {"conda_packages": [name]}):
        host = {
            "architecture": "x86_64",
            "glibc": "2.36",
            "distribution": {"id": "d", "version": "1"},
        }
        stack = {"host": host, "request": {}, "plan": plan_builder.plan_data(), **row}
        with fails("data.invalid-value", name):
            from_bundle.read({"digest": DIGEST, "stacks": [stack]}, "bundle")


def artifact(folder: Path) -> Path:
    home = folder / KEY
    (home / "lib").mkdir(parents=True)
    (home / "lib" / "a").write_text("a")
    files = {"lib/a": hashlib.sha256(b"a").hexdigest()}
    found = {"schema": 1, "inputs": INPUTS, "files": files, "seconds": 1}
    (home / cache.MANIFEST).write_text(json.dumps(found))
    return home


def test_an_artifact_is_made_of_regular_files_inside_of_its_folder(tmp_path: Path) -> None:
    home = artifact(tmp_path)
    assert cache.find(tmp_path, KEY)
    (tmp_path / "same").write_text("a")
    (home / "lib" / "a").unlink()
    (home / "lib" / "a").symlink_to(tmp_path / "same")
    assert cache.find(tmp_path, KEY) is None
    (home / "lib" / "a").unlink()
    (home / "lib" / "a").write_text("a")
    os.mkfifo(home / "pipe")
    assert cache.find(tmp_path, KEY) is None
    (home / "pipe").unlink()
    (home / "more").symlink_to("/etc")
    assert cache.find(tmp_path, KEY) is None
    (home / "more").unlink()
    home.rename(tmp_path / "real")
    home.symlink_to(tmp_path / "real")
    assert cache.find(tmp_path, KEY) is None


def test_only_artifacts_of_their_keys_leave_a_bundle(tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    home = artifact(folder / extract.BUILT)
    (folder / extract.BUILT / ("f" * 64)).mkdir()
    (folder / extract.BUILT / "linked").symlink_to("/etc")
    assert extract.copy_built_wheels(folder, tmp_path / "cache") == [home.name]
    (tmp_path / "cache" / home.name).rename(tmp_path / "moved")
    (home / "lib" / "a").write_text("b")
    assert extract.copy_built_wheels(folder, tmp_path / "cache") == []


def test_the_frames_of_another_video_are_not_those(tmp_path: Path) -> None:
    path = tmp_path / "frames.json"
    path.write_text(json.dumps(KINDS["frames"].good))
    with fails("record.unreadable"):
        frames.read(OneManifest(tmp_path), "other")  # type: ignore[arg-type]
