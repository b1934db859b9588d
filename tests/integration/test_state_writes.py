"""A full disk, half a write and a kill at every call of every state write: the old state or the new one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
PROGRAM = TESTS / "integration" / "programs" / "state_faults.py"
SHARED = "plugins/module_utils/_stack/"
# The states of `state_faults.py` that each module writes.
WRITERS = {
    "artifacts/cache.py": ["artifact"],
    "artifacts/source_tree.py": ["source tree"],
    "bundle/extract.py": ["bundle"],
    "core/download.py": ["download"],
    "core/first_downloads.py": ["first downloads"],
    "core/seen_versions.py": ["signatures"],
    "datasets/ava/dataset.py": ["data set"],
    "datasets/ava/manifest.py": ["frames"],
    "environment/lock.py": ["inputs of a lock"],
    "environment/miniforge.py": ["miniforge"],
    "environment/prefix.py": ["first claim"],
    "environment/proof.py": ["plan", "evidence"],
    "environment/stack_files.py": ["files of a stack"],
    "environment/stacks.py": ["history"],
    "host/memory.py": ["answers of programs"],
    "patches/syntax/source_tree.py": ["patches", "first patch"],
    "plugins/modules/cuda_check.py": ["CUDA check"],
    "plugins/modules/driver_history.py": ["driver history"],
    "src/slowfast_stack/orchestration/fleet.py": ["known host"],
    "src/slowfast_stack/orchestration/processes.py": ["secret of runs"],
}
# What writes the same way, and no state: files of the user, of the system, or that are only copied.
OTHERS = {
    "core/files.py", "core/saved.py", "core/signatures.py", "artifacts/transfer.py", "artifacts/copies.py",
    "cuda/from_wheels.py", "environment/python_env.py",
    "datasets/ava/lists.py", "datasets/ava/extract.py", "datasets/ava/clip_download.py",
    "datasets/ava/download.py",
    "plugins/action/contents.py",
    "plugins/modules/apt_components.py", "plugins/modules/repository_key.py",
    "src/slowfast_stack/bundle/builder.py", "src/slowfast_stack/bundle/sources.py",
    "src/slowfast_stack/bundle/download_cache.py",
    "src/slowfast_stack/cli/catalog.py", "src/slowfast_stack/cli/lock.py",
    "src/slowfast_stack/config/checkpoint.py",
    "src/slowfast_stack/config/finetune.py", "src/slowfast_stack/config/validate.py",
    "src/slowfast_stack/orchestration/slurm.py", "src/slowfast_stack/training/demo.py",
}  # fmt: skip
_WRITES = re.compile(
    r"\bsaved\.(?:save|write)\(|\b(?:atomic_write|replacing|replace_link|replace_folder)\("
    r"|\bmove_into_place\("
)


@pytest.fixture(scope="module")
def faults(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that lets calls fail."""
    library = tmp_path_factory.mktemp("faults") / "faults.so"
    source = TESTS / "support" / "faults.c"
    argv = ["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library, source, "-ldl"]
    subprocess.run(argv, check=True)
    return library


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder in memory where there is one: each write waits for its disk."""
    memory = Path("/dev/shm")  # noqa: S108
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as made:
        yield Path(made)


@pytest.mark.skipif(not shutil.which("cc"), reason="needs a C compiler")
@pytest.mark.parametrize("name", [name for names in WRITERS.values() for name in names])
def test_a_write_that_fails_anywhere_leaves_the_old_or_the_new_state(
    name: str, faults: Path, folder: Path
) -> None:
    path = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "LD_PRELOAD": str(faults), "PYTHONPATH": path}
    argv = [sys.executable, str(PROGRAM), str(folder), name]
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    # A call to create, write, sync and rename, each of them in three ways, is the least.
    assert int(done.stdout) >= 12


def test_every_module_that_writes_state_is_in_the_table() -> None:
    root = TESTS.parent
    found = {
        str(path.relative_to(root)).replace(SHARED, "")
        for part in ("plugins", "src")
        for path in (root / part).rglob("*.py")
        if _WRITES.search(path.read_text(encoding="utf-8"))
    }
    assert sorted(found ^ (set(WRITERS) | OTHERS)) == []
