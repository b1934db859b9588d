"""The SBOM of a stack, from the command line to the file."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from support import small_stack
from support.small_stack import SITE
from support.stack_under_test import COMMAND


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(COMMAND), *arguments], capture_output=True, text=True, check=False)


def names(rows: list[dict[str, Any]]) -> Iterator[str]:
    for row in rows:
        if row["type"] == "file":
            yield row["name"]
        yield from names(row.get("components", []))


def test_the_sbom_has_every_file_and_json_has_the_lock_alone(
    tmp_path: Path,
) -> None:
    made = small_stack.proven(tmp_path / "prefix", {f"{SITE}/planted.pth": "import os\n"})
    sbom, lock = tmp_path / "stack.cdx.json", tmp_path / "stack.lock.json"
    prefix = str(made.home.parents[1])
    done = run("lock", "--prefix", prefix, "--sbom", str(sbom), "-o", str(lock), "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(sbom.read_text(encoding="utf-8"))
    listed = set(names(found["components"]))
    assert {"env/bin/six", "ffmpeg/bin/ffmpeg", f"{SITE}/planted.pth"} <= listed
    (alone,) = (row["name"] for row in found["components"] if row["type"] == "file")
    assert alone == f"{SITE}/planted.pth"
    said = json.loads(done.stdout)["hosts"]["localhost"]
    assert said == json.loads(lock.read_text(encoding="utf-8"))
    assert "contents" not in said
