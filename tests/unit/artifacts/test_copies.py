"""The copies of artifacts on the controller: which are found, vouched for, taken and discarded."""

from __future__ import annotations

import resource
import stat
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts import (
    archive,
    cache,
    copies,
    transfer,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts.key import (
    archive_name,
    key_of,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.files import sha256_of
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.signatures import (
    signature_path,
    statement_path,
)
from support.errors import fails

from .test_cache import Recipe

KEY = key_of(Recipe().inputs)


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """An archive as a host sends it."""
    artifact, _new = cache.build(Commands(), tmp_path / "cache", Recipe())
    path = tmp_path / "packed"
    transfer.export_archive(artifact, path)
    return path


def test_a_copy_is_a_regular_file_of_its_key(tmp_path: Path) -> None:
    path = copies.path_of(tmp_path, KEY)
    assert path == tmp_path / archive_name(KEY)
    assert copies.find(tmp_path, KEY) is None
    path.symlink_to(__file__)
    assert copies.find(tmp_path, KEY) is None
    path.unlink()
    path.touch()
    assert copies.find(tmp_path, KEY) == path
    with fails("data.invalid-value"):
        copies.path_of(tmp_path, "../x")


@pytest.mark.parametrize("missing", ["copy", "statement", "signature", None])
@pytest.mark.parametrize("link", [False, True])
def test_a_copy_is_vouched_for_with_a_statement_and_its_signature(
    tmp_path: Path, missing: str | None, *, link: bool
) -> None:
    path = copies.path_of(tmp_path, KEY)
    parts = {"copy": path, "statement": statement_path(path), "signature": signature_path(path)}
    for name, part in parts.items():
        if name != missing:
            part.touch()
        elif link:
            part.symlink_to(__file__)
    assert copies.vouched(tmp_path, KEY) == (None if missing else path)
    copies.remove(tmp_path, KEY)
    assert list(tmp_path.iterdir()) == []


def test_what_is_signed_of_a_copy_is_its_size_and_digest(tmp_path: Path) -> None:
    path = tmp_path / "copy"
    path.write_bytes(b"12345")
    found = copies.subject(path)
    assert (found.kind, found.path, found.size) == ("artifact", path, 5)
    assert found.sha256 == sha256_of(path)


def test_provenance_names_the_builder_the_inputs_and_each_file(tmp_path: Path) -> None:
    artifact, _new = cache.build(Commands(), tmp_path / "cache", Recipe())
    assert copies.provenance(artifact, "gpu01") == {
        "predicateType": "https://slsa.dev/provenance/v1",
        "buildDefinition": {
            "buildType": "urn:slowfast.stack:shared_artifact:1",
            "externalParameters": {"a": "1", "b": "2"},
        },
        "runDetails": {
            "builder": {"id": "gpu01"},
            "byproducts": [
                {"name": name, "digest": {"sha256": digest}}
                for name, digest in artifact.files.items()
            ],
        },
    }


def test_what_a_host_sends_is_kept_privately_where_it_is_the_artifact(
    tmp_path: Path, packed: Path
) -> None:
    folder = tmp_path / "new" / "copies"
    found = copies.add(folder, KEY, lambda path: path.write_bytes(packed.read_bytes()) and None)
    assert dict(found.inputs) == Recipe().inputs
    path = copies.path_of(folder, KEY)
    assert path.read_bytes() == packed.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert list(folder.iterdir()) == [path]
    copies.add(folder, KEY, lambda path: path.write_bytes(packed.read_bytes()) and None)
    assert list(folder.iterdir()) == [path]


def test_what_a_host_sends_instead_is_refused_and_leaves_nothing(
    tmp_path: Path, packed: Path
) -> None:
    def link(path: Path) -> None:
        path.unlink()
        path.symlink_to(packed)

    folder = tmp_path / "copies"
    for fetch, code in (
        (Path.unlink, "artifact.refused"),
        (link, "artifact.refused"),
        (lambda path: path.write_bytes(b"x"), "artifact.refused"),
    ):
        with fails(code):
            copies.add(folder, KEY, fetch)
        assert list(folder.iterdir()) == []
    with fails("file.not-writable"):
        copies.add(Path(__file__) / "x", KEY, lambda _path: None)


def test_a_host_cannot_send_more_than_an_artifact_may_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    seen = []

    def fetch(path: Path) -> None:
        seen.append(resource.getrlimit(resource.RLIMIT_FSIZE))
        path.write_bytes(bytes(101))

    with fails("artifact.refused"):
        copies.add(tmp_path, KEY, fetch)
    monkeypatch.setattr(archive, "LIMIT", 100)
    with fails("file.not-writable"):
        copies.add(tmp_path, KEY, fetch)
    assert seen[1] == (100, before[1])
    assert seen[0][1] == before[1]
    assert resource.getrlimit(resource.RLIMIT_FSIZE) == before
    assert list(tmp_path.iterdir()) == []


def test_only_a_damaged_copy_is_discarded(tmp_path: Path, packed: Path) -> None:
    folder = tmp_path / "copies"
    assert copies.discard(folder, KEY) is False
    copies.add(folder, KEY, lambda path: path.write_bytes(packed.read_bytes()) and None)
    path = copies.path_of(folder, KEY)
    statement_path(path).touch()
    assert copies.discard(folder, KEY) is False
    assert path.exists()
    path.write_bytes(packed.read_bytes()[:100])
    assert copies.discard(folder, KEY) is True
    assert list(folder.iterdir()) == []
