"""The standard library's download against a real HTTP server that breaks in every way."""

from __future__ import annotations

import errno
import hashlib
import http.client
import io
import os
import resource
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import download
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.download import (
    Download,
    get,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from support.errors import fails
from support.http import FileServer, certificate, serving
from support.users import as_user, user_folder

ROOT = Path(__file__).resolve().parents[3]
DATA = bytes(range(256)) * 12000
OTHER = bytes(range(255)) * 12000


@pytest.fixture
def server() -> FileServer:
    return FileServer(DATA)


@pytest.fixture
def wanted(server: FileServer, tmp_path: Path) -> Iterator[Download]:
    with serving(server):
        yield Download(f"{server.address}/list.csv", tmp_path / "folder/list.csv")


def left(wanted: Download) -> list[str]:
    return sorted(path.name for path in wanted.path.parent.iterdir())


def served(server: FileServer, count: int) -> list[tuple[str, int]]:
    """Return what was sent; the server notes an answer a little after the last byte has left."""
    for _ in range(500):
        if len(server.served) >= count:
            break
        time.sleep(0.01)
    assert len(server.served) == count
    return server.served


def refused(wanted: Download, attempts: int = 1) -> StackError:
    with pytest.raises(StackError) as caught:
        get(wanted, attempts=attempts)
    return caught.value


def test_a_file_arrives_complete_and_only_once(wanted: Download, server: FileServer) -> None:
    got = get(wanted)
    assert (got.new, got.size) == (True, len(DATA))
    assert got.sha256 == hashlib.sha256(DATA).hexdigest()
    assert left(wanted) == ["list.csv"]
    served(server, 1).clear()
    assert get(wanted).new is False
    assert server.served == []


def test_a_broken_connection_goes_on_where_it_broke(wanted: Download, server: FileServer) -> None:
    server.cut_after = [700_000, 900_000]
    get(wanted)
    assert wanted.path.read_bytes() == DATA
    answers = served(server, 3)
    assert [asked for asked, _ in answers] == ["", "bytes=700000-", "bytes=1600000-"]
    assert sum(sent for _, sent in answers) == len(DATA)


def test_a_server_without_ranges_sends_all_again(wanted: Download, server: FileServer) -> None:
    server.ranges, server.cut_after = "", [700_000]
    get(wanted)
    assert wanted.path.read_bytes() == DATA


def test_a_file_that_changes_meanwhile_starts_again(wanted: Download, server: FileServer) -> None:
    server.cut_after = [700_000, 0]
    assert "Run the same command again" in refused(wanted).hint
    server.content = OTHER
    get(wanted)
    assert wanted.path.read_bytes() == OTHER


@pytest.mark.parametrize("etag", ["", "weak"])
@pytest.mark.parametrize("content", [DATA, OTHER[: len(DATA)], OTHER, DATA + b"x"])
def test_without_a_strong_validator_a_download_starts_again(
    wanted: Download, server: FileServer, etag: str, content: bytes
) -> None:
    server.etag, server.cut_after = etag, [700_000, 0]
    refused(wanted)
    served(server, 2)
    server.content = content
    server.served.clear()
    get(wanted)
    assert served(server, 1) == [("", len(content))]
    assert wanted.path.read_bytes() == content


@pytest.mark.parametrize("size", [0, 1])
def test_without_a_validator_not_even_a_known_sha256_lets_a_download_resume(
    wanted: Download, server: FileServer, size: int
) -> None:
    server.etag, server.cut_after = "", [700_000, 0]
    content = DATA + b"x" * size
    wanted = replace(wanted, sha256=hashlib.sha256(content).hexdigest())
    refused(wanted)
    served(server, 2)
    server.content = content
    server.served.clear()
    get(wanted)
    assert served(server, 1) == [("", len(content))]
    assert wanted.path.read_bytes() == content


@pytest.mark.parametrize(("age", "resumes"), [(3600, True), (61, True), (30, False), (0, False)])
@pytest.mark.parametrize("changes", [False, True])
def test_a_time_of_modification_counts_where_it_is_a_strong_validator(
    wanted: Download, server: FileServer, *, age: float, resumes: bool, changes: bool
) -> None:
    server.etag, server.modified_s, server.cut_after = "", age, [700_000, 0]
    refused(wanted)
    served(server, 2)
    server.served.clear()
    if changes:
        server.content, server.modified_s = OTHER, age + 100
    get(wanted)
    assert wanted.path.read_bytes() == (OTHER if changes else DATA)
    assert served(server, 1)[0][0] == ("bytes=700000-" if resumes else "")


@pytest.mark.parametrize("etag", ["", "strong"])
@pytest.mark.parametrize("content", [DATA, bytes(len(DATA))])
def test_a_range_that_names_no_version_is_not_appended(
    wanted: Download, server: FileServer, etag: str, content: bytes
) -> None:
    """A server that ignores If-Range, too, would send the end of another version."""
    server.etag, server.modified_s, server.cut_after = etag, 3600, [700_000, 0]
    refused(wanted)
    server.named_again = server.if_range = False
    server.content = content
    get(wanted)
    assert wanted.path.read_bytes() == content


@pytest.fixture
def encrypted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    """A server with TLS, whose certificate is trusted."""
    made, key = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made))
    with serving(FileServer(DATA), made, key) as secure:
        yield secure


