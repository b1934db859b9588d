"""From a bundle, without any route: the same stack, proven; its lock says it is the same."""

from __future__ import annotations

import copy
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment import lock
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


def test_a_byte_that_changed_stops_it_before_anything_is_there(
    bundle: Path, tmp_path: Path
) -> None:
    piece = bundle.with_suffix(".002")
    with piece.open("r+b") as stream:
        stream.seek(12345)
        before = stream.read(1)
        stream.seek(12345)
        stream.write(bytes([before[0] ^ 1]))
    away = Stack(tmp_path / "prefix")
    argv = away.argv("up", "--yes", "--offline", str(bundle))
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert piece.name in done.stderr
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
    assert other["packages"][0]["name"] in refused["failure"]["why"] + refused["failure"]["what"]
    other["plan"]["packages"] = ["numpy==1.0", *found["plan"]["packages"][1:]]
    path.write_text(json.dumps(other))
    assert stack.up("--locked", str(path), expect=3)["status"] == "no-plan"
