"""Archives of artifacts from a hostile host: each is refused, and nothing outside is touched."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts import archive, copies
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import names
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from support.archives import DIGEST, INPUTS, KEY, OTHER, WHEEL, Packed, complete, manifest
from support.errors import fails


def one_file(name: str, content: bytes = WHEEL) -> Callable[[Packed], None]:
    def pack(packed: Packed) -> None:
        complete(packed)
        packed.file(name, content)

    return pack


def one_other(name: str, kind: bytes, target: str = "") -> Callable[[Packed], None]:
    def pack(packed: Packed) -> None:
        complete(packed)
        packed.other(name, kind, target)

    return pack


def only(**more: object) -> Callable[[Packed], None]:
    return lambda packed: complete(packed, **more)


HARMS: dict[str, Callable[[Packed], None]] = {
    "empty": lambda _packed: None,
    "absolute": one_file("/etc/evil"),
    "above": one_file(f"{KEY}/../../.ssh/authorized_keys"),
    "beside": one_file("authorized_keys"),
    "another key": one_file(f"{OTHER}/artifact.json", manifest({})),
    "not listed": one_file(f"{KEY}/lib/evil.so"),
    "twice": one_file(f"{KEY}/lib/a.so.1"),
    "manifest twice": one_file(f"{KEY}/artifact.json", manifest({})),
    "in no folder": one_file(f"{KEY}/bin/tool"),
    "line end": one_file(f"{KEY}/lib/a\nb"),
    "link to a file outside": one_other(f"{KEY}/k", tarfile.SYMTYPE, "/home/user/.ssh/id_ed25519"),
    "link above": one_other(f"{KEY}/k", tarfile.SYMTYPE, "../../.ssh/id_ed25519"),
    "link to a folder": one_other(f"{KEY}/k", tarfile.SYMTYPE, "lib"),
    "link to itself": one_other(f"{KEY}/k", tarfile.SYMTYPE, "k"),
    "hard link": one_other(f"{KEY}/k", tarfile.LNKTYPE, f"{KEY}/lib/a.so.1"),
    "pipe": one_other(f"{KEY}/k", tarfile.FIFOTYPE),
    "device": one_other(f"{KEY}/k", tarfile.CHRTYPE),
    "other inputs": only(inputs={"source": "1" * 40}),
    "inputs of another type": only(inputs=["source"]),
    "absolute path listed": only(files={"/etc/passwd": DIGEST}),
    "path above listed": only(files={"../x": DIGEST}),
    "no digest": only(files={"lib/a.so.1": 7}),
    "newer": only(schema=2),
    "true as a number": only(schema=True),
    "duration as text": only(seconds="1"),
}


@pytest.mark.parametrize("harm", HARMS)
def test_a_forged_archive_is_refused(tmp_path: Path, harm: str) -> None:
    packed = Packed(tmp_path / "sent")
    HARMS[harm](packed)
    with pytest.raises(StackError):
        archive.require_intact(packed.close(), KEY)
    assert [path.name for path in tmp_path.iterdir()] == ["sent"]


def test_the_artifact_of_the_key_is_accepted(tmp_path: Path) -> None:
    packed = Packed(tmp_path / "sent")
    complete(packed)
    assert archive.require_intact(packed.close(), KEY).inputs == INPUTS
    with fails("artifact.refused"):
        archive.require_intact(packed.path, OTHER)


@pytest.mark.parametrize(
    "content",
    [b"", b"key\n", b"\x1f\x8b\x08", gzip.compress(b"\0" * 5000, mtime=0)],
    ids=["empty", "text", "cut", "zeros"],
)
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "sent").write_bytes(content)
    with fails("artifact.refused"):
        archive.require_intact(tmp_path / "sent", KEY)


def test_a_small_archive_that_unpacks_to_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "LIMIT", 1 << 20)
    packed = Packed(tmp_path / "sent")
    complete(packed)
    for number in range(4):
        packed.file(f"{KEY}/lib/{number}", b"\0" * (1 << 19))
    with fails("artifact.refused"):
        archive.require_intact(packed.close(), KEY)


def test_a_header_of_many_bytes_is_not_read(tmp_path: Path) -> None:
    member = tarfile.TarInfo(f"{KEY}/x")
    member.pax_headers = {"comment": "a" * (3 << 20)}
    with tarfile.open(tmp_path / "sent", "w:gz", format=tarfile.PAX_FORMAT) as packed:
        packed.addfile(member)
    with fails("artifact.refused"):
        archive.require_intact(tmp_path / "sent", KEY)


def good(path: Path) -> None:
    packed = Packed(path)
    complete(packed)
    packed.close()


def test_a_copy_is_one_regular_file_of_its_key(tmp_path: Path) -> None:
    folder = tmp_path / "copies"
    assert copies.find(folder, KEY) is None
    assert copies.add(folder, KEY, good).inputs == INPUTS
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / f"{KEY}.tar.gz").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in folder.iterdir()] == [f"{KEY}.tar.gz"]
    assert copies.discard(folder, KEY) is False
    assert copies.find(folder, KEY)


@pytest.mark.parametrize("key", ["", "../" + "0" * 61, f"{KEY}/x", KEY.upper(), None, 7])
def test_a_key_that_is_none_names_no_file(tmp_path: Path, key: object) -> None:
    for act in (copies.find, copies.discard):
        with fails("data.invalid-value"):
            act(tmp_path, key)
    with fails("data.invalid-value"):
        copies.add(tmp_path, key, good)


def test_a_link_in_place_of_a_copy_is_neither_read_nor_written(tmp_path: Path) -> None:
    folder, secret = tmp_path / "copies", tmp_path / "secret"
    folder.mkdir()
    secret.write_text("secret")
    (folder / f"{KEY}.tar.gz").symlink_to(secret)
    assert copies.find(folder, KEY) is None
    assert copies.discard(folder, KEY) is False
    copies.add(folder, KEY, good)
    assert secret.read_text() == "secret"
    assert copies.find(folder, KEY)


def test_what_a_host_sends_instead_leaves_nothing(tmp_path: Path) -> None:
    def link(path: Path) -> None:
        path.unlink()
        path.symlink_to(tmp_path / "secret")

    def other(path: Path) -> None:
        path.write_bytes(b"key\n")

    (tmp_path / "secret").write_text("secret")
    for sent in (link, other):
        with fails("artifact.refused"):
            copies.add(tmp_path / "copies", KEY, sent)
        assert list((tmp_path / "copies").iterdir()) == []
    assert (tmp_path / "secret").read_text() == "secret"


def test_a_file_without_an_end_is_not_received(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "LIMIT", 1 << 20)

    def endless(path: Path) -> None:
        with path.open("wb") as file:
            for _ in range(64):
                file.write(b"\0" * (1 << 18))

    with pytest.raises(StackError):
        copies.add(tmp_path / "copies", KEY, endless)
    assert list((tmp_path / "copies").iterdir()) == []


def test_a_damaged_copy_is_removed(tmp_path: Path) -> None:
    copies.add(tmp_path / "copies", KEY, good)
    path = copies.path_of(tmp_path / "copies", KEY)
    path.write_bytes(path.read_bytes()[:-30])
    assert copies.discard(tmp_path / "copies", KEY) is True
    assert list((tmp_path / "copies").iterdir()) == []


def test_an_artifact_has_at_most_4_gib_and_20_000_members() -> None:
    assert (archive.LIMIT, archive.MEMBERS) == (4 * 2**30, 20_000)


@pytest.mark.parametrize(("members", "accepted"), [(6, True), (5, False)])
def test_the_most_members_are_read_and_one_more_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, members: int, *, accepted: bool
) -> None:
    monkeypatch.setattr(archive, "MEMBERS", members)
    good(tmp_path / "sent")
    if accepted:
        assert archive.require_intact(tmp_path / "sent", KEY).inputs == INPUTS
    else:
        with fails("artifact.refused", "too many"):
            archive.require_intact(tmp_path / "sent", KEY)


@pytest.mark.parametrize(("more", "accepted"), [(0, True), (-1, False)])
def test_a_manifest_of_the_size_of_a_record_is_read_and_one_byte_more_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: int, *, accepted: bool
) -> None:
    good(tmp_path / "sent")
    with tarfile.open(tmp_path / "sent") as packed:
        size = packed.getmember(f"{KEY}/artifact.json").size
    monkeypatch.setattr(names, "RECORD_LIMIT", size + more)
    if accepted:
        assert archive.require_intact(tmp_path / "sent", KEY).inputs == INPUTS
    else:
        with fails("artifact.refused", "manifest is too large"):
            archive.require_intact(tmp_path / "sent", KEY)


@pytest.mark.parametrize("fits", [True, False])
def test_a_good_artifact_is_read_up_to_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, fits: bool
) -> None:
    packed = Packed(tmp_path / "sent")
    complete(packed)
    packed.close()
    size = len(gzip.decompress(packed.path.read_bytes()))
    monkeypatch.setattr(archive, "LIMIT", size if fits else 1000)
    if fits:
        archive.require_intact(packed.path, KEY)
        return
    with fails("artifact.refused"):
        archive.require_intact(packed.path, KEY)


@pytest.mark.parametrize(("size", "fits"), [((1 << 20) - 21, True), ((1 << 20) + 1, False)])
def test_a_good_artifact_with_a_long_header_is_refused(
    tmp_path: Path, size: int, *, fits: bool
) -> None:
    packed = Packed(tmp_path / "sent")
    member = tarfile.TarInfo(KEY)
    member.type, member.pax_headers = tarfile.DIRTYPE, {"comment": "a" * size}
    packed.tar.addfile(member)
    complete(packed)
    packed.close()
    if fits:
        archive.require_intact(packed.path, KEY)
        return
    with fails("artifact.refused"):
        archive.require_intact(packed.path, KEY)


@pytest.mark.parametrize(
    ("size", "limit", "fits"),
    [
        (0, 1, True),
        (-1, 1, False),
        (1, 1, True),
        (2, 1, False),
        (1 << 20, 1 << 20, True),
        ((1 << 20) + 1, 1 << 21, False),
    ],
)
def test_how_much_is_read_at_once_and_in_all(
    monkeypatch: pytest.MonkeyPatch, size: int, limit: int, *, fits: bool
) -> None:
    monkeypatch.setattr(archive, "LIMIT", limit)
    stream = archive._Bounded(io.BytesIO(b"x" * (1 << 21)))  # type: ignore[arg-type]
    if not fits:
        with fails("artifact.refused"):
            stream.read(size)
        return
    assert stream.read(size) == b"x" * size
    assert stream.tell() == size  # type: ignore[operator]
    with fails("artifact.refused"):
        stream.read(limit - size + 1)