def test_a_redirect_from_https_to_http_is_not_followed(
    wanted: Download, server: FileServer, encrypted: FileServer
) -> None:
    moved = replace(wanted, url=f"{encrypted.address}/list.csv")
    assert get(moved).new
    wanted.path.unlink()
    encrypted.redirect = server.address
    with fails("download.downgrade", "not encrypted"):
        get(moved, attempts=1)
    with fails("download.downgrade"):
        download.takes_ranges(moved.url)
    assert server.served == []
    assert left(wanted) == []
    # The other way, and from http to http, as before.
    server.redirect, encrypted.redirect = encrypted.address, ""
    assert get(wanted).new


def test_a_range_of_another_version_is_not_appended(wanted: Download, server: FileServer) -> None:
    """Some servers ignore If-Range."""
    server.cut_after, server.if_range = [700_000, 0], False
    refused(wanted)
    server.content = bytes(len(DATA))
    get(wanted)
    assert wanted.path.read_bytes() == server.content


@pytest.mark.parametrize("status", [401, 403, 404, 410, 418])
def test_a_dead_link_is_reported_and_leaves_nothing(
    wanted: Download, server: FileServer, status: int
) -> None:
    server.status = [status]
    assert f"HTTP {status}" in refused(wanted).cause
    assert left(wanted) == []


def test_a_server_that_is_busy_is_asked_again(wanted: Download, server: FileServer) -> None:
    server.status = [503, 429]
    assert get(wanted).new


def test_no_server_listens_and_no_address(tmp_path: Path) -> None:
    away = Download("http://127.0.0.1:9/x", tmp_path / "x")
    assert refused(away, attempts=2).code == "download.interrupted"
    assert refused(Download("/etc/passwd", tmp_path / "y")).code == "download.invalid-url"
    assert list(tmp_path.iterdir()) == []


def test_another_digest_or_size_never_appears(wanted: Download) -> None:
    for expected in ({"sha256": "0" * 64}, {"size": 5}):
        error = refused(Download(wanted.url, wanted.path, **expected))  # type: ignore[arg-type]
        assert "expected" in error.cause
        assert left(wanted) == []
    assert get(Download(wanted.url, wanted.path, hashlib.sha256(DATA).hexdigest().upper())).new


def test_a_file_in_place_that_differs_is_left_unless_it_may_go(wanted: Download) -> None:
    sha256 = hashlib.sha256(DATA).hexdigest()
    wanted.path.parent.mkdir()
    wanted.path.write_bytes(b"mine")
    assert "differs" in refused(Download(wanted.url, wanted.path, sha256)).cause
    assert wanted.path.read_bytes() == b"mine"
    assert get(Download(wanted.url, wanted.path, sha256, keep=False)).new
    assert wanted.path.read_bytes() == DATA


def test_a_content_that_is_looked_at_and_refused_never_appears(wanted: Download) -> None:
    def look(path: Path) -> None:
        raise StackError(f"{path.name} is a web page.", code="test.refused")

    with fails("test.refused"):
        get(wanted, validate=look)
    assert left(wanted) == []


def test_bytes_of_another_time_are_not_built_upon(wanted: Download) -> None:
    wanted.path.parent.mkdir()
    download.part_of(wanted.path).write_bytes(b"leftover")
    get(wanted)
    assert wanted.path.read_bytes() == DATA


def test_a_full_part_needs_only_to_be_verified(wanted: Download, server: FileServer) -> None:
    server.cut_after = [len(DATA) - 1, 0]
    refused(wanted)
    download.part_of(wanted.path).write_bytes(DATA)
    served(server, 2).clear()
    assert get(wanted).new
    assert server.served == []


