"""A package key is known by its fingerprint, or it is not used."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.driver.openpgp import (
    fingerprints,
    require_key,
)
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


def test_the_fingerprint_is_that_of_gnupg() -> None:
    assert fingerprints(KEY, "here") == [FINGERPRINT]
    assert fingerprints(binary(), "here") == [FINGERPRINT]
    assert fingerprints(KEY.replace(b"\n", b"\r\n"), "here") == [FINGERPRINT]


def test_spaces_and_case_of_the_expected_fingerprint_do_not_count() -> None:
    require_key(KEY, "4a14 6c00 c396 4ec4 8dfd 0465 a579 0059 9bc4 cb3b", "here")


def test_a_second_key_beside_the_right_one_is_refused() -> None:
    with pytest.raises(StackError, match="was expected"):
        require_key(binary() + binary(), FINGERPRINT, "here")


@pytest.mark.parametrize("end", range(1, 40, 3))
def test_a_key_that_is_cut_off_is_refused(end: int) -> None:
    with pytest.raises(StackError, match="no OpenPGP public key"):
        require_key(binary()[:end], FINGERPRINT, "here")


@pytest.mark.parametrize("data", [b"", b"<html>proxy</html>", b"\x99", b"\xff" * 40, KEY[:60]])
def test_something_that_is_no_key_is_named(data: bytes) -> None:
    with pytest.raises(StackError, match="no OpenPGP public key"):
        require_key(data, FINGERPRINT, "here")


def test_the_right_key_is_placed_once(tmp_path: Path) -> None:
    first = place(want(tmp_path), check=False)
    assert first["changed"]
    assert (tmp_path / "keyrings" / "key.asc").read_bytes() == KEY
    # No request is needed any more.
    (tmp_path / "published.asc").unlink()
    again = {"url": "/nowhere", "path": first["path"], "fingerprint": FINGERPRINT}
    assert not place(again, check=False)["changed"]


def test_check_mode_reads_the_key_and_places_nothing(tmp_path: Path) -> None:
    assert place(want(tmp_path), check=True)["changed"]
    assert not (tmp_path / "keyrings").exists()


def test_a_wrong_key_is_never_placed(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="Its fingerprint is 4A14"):
        place(want(tmp_path, fingerprint="EA01" * 10), check=False)
    assert not (tmp_path / "keyrings").exists()


def test_a_key_of_somebody_else_at_the_same_place_is_replaced(tmp_path: Path) -> None:
    there = tmp_path / "keyrings" / "key.asc"
    there.parent.mkdir()
    there.write_bytes(b"something else")
    assert place(want(tmp_path), check=False)["changed"]
    assert there.read_bytes() == KEY


def test_an_address_that_does_not_answer_is_an_error_in_three_parts(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"cannot be fetched.*nvidia_repository_base"):
        place(want(tmp_path, url="http://127.0.0.1:9/key.asc"), check=False)
