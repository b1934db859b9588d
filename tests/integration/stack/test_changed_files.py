"""Files of a real, proven stack that were changed: named, restored by `up`, and proven again."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.stack_under_test import Stack

# A finished stack of others is not changed.
pytestmark = pytest.mark.skipif(
    "SLOWFAST_STACK_PREFIX" in os.environ, reason="changes the stack and builds it again"
)


def site(stack: Stack) -> Path:
    (found,) = (stack.prefix / "current" / "env").glob("lib/python*/site-packages")
    return found


def append(path: Path) -> None:
    with path.open("a") as file:
        file.write("# changed\n")


def set_back(path: Path) -> None:
    """Change one byte, and set the time of modification back."""
    before = path.stat()
    data = path.read_bytes()
    path.write_bytes(bytes([data[0] ^ 1]) + data[1:])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def library(stack: Stack) -> Path:
    found = [*site(stack).glob("detectron2/_C*.so"), *site(stack).glob("torch/_C*.so")]
    return found[0]


def source(stack: Stack) -> Path:
    tree = stack.prefix / "current" / "src" / "slowfast"
    found = [*tree.glob("slowfast/utils/misc.py"), *site(stack).glob("slowfast/utils/misc.py")]
    return found[0]


CHANGES: dict[str, Callable[[Stack], Path]] = {
    "a changed module": lambda stack: site(stack) / "fvcore/common/config.py",
    "a truncated library": library,
    "a removed package": lambda stack: site(stack) / "yacs/config.py",
    "an added sitecustomize": lambda stack: site(stack) / "sitecustomize.py",
    "an added path file": lambda stack: site(stack) / "x.pth",
    "a changed source": source,
    "times set back": lambda stack: site(stack) / "iopath/common/file_io.py",
}
ACTS: dict[str, Callable[[Path], object]] = {
    "a truncated library": lambda path: os.truncate(path, 1000),
    "a removed package": lambda path: path.unlink(),
    "times set back": set_back,
}


def refusal_of_a_lock(stack: Stack) -> str:
    """Return the code of the error with which `lock` refuses a stack."""
    argv = stack.argv("lock", "--json")
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    return str(json.loads(done.stdout)["errors"]["localhost"]["code"])


def files_claim(proof: dict[str, Any]) -> dict[str, Any]:
    (found,) = (claim for claim in proof["claims"] if claim["id"] == "stack.files")
    return dict(found)


@pytest.mark.skipif(
    not os.environ.get("SLOWFAST_STACK_RESTORE"),
    reason="SLOWFAST_STACK_RESTORE=1 changes the stack and restores it",
)
def test_what_was_changed_is_named_by_every_verb_and_restored_at_once(stack: Stack) -> None:
    """All of them together, because each restore builds the environment again."""
    alone = Stack(stack.prefix)
    paths = {what: find(stack) for what, find in CHANGES.items()}
    before = {what: path.read_bytes() for what, path in paths.items() if path.exists()}
    for what, path in paths.items():
        ACTS.get(what, append)(path)
    assert refusal_of_a_lock(alone) == "stack.changed"
    proof = alone.run("prove", expect=1)
    assert files_claim(proof)["ok"] is False
    assert "and" in files_claim(proof)["measured"]
    restored = stack.up()
    assert restored["status"] == "proven"
    assert restored["proof"]["reused"] is False
    assert files_claim(restored["proof"])["ok"] is True
    for what, path in paths.items():
        found = CHANGES[what](stack)
        assert (found.read_bytes() if found.exists() else None) == before.get(what), path
    assert stack.up()["changed"] == 0


def test_the_files_of_a_converged_stack_are_compared_in_a_moment(stack: Stack) -> None:
    started = time.monotonic()
    assert stack.up()["proof"]["reused"] is True
    print(f"up on a converged host: {time.monotonic() - started:.1f} s")  # noqa: T201
    count = files_claim(Stack(stack.prefix).run("prove", "--deep"))
    assert count["ok"] is True
    print(count)  # noqa: T201