def test_progress_counts_from_what_was_there(wanted: Download, server: FileServer) -> None:
    server.cut_after = [700_000, 0]
    refused(wanted)
    seen: list[tuple[int, int | None]] = []
    get(wanted, progress=lambda _name, done, total: seen.append((done, total)))
    assert seen[0] == (700_000, len(DATA))
    assert seen[-1] == (len(DATA), len(DATA))


def test_a_place_that_takes_no_more_is_reported(wanted: Download) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        error = refused(wanted)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert error.cause == "File too large."
    assert not wanted.path.exists()
    get(wanted)
    assert wanted.path.read_bytes() == DATA


def test_killed_in_the_middle_or_twice_at_once_nothing_is_spoilt(
    wanted: Download, server: FileServer
) -> None:
    server.pause = 0.02
    program = (
        "import sys, pathlib; from _stack.core.download import get, Download\n"
        "get(Download(sys.argv[1], pathlib.Path(sys.argv[2])))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, wanted.url, str(wanted.path)],
        env=os.environ | {"PYTHONPATH": str(ROOT / "plugins/module_utils")},
    )
    part = download.part_of(wanted.path)
    while not part.exists() or part.stat().st_size < 1_000_000:
        time.sleep(0.01)
    assert "another process" in refused(wanted).message
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not wanted.path.exists()
    kept = part.stat().st_size
    server.pause = 0.0
    server.served.clear()
    get(wanted)
    for _ in range(500):
        if (f"bytes={kept}-", len(DATA) - kept) in server.served:
            break
        time.sleep(0.01)
    assert (f"bytes={kept}-", len(DATA) - kept) in server.served
    assert wanted.path.read_bytes() == DATA


def test_a_server_is_asked_whether_it_gives_parts(wanted: Download, server: FileServer) -> None:
    assert download.takes_ranges(wanted.url) is True
    server.ranges = False
    assert download.takes_ranges(wanted.url) is False
    server.ranges, server.content = True, b""
    assert download.takes_ranges(wanted.url) is False
    server.status = [404]
    with pytest.raises(StackError) as caught:
        download.takes_ranges(wanted.url)
    assert caught.value.code == "download.refused"
    with pytest.raises(StackError) as caught:
        download.takes_ranges("http://127.0.0.1:9/x")
    assert caught.value.code == "download.unreachable"


def test_a_part_that_is_too_long_for_a_new_version_begins_again(
    wanted: Download, server: FileServer
) -> None:
    server.etag, server.cut_after = "", [len(DATA) - 1, 0]
    wanted = replace(wanted, sha256=hashlib.sha256(DATA[:1000]).hexdigest())
    refused(wanted)
    server.content = DATA[:1000]
    get(wanted)
    assert wanted.path.read_bytes() == DATA[:1000]
    assert left(wanted) == ["list.csv"]


def test_without_a_length_the_end_of_the_connection_is_the_end(
    wanted: Download, server: FileServer
) -> None:
    server.length = False
    seen: list[tuple[int, int | None]] = []
    assert get(wanted, progress=lambda _name, *place: seen.append(place)).size == len(DATA)
    assert seen[0] == (0, None)
    assert seen[-1] == (len(DATA), None)


def test_attempts_in_a_row_without_a_new_byte_give_up(wanted: Download, server: FileServer) -> None:
    server.cut_after = [0, 0, 0, 0]
    error = refused(wanted, attempts=2)
    assert error.code == "download.interrupted"
    assert len(server.cut_after) == 2


def test_a_file_with_the_size_alone_is_verified_by_it(wanted: Download, server: FileServer) -> None:
    sized = Download(wanted.url, wanted.path, size=len(DATA))
    assert get(sized).new
    server.served.clear()
    assert not get(sized).new
    assert server.served == []


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (urllib.error.URLError("no route"), "2 times in a row: no route."),
        (ConnectionResetError(104, "reset"), "2 times in a row: [Errno 104] reset."),
        (TimeoutError(), "2 times in a row: TimeoutError."),
        (http.client.IncompleteRead(b"x", 2), "2 times in a row: IncompleteRead(1 bytes read"),
    ],
)
def test_the_last_failure_of_a_connection_is_the_cause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, cause: str
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)

    def open_(_request: urllib.request.Request) -> http.client.HTTPResponse:
        raise error

    with fails("download.interrupted") as caught:
        get(Download("http://server/x", tmp_path / "x"), attempts=2, open_=open_)
    assert cause in caught.value.cause
    assert pauses == [0.5]
    pauses.clear()
    with fails("download.interrupted"):
        get(Download("http://server/x", tmp_path / "x"), attempts=4, open_=open_)
    assert pauses == [0.5, 1.0, 1.5]
    with fails("download.unreachable"):
        download.takes_ranges("http://server/x", open_)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_status_that_may_pass_is_tried_again(
    wanted: Download, server: FileServer, status: int
) -> None:
    server.status = [status]
    error = refused(wanted)
    assert (error.code, str(status) in error.cause) == ("download.interrupted", True)


