"""What users of a bundle see: the module, the report of `bundle verify`, and the options."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts.key import key_of
from ansible_collections.slowfast.stack.plugins.module_utils._stack.bundle import (
    extract,
    manifest,
    parts,
    verify,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.modules import bundle as module

from slowfast_stack.bundle import verify as verify_for_users
from slowfast_stack.bundle import writer
from slowfast_stack.cli import bundle as command
from slowfast_stack.exit_codes import UsageError

from .conftest import SIZES, facts

if TYPE_CHECKING:
    from collections.abc import Callable

    from slowfast_stack.bundle.writer import Entry


def call(file: Path, *, check: bool = False, **parameters: object) -> dict[str, object]:
    defaults = {
        "digest": None,
        "folder": None,
        "extract": True,
        "wheels": None,
        "unsigned": False,
        "allowed_signers": None,
    }
    return module.act({**defaults, "file": str(file), **parameters}, check)


def test_the_module_reads_the_manifest_without_members(made: Callable[..., Path]) -> None:
    file = made(1500)
    result = call(file, unsigned=True)
    assert result["changed"] is False
    found = result["bundle"]
    assert isinstance(found, dict)
    assert found["files"] == [str(part) for part in parts.find(file)]
    assert found["stacks"] == facts()["stacks"]
    assert (found["format"], found["schema"]) == (manifest.FORMAT, manifest.SCHEMA)
    assert "members" not in found
    assert found["digest"] == extract.head(file).digest


def test_the_module_extracts_once_and_reports_it(made: Callable[..., Path], tmp_path: Path) -> None:
    file, folder = made(), tmp_path / "prefix" / "bundle"
    options = {"folder": str(folder), "digest": extract.head(file).digest}
    assert call(file, check=True, **options) == {"changed": True, "extracted": False}
    assert call(file, **options, extract=False) == {"changed": False, "extracted": False}
    assert not folder.exists()
    assert call(file, **options) == {"changed": True, "extracted": True}
    assert call(file, **options) == {"changed": False, "extracted": True}
    assert call(file, **options, extract=False) == {"changed": False, "extracted": True}
    assert call(file, check=True, **options) == {"changed": False, "extracted": True}


def built(folder: Path, source: str) -> list[Entry]:
    """Make the artifact of a source; return the entries of its wheel and its manifest."""
    inputs = {"source": source}
    key = key_of(inputs)
    home = folder / key
    home.mkdir(parents=True)
    (home / "wheel.whl").write_bytes(b"wheel")
    files = {"wheel.whl": hashlib.sha256(b"wheel").hexdigest()}
    made = {"schema": 1, "inputs": inputs, "files": files, "seconds": 1}
    (home / "artifact.json").write_text(json.dumps(made))
    names = ("wheel.whl", "artifact.json")
    return [writer.entry(home / name, f"{extract.BUILT}/{key}/{name}", "built") for name in names]


def test_built_wheels_of_a_bundle_go_into_the_cache_once(tmp_path: Path) -> None:
    cache, bundle = tmp_path / "cache", tmp_path / "built.bundle"
    entries = [*built(tmp_path / "input", "a"), *built(tmp_path / "input", "b")]
    a, b = key_of({"source": "a"}), key_of({"source": "b"})
    writer.write(bundle, facts(), entries, progress=lambda *_: None)
    (cache / a).mkdir(parents=True)
    (cache / a / "wheel.whl").write_bytes(b"built here")
    options = {
        "folder": str(tmp_path / "extracted"),
        "digest": extract.head(bundle).digest,
        "wheels": str(cache),
    }
    assert call(bundle, **options)["changed"] is True
    assert (cache / a / "wheel.whl").read_bytes() == b"built here"
    assert (cache / b / "wheel.whl").read_bytes() == b"wheel"
    assert sorted(path.name for path in cache.iterdir() if path.is_dir()) == sorted([a, b])
    assert list(cache.glob(".*")) == []
    assert call(bundle, **options)["changed"] is False
    shutil.rmtree(cache / b)
    assert call(bundle, **options)["changed"] is True


def test_an_extracted_bundle_whose_program_was_exchanged_is_not_used(tmp_path: Path) -> None:
    folder, source, bundle = tmp_path / "folder", tmp_path / "source", tmp_path / "tools.bundle"
    source.write_bytes(b"a program")
    paths = ("tools/x86_64/uv", "wheels/a.whl")
    entries = [writer.entry(source, path, "file", executable=path.endswith("uv")) for path in paths]
    writer.write(bundle, facts(), entries, progress=lambda *_: None)
    contents = extract.extract(bundle, folder, extract.head(bundle).digest)
    program, other = (folder / path for path in paths)
    good = program.read_bytes()
    program.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    assert not extract.is_extracted(folder, contents.digest)
    program.write_bytes(good)
    assert extract.is_extracted(folder, contents.digest)
    # The same bytes, elsewhere.
    (tmp_path / "elsewhere").write_bytes(other.read_bytes())
    other.unlink()
    other.symlink_to(tmp_path / "elsewhere")
    assert not extract.is_extracted(folder, contents.digest)


def test_a_missing_file_of_an_extracted_bundle_is_noticed(
    made: Callable[..., Path], tmp_path: Path
) -> None:
    digest = extract.head(made()).digest
    contents = extract.extract(made(), tmp_path / "folder", digest)
    (tmp_path / "folder" / next(iter(SIZES))).unlink()
    assert not extract.is_extracted(tmp_path / "folder", contents.digest)
    assert extract.extract(made(), tmp_path / "folder", digest).digest == contents.digest
    assert extract.is_extracted(tmp_path / "folder", contents.digest)
    (tmp_path / "folder" / "manifest.json").write_text("{}")
    assert not extract.is_extracted(tmp_path / "folder", contents.digest)


def test_a_manifest_that_claims_to_be_huge_is_not_read(tmp_path: Path) -> None:
    bundle = tmp_path / "huge.bundle"
    name = f"manifest.{'0' * 64}.json"
    bundle.write_bytes(manifest.header(name, (64 << 20) + 1) + bytes(4096))
    with closing(parts.PartReader((bundle,))) as source:
        with pytest.raises(verify.DamagedBundle):
            verify.read(source)
        assert source.offset == manifest.BLOCK


def test_of_many_damages_the_first_are_listed_and_every_part_is_named(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(random.Random(2).randbytes(1000))
    entries = [writer.entry(source, f"wheels/{number}.whl", "wheel") for number in range(8)]
    bundle = tmp_path / "many.bundle"
    writer.write(bundle, facts(), entries, part_size=1024, progress=lambda *_: None)
    first = len(parts.find(bundle)) - 13  # two parts for each member, and the end
    damaged = parts.find(bundle)[first:-1]
    for part in damaged:
        part.write_bytes(bytes(byte ^ 1 for byte in part.read_bytes()))
    with (
        pytest.raises(verify.DamagedBundle) as caught,
        closing(parts.PartReader(parts.find(bundle))) as reader,
    ):
        verify.read(reader)
    assert len(caught.value.damages) > 5
    assert caught.value.cause.count("\n") == 5
    assert f"{len(caught.value.damages) - 5} more" in caught.value.cause
    assert all(part.name in caught.value.hint for part in damaged)


def test_progress_ends_with_the_size_of_the_bundle(entries: list[Entry], tmp_path: Path) -> None:
    written: list[tuple[int, int]] = []
    contents, files = writer.write(
        tmp_path / "b", facts(), entries, progress=lambda _name, *state: written.append(state)
    )
    read: list[tuple[int, int]] = []
    with closing(parts.PartReader(files)) as source:
        verify.read(source, progress=lambda _name, *state: read.append(state))
    assert written[-1] == (contents.size - len(manifest.END), contents.size)
    assert [state[0] for state in read] == sorted(state[0] for state in read)
    assert read[-1] == written[-1]


def test_verify_describes_a_bundle_and_knows_another_one(made: Callable[..., Path]) -> None:
    contents, files = verify_for_users.check(made(1500))
    data = verify_for_users.describe(contents, files)
    assert data["files"] == [str(file) for file in files]
    assert data["members"] == {"wheel": 3}
    assert data["size"] == sum(file.stat().st_size for file in files)
    assert data["missing"] == []
    assert verify_for_users.check(made(), contents.digest)[0].digest == contents.digest
    with pytest.raises(StackError) as caught:
        verify_for_users.check(made(), "0" * 64)
    assert caught.value.code == "bundle.other-bundle"


def test_a_bundle_without_torch_says_what_the_target_must_have(made: Callable[..., Path]) -> None:
    contents, files = verify_for_users.check(made())
    complete = verify_for_users.render(contents, files)
    row = {"host": "one", "name": "git", "reason": "no archive"}
    facts = {**contents.facts, "adopt_torch": True, "missing": [row]}
    lines = verify_for_users.render(contents._replace(facts=facts), files)
    added = [line for line in lines if line not in complete]
    assert ["--adopt-torch" in line for line in added] == [True, False]
    assert "git (one): no archive" in added[1]


@pytest.mark.parametrize(
    ("text", "size"),
    [("1MiB", 1 << 20), ("64MiB", 64 << 20), ("2048KiB", 2 << 20), ("2GiB", 2 << 30)],
)
def test_a_part_size_is_read_in_binary_units(text: str, size: int) -> None:
    assert command.parse_size(text) == size


@pytest.mark.parametrize("text", ["", "64", "64MB", "1.5GiB", "-1MiB", "1023KiB", "0GiB"])
def test_another_part_size_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        command.parse_size(text)
