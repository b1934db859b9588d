"""From a bundle, without a network: the same stack, proven, with an equal lock."""

from __future__ import annotations

import copy
import json
import os
import shutil
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.bundle import (
    extract,
    manifest,
    verify,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.bundle.parts import (
    PartReader,
    find,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.construct import construct
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment import lock
from support import bare_root
from support.bare_root import BareRoot
from support.signing import allow, make_key
from support.stack_under_test import COMMAND, SOURCES, Stack

# No interface but a loopback that is down.
ALONE = ["unshare", "--net"]


def lock_of(stack: Stack) -> dict[str, Any]:
    path = stack.prefix / "current" / lock.FILE
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def differences(one: Stack, other: Stack) -> list[str]:
    found = (construct(lock.Lock, lock_of(stack), "lock") for stack in (one, other))
    return list(lock.differences(*found))


@pytest.fixture(scope="module")
def bundle(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle in small parts for this machine, without torch and with the wheels built here."""
    folder = tmp_path_factory.mktemp("bundle")
    argv = [str(COMMAND), "bundle", "create", "-o", str(folder / "stack.bundle"), *stack.options]
    argv += ["--part-size", "64MiB", "--without-torch", "--cache", str(folder / "cache"), "--json"]
    argv += ["--built", str(stack.prefix)] if SOURCES else []
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    printed = json.loads(done.stdout)["bundle"]
    assert len(printed["files"]) > 1
    assert max(Path(file).stat().st_size for file in printed["files"]) == 64 << 20
    first = Path(printed["files"][0])
    allow(folder / "allowed_signers", make_key(folder))
    sign(first, folder / "key")
    return first


def sign(file: Path, key: Path) -> None:
    argv = [str(COMMAND), "sign", str(file), "--key", str(key)]
    subprocess.run(argv, check=True, capture_output=True)


def digest_of(bundle: Path) -> str:
    return extract.head(bundle).digest


def test_up_without_any_route_ends_proven_and_is_the_same_stack(
    stack: Stack, bundle: Path, tmp_path: Path
) -> None:
    if subprocess.run([*ALONE, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets no one make a network namespace")
    away = Stack(tmp_path / "prefix")
    python = stack.prefix / "current" / "env" / "bin" / "python"
    options = ["--json", "--yes", "--offline", str(bundle), "--adopt-torch", str(python)]
    options += ["--allowed-signers", str(bundle.with_name("allowed_signers"))]
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
    assert differences(stack, away) == []


@pytest.fixture(scope="module")
def bare(stack: Stack, bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> BareRoot:
    """A Debian without compiler, git and the libraries of OpenCV, with the torch of this stack."""
    return bare_root.make(tmp_path_factory.mktemp("bare"), stack.prefix, bundle.parent)


def test_a_bare_debian_gets_its_system_packages_from_the_bundle_alone(
    stack: Stack, bundle: Path, bare: BareRoot
) -> None:
    sources = {path: path.read_bytes() for path in (bare.folder / "etc/apt").rglob("*.list")}
    lists = sorted((bare.folder / "var/lib/apt/lists").iterdir())
    away = Stack(Path("/opt/slowfast-stack"))
    python = stack.prefix / "current" / "env" / "bin" / "python"
    argv = away.argv(
        "up",
        *("--json", "--yes", "--offline", str(bundle), "--digest", digest_of(bundle)),
        *("--adopt-torch", str(python)),
    )
    done = bare.run(*argv)
    assert done.returncode == 0, done.stderr[-4000:]
    host = json.loads(done.stdout)["hosts"]["localhost"]
    assert host["status"] == "proven"
    installed = bare.run("dpkg-query", "--show", "--showformat=${Package} ").stdout.split()
    assert host["plan"]["system_packages"]
    assert set(host["plan"]["system_packages"]) <= set(installed)
    inside = Stack(bare.folder / "opt/slowfast-stack")
    assert differences(stack, inside) == []
    assert {path: path.read_bytes() for path in sources} == sources
    assert sorted((bare.folder / "var/lib/apt/lists").iterdir()) == lists
    again = json.loads(bare.run(*argv).stdout)["hosts"]["localhost"]
    assert (again["status"], again["changed"]) == ("proven", 0)


def places(bundle: Path) -> dict[str, tuple[str, int]]:
    """Return for each kind of member the path and the offset of one of its bytes."""
    with closing(PartReader(find(bundle))) as source:
        contents = verify.read_manifest(source)
    offset = len(contents.head)
    found = {"header": ("", 100), "manifest": (manifest.MANIFEST, offset // 2)}
    for member in contents.members:
        header, *_content = member.extents()
        found[member.kind] = (member.path, offset + header + member.size // 2)
        offset += sum(member.extents())
    return found


def flip(bundle: Path, offset: int) -> str:
    """Change one bit of the byte at an offset; return the part that contains it."""
    for part in find(bundle):
        if offset < part.stat().st_size:
            with part.open("r+b") as stream:
                stream.seek(offset)
                byte = stream.read(1)[0]
                stream.seek(offset)
                stream.write(bytes([byte ^ 1]))
            return part.name
        offset -= part.stat().st_size
    raise AssertionError(offset)


def test_a_changed_byte_anywhere_stops_up_before_it_installs_anything(
    bundle: Path, tmp_path: Path
) -> None:
    kinds = places(bundle)
    assert {"wheel", "source", "uv", "header", "manifest"} <= set(kinds)
    if shutil.which("apt-get"):
        assert {"system package", "package index"} <= set(kinds)
    away = Stack(tmp_path / "prefix")
    argv = away.argv("up", "--yes", "--unsigned", "--offline", str(bundle))
    # Every byte is tried on a small bundle in tests/unit/bundle.
    for path, offset in (kinds["manifest"], kinds["wheel"]):
        part = flip(bundle, offset)
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        flip(bundle, offset)
        assert done.returncode == 2, done.stderr
        assert path in done.stderr
        assert part in done.stderr
        assert not away.prefix.exists()


def test_a_lock_is_met_or_refused(stack: Stack, tmp_path: Path) -> None:
    path, found = tmp_path / "stack.lock.json", lock_of(stack)
    path.write_text(json.dumps(found))
    store = allow(tmp_path / "allowed_signers", make_key(tmp_path))
    sign(path, tmp_path / "key")
    again = stack.up("--locked", str(path), "--allowed-signers", str(store))
    assert again["status"] == "proven"
    assert again["changed"] == 0
    other = copy.deepcopy(found)
    other["packages"][0]["content"] = "0" * 64
    path.write_text(json.dumps(other))
    refused = stack.up("--locked", str(path), "--unsigned", expect=1)
    assert other["packages"][0]["name"] in refused["error"]["cause"] + refused["error"]["message"]
    other["plan"]["packages"] = ["numpy==1.0", *found["plan"]["packages"][1:]]
    path.write_text(json.dumps(other))
    assert stack.up("--locked", str(path), "--unsigned", expect=3)["status"] == "no-plan"
