"""A repository key is known by its fingerprint, or it is not used."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import (
    StackError,
    Unreadable,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import signing_key
from ansible_collections.slowfast.stack.plugins.modules import repository_key

FINGERPRINT = "4A146C00C3964EC48DFD0465A57900599BC4CB3B"
KEY = b"""\
-----BEGIN PGP PUBLIC KEY BLOCK-----

mDMEawOTpBYJKwYBBAHaRw8BAQdAyLXFzZOwQR03qBSh3fIXUMUKLtbHvJeU6kN0
bK7FzFS0JlRlc3QgcmVwb3NpdG9yeSA8dGVzdEBleGFtcGxlLmludmFsaWQ+iJAE
ExYIADgWIQRKFGwAw5ZOxI39BGWleQBZm8TLOwUCawOTpAIbAwULCQgHAgYVCgkI
CwIEFgIDAQIeAQIXgAAKCRCleQBZm8TLO5PcAP0THRnVp/JD0SzgU8g6l8YRdwlo
cL4IwnjIByaj7AlKowEArAb3rGH/DRN5fZuuJbo9TThbFJVnaRMYHaOZu+uk+gY=
=lSxE
-----END PGP PUBLIC KEY BLOCK-----
"""


def binary() -> bytes:
    lines = KEY.split(b"\n\n", 1)[1].splitlines()
    return base64.b64decode(b"".join(line for line in lines if line[:1] not in b"=-"))


def place(wanted: dict[str, str], *, check: bool) -> dict[str, Any]:
    return repository_key.act(wanted, check)


def want(tmp_path: Path, **changes: str) -> dict[str, str]:
    source = tmp_path / "published.asc"
    source.write_bytes(KEY)
    wanted = {"url": str(source), "path": str(tmp_path / "keyrings" / "key.asc")}
    return {**wanted, "fingerprint": FINGERPRINT, **changes}


def key_file(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "key"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("data", [KEY, binary(), KEY.replace(b"\n", b"\r\n")])
def test_a_key_has_one_fingerprint_whatever_its_form(tmp_path: Path, data: bytes) -> None:
    found = signing_key.fingerprints(Commands(), key_file(tmp_path, data), "here")
    assert found == [FINGERPRINT]


def test_spaces_and_case_of_the_expected_fingerprint_are_ignored(tmp_path: Path) -> None:
    expected = "4a14 6c00 c396 4ec4 8dfd 0465 a579 0059 9bc4 cb3b"
    signing_key.require(Commands(), key_file(tmp_path, KEY), expected, "here")


def test_a_second_key_beside_the_right_one_is_refused(tmp_path: Path) -> None:
    both = tmp_path / "both"
    gpg = ["gpg", "--homedir", str(tmp_path), "--batch", "--quiet"]
    make = [*gpg, "--passphrase", "", "--quick-gen-key", "another <another@example.invalid>"]
    subprocess.run([*make, "ed25519", "sign"], check=True)
    other = subprocess.run([*gpg, "--export"], check=True, capture_output=True).stdout
    subprocess.run(["gpgconf", "--homedir", tmp_path, "--kill", "all"], check=True)
    both.write_bytes(binary() + other)
    assert len(signing_key.fingerprints(Commands(), both, "here")) == 2
    with pytest.raises(StackError) as refused:
        signing_key.require(Commands(), both, FINGERPRINT, "here")
    assert refused.value.code == "repository.untrusted-key"
    assert FINGERPRINT in refused.value.cause


@pytest.mark.parametrize("end", range(1, 40, 13))
def test_a_truncated_key_is_refused(tmp_path: Path, end: int) -> None:
    with pytest.raises(Unreadable):
        signing_key.require(Commands(), key_file(tmp_path, binary()[:end]), FINGERPRINT, "here")


@pytest.mark.parametrize("data", [b"", b"<html>proxy</html>", b"\x99", b"\xff" * 40, KEY[:60]])
def test_a_file_without_a_key_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(Unreadable):
        signing_key.require(Commands(), key_file(tmp_path, data), FINGERPRINT, "here")


def test_a_host_without_gpg_gets_a_hint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StackError) as refused:
        place(want(tmp_path), check=False)
    assert refused.value.code == "repository.no-gpg"
    # Check mode does not install it, and cannot check the key.
    assert place(want(tmp_path), check=True)["changed"]


def test_the_right_key_is_placed_once(tmp_path: Path) -> None:
    first = place(want(tmp_path), check=False)
    assert first["changed"]
    assert (tmp_path / "keyrings" / "key.asc").read_bytes() == KEY
    # apt reads it as a user of its own.
    assert (tmp_path / "keyrings" / "key.asc").stat().st_mode & 0o777 == 0o644
    # No request is needed any more.
    (tmp_path / "published.asc").unlink()
    again = {"url": "/nowhere", "path": first["path"], "fingerprint": FINGERPRINT}
    assert not place(again, check=False)["changed"]


def test_check_mode_reads_the_key_and_places_nothing(tmp_path: Path) -> None:
    assert place(want(tmp_path), check=True)["changed"]
    assert not (tmp_path / "keyrings").exists()


def test_a_wrong_key_is_never_placed(tmp_path: Path) -> None:
    with pytest.raises(StackError) as refused:
        place(want(tmp_path, fingerprint="EA01" * 10), check=False)
    assert refused.value.code == "repository.untrusted-key"
    assert not (tmp_path / "keyrings").exists()


def test_a_key_of_another_owner_at_the_same_place_is_replaced(tmp_path: Path) -> None:
    there = tmp_path / "keyrings" / "key.asc"
    there.parent.mkdir()
    there.write_bytes(b"something else")
    assert place(want(tmp_path), check=False)["changed"]
    assert there.read_bytes() == KEY


def test_an_address_that_does_not_answer_is_an_error_in_three_parts(tmp_path: Path) -> None:
    with pytest.raises(StackError) as refused:
        place(want(tmp_path, url="http://127.0.0.1:9/key.asc"), check=False)
    assert refused.value.code == "repository.key-unreachable"
    assert "127.0.0.1:9" in refused.value.message
