"""Names, paths, digests and files from outside, each at its limit and one beyond."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import names
from support.errors import fails
from support.users import as_user, user_folder

SEGMENT = "a" * 255


def path_of(length: int) -> str:
    return ("ab/" * length)[: length - 1] + "c"


@pytest.mark.parametrize(
    ("reader", "text"),
    [
        (names.relative_path, path_of(1024)),
        (names.relative_path, ".hidden/a b"),
        (names.bare_name, SEGMENT),
        (names.bare_name, ".hidden"),
        (names.package, "~x"),
        (names.package, "a" * 128),
        (names.package_version, "1:2.0~rc1+b1^x"),
        (names.package_version, "1" * 128),
        (names.stack_id, "0123456789ab"),
        (names.address, "git@example.org:a/b c.git"),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)[:30]),
)
def test_what_is_harmless_is_returned(reader: names.Reader, text: str) -> None:
    assert reader(text, "it") == text


@pytest.mark.parametrize(
    ("reader", "text"),
    [
        (names.relative_path, path_of(1025)),
        (names.relative_path, "a\\b"),
        (names.relative_path, 7),
        (names.bare_name, SEGMENT + "a"),
        (names.bare_name, "."),
        (names.bare_name, ".."),
        (names.bare_name, None),
        (names.package, "a" * 129),
        (names.package_version, "1" * 129),
        (names.package_version, 1),
        (names.stack_id, "0123456789abc"),
        (names.stack_id, "0123456789ab\n"),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)[:30]),
)
def test_anything_else_is_refused_by_its_place(reader: names.Reader, text: object) -> None:
    with fails("data.invalid-value", "the place"):
        reader(text, "the place")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a" * 80, "a" * 80),
        ("a" * 81, "a" * 77 + "..."),
        (7, 7),
        (1.5, 1.5),
        (True, True),
        (None, None),
        (["secret"], "list"),
        ({"a": 1}, "dict"),
    ],
)
def test_a_message_quotes_text_in_short_and_of_other_values_the_type(
    value: object, shown: object
) -> None:
    assert names.shortened(value) == shown


def test_a_record_of_16_mib_is_read_and_of_one_byte_more_is_not(tmp_path: Path) -> None:
    record = tmp_path / "record"
    record.touch()
    os.truncate(record, 16 * 1024 * 1024)
    assert len(names.read_regular(record)) == 16 * 1024 * 1024
    os.truncate(record, 16 * 1024 * 1024 + 1)
    with pytest.raises(OSError, match="16777216") as caught:
        names.read_regular(record)
    assert caught.value.errno == errno.EFBIG


def test_a_reader_may_give_another_limit(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    assert names.read_regular(tmp_path / "file", 5) == b"12345"
    with pytest.raises(OSError, match="4 bytes"):
        names.read_regular(tmp_path / "file", 4)


@pytest.mark.parametrize(
    ("make", "number"),
    [
        (lambda path: path.symlink_to("/etc/hostname"), errno.ELOOP),
        (lambda path: path.mkdir(), errno.EINVAL),
        (os.mkfifo, errno.EINVAL),
        (lambda _path: None, errno.ENOENT),
    ],
    ids=["link", "folder", "pipe", "absent"],
)
def test_what_is_no_regular_file_is_not_read(
    tmp_path: Path, make: Callable[[Path], object], number: int
) -> None:
    make(tmp_path / "it")
    assert not names.is_regular(tmp_path / "it")
    opened = sorted(Path("/proc/self/fd").iterdir())
    with pytest.raises(OSError, match=str(tmp_path)) as caught:
        names.read_regular(tmp_path / "it")
    assert caught.value.errno == number
    assert sorted(Path("/proc/self/fd").iterdir()) == opened
    with fails("file.not-inside"):
        names.inside(tmp_path, "it")


def test_a_name_that_no_file_can_have_is_no_regular_file() -> None:
    assert not names.is_regular(Path("a\0b"))


def test_a_file_of_another_user_that_may_not_be_read_is_an_error() -> None:
    with user_folder() as folder:
        (folder / "file").write_text("x")
        (folder / "file").chmod(0o600)

        def act() -> None:
            assert names.is_regular(folder / "file")
            with pytest.raises(PermissionError):
                names.read_regular(folder / "file")

        if os.geteuid() == 0:
            as_user(act)


def test_a_link_is_named_as_what_it_is_and_not_as_a_loop(tmp_path: Path) -> None:
    (tmp_path / "it").symlink_to("/etc/hostname")
    with pytest.raises(OSError, match="link") as caught:
        names.read_regular(tmp_path / "it")
    assert caught.value.errno == errno.ELOOP
    assert caught.value.strerror != os.strerror(errno.ELOOP)
    assert caught.value.filename == str(tmp_path / "it")
