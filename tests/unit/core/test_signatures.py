"""Statements and signatures by the real ssh-keygen: what holds, and each way in which one does not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import (
    ownership,
    seen_versions,
    signatures,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.files import (
    size_and_sha256,
)
from support.errors import fails
from support.signing import NEEDS_TOOL, allow, make_key

pytestmark = NEEDS_TOOL
NOW = datetime(2026, 11, 30, 12, 0, 0, tzinfo=UTC)
STATEMENT, SIGNATURE = signatures.statement_path, signatures.signature_path


class Signed:
    """A lock that Ann signed, and whom this machine allows."""

    def __init__(self, folder: Path, kind: str = "lock") -> None:
        self.folder, self.kind = folder, kind
        self.file = folder / "stack.lock.json"
        self.file.write_text("{}")
        self.key = make_key(folder)
        self.store = allow(folder / "trust" / "allowed_signers", self.key)

    def subject(self, file: Path | None = None) -> signatures.Subject:
        """Return the file as it is now."""
        path = file or self.file
        size, sha256 = size_and_sha256(path)
        return signatures.Subject(self.kind, path, sha256, size)

    def sign(self, *, version: int | None = None, days: int = 1) -> signatures.Statement:
        """Sign the file as it is now."""
        return signatures.sign(self.subject(), self.key, NOW, days=days, version=version)

    def verify(self, now: datetime = NOW, file: Path | None = None) -> signatures.Verified:
        """Verify the file as it is now."""
        return signatures.verify(self.subject(file), [self.folder / "none", self.store], now)


@pytest.fixture
def signed(tmp_path: Path) -> Signed:
    found = Signed(tmp_path)
    found.sign()
    return found


def test_a_file_is_vouched_for_by_its_signer(signed: Signed) -> None:
    found = signed.verify()
    assert found.signer == "ann@example.org"
    assert found.key.startswith("SHA256:")
    assert found.statement == signatures.Statement(
        "lock",
        "stack.lock.json",
        signed.subject().sha256,
        2,
        created="2026-11-30T12:00:00Z",
        expires="2026-12-01T12:00:00Z",
        version=int(NOW.timestamp()),
    )


def _edit(path: Path, **changes: object) -> None:
    data = json.loads(path.read_text())
    path.write_text(json.dumps({**data, **changes}))


def _altered_statement(signed: Signed) -> None:
    signed.file.write_text("[]")
    _edit(STATEMENT(signed.file), sha256=signed.subject().sha256)


def _later_expiry(signed: Signed) -> None:
    _edit(STATEMENT(signed.file), expires="2099-01-01T00:00:00Z")


def _of_another_statement(signed: Signed) -> None:
    other = signed.folder / "other.json"
    other.write_text("{}")
    signatures.sign(signed.subject(other), signed.key, NOW)
    shutil.copy(SIGNATURE(other), SIGNATURE(signed.file))


def _of_another_file_of_this_name(signed: Signed) -> None:
    signed.file.write_text('{"other": 1}')


def _under_another_name(signed: Signed) -> None:
    other = signed.folder / "other.json"
    for place in (lambda file: file, STATEMENT, SIGNATURE):
        shutil.move(place(signed.file), place(other))
    signed.file = other


def _of_another_kind(signed: Signed) -> None:
    signed.kind = "bundle"


def _kind_altered_to_fit(signed: Signed) -> None:
    signed.kind = "bundle"
    _edit(STATEMENT(signed.file), kind="bundle")


def _by_another_signer(signed: Signed) -> None:
    signed.key = make_key(signed.folder, "mallory")
    signed.sign()


def _no_one_is_allowed(signed: Signed) -> None:
    signed.store.unlink()


def _no_longer_allowed(signed: Signed) -> None:
    signed.store.unlink()
    allow(signed.store, signed.key, options='valid-before="20200101"')


def _not_yet_allowed(signed: Signed) -> None:
    signed.store.unlink()
    allow(signed.store, signed.key, options='valid-after="20990101"')


def _allowed_for_another_kind(signed: Signed) -> None:
    signed.store.unlink()
    allow(signed.store, signed.key, options='namespaces="bundle@slowfast.stack"')


def _revoked(signed: Signed) -> None:
    shutil.copy(signed.key.with_suffix(".pub"), signed.store.with_name(signatures.REVOKED))


def _unreadable_list_of_revoked_keys(signed: Signed) -> None:
    signed.store.with_name(signatures.REVOKED).write_bytes(b"SSHKRL\n\0")


def _revoked_beside_another_list(signed: Signed) -> None:
    shutil.copy(signed.key.with_suffix(".pub"), signed.folder / signatures.REVOKED)


def _truncated(place: Callable[[Path], Path]) -> Callable[[Signed], None]:
    def act(signed: Signed) -> None:
        path = place(signed.file)
        path.write_bytes(path.read_bytes()[:-20])

    return act


def _removed(place: Callable[[Path], Path]) -> Callable[[Signed], None]:
    return lambda signed: place(signed.file).unlink()


def _link(place: Callable[[Path], Path]) -> Callable[[Signed], None]:
    def act(signed: Signed) -> None:
        path = place(signed.file)
        path.symlink_to(path.rename(signed.folder / "elsewhere"))

    return act


def _too_long(place: Callable[[Path], Path]) -> Callable[[Signed], None]:
    return lambda signed: place(signed.file).write_bytes(b"\n" * (signatures.LIMIT + 1))


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (_altered_statement, "signature.invalid"),
        (_later_expiry, "signature.invalid"),
        (_of_another_statement, "signature.invalid"),
        (_kind_altered_to_fit, "signature.invalid"),
        (_truncated(STATEMENT), "signature.invalid"),
        (_truncated(SIGNATURE), "signature.invalid"),
        (_link(STATEMENT), "signature.invalid"),
        (_link(SIGNATURE), "signature.invalid"),
        (_too_long(STATEMENT), "signature.invalid"),
        (_too_long(SIGNATURE), "signature.invalid"),
        (_removed(STATEMENT), "signature.missing"),
        (_removed(SIGNATURE), "signature.missing"),
        (_of_another_file_of_this_name, "signature.other-file"),
        (_under_another_name, "signature.other-file"),
        (_of_another_kind, "signature.other-file"),
        (_by_another_signer, "signature.untrusted"),
        (_no_one_is_allowed, "signature.untrusted"),
        (_no_longer_allowed, "signature.untrusted"),
        (_not_yet_allowed, "signature.untrusted"),
        (_allowed_for_another_kind, "signature.untrusted"),
        (_revoked, "signature.untrusted"),
        (_revoked_beside_another_list, "signature.untrusted"),
        (_unreadable_list_of_revoked_keys, "signature.untrusted"),
    ],
)
def test_what_does_not_hold_is_refused(
    signed: Signed, fault: Callable[[Signed], None], code: str
) -> None:
    signed.verify()
    fault(signed)
    with fails(code):
        signed.verify()


def test_the_time_of_use_counts(signed: Signed) -> None:
    assert signed.verify(NOW - timedelta(minutes=4))
    with fails("signature.not-yet-valid"):
        signed.verify(NOW - timedelta(minutes=6))
    assert signed.verify(NOW + timedelta(hours=23))
    with fails("signature.expired"):
        signed.verify(NOW + timedelta(days=1))


def test_a_statement_of_a_newer_release_is_refused(signed: Signed) -> None:
    _edit(STATEMENT(signed.file), schema=2)
    with fails("record.unsupported-schema"):
        signed.verify()


def test_what_is_verified_was_read_once(signed: Signed, monkeypatch: pytest.MonkeyPatch) -> None:
    # The statement is read once: one that replaces it while ssh-keygen runs has no effect.
    complete = signatures._Files.run

    def exchange(files: signatures._Files, operation: str, *options: str) -> tuple[int, str]:
        STATEMENT(signed.file).write_text("{}")
        SIGNATURE(signed.file).write_text("")
        return complete(files, operation, *options)

    monkeypatch.setattr(signatures._Files, "run", exchange)
    assert signed.verify().signer == "ann@example.org"


def test_root_allows_no_signer_whom_another_user_added(
    signed: Signed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ownership, "is_root", lambda: True)
    signed.store.chmod(0o666)
    with fails("file.untrusted", "allowed_signers"):
        signed.verify()


def test_without_ssh_keygen_it_is_named(
    signed: Signed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with fails("signature.no-tool"):
        signed.verify()
    with fails("signature.no-tool"):
        signed.sign()


def test_a_key_that_cannot_sign_leaves_what_was_signed(signed: Signed) -> None:
    before = STATEMENT(signed.file).read_bytes()
    with fails("signature.not-made"):
        signatures.sign(signed.subject(), signed.folder / "nokey", NOW)
    assert STATEMENT(signed.file).read_bytes() == before
    assert signed.verify()


def test_an_older_version_is_refused_once_a_newer_one_was_used(
    signed: Signed, tmp_path: Path
) -> None:
    record = tmp_path / "state" / "signatures.json"

    def use(version: int, text: str, *, note: bool = True) -> None:
        signed.file.write_text(text)
        signed.sign(version=version)
        seen_versions.require_newest(record, signed.verify(), note=note)

    use(4, "[3]", note=False)
    assert not record.exists()
    use(3, "[3]")
    use(3, "[3]")
    use(5, "[5]")
    for note in (True, False):
        with fails("signature.rolled-back"):
            use(3, "[3]", note=note)
    with fails("signature.rolled-back"):
        use(5, "[6]")
    use(5, "[5]")
    signed.kind = "plan"
    use(1, "[1]")
    record.write_text("{")
    with fails("record.unreadable", str(record)):
        use(9, "[9]")


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (-301, "signature.not-yet-valid"),
        (-300, None),
        (24 * 3600 - 1, None),
        (24 * 3600, "signature.expired"),
    ],
)
def test_a_statement_holds_from_five_minutes_before_until_its_end(
    signed: Signed, seconds: int, code: str | None
) -> None:
    now = NOW + timedelta(seconds=seconds)
    if code is None:
        signed.verify(now)
        return
    with fails(code):
        signed.verify(now)


def test_what_is_signed_is_written_for_everybody_and_says_what_was_asked(signed: Signed) -> None:
    made = signatures.sign(
        signed.subject(), signed.key, NOW, provenance={"builder": "one"}, version=0
    )
    assert (made.version, made.provenance) == (0, {"builder": "one"})
    assert made.expires == "2027-11-30T12:00:00Z"
    text = STATEMENT(signed.file).read_bytes()
    data = json.loads(text)
    assert text == json.dumps(data, indent=1, sort_keys=True).encode() + b"\n"
    assert data == {
        "schema": 1,
        "kind": "lock",
        "name": "stack.lock.json",
        "sha256": signed.subject().sha256,
        "size": 2,
        "created": "2026-11-30T12:00:00Z",
        "expires": "2027-11-30T12:00:00Z",
        "version": 0,
        "provenance": {"builder": "one"},
    }
    for path in (STATEMENT(signed.file), SIGNATURE(signed.file)):
        assert path.stat().st_mode & 0o777 == 0o644


def test_a_key_of_an_artifact_signs_artifacts_alone(tmp_path: Path) -> None:
    key, store = tmp_path / "key", tmp_path / "allowed_signers"
    signatures.make_key(key, store, "gpu01", "artifact")
    assert key.stat().st_mode & 0o777 == 0o600
    assert store.stat().st_mode & 0o777 == 0o644
    signer, options, kind, public = store.read_text().split()
    assert (signer, options, kind) == (
        "gpu01",
        'namespaces="artifact@slowfast.stack"',
        "ssh-ed25519",
    )
    assert public
    file = tmp_path / "file"
    file.write_text("x")
    size, sha256 = size_and_sha256(file)
    for kind, allowed in (("artifact", True), ("plan", False)):
        subject = signatures.Subject(kind, file, sha256, size)
        signatures.sign(subject, key, NOW)
        if allowed:
            assert signatures.verify(subject, [store], NOW).signer == "gpu01"
        else:
            with fails("signature.untrusted"):
                signatures.verify(subject, [store], NOW)


def test_a_key_that_is_not_made_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ssh-keygen").write_text("#!/bin/sh\necho no random numbers\nexit 3\n")
    (tmp_path / "ssh-keygen").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with fails("signature.not-made", "exited with 3: no random numbers"):
        signatures.make_key(tmp_path / "key", tmp_path / "store", "gpu01", "artifact")
    assert [path.name for path in tmp_path.iterdir()] == ["ssh-keygen"]


@pytest.mark.parametrize("words", ["unknown option -- Y", "Illegal option", "invalid option"])
def test_an_ssh_keygen_that_is_too_old_is_named(
    signed: Signed, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    (signed.folder / "ssh-keygen").write_text(f"#!/bin/sh\necho {words}\nexit 1\n")
    (signed.folder / "ssh-keygen").chmod(0o755)
    monkeypatch.setenv("PATH", f"{signed.folder}:/bin:/usr/bin")
    with fails("signature.no-tool"):
        signed.verify()
    with fails("signature.no-tool"):
        signed.sign()


@pytest.mark.parametrize(
    ("size", "fits"), [(signatures.LIMIT, True), (signatures.LIMIT + 1, False)]
)
def test_a_statement_is_read_up_to_its_limit(signed: Signed, size: int, *, fits: bool) -> None:
    text = STATEMENT(signed.file).read_bytes()
    STATEMENT(signed.file).write_bytes(text + b" " * (size - len(text)))
    # One of the right size is read, and is not what was signed.
    with fails("signature.invalid") as caught:
        signed.verify()
    assert ("more than" in str(caught.value)) == (not fits)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("created", "2026-11-30"),
        ("expires", 5),
        ("expires", "2026-13-30T12:00:00Z"),
        ("version", -1),
        ("size", "2"),
        ("kind", "other"),
        ("name", "a/b"),
        ("sha256", "0"),
        ("provenance", []),
        ("more", 1),
    ],
)
def test_a_statement_of_another_form_is_refused(signed: Signed, key: str, value: object) -> None:
    data = {**json.loads(STATEMENT(signed.file).read_text()), key: value}
    STATEMENT(signed.file).write_text(json.dumps(data))
    with fails("signature.invalid"):
        signed.verify()


@pytest.mark.parametrize("answer", [f"echo 'key SHA256:{'A' * 43}'; exit 1", "echo fine"])
def test_a_signature_needs_a_good_end_and_a_named_key(
    signed: Signed, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    (signed.folder / "ssh-keygen").write_text(f"#!/bin/sh\n{answer}\n")
    (signed.folder / "ssh-keygen").chmod(0o755)
    monkeypatch.setenv("PATH", f"{signed.folder}:/bin:/usr/bin")
    with fails("signature.invalid"):
        signed.verify()
