"""Pinned archives: a file of one's own, Debian's through apt, and what is unpacked of them."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import archives
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from support.errors import fails

CONTENT = b"an archive"
PIN = hashlib.sha256(CONTENT).hexdigest()


def test_an_own_file_is_used_in_its_place_and_never_changed(tmp_path: Path) -> None:
    own = tmp_path / "own.tar.xz"
    own.write_bytes(CONTENT)
    assert archives.fetch(str(own), PIN, tmp_path / "cache") == own
    with fails("download.checksum-mismatch"):
        archives.fetch(str(own), "0" * 64, tmp_path / "cache")
    assert own.exists()
    with fails("file.not-found"):
        archives.fetch(str(tmp_path / "absent.tar.xz"), PIN, tmp_path)


# An apt-get that knows a mirror, records its arguments, and provides one file.
APT = """\
#!/bin/sh
printf '%s\\n' "$*" >> "{log}"
case "$*" in
  *indextargets*) echo "{mirror}" ;;
  *update*) for word; do case "$word" in Dir::State=*)
    touch "${{word#Dir::State=}}/lists/archive_Sources" ;; esac; done ;;
  *source*) for name; do :; done; printf '%s' "{content}" > "$name"_9.orig.tar.xz ;;
esac
"""


def apt(folder: Path, *, mirror: str = "http://archive.test/debian", content: str = "it") -> Path:
    """Put an ``apt-get`` into a folder of programs."""
    log = folder / "apt.log"
    program = folder / "bin" / "apt-get"
    program.parent.mkdir()
    program.write_text(APT.format(log=log, mirror=mirror, content=content))
    program.chmod(0o755)
    return log


def debian(folder: Path, content: str, package: str = "ffmpeg") -> Path:
    commands = Commands({"PATH": f"{folder}/bin:/usr/bin:/bin"})
    pin = hashlib.sha256(content.encode()).hexdigest()
    made = folder / "archives"
    made.mkdir(exist_ok=True)
    return archives.from_debian(commands, package, "trixie", pin, made)


def test_debians_source_comes_through_a_private_state_of_apt(tmp_path: Path) -> None:
    log = apt(tmp_path)
    assert debian(tmp_path, "it").read_text() == "it"
    listing, update, source = log.read_text().splitlines()
    assert listing.startswith("indextargets")
    for line in (update, source):
        assert "Dir::Etc::sourceparts=/dev/null" in line
        assert f"Dir::State={tmp_path}" in line
    named = (tmp_path / "archives" / "apt" / "debian.sources").read_text()
    assert "URIs: http://archive.test/debian\nSuites: trixie" in named
    assert debian(tmp_path, "it").read_text() == "it"
    assert len(log.read_text().splitlines()) == 3
    assert debian(tmp_path, "it", "nv-codec-headers").read_text() == "it"
    assert [line for line in log.read_text().splitlines()[3:] if line.endswith("update")] == []


def test_a_newer_file_in_the_archive_is_not_taken_for_the_pinned_one(tmp_path: Path) -> None:
    apt(tmp_path, content="newer")
    with fails("debian.other-version", "ffmpeg_9.orig.tar.xz"):
        debian(tmp_path, "it")


def test_a_host_whose_apt_knows_no_debian_gets_a_hint(tmp_path: Path) -> None:
    apt(tmp_path, mirror="")
    with fails("debian.no-archive", "--source"):
        debian(tmp_path, "it")


def test_an_archive_appears_complete_or_not_at_all(tmp_path: Path) -> None:
    packed = tmp_path / "a.tar.xz"
    with tarfile.open(packed, "w:xz") as made:
        member = tarfile.TarInfo("a-1.0/configure")
        member.size = 3
        made.addfile(member, io.BytesIO(b"abc"))
    archives.unpack(packed, tmp_path / "tree")
    assert (tmp_path / "tree" / "configure").read_bytes() == b"abc"
    packed.write_bytes(packed.read_bytes()[:60])
    with pytest.raises((tarfile.TarError, EOFError)):
        archives.unpack(packed, tmp_path / "other")
    assert not (tmp_path / "other").exists()


def packed(path: Path, *members: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w") as made:
        for member in members:
            data = b"x" * member.size
            made.addfile(member, io.BytesIO(data))
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.type, found.linkname = kind, target
    return found


# Python 3.9 to 3.11 may lack the filter of tarfile, and then the members are checked here.
@pytest.mark.parametrize("filtered", [True, False])
@pytest.mark.parametrize(
    "evil",
    [
        member("a/../../escaped"),
        member("a/link", tarfile.SYMTYPE, "../../escaped"),
        member("a/hard", tarfile.LNKTYPE, "../../etc/passwd"),
    ],
    ids=lambda member: member.name,
)
def test_a_member_that_would_leave_the_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, evil: tarfile.TarInfo, *, filtered: bool
) -> None:
    if not filtered:
        monkeypatch.delattr(tarfile, "data_filter", raising=False)
    elif not hasattr(tarfile, "data_filter"):
        pytest.skip("this Python has no filter")
    (tmp_path / "in").mkdir()
    archive = packed(tmp_path / "in/evil.tar", evil)
    with pytest.raises((StackError, tarfile.TarError, OSError, KeyError)):
        archives.unpack(archive, tmp_path / "in/tree")
    assert not list(tmp_path.rglob("escaped"))
    assert sorted(path.name for path in (tmp_path / "in").iterdir()) == ["evil.tar"]


@pytest.mark.parametrize("filtered", [True, False])
def test_a_link_beside_its_target_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, filtered: bool
) -> None:
    if not filtered:
        monkeypatch.delattr(tarfile, "data_filter", raising=False)
    link = member("a/libx.so", tarfile.SYMTYPE, "libx.so.1")
    archives.unpack(packed(tmp_path / "a.tar", member("a/libx.so.1"), link), tmp_path / "tree")
    assert (tmp_path / "tree/libx.so").readlink() == Path("libx.so.1")


def test_what_a_killed_run_unpacked_is_removed_and_missing_folders_are_made(tmp_path: Path) -> None:
    member = tarfile.TarInfo("a-1.0/configure")
    archive = packed(tmp_path / "a.tar", member)
    tree = tmp_path / "new" / "folder" / "tree"
    archives.unpack(archive, tree)
    assert [path.name for path in tree.iterdir()] == ["configure"]
    left = tree.with_name(".other.unpacking") / "0"
    left.mkdir(parents=True)
    archives.unpack(archive, tree.with_name("other"))
    assert sorted(path.name for path in tree.parent.iterdir()) == ["other", "tree"]
    assert [path.name for path in (tree.parent / "other").iterdir()] == ["configure"]