@pytest.mark.parametrize(
    ("status", "explained"),
    [
        (400, False), (401, True), (402, False), (403, True), (404, True), (405, False),
        (409, False), (410, True), (411, False), (430, False), (501, False), (505, False),
    ],
)  # fmt: skip
def test_a_status_that_stays_is_refused_at_once(
    wanted: Download, server: FileServer, status: int, *, explained: bool
) -> None:
    server.status = [status]
    error = refused(wanted, attempts=3)
    assert (error.code, f"(HTTP {status})" in error.cause) == ("download.refused", True)
    assert ("the server answered" not in error.cause) is explained


def test_a_range_that_was_not_asked_for_is_refused(tmp_path: Path) -> None:
    class Response(io.BytesIO):
        status = 206
        headers = {"Content-Range": "bytes 5-9/10"}  # noqa: RUF012

    wanted = Download("http://server/f", tmp_path / "f")
    with fails("download.unexpected-answer", wanted.url):
        get(wanted, open_=lambda _request: Response(b"56789"))  # type: ignore[arg-type,return-value]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["ftp://server/f", "/etc/passwd", "http://[server/f", "http://"])
def test_what_is_no_address_of_the_web_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(StackError) as caught:
        get(Download(url, tmp_path / "f"), attempts=1)
    assert caught.value.code in ("download.invalid-url", "download.interrupted")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_another_user_takes_no_download() -> None:
    with user_folder() as folder:
        folder.chmod(0o555)

        def act() -> None:
            with fails("file.not-writable", folder / "f.part"):
                get(Download("http://127.0.0.1:9/f", folder / "f"))

        as_user(act)
        assert list(folder.iterdir()) == []


def test_a_connection_that_breaks_while_it_is_read_is_no_fault_of_the_disk(tmp_path: Path) -> None:
    class Response(io.BytesIO):
        status = 200
        headers = {"Content-Length": "9"}  # noqa: RUF012

        def read(self, _size: int | None = -1) -> bytes:
            raise OSError(errno.EIO, "broken")

    wanted = Download("http://server/f", tmp_path / "f")
    with fails("download.interrupted", "broken"):
        get(wanted, attempts=1, open_=lambda _request: Response())  # type: ignore[arg-type,return-value]


def test_a_file_that_became_shorter_is_downloaded_from_its_beginning(
    wanted: Download, server: FileServer
) -> None:
    server.cut_after = [700_000, 0]
    refused(wanted)
    server.content, server.if_range = OTHER[::-1][:100], False
    got = get(wanted)
    assert (got.size, wanted.path.read_bytes()) == (100, server.content)
    assert left(wanted) == ["list.csv"]


def test_another_refusal_of_a_range_is_no_reason_to_begin_again(
    wanted: Download, server: FileServer
) -> None:
    server.cut_after = [700_000, 0]
    refused(wanted)
    server.status = [404]
    assert refused(wanted).code == "download.refused"
    assert get(wanted).size == len(DATA)
    assert server.sent == {"list.csv": len(DATA)}


@pytest.mark.parametrize("url", ["ftp://server/f", "/etc/passwd", "file:///etc/passwd", "HTTP//x"])
def test_an_address_of_another_scheme_is_refused_before_anything_is_opened(
    tmp_path: Path, url: str
) -> None:
    asked: list[object] = []
    with fails("download.invalid-url"):
        get(Download(url, tmp_path / "f"), open_=asked.append)  # type: ignore[arg-type]
    assert asked == []


@pytest.mark.parametrize(
    ("ranges", "status", "code", "taken"),
    [
        (True, 0, "", True),
        (False, 0, "", False),
        (True, 416, "", False),
        (True, 404, "download.refused", False),
    ],
)
def test_whether_a_server_gives_parts_of_a_file(
    wanted: Download, server: FileServer, status: int, code: str, *, ranges: bool, taken: bool
) -> None:
    server.ranges, server.status = ranges, [status] if status else []
    if code:
        with fails(code, wanted.url):
            download.takes_ranges(wanted.url)
        return
    assert download.takes_ranges(wanted.url) is taken
    assert not wanted.path.exists()


def test_a_server_that_is_absent_gives_no_parts() -> None:
    with fails("download.unreachable"):
        download.takes_ranges("http://127.0.0.1:9/f")
