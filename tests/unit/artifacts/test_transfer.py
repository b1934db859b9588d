"""Copies of an artifact between two caches, and copies that are damaged on the way."""

from __future__ import annotations

import io
import json
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts import (
    cache,
    key,
    transfer,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts.build_ffmpeg import (
    FFmpegRecipe,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.files import sha256_of
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from support import small_ffmpeg


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FFmpegRecipe:
    for name, value in small_ffmpeg.environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    return small_ffmpeg.recipe(tmp_path)


@pytest.fixture
def archive(recipe: FFmpegRecipe, tmp_path: Path) -> Path:
    """An artifact of one cache, packed for another."""
    built, _ = cache.build(Commands(), tmp_path / "first", recipe)
    (tmp_path / "second").mkdir()
    path = tmp_path / "second" / key.archive_name(key.key_of(recipe.inputs))
    transfer.export_archive(built, path)
    return path


def test_an_imported_artifact_is_used_and_nothing_is_compiled(
    recipe: FFmpegRecipe, tmp_path: Path, archive: Path
) -> None:
    second = tmp_path / "second"
    assert transfer.import_archive(Commands(), second, recipe, archive) is None
    artifact, built = cache.build(Commands(), second, recipe)
    assert (artifact.folder.parent, built) == (second, False)
    assert (artifact.folder / "lib" / "libavcodec.so").readlink() == Path("libavcodec.so.1")
    assert (tmp_path / "steps").read_text().count("configured") == 1
    name = artifact.folder.name
    assert sorted(path.name for path in second.iterdir()) == [name, f"{name}.lock"]


def test_an_archive_with_another_digest_is_refused(
    recipe: FFmpegRecipe, tmp_path: Path, archive: Path
) -> None:
    second, expected = tmp_path / "second", sha256_of(archive)
    copy = archive.with_name("copy")
    copy.write_bytes(archive.read_bytes())
    refused = transfer.import_archive(Commands(), second, recipe, archive, "0" * 64)
    assert refused
    assert expected in refused
    assert cache.find(second, key.key_of(recipe.inputs)) is None
    assert not archive.exists()
    assert transfer.import_archive(Commands(), second, recipe, copy, expected) is None
    assert cache.find(second, key.key_of(recipe.inputs))


@pytest.mark.parametrize(
    "harm", ["cut", "changed", "added", "of another key", "no program", "newer schema"]
)
def test_a_damaged_copy_is_refused_and_leaves_nothing(
    recipe: FFmpegRecipe, tmp_path: Path, archive: Path, harm: str
) -> None:
    second, requested = tmp_path / "second", recipe
    built = cache.find(tmp_path / "first", key.key_of(recipe.inputs))
    assert built
    if harm == "cut":
        archive.write_bytes(archive.read_bytes()[:-200])
    elif harm == "changed":
        (built.folder / "lib" / "libavcodec.so.1").write_text("half")
    elif harm == "added":
        (built.folder / "lib" / "libevil.so").write_text("x")
    elif harm == "of another key":
        requested = replace(recipe, inputs={**recipe.inputs, "version": "8"})
    elif harm == "newer schema":
        manifest = built.folder / cache.MANIFEST
        manifest.write_text(manifest.read_text().replace('"schema": 1', '"schema": 9'))
    else:
        (built.folder / "bin" / "ffmpeg").unlink()
        manifest = json.loads((built.folder / cache.MANIFEST).read_text())
        del manifest["files"]["bin/ffmpeg"]
        (built.folder / cache.MANIFEST).write_text(json.dumps(manifest))
    if harm != "cut":
        transfer.export_archive(built, archive)
    refused = transfer.import_archive(Commands(), second, requested, archive)
    assert refused
    assert cache.find(second, key.key_of(requested.inputs)) is None
    assert not [path for path in second.iterdir() if path.suffix != ".lock"]


def test_a_received_program_is_not_run_to_judge_it(recipe: FFmpegRecipe, tmp_path: Path) -> None:
    built, _ = cache.build(Commands(), tmp_path / "first", recipe)
    ran = tmp_path / "ran"
    program = built.folder / "bin" / "ffmpeg"
    program.write_text(f"#!/bin/sh\ntouch {ran}\n")
    manifest = json.loads((built.folder / cache.MANIFEST).read_text())
    manifest["files"] = cache.digests(built.folder)
    (built.folder / cache.MANIFEST).write_text(json.dumps(manifest))
    (tmp_path / "second").mkdir()
    archive = tmp_path / "second" / "archive.tar.gz"
    transfer.export_archive(built, archive)
    assert transfer.import_archive(Commands(), tmp_path / "second", recipe, archive) is None
    assert not ran.exists()


def test_no_file_is_written_outside_the_staging_folder(
    recipe: FFmpegRecipe, tmp_path: Path
) -> None:
    archive = tmp_path / "second" / "evil.tar.gz"
    archive.parent.mkdir()
    with tarfile.open(archive, "w:gz") as packed:
        member = tarfile.TarInfo("../escaped")
        member.size = 1
        packed.addfile(member, io.BytesIO(b"x"))
    assert transfer.import_archive(Commands(), archive.parent, recipe, archive)
    assert not list(tmp_path.rglob("escaped"))


@pytest.mark.parametrize("harm", ["cut", "changed"])
def test_what_was_unpacked_is_verified_too(
    recipe: FFmpegRecipe,
    tmp_path: Path,
    archive: Path,
    monkeypatch: pytest.MonkeyPatch,
    harm: str,
) -> None:
    # As if the archive was judged, and another one came into its place.
    monkeypatch.setattr(transfer, "require_intact", lambda *_: None)
    if harm == "cut":
        archive.write_bytes(archive.read_bytes()[:-200])
    else:
        built = cache.find(tmp_path / "first", key.key_of(recipe.inputs))
        assert built
        (built.folder / "lib" / "libavcodec.so.1").write_text("half")
        transfer.export_archive(built, archive)
    assert transfer.import_archive(Commands(), archive.parent, recipe, archive)
    assert [path.suffix for path in archive.parent.iterdir()] == [".lock"]
