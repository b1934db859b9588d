"""The file of a bundle: verified to the last byte, damage located, extraction confined."""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import resource
import stat
import subprocess
import sys
import tarfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.bundle import (
    extract,
    manifest,
    parts,
    verify,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from support.errors import fails

from slowfast_stack.bundle import writer

from .conftest import SIZES, facts

if TYPE_CHECKING:
    from collections.abc import Callable

    from slowfast_stack.bundle.writer import Entry

PART = 1500
ROW = {
    "path": "a/b",
    "size": 0,
    "sha256": "0" * 64,
    "kind": "wheel",
    "executable": False,
    "checks": "0",
}


def read(bundle: Path) -> manifest.Manifest:
    with closing(parts.PartReader(parts.find(bundle))) as source:
        return verify.read(source)


def files_of(bundle: Path) -> list[Path]:
    return sorted(bundle.parent.glob(f"{bundle.name}*"))


def flip(path: Path, offset: int) -> None:
    data = bytearray(path.read_bytes())
    data[offset] ^= random.Random(offset).randrange(1, 256)
    path.write_bytes(data)


@pytest.mark.parametrize("part_size", [None, PART])
def test_a_bundle_is_read_as_it_was_written(made: Callable[..., Path], part_size: int) -> None:
    bundle = made(part_size)
    manifest = read(bundle)
    assert {member.path: member.size for member in manifest.members} == SIZES
    assert sum(file.stat().st_size for file in files_of(bundle)) == manifest.size
    if part_size:
        assert max(file.stat().st_size for file in files_of(bundle)) == PART
        assert read(files_of(bundle)[0]) == manifest


def test_tar_reads_it_too(made: Callable[..., Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    subprocess.run(["tar", "-xf", made(), "-C", out], check=True)
    for path, size in SIZES.items():
        assert (out / path).stat().st_size == size
    assert os.access(out / "tools/x/uv", os.X_OK)
    with tarfile.open(made()) as packed:
        assert packed.getnames() == [f"manifest.{read(made()).digest}.json", *SIZES]


@pytest.mark.parametrize("part_size", [None, PART])
def test_a_damaged_byte_anywhere_is_found_and_nothing_is_extracted(
    made: Callable[..., Path], tmp_path: Path, part_size: int
) -> None:
    bundle = made(part_size)
    digest = read(bundle).digest
    files = files_of(bundle)
    chance = random.Random(6)
    spots = [(file, chance.randrange(file.stat().st_size)) for file in files * 12]
    # Every byte of the first header and of one member's header, and the last byte.
    spots += [(files[0], offset) for offset in range(512)]
    spots += [(files[0], header_of(bundle, 0) + offset) for offset in range(512) if not part_size]
    spots += [(files[-1], files[-1].stat().st_size - 1)]
    for number, (file, offset) in enumerate(spots):
        before = file.read_bytes()
        flip(file, offset)
        with pytest.raises(StackError) as caught:
            read(bundle) if number % 10 else extract.extract(bundle, tmp_path / "extracted", digest)
        assert file.name in caught.value.hint
        assert caught.value.code == "bundle.damaged"
        assert not (tmp_path / "extracted").exists()
        file.write_bytes(before)
    assert read(bundle).digest == digest


def header_of(bundle: Path, number: int) -> int:
    with tarfile.open(bundle) as packed:
        return packed.getmember(list(SIZES)[number]).offset


def test_of_a_large_member_only_the_damaged_part_is_named(tmp_path: Path) -> None:
    source = tmp_path / "big"
    source.write_bytes(random.Random(1).randbytes(9 << 20))
    target, size = tmp_path / "big.bundle", 1 << 20
    entry = writer.entry(source, "wheels/big.whl", "wheel")
    writer.write(target, facts(), [entry], part_size=size, progress=lambda *_: None)
    flip(tmp_path / "big.bundle.005", 123)
    with pytest.raises(verify.DamagedBundle) as caught:
        read(target)
    assert "big.bundle.005" in caught.value.hint
    assert "big.bundle.001" not in caught.value.hint
    assert "big.bundle.009" not in caught.value.hint


def test_each_damage_is_located_by_member_file_and_range(made: Callable[..., Path]) -> None:
    bundle = made()
    with tarfile.open(bundle) as packed:
        first, second = (packed.getmember(path) for path in list(SIZES)[:2])
    flip(bundle, first.offset_data + 17)
    flip(bundle, second.offset + 4)
    with pytest.raises(verify.DamagedBundle) as caught:
        read(bundle)
    assert [damage.what for damage in caught.value.damages] == [first.name, second.name]
    damaged = caught.value.damages
    assert damaged[0].start <= first.offset_data + 17 < damaged[0].end
    assert damaged[1].start <= second.offset + 4 < damaged[1].end
    assert "small.bundle" in str(caught.value)


@pytest.mark.parametrize("kept", [0, 1, 511, 700, 2000, -1, -1024, -2000])
def test_a_truncated_bundle_is_refused(made: Callable[..., Path], kept: int) -> None:
    bundle = made()
    bundle.write_bytes(bundle.read_bytes()[:kept])
    with pytest.raises(verify.DamagedBundle):
        read(bundle)


@pytest.mark.parametrize("tail", [b"\0", b"x" * 4096, bytes(10240)])
def test_bytes_after_the_end_are_refused(made: Callable[..., Path], tail: bytes) -> None:
    bundle = made()
    with bundle.open("ab") as stream:
        stream.write(tail)
    with pytest.raises(verify.DamagedBundle):
        read(bundle)


def test_missing_and_truncated_parts_are_named(made: Callable[..., Path]) -> None:
    bundle = made(PART)
    files = files_of(bundle)
    assert len(files) > 4
    data = files[1].read_bytes()
    files[1].unlink()
    with fails("bundle.incomplete", files[1].name):
        read(bundle)
    files[1].write_bytes(data[:-1])
    with fails("bundle.incomplete", f"{files[1].name} has {PART - 1} bytes"):
        read(bundle)
    files[1].write_bytes(data)
    files[-1].unlink()
    with pytest.raises(verify.DamagedBundle):
        read(bundle)


def test_a_part_that_cannot_be_read_is_named(made: Callable[..., Path]) -> None:
    made(PART)
    bundle = made(PART)
    files = parts.find(bundle)
    with closing(parts.PartReader(files)) as source:
        assert len(source.read(PART)) == PART
        files[1].unlink()
        with fails("file.unreadable", files[1]):
            source.read(1)


def test_a_header_that_is_none_is_the_first_block_and_a_manifest_that_differs_its_own(
    made: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "other").write_bytes(bytes(5000))
    bundle = made()
    contents = read(bundle)
    flip(bundle, 600)
    flip(bundle, bundle.stat().st_size - 1)
    ends = []
    for path in (tmp_path / "other", bundle):
        with pytest.raises(verify.DamagedBundle) as caught:
            read(path)
        ends += [(damage.what, damage.start, damage.end) for damage in caught.value.damages]
    assert ends == [("the first header", 0, 512), ("manifest.json", 0, len(contents.head))]


def test_an_end_that_is_not_zero_is_located(made: Callable[..., Path]) -> None:
    bundle = made()
    size = bundle.stat().st_size
    flip(bundle, size - 1)
    with pytest.raises(verify.DamagedBundle) as caught:
        read(bundle)
    (damage,) = caught.value.damages
    assert (damage.what, damage.start, damage.end) == ("the end", size - 1024, size)


@pytest.mark.parametrize(
    ("start", "end", "parts_"),
    [
        (0, 0, "1"),
        (0, 10, "1"),
        (9, 10, "1"),
        (9, 11, "12"),
        (10, 10, "2"),
        (5, 25, "123"),
        (24, 25, "3"),
        (25, 30, "3"),
    ],
)
def test_the_files_of_a_range(tmp_path: Path, start: int, end: int, parts_: str) -> None:
    for number, size in enumerate((10, 10, 5), 1):
        (tmp_path / f"b.00{number}").write_bytes(bytes(size))
    with closing(parts.PartReader(parts.find(tmp_path / "b"))) as source:
        assert source.files_of(start, end) == [f"b.00{number}" for number in parts_]
        assert (source.size, source.read(30), source.offset) == (25, bytes(25), 25)


def test_five_damages_are_shown_and_the_others_are_counted(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"x")
    with closing(parts.PartReader(parts.find(tmp_path / "b"))) as source:
        for count, lines in ((5, 5), (6, 6), (9, 6)):
            damages = [verify.Damage(f"m{n}", 0, 1, "bad") for n in range(count)]
            error = verify.DamagedBundle(source, damages)
            assert len(error.cause.splitlines()) == lines
            assert ("m4" in error.cause, "m5" in error.cause) == (True, False)
            assert (f"{count - 5} more" in error.cause) is (count > 5)
            assert error.damages == tuple(damages)
            assert error.hint.count("Copy b again") == 1


def test_exchanged_parts_are_refused(made: Callable[..., Path]) -> None:
    files = files_of(made(PART))
    one, two = files[2].read_bytes(), files[3].read_bytes()
    files[2].write_bytes(two)
    files[3].write_bytes(one)
    with pytest.raises(StackError):
        read(files[0])


def test_a_file_that_is_not_a_bundle_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "holiday.tar"
    other.write_bytes(bytes(5000))
    with pytest.raises(verify.DamagedBundle):
        read(other)
    with pytest.raises(parts.IncompleteBundle):
        read(tmp_path / "nothing.bundle")


def manifest_text(*rows: dict[str, object], schema: object = manifest.SCHEMA) -> bytes:
    data = {"format": manifest.FORMAT, "schema": schema, "members": rows}
    return json.dumps(data).encode()


def forged(text: bytes) -> bytes:
    """Return a bundle whose digests are right for any manifest, as an attacker could write it."""
    contents = manifest.Manifest({}, (), text, hashlib.sha256(text).hexdigest())
    return contents.head + manifest.END


@pytest.mark.parametrize("schema", [1, 2, 4, 99, "3", None])
def test_a_bundle_of_another_schema_is_refused(tmp_path: Path, schema: object) -> None:
    bundle = tmp_path / "other.bundle"
    text = manifest_text(schema=schema)
    bundle.write_bytes(forged(text))
    with pytest.raises(StackError) as caught:
        extract.extract(bundle, tmp_path / "out", hashlib.sha256(text).hexdigest())
    assert caught.value.code == "record.unsupported-schema"
    assert not (tmp_path / "out").exists()


def test_a_bundle_of_the_first_format_is_refused(tmp_path: Path) -> None:
    """It began with the SHA-256 of its manifest."""
    bundle = tmp_path / "old.bundle"
    info = tarfile.TarInfo("manifest.sha256")
    info.size = 65
    with tarfile.open(bundle, "w", format=tarfile.GNU_FORMAT) as packed:
        packed.addfile(info, io.BytesIO(b"0" * 64 + b"\n"))
    with pytest.raises(StackError) as caught:
        read(bundle)
    assert caught.value.code == "record.unsupported-schema"


@pytest.mark.parametrize(
    "path",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "wheels/../../x",
        "wheels/./x",
        "wheels//x",
        "wheels/",
        "wheels/.hidden",
        "wheels\\x",
        "wheels/x\n",
        "manifest.json",
        5,
        None,
    ],
)
def test_a_path_that_leaves_the_folder_is_refused(tmp_path: Path, path: object) -> None:
    bundle = tmp_path / "evil.bundle"
    text = manifest_text(ROW | {"path": path})
    bundle.write_bytes(forged(text))
    with pytest.raises(StackError):
        extract.extract(bundle, tmp_path / "out", hashlib.sha256(text).hexdigest())
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["evil.bundle"]


@pytest.mark.parametrize(("first", "second"), [("a/b", "a/b"), ("a/b", "a/b/c"), ("a/b/c", "a/b")])
def test_members_that_conflict_are_refused(first: str, second: str) -> None:
    with pytest.raises(manifest.UnusableManifest):
        manifest.parse(manifest_text(ROW | {"path": first}, ROW | {"path": second}))


@pytest.mark.parametrize(
    ("key", "value"),
    [("size", -1), ("size", "7"), ("size", True), ("sha256", "F" * 64), ("link", "x")],
)
def test_a_member_of_the_wrong_form_is_refused(key: str, value: object) -> None:
    with pytest.raises(manifest.UnusableManifest):
        manifest.parse(manifest_text(ROW | {key: value}))


def test_an_extracted_bundle_has_every_file_and_is_recognised(
    made: Callable[..., Path], tmp_path: Path
) -> None:
    bundle, folder = made(), tmp_path / "prefix" / "bundle"
    digest = read(bundle).digest
    assert not extract.is_extracted(folder, digest)
    extract.extract(bundle, folder, digest)
    assert extract.is_extracted(folder, digest)
    assert not extract.is_extracted(folder, "0" * 64)
    for number, path in enumerate(SIZES):
        assert (folder / path).read_bytes() == (tmp_path / "input" / str(number)).read_bytes()
    assert stat.S_IMODE((folder / "tools/x/uv").stat().st_mode) == 0o755
    assert stat.S_IMODE((folder / "sources/two.bundle").stat().st_mode) == 0o644
    (folder / "sources/two.bundle").write_bytes(b"cut")
    assert not extract.is_extracted(folder, digest)


def test_another_bundle_than_planned_with_is_refused(
    made: Callable[..., Path], tmp_path: Path
) -> None:
    with pytest.raises(StackError) as caught:
        extract.extract(made(), tmp_path / "folder", "0" * 64)
    assert caught.value.code == "bundle.other-bundle"
    assert not (tmp_path / "folder").exists()


def small_disk(tmp_path: Path) -> list[str]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["unshare", "--mount", "sh", "-c", f'mount -t tmpfs -o size=64k none {disk}; exec "$@"']
    if subprocess.run([*mount, "sh", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount a small disk")
    return [*mount, "sh"]


PROGRAM = """
import sys
from pathlib import Path
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from slowfast_stack.bundle import writer
source, target = Path(sys.argv[1]), Path(sys.argv[2])
source.write_bytes(bytes(200_000))
target.write_bytes(b"the old bundle")
try:
    entry = writer.entry(source, "wheels/big.whl", "wheel")
    writer.write(target, {}, [entry], progress=lambda *_: None)
except StackError as error:
    print(error.code)
print(sorted(path.name for path in target.parent.iterdir()), target.read_bytes())
"""


def test_a_full_disk_leaves_the_old_bundle_and_nothing_else(tmp_path: Path) -> None:
    argv = [*small_disk(tmp_path), sys.executable, "-c", PROGRAM]
    argv += [str(tmp_path / "big"), str(tmp_path / "disk" / "small.bundle")]
    path = os.pathsep.join(entry for entry in sys.path if entry)
    done = subprocess.run(
        argv, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": path}
    )
    assert "bundle.not-written" in done.stdout, done.stderr
    assert "['small.bundle'] b'the old bundle'" in done.stdout


EXTRACT = """
import sys
from pathlib import Path
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.bundle import extract
from slowfast_stack.bundle import writer
source, bundle, disk = (Path(argument) for argument in sys.argv[1:])
source.write_bytes(bytes(200_000))
entry = writer.entry(source, "wheels/big.whl", "wheel")
writer.write(bundle, {}, [entry], progress=lambda *_: None)
try:
    extract.extract(bundle, disk / "bundle", extract.head(bundle).digest)
except StackError as error:
    print(error.code)
print(sorted(path.name for path in disk.iterdir() if not path.name.endswith(".lock")))
"""


def test_a_disk_without_space_is_refused_before_extraction(tmp_path: Path) -> None:
    argv = [*small_disk(tmp_path), sys.executable, "-c", EXTRACT]
    argv += [str(tmp_path / name) for name in ("big", "big.bundle", "disk")]
    path = os.pathsep.join(entry for entry in sys.path if entry)
    done = subprocess.run(
        argv, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": path}
    )
    assert done.stdout.splitlines() == ["disk.full", "[]"], done.stderr


def test_a_bundle_replaces_an_earlier_one_with_more_parts(
    made: Callable[..., Path], entries: list[Entry]
) -> None:
    bundle = made(PART)
    before = len(files_of(bundle))
    writer.write(bundle, facts(), entries[:1], part_size=PART * 2, progress=lambda *_: None)
    assert len(files_of(bundle)) < before
    read(bundle)
    assert made() == bundle
    assert files_of(bundle) == [bundle]


def test_a_file_that_changes_while_it_is_packed_is_noticed(
    entries: list[Entry], tmp_path: Path
) -> None:
    (tmp_path / "input" / "0").write_bytes(bytes(3000))
    with pytest.raises(StackError) as caught:
        writer.write(tmp_path / "b", facts(), entries, progress=lambda *_: None)
    assert caught.value.code == "bundle.source-changed"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["input"]


@pytest.mark.parametrize("length", [10, 93, 94, 700])
def test_long_paths_are_read_by_tar_and_by_this_reader(tmp_path: Path, length: int) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"content")
    path = "wheels/" + "x" * length
    entry = writer.entry(source, path, "wheel")
    target = tmp_path / "long.bundle"
    writer.write(target, facts(), [entry], progress=lambda *_: None)
    assert read(target).members == (entry.member,)
    with tarfile.open(target) as packed:
        info = packed.getmembers()[1]
    assert (info.name, info.size, info.mode) == (path, 7, 0o644)


def test_tar_headers_of_another_python_are_accepted(
    entries: list[Entry], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Releases before 3.9.11 write other bytes into the device fields; the owner stands for them."""
    real = tarfile.TarInfo.tobuf

    def other(info: tarfile.TarInfo, *arguments: int) -> bytes:
        info.uname = "root"
        return real(info, *arguments)

    target = tmp_path / "small.bundle"
    with monkeypatch.context() as patched:
        patched.setattr(tarfile.TarInfo, "tobuf", other)
        written = [
            writer.entry(each.source, each.member.path, "wheel", executable=each.member.executable)
            for each in entries
        ]
        writer.write(target, facts(), written, progress=lambda *_: None)
    assert b"root" in target.read_bytes()
    assert {member.path: member.size for member in read(target).members} == SIZES


def forged_member(content: bytes, **claims: object) -> bytes:
    """Return a bundle of one member whose checks are right, with other claims about it."""
    head, body = manifest.header("a/b", len(content)), manifest.pad(content)
    checks = manifest.check(head) + manifest.check(body)
    row = {**ROW, "size": len(content), "checks": checks, **claims}
    contents = manifest.create({}, (manifest.Member(**row),))  # type: ignore[arg-type]
    return contents.head + head + body + manifest.END


def test_a_member_of_another_sha256_is_damaged_from_its_header_on(tmp_path: Path) -> None:
    bundle = tmp_path / "b"
    right = hashlib.sha256(b"content").hexdigest()
    bundle.write_bytes(forged_member(b"content", sha256=right))
    assert len(read(bundle).members) == 1
    bundle.write_bytes(forged_member(b"content", sha256="0" * 64))
    with pytest.raises(verify.DamagedBundle) as caught:
        read(bundle)
    (damage,) = caught.value.damages
    size = bundle.stat().st_size
    assert (damage.what, damage.start, damage.end) == ("a/b", size - 2048, size - 1024)


def test_a_manifest_of_64_mib_is_read_and_one_byte_more_is_not(
    made: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert verify.MANIFEST_LIMIT == 64 * 2**20
    bundle = made()
    size = len(read(bundle).text)
    monkeypatch.setattr(verify, "MANIFEST_LIMIT", size)
    read(bundle)
    monkeypatch.setattr(verify, "MANIFEST_LIMIT", size - 1)
    with pytest.raises(verify.DamagedBundle) as caught:
        read(bundle)
    assert caught.value.damages[0].what == "the first header"


def test_a_file_that_cannot_be_written_is_named_and_the_old_folder_stays(
    made: Callable[..., Path], tmp_path: Path
) -> None:
    bundle, folder = made(), tmp_path / "prefix" / "bundle"
    folder.mkdir(parents=True)
    (folder / "old").touch()
    digest = read(bundle).digest
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (max(SIZES.values()) - 1, before[1]))
    try:
        with fails("bundle.not-extracted", folder):
            extract.extract(bundle, folder, digest)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert {path.name for path in folder.parent.iterdir()} == {"bundle", ".bundle.lock"}
    assert [path.name for path in folder.iterdir()] == ["old"]


@pytest.mark.parametrize("harm", ["content", "link", "removed", "manifest"])
def test_an_extracted_program_that_was_changed_is_not_recognised(
    entries: list[Entry], tmp_path: Path, harm: str
) -> None:
    source = tmp_path / "program"
    source.write_bytes(b"right")
    program = writer.entry(source, "tools/y/uv", "tool", executable=True)
    bundle, folder = tmp_path / "b", tmp_path / "out"
    writer.write(bundle, facts(), [*entries, program], progress=lambda *_: None)
    digest = read(bundle).digest
    extract.extract(bundle, folder, digest)
    assert extract.is_extracted(folder, digest)
    path = folder / "tools/y/uv"
    if harm == "manifest":
        path = folder / manifest.MANIFEST
    path.rename(tmp_path / "moved")
    if harm == "content":
        path.write_bytes(b"wrong")
    elif harm == "link":
        path.symlink_to(tmp_path / "moved")
    assert not extract.is_extracted(folder, digest)


@pytest.mark.parametrize(("less", "fits"), [(0, True), (1, False)])
def test_a_bundle_needs_as_much_space_as_it_has_bytes(
    made: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    less: int,
    *,
    fits: bool,
) -> None:
    bundle, folder = made(), tmp_path / "prefix" / "bundle"
    digest = read(bundle).digest
    monkeypatch.setattr(extract, "free_bytes", lambda _: bundle.stat().st_size - less)
    if fits:
        extract.extract(bundle, folder, digest)
        return
    with fails("disk.full"):
        extract.extract(bundle, folder, digest)
