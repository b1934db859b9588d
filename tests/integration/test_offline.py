"""From a bundle, without any route: the same stack, proven; its lock says it is the same."""

from __future__ import annotations

import copy
import json
import os
import shutil
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import bare_root
import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.bundle import manifest, verify
from ansible_collections.slowfast.stack.plugins.module_utils._stack.bundle.parts import Pieces, find
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment import lock
from bare_root import BareRoot
from stack_under_test import COMMAND, SOURCES, Stack

# No interface but a loopback that is down.
ALONE = ["unshare", "--net"]


def lock_of(stack: Stack) -> dict[str, Any]:
    path = stack.prefix / "current" / lock.FILE
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def bundle(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle in small pieces for this machine, without torch and with what was built here."""
    folder = tmp_path_factory.mktemp("bundle")
    argv = [str(COMMAND), "bundle", "create", "-o", str(folder / "stack.bundle"), *stack.options]
    argv += ["--piece-size", "64MiB", "--adopt-torch", "--cache", str(folder / "cache"), "--json"]
    argv += ["--built", str(stack.prefix)] if SOURCES else []
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    said = json.loads(done.stdout)["bundle"]
    assert len(said["files"]) > 1
    assert max(Path(file).stat().st_size for file in said["files"]) == 64 << 20
    return Path(said["files"][0])


def test_up_without_any_route_ends_proven_and_is_the_same_stack(
    stack: Stack, bundle: Path, tmp_path: Path
) -> None:
    if subprocess.run([*ALONE, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody make a network namespace")
    away = Stack(tmp_path / "prefix")
    python = stack.prefix / "current" / "env" / "bin" / "python"
    options = ["--json", "--yes", "--offline", str(bundle), "--adopt-torch", str(python)]
    done = subprocess.run(
        [*ALONE, *away.argv("up", *options)],
        env={**os.environ, "UV_CACHE_DIR": str(tmp_path / "uv")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    host = json.loads(done.stdout)["hosts"]["localhost"]
    assert host["status"] == "proven"
    assert host["plan"]["network"] == "offline"
    assert host["plan"]["torch"]["adopted"] == str(python)
    assert list(lock.differences(lock_of(stack), lock_of(away))) == []


@pytest.fixture(scope="module")
def bare(stack: Stack, bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> BareRoot:
    """A Debian that has neither compiler nor git nor the libraries of OpenCV; torch is lent."""
    return bare_root.make(tmp_path_factory.mktemp("bare"), stack.prefix, bundle.parent)


def test_a_bare_debian_gets_its_system_packages_from_the_bundle_alone(
    stack: Stack, bundle: Path, bare: BareRoot
) -> None:
    sources = {path: path.read_bytes() for path in (bare.folder / "etc/apt").rglob("*.list")}
    lists = sorted((bare.folder / "var/lib/apt/lists").iterdir())
    away = Stack(Path("/opt/slowfast-stack"))
    python = stack.prefix / "current" / "env" / "bin" / "python"
    argv = away.argv(
        "up", "--json", "--yes", "--offline", str(bundle), "--adopt-torch", str(python)
    )
    done = bare.run(*argv)
    assert done.returncode == 0, done.stderr[-4000:]
    host = json.loads(done.stdout)["hosts"]["localhost"]
    assert host["status"] == "proven"
    installed = bare.run("dpkg-query", "--show", "--showformat=${Package} ").stdout.split()
    assert host["plan"]["system_packages"]
    assert set(host["plan"]["system_packages"]) <= set(installed)
    inside = Stack(bare.folder / "opt/slowfast-stack")
    assert list(lock.differences(lock_of(stack), lock_of(inside))) == []
    assert {path: path.read_bytes() for path in sources} == sources
    assert sorted((bare.folder / "var/lib/apt/lists").iterdir()) == lists
    again = json.loads(bare.run(*argv).stdout)["hosts"]["localhost"]
    assert (again["status"], again["changed"]) == ("proven", 0)


def places(bundle: Path) -> dict[str, tuple[str, int]]:
    """Return for each kind of member the path and the place of one of its bytes."""
    with closing(Pieces(find(bundle))) as source:
        contents = verify.manifest_of(source)
    found, offset = {}, 0
    for member, _ in manifest.frame(contents):
        offset += len(member.head)
        found[member.kind] = (member.path, offset + member.size // 2)
        offset += member.size + manifest.padding(member.size)
    return found


def flip(bundle: Path, offset: int) -> str:
    """Change one bit of the byte at a place of the whole; return the piece that it lies in."""
    for piece in find(bundle):
        if offset < piece.stat().st_size:
            with piece.open("r+b") as stream:
                stream.seek(offset)
                byte = stream.read(1)[0]
                stream.seek(offset)
                stream.write(bytes([byte ^ 1]))
            return piece.name
        offset -= piece.stat().st_size
    raise AssertionError(offset)


def test_a_byte_that_changed_anywhere_stops_it_before_anything_is_there(
    bundle: Path, tmp_path: Path
) -> None:
    kinds = places(bundle)
    assert {"wheel", "source", "uv", "seal", "manifest"} <= set(kinds)
    if shutil.which("apt-get"):
        assert {"system package", "package index"} <= set(kinds)
    away = Stack(tmp_path / "prefix")
    argv = away.argv("up", "--yes", "--offline", str(bundle))
    for path, offset in kinds.values():
        piece = flip(bundle, offset)
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        flip(bundle, offset)
        assert done.returncode == 1, done.stderr
        assert path in done.stderr or "manifest" in path
        assert piece in done.stderr
        assert not away.prefix.exists()


def test_a_lock_is_met_or_refused(stack: Stack, tmp_path: Path) -> None:
    path, found = tmp_path / "stack.lock.json", lock_of(stack)
    path.write_text(json.dumps(found))
    again = stack.up("--locked", str(path))
    assert again["status"] == "proven"
    assert again["changed"] == 0
    other = copy.deepcopy(found)
    other["packages"][0]["content"] = "0" * 64
    path.write_text(json.dumps(other))
    refused = stack.up("--locked", str(path), expect=1)
    assert (
        other["packages"][0]["name"] in refused["failure"]["cause"] + refused["failure"]["message"]
    )
    other["plan"]["packages"] = ["numpy==1.0", *found["plan"]["packages"][1:]]
    path.write_text(json.dumps(other))
    assert stack.up("--locked", str(path), expect=3)["status"] == "no-plan"
