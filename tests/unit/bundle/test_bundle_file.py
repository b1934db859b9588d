"""The file of a bundle: written whole, read to the last byte, damage named, nothing led astray."""

from __future__ import annotations

import io
import json
import os
import random
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

from slowfast_stack.bundle import writer

from .conftest import SIZES, facts

if TYPE_CHECKING:
    from collections.abc import Callable

    from slowfast_stack.bundle.writer import Item

PIECE = 1500
MORE = {"executable": False, "checks": ""}


def read(bundle: Path) -> manifest.Manifest:
    with closing(parts.Pieces(parts.find(bundle))) as source:
        return verify.read(source)


def files_of(bundle: Path) -> list[Path]:
    return sorted(bundle.parent.glob(f"{bundle.name}*"))


def flip(path: Path, offset: int) -> None:
    data = bytearray(path.read_bytes())
    data[offset] ^= random.Random(offset).randrange(1, 256)
    path.write_bytes(data)


@pytest.mark.parametrize("piece_size", [None, PIECE])
def test_a_bundle_is_read_as_it_was_written(made: Callable[..., Path], piece_size: int) -> None:
    bundle = made(piece_size)
    manifest = read(bundle)
    assert {member.path: member.size for member in manifest.members} == SIZES
    assert sum(file.stat().st_size for file in files_of(bundle)) == manifest.size
    if piece_size:
        assert max(file.stat().st_size for file in files_of(bundle)) == PIECE
        assert read(files_of(bundle)[0]) == manifest


