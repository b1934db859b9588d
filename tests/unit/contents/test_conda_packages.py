"""The packages that conda installed, as its own records name them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.contents import conda_packages

ROW = {
    "name": "zlib", "version": "1.3", "license": "Zlib", "sha256": "1" * 64,
    "channel": "https://conda/forge", "subdir": "linux-64", "build": "h_2", "files": ["lib/z.so"],
}  # fmt: skip


def installed(env: Path, text: str) -> list[Any]:
    (env / "conda-meta").mkdir(exist_ok=True)
    (env / "conda-meta" / "zlib-1.3-h_2.json").write_text(text)
    return list(conda_packages.installed(env, "env"))


def test_a_package_of_conda_and_its_files(tmp_path: Path) -> None:
    assert list(conda_packages.installed(tmp_path, "env")) == []
    (found,) = installed(tmp_path, json.dumps(ROW))
    part = found.part
    assert (part.id, part.kind, part.name, part.version) == (
        "conda env zlib-1.3-h_2",
        "conda",
        "zlib",
        "1.3",
    )
    assert (part.licenses, part.sha256) == (("Zlib",), "1" * 64)
    assert part.origin == "https://conda/forge/linux-64#h_2"
    assert found.files == ("env/lib/z.so",)


@pytest.mark.parametrize(
    ("change", "licenses", "origin", "files"),
    [
        ({"license": None}, (), "https://conda/forge/linux-64#h_2", 1),
        ({"license": 5}, (), "https://conda/forge/linux-64#h_2", 1),
        ({"license": "x" * 1025}, ("x" * 1024,), "https://conda/forge/linux-64#h_2", 1),
        ({"subdir": None}, ("Zlib",), "https://conda/forge#h_2", 1),
        ({"channel": None}, ("Zlib",), "linux-64#h_2", 1),
        ({"files": "lib"}, ("Zlib",), "https://conda/forge/linux-64#h_2", 0),
        ({"files": ["a", 1, "b"]}, ("Zlib",), "https://conda/forge/linux-64#h_2", 2),
    ],
)
def test_what_a_record_lacks_is_left_out(
    tmp_path: Path, change: dict[str, Any], licenses: tuple[str, ...], origin: str, files: int
) -> None:
    (found,) = installed(tmp_path, json.dumps({**ROW, **change}))
    assert (found.part.licenses, found.part.origin, len(found.files)) == (licenses, origin, files)


@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_a_record_that_cannot_be_read_is_no_package(tmp_path: Path, text: str) -> None:
    assert installed(tmp_path, text) == []
