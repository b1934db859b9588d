"""The records of this project as one table: where each is, what a good one holds, how it is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts import cache
from ansible_collections.slowfast.stack.plugins.module_utils._stack.bundle import extract, manifest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.checkpoints import fetch
from ansible_collections.slowfast.stack.plugins.module_utils._stack.datasets.ava import (
    manifest as frames,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment import (
    current_stack,
    direct_url,
    miniforge,
    prefix,
    stack_files,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches import record
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.syntax.source_tree import (
    FolderTree,
)

DIGEST = "0" * 64
INPUTS = {"source": "0" * 40}


class Kind(NamedTuple):
    """A record: its file below a folder, what a good one holds, how it is read, what absent is."""

    file: str
    good: object
    read: Callable[[Path], object]
    absent: object


class OneManifest:
    """A tree of frames with one manifest."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def manifest_of(self, _video: str) -> Path:
        """Return its path."""
        return self.folder / "frames.json"


KINDS = {
    "artifact": Kind(
        "artifact.json",
        {"schema": 1, "inputs": INPUTS, "files": {}, "seconds": 1},
        cache.read_manifest,
        None,
    ),
    "history": Kind(
        "history.json", {"schema": 1, "switches": ["a" * 12]}, current_stack.history, []
    ),
    "models": Kind(
        "models.json",
        {"schema": 1, "files": {"u": {"size": 1, "sha256": DIGEST}}},
        lambda folder: fetch.record_of(folder).load(),
        {},
    ),
    "plan": Kind(
        "current/proof/plan.json", {"schema": 1, "id": "a" * 12}, prefix.current_plan, None
    ),
    "origin": Kind("direct_url.json", {"url": "https://example.org/x"}, direct_url.read, None),
    "miniforge": Kind(
        miniforge.RECORD,
        {"schema": 1, "version": "25.1", "sha256": DIGEST},
        miniforge.installed,
        None,
    ),
    "frames": Kind(
        "frames.json",
        {"video": "v", "frames": 1, "bytes": 1, "sha256_of_names_and_sizes": DIGEST},
        lambda folder: frames.read(OneManifest(folder), "v"),  # type: ignore[arg-type]
        None,
    ),
    "patches": Kind(
        record.FILE,
        {"schema": 2, "component": "slowfast", "commit": None, "files": {}},
        lambda folder: record.load(FolderTree(str(folder)), "slowfast"),
        record.Record("slowfast"),
    ),
    "files of a stack": Kind(
        "proof/files.json",
        {"schema": 1, "files": {"env/bin/python": [DIGEST, 1, 2, 3, 4, 5, ""]}},
        stack_files.load,
        None,
    ),
    "bundle": Kind(
        manifest.MANIFEST, {}, lambda folder: extract.is_extracted(folder, DIGEST), absent=False
    ),
}