def test_tar_reads_it_too(made: Callable[..., Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    subprocess.run(["tar", "-xf", made(), "-C", out], check=True)
    for path, size in SIZES.items():
        assert (out / path).stat().st_size == size
    assert os.access(out / "tools/x/uv", os.X_OK)
    with tarfile.open(made()) as packed:
        assert packed.getnames() == [manifest.SEAL, manifest.MANIFEST, *SIZES]


@pytest.mark.parametrize("piece_size", [None, PIECE])
def test_a_corrupted_byte_anywhere_is_found_and_nothing_is_unpacked(
    made: Callable[..., Path], tmp_path: Path, piece_size: int
) -> None:
    bundle = made(piece_size)
    digest = read(bundle).digest
    files = files_of(bundle)
    chance = random.Random(6)
    spots = [(file, chance.randrange(file.stat().st_size)) for file in files * 12]
    # Every third byte of the first two heads, and the last byte of all.
    spots += [(files[0], offset) for offset in range(0, 1024, 3)]
    spots += [(files[-1], files[-1].stat().st_size - 1)]
    for number, (file, offset) in enumerate(spots):
        before = file.read_bytes()
        flip(file, offset)
        with pytest.raises(StackError) as caught:
            read(bundle) if number % 10 else extract.unpack(bundle, tmp_path / "unpacked", digest)
        assert named(file, str(caught.value))
        assert not (tmp_path / "unpacked").exists()
        file.write_bytes(before)
    assert read(bundle).digest == digest


def named(file: Path, said: str) -> bool:
    """Tell whether a message names a file, alone or in a row of pieces."""
    place = said.partition("(")[2].partition(")")[0]
    first, _, last = place.partition(" to ")
    return first <= file.name <= (last or first)


def test_of_a_large_member_only_the_piece_with_the_damage_is_named(tmp_path: Path) -> None:
    source = tmp_path / "big"
    source.write_bytes(random.Random(1).randbytes(9 << 20))
    target, size = tmp_path / "big.bundle", 1 << 20
    entry = writer.item(source, "wheels/big.whl", "wheel")
    writer.write(target, facts(), [entry], piece_size=size, progress=lambda *_: None)
    flip(tmp_path / "big.bundle.005", 123)
    with pytest.raises(verify.Damaged) as caught:
        read(target)
    assert caught.value.hint.startswith("Bring big.bundle.004, big.bundle.005 again")


def test_each_damage_is_named_by_member_file_and_byte(made: Callable[..., Path]) -> None:
    bundle = made()
    with tarfile.open(bundle) as packed:
        first, second = (packed.getmember(path) for path in list(SIZES)[:2])
    flip(bundle, first.offset_data + 17)
    flip(bundle, second.offset + 4)
    with pytest.raises(verify.Damaged) as caught:
        read(bundle)
    assert [damage.message for damage in caught.value.damages] == [
        first.name,
        f"the head of {second.name}",
    ]
    assert caught.value.damages[1].offset == second.offset
    assert "(small.bundle)" in str(caught.value)


@pytest.mark.parametrize("kept", [0, 1, 511, 700, 2000, -1, -1024, -2000])
def test_a_truncated_bundle_is_refused(made: Callable[..., Path], kept: int) -> None:
    bundle = made()
    bundle.write_bytes(bundle.read_bytes()[:kept])
    with pytest.raises(verify.Damaged):
        read(bundle)


@pytest.mark.parametrize("tail", [b"\0", b"x" * 4096, bytes(10240)])
def test_bytes_after_the_end_are_refused(made: Callable[..., Path], tail: bytes) -> None:
    bundle = made()
    with bundle.open("ab") as stream:
        stream.write(tail)
    with pytest.raises(verify.Damaged, match="do not belong to it"):
        read(bundle)


def test_missing_and_cut_pieces_are_named(made: Callable[..., Path]) -> None:
    bundle = made(PIECE)
    files = files_of(bundle)
    assert len(files) > 4
    data = files[1].read_bytes()
    files[1].unlink()
    with pytest.raises(parts.Incomplete, match=files[1].name):
        read(bundle)
    files[1].write_bytes(data[:-1])
    with pytest.raises(parts.Incomplete, match=f"{files[1].name} has {PIECE - 1} bytes"):
        read(bundle)
    files[1].write_bytes(data)
    files[-1].unlink()
    with pytest.raises(verify.Damaged, match="bytes are missing at the end"):
        read(bundle)


def test_exchanged_pieces_are_refused(made: Callable[..., Path]) -> None:
    files = files_of(made(PIECE))
    one, two = files[2].read_bytes(), files[3].read_bytes()
    files[2].write_bytes(two)
    files[3].write_bytes(one)
    with pytest.raises(StackError):
        read(files[0])


def test_what_is_no_bundle_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "holiday.tar"
    other.write_bytes(bytes(5000))
    with pytest.raises(verify.Damaged, match="this is no bundle"):
        read(other)
    with pytest.raises(parts.Incomplete, match="There is no bundle"):
        read(tmp_path / "nothing.bundle")


def sealed(rows: list[dict[str, object]]) -> bytes:
    """Write a bundle with a correct seal around any contents, as somebody who means harm could."""
    text = json.dumps({"format": manifest.FORMAT, "schema": 1, "members": rows}).encode()
    contents = manifest.Manifest({}, (), text, __import__("hashlib").sha256(text).hexdigest())
    data = b""
    for member, content in manifest.frame(contents):
        assert content is not None
        data += manifest.header(member.path, member.size) + content
        data += bytes(manifest.padding(member.size))
    return data + manifest.END


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
def test_a_path_that_could_lead_astray_is_refused(tmp_path: Path, path: object) -> None:
    bundle = tmp_path / "evil.bundle"
    row = {"path": path, "size": 0, "sha256": "0" * 64, "kind": "wheel", **MORE}
    bundle.write_bytes(sealed([row]))
    with pytest.raises(manifest.Malformed):
        extract.unpack(bundle, tmp_path / "out", unpacking_digest(bundle))
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["evil.bundle"]


def unpacking_digest(bundle: Path) -> str:
    return bundle.read_bytes()[manifest.BLOCK : manifest.BLOCK + 64].decode()


@pytest.mark.parametrize(("first", "second"), [("a/b", "a/b"), ("a/b", "a/b/c"), ("a/b/c", "a/b")])
def test_members_in_each_others_way_are_refused(first: str, second: str) -> None:
    rows = [
        {"path": path, "size": 0, "sha256": "0" * 64, "kind": "wheel", **MORE}
        for path in (first, second)
    ]
    text = json.dumps({"format": manifest.FORMAT, "schema": 1, "members": rows}).encode()
    with pytest.raises(manifest.Malformed, match="in the way"):
        manifest.parse(text)


@pytest.mark.parametrize(("key", "value"), [("size", -1), ("size", "7"), ("sha256", "F" * 64)])
def test_a_member_of_the_wrong_form_is_refused(key: str, value: object) -> None:
    row = {"path": "a/b", "size": 0, "sha256": "0" * 64, "kind": "wheel", **MORE}
    text = json.dumps({"format": manifest.FORMAT, "schema": 1, "members": [row | {key: value}]})
    with pytest.raises(manifest.Malformed):
        manifest.parse(text.encode())


def test_unpacking_gives_every_file_and_is_known_again(
    made: Callable[..., Path], tmp_path: Path
) -> None:
    bundle, folder = made(), tmp_path / "prefix" / "bundle"
    digest = read(bundle).digest
    assert not extract.unpacked(folder, digest)
    extract.unpack(bundle, folder, digest)
    assert extract.unpacked(folder, digest)
    assert not extract.unpacked(folder, "0" * 64)
    for number, path in enumerate(SIZES):
        assert (folder / path).read_bytes() == (tmp_path / "input" / str(number)).read_bytes()
    assert os.access(folder / "tools/x/uv", os.X_OK)
    (folder / "sources/two.bundle").write_bytes(b"cut")
    assert not extract.unpacked(folder, digest)


def test_another_bundle_than_planned_with_is_refused(
    made: Callable[..., Path], tmp_path: Path
) -> None:
    with pytest.raises(StackError, match="another bundle"):
        extract.unpack(made(), tmp_path / "folder", "0" * 64)


def small_disk(tmp_path: Path) -> list[str]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["unshare", "--mount", "sh", "-c", f'mount -t tmpfs -o size=64k none {disk}; exec "$@"']
    if subprocess.run([*mount, "sh", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a small disk")
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
    item = writer.item(source, "wheels/big.whl", "wheel")
    writer.write(target, {}, [item], progress=lambda *_: None)
except StackError as error:
    print(error)
print(sorted(path.name for path in target.parent.iterdir()), target.read_bytes())
"""


def test_a_full_disk_leaves_the_old_bundle_and_nothing_else(tmp_path: Path) -> None:
    argv = [*small_disk(tmp_path), sys.executable, "-c", PROGRAM]
    argv += [str(tmp_path / "big"), str(tmp_path / "disk" / "small.bundle")]
    path = os.pathsep.join(entry for entry in sys.path if entry)
    done = subprocess.run(
        argv, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": path}
    )
    assert "No space left on device" in done.stdout, done.stderr
    assert "['small.bundle'] b'the old bundle'" in done.stdout


def test_a_bundle_takes_the_place_of_an_earlier_one_in_more_pieces(
    made: Callable[..., Path], items: list[Item]
) -> None:
    bundle = made(PIECE)
    before = len(files_of(bundle))
    writer.write(bundle, facts(), items[:1], piece_size=PIECE * 2, progress=lambda *_: None)
    assert len(files_of(bundle)) < before
    read(bundle)
    assert made() == bundle
    assert files_of(bundle) == [bundle]


def test_a_file_that_changes_while_it_is_packed_is_noticed(
    items: list[Item], tmp_path: Path
) -> None:
    (tmp_path / "input" / "0").write_bytes(bytes(3000))
    with pytest.raises(StackError, match="not what it was a moment ago"):
        writer.write(tmp_path / "b", facts(), items, progress=lambda *_: None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["input"]


def test_the_header_is_that_of_tar() -> None:
    for path in ("wheels/one.whl", "wheels/" + "x" * 93, "wheels/" + "x" * 94, "w/" + "x" * 700):
        block = manifest.header(path, 7) + bytes(manifest.BLOCK) + manifest.END
        with tarfile.open(fileobj=io.BytesIO(block)) as packed:
            (info,) = packed.getmembers()
        assert (info.name, info.size, info.mode) == (path, 7, 0o644)
    assert len(manifest.header("a/b", 0)) == manifest.BLOCK
