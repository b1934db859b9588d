"""Packages of a distribution come with all that they need, from real apt and a small archive."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError

from slowfast_stack.bundle import packages

pytestmark = pytest.mark.skipif(
    shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None,
    reason="there is no apt here",
)
MACHINE = {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]


def package(folder: Path, name: str, depends: str = "", version: str = "1:2.0+deb12") -> Path:
    """Build a package that holds nothing; its file is named as apt names it."""
    tree = folder / f"{name}.tree"
    (tree / "DEBIAN").mkdir(parents=True)
    fields = {"Package": name, "Version": version, "Architecture": MACHINE, "Depends": depends}
    lines = [f"{key}: {value}" for key, value in fields.items() if value]
    lines += ["Maintainer: tests <tests@example.org>", "Description: nothing", " Two lines of it."]
    (tree / "DEBIAN" / "control").write_text("\n".join(lines) + "\n")
    file = folder / f"{name}_{version.replace(':', '%3a')}_{MACHINE}.deb"
    subprocess.run(["dpkg-deb", "--build", tree, file], check=True, capture_output=True)
    shutil.rmtree(tree)
    return file


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    folder = tmp_path / "mirror"
    folder.mkdir()
    files = [
        package(folder, "compiler", "library (>= 1)"),
        package(folder, "library"),
        package(folder, "tool", "library"),
        package(folder, "broken", "not-in-the-archive"),
    ]
    for name, text in zip(("Packages", "Release"), packages.index(files), strict=True):
        (folder / name).write_bytes(text)
    return folder


@pytest.fixture
def archive(mirror: Path, tmp_path: Path) -> Callable[[str], packages.Archive]:
    def read(scheme: str) -> packages.Archive:
        text = f"Types: deb\nURIs: {scheme}:{mirror}\nSuites: ./\nTrusted: yes\n"
        made = packages.Archive(tmp_path / "kept", text, os.uname().machine)
        made.update()
        return made

    return read


def names(got: packages.Downloaded) -> list[str]:
    return sorted(file.name.partition("_")[0] for file in got.files)


@pytest.mark.parametrize("scheme", ["copy", "file"])
def test_what_a_package_needs_comes_along_whatever_this_machine_has(
    archive: Callable[[str], packages.Archive], scheme: str
) -> None:
    first = archive(scheme).download(["compiler", "compiler"])
    assert names(first) == ["compiler", "library"]
    assert first.names == ("compiler",)
    # What was fetched before is listed as well.
    again = archive(scheme).download(["compiler", "tool"])
    assert names(again) == ["compiler", "library", "tool"]
    assert all(file.is_file() for file in again.files)


def test_what_cannot_be_had_is_named_with_its_reason_and_the_rest_is_fetched(
    archive: Callable[[str], packages.Archive],
) -> None:
    got = archive("copy").download(["tool", "broken", "nowhere"])
    assert names(got) == ["library", "tool"]
    assert got.refused["nowhere"] == "Unable to locate package nowhere"
    assert "not-in-the-archive" in got.refused["broken"]


def test_a_package_that_the_archive_does_not_describe_is_not_used(
    mirror: Path, archive: Callable[[str], packages.Archive]
) -> None:
    file = next(mirror.glob("tool_*"))
    data = bytearray(file.read_bytes())
    data[-5] ^= 1
    file.write_bytes(data)
    with pytest.raises(StackError) as caught:
        archive("copy").download(["tool"])
    assert caught.value.code == "debian.unreachable"


def test_an_archive_that_is_not_reached_is_an_error(tmp_path: Path) -> None:
    text = f"Types: deb\nURIs: copy:{tmp_path}/nowhere\nSuites: ./\nTrusted: yes\n"
    with pytest.raises(StackError) as caught:
        packages.Archive(tmp_path / "kept", text, os.uname().machine).update()
    assert caught.value.code == "debian.unreachable"
