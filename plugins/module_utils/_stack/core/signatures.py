"""Statements about files, signed with SSH keys: ``ssh-keygen -Y`` signs and verifies, nothing here does.

A statement is a JSON file FILE.statement beside FILE: what FILE is, its SHA-256, from when and until
when it may be used, and a version that refuses an older one. FILE.statement.sig is what ``ssh-keygen
-Y sign`` makes of it; its namespace is that of the kind, so that one kind does not stand for another.
Who signed is no part of a statement: only a file of allowed signers (ssh-keygen(1)) says that.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, NamedTuple

from . import names, ownership, scratch
from .construct import construct, plain, read
from .errors import StackError, reason
from .files import atomic_write
from .process import Commands
from .saved import require_known
from .validation import bad, choice, count, mapping, parse_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

KINDS = ("bundle", "lock", "plan", "proof", "index", "artifact")
SCHEMA = 1
LIMIT = 64 << 10  # bytes of a statement, and of a signature
DAYS = 365
REVOKED = "revoked_keys"
# What clocks of two machines may differ by.
SKEW = timedelta(minutes=5)
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_KEY = re.compile(r"key (SHA256:[A-Za-z0-9+/]{43})")
# As ssh-keygen(1) prints where it has no -Y, or not all of it (before OpenSSH 8.2).
_TOO_OLD = re.compile(
    r"unknown option|illegal option|invalid option|unsupported operation", re.IGNORECASE
)
_NOT_FOUND = 127
_AGAIN = "Copy the file and both files beside it again."


def _time(value: object, where: str) -> datetime:
    try:
        found = datetime.strptime(str(value), _TIME).replace(tzinfo=timezone.utc)
    except ValueError as error:
        raise bad(where, "a time such as 2026-11-30T12:00:00Z", names.shortened(value)) from error
    return found


def _time_text(value: object, where: str) -> str:
    return _time(value, where).strftime(_TIME)


@dataclass(frozen=True)
class Statement:
    """What a signature vouches for: a file of this kind, name, SHA-256 and size in bytes.

    The SHA-256 of a bundle is its digest, that of its manifest. ``created`` and ``expires`` are in
    UTC; ``version`` rises with each statement about a file of this name. ``provenance`` is that of an
    artifact: who built it, and of what.
    """

    kind: str = read(choice(*KINDS))
    name: str = read(names.bare_name)
    sha256: str = read(names.sha256)
    size: int = read(count)
    created: str = read(_time_text)
    expires: str = read(_time_text)
    version: int = read(count)
    provenance: Mapping[str, object] = read(mapping, default_factory=dict)
    schema: int = SCHEMA


class Subject(NamedTuple):
    """A file that is signed or verified, as the one who uses it read it."""

    kind: str
    path: Path
    sha256: str
    size: int


class Verified(NamedTuple):
    """A statement that holds, its signer by the name of the allowed signers, and the key's fingerprint."""

    statement: Statement
    signer: str
    key: str


class Untrusted(StackError):
    """A file without a signature that is trusted here."""


class Refused(Untrusted):
    """One file for which no statement holds; ``hint`` says what to do about that one."""

    def __init__(self, subject: Subject, cause: str, hint: str, *, code: str) -> None:
        super().__init__(
            f"{subject.path.name} is not trusted and was not used.",
            cause,
            f"{hint} Or give the digest that its maker printed: `--digest sha256:DIGEST`; or use it "
            "as it is: `--unsigned`.",
            code=code,
        )


def statement_path(file: Path) -> Path:
    """Return where the statement about a file is."""
    return file.with_name(f"{file.name}.statement")


def signature_path(file: Path) -> Path:
    """Return where the signature of that statement is."""
    return file.with_name(f"{file.name}.statement.sig")


def namespace(kind: str) -> str:
    """Return the namespace of the signatures of a kind (PROTOCOL.sshsig)."""
    return f"{kind}@slowfast.stack"


def sign(
    subject: Subject,
    key: Path,
    now: datetime,
    *,
    days: int = DAYS,
    version: int | None = None,
    provenance: Mapping[str, object] | None = None,
) -> Statement:
    """Write a statement about a file and its signature by ``key``, beside the file.

    ``key`` is a private key, or a public one whose private half ssh-agent has. ``version`` is the
    time in seconds unless given: it rises without a record. Raises ``StackError``.
    """
    made = Statement(
        subject.kind,
        names.bare_name(subject.path.name, "The name of the file"),
        subject.sha256,
        subject.size,
        created=now.strftime(_TIME),
        expires=(now + timedelta(days=days)).strftime(_TIME),
        version=int(now.timestamp()) if version is None else version,
        provenance=dict(provenance or {}),
    )
    text = json.dumps(plain(made), indent=1, sort_keys=True).encode() + b"\n"
    with scratch.folder() as folder:
        copy = folder / "statement"
        copy.write_bytes(text)
        argv = ["ssh-keygen", "-Y", "sign", "-f", str(key), "-n", namespace(made.kind), str(copy)]
        done = Commands().run(argv)
        if done.rc:
            _require_tool(done.rc, done.output)
            raise StackError(
                f"{subject.path.name} was not signed.",
                f"`ssh-keygen -Y sign` exited with {done.rc}: {done.tail(3)}.",
                "Give with --key the private key, or the public key of one in ssh-agent.",
                code="signature.not-made",
            )
        signature = copy.with_name("statement.sig").read_bytes()
    # Between the two writes statement and signature do not fit, and are refused.
    atomic_write(statement_path(subject.path), text, mode=0o644)
    atomic_write(signature_path(subject.path), signature, mode=0o644)
    return made


def make_key(key: Path, store: Path, signer: str, kind: str) -> None:
    """Make an SSH key without a passphrase, and a file that allows it to sign files of one kind.

    Raises ``StackError``.
    """
    with scratch.folder() as folder:
        made = folder / "key"
        argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", signer, "-f", str(made)]
        done = Commands().run(argv)
        if done.rc:
            _require_tool(done.rc, done.output)
            raise StackError(
                f"No key of {signer} was made.",
                f"ssh-keygen exited with {done.rc}: {done.tail(3)}.",
                "Correct what it reports, then run again.",
                code="signature.not-made",
            )
        public = " ".join(made.with_name("key.pub").read_text("ascii").split()[:2])
        atomic_write(key, made.read_bytes(), mode=0o600)
    atomic_write(store, f'{signer} namespaces="{namespace(kind)}" {public}\n', mode=0o644)


def verify(subject: Subject, stores: Sequence[Path], now: datetime) -> Verified:
    """Return who vouches for a file. Raises ``Untrusted`` with a code for each way in which none does.

    ``stores``, at least one, are files of allowed signers, tried in order; a file ``revoked_keys``
    beside one of them lists keys that are not accepted. Statement and signature are read once, from
    regular files.
    """
    text = _read(statement_path(subject.path), subject)
    signature = _read(signature_path(subject.path), subject)
    statement = _parsed(text, subject)
    with scratch.folder() as folder:
        files = _Files(folder / "statement", folder / "signature", namespace(statement.kind))
        files.statement.write_bytes(text)
        files.signature.write_bytes(signature)
        key = _key_of(files, subject)
        signer = _signer(files, stores)
    if signer is None:
        raise Refused(
            subject,
            f"The key {key} may not sign a {statement.kind} now, by {_listed(stores)}.",
            f"Where you know whose key that is, add the line `NAME PUBLIC-KEY` to {stores[0]}.",
            code="signature.untrusted",
        )
    _require_match(statement, subject)
    _require_time(statement, subject, now)
    return Verified(statement, signer, key)


class _Files(NamedTuple):
    statement: Path
    signature: Path
    namespace: str

    def run(self, operation: str, *options: str) -> tuple[int, str]:
        """Run one operation of ``ssh-keygen -Y`` on the statement."""
        argv = ["ssh-keygen", "-Y", operation, "-s", str(self.signature), *options]
        done = Commands().within(60).run(argv, stdin=self.statement)
        _require_tool(done.rc, done.output)
        return done.rc, done.output


def _read(path: Path, subject: Subject) -> bytes:
    try:
        return names.read_regular(path, LIMIT)
    except FileNotFoundError as error:
        raise Refused(
            subject,
            f"There is no {path.name} beside it.",
            f"Sign it where it was made: `slowfast-stack sign {subject.path.name} --key "
            "~/.ssh/id_ed25519`, and copy both files beside it.",
            code="signature.missing",
        ) from error
    except OSError as error:
        cause = f"{path.name}: {reason(error)}"
        raise Refused(subject, cause, _AGAIN, code="signature.invalid") from error


def _parsed(text: bytes, subject: Subject) -> Statement:
    try:
        data = mapping(parse_json(text), "The statement")
        require_known(statement_path(subject.path), count(data.get("schema"), "schema"), SCHEMA)
        return construct(Statement, data, "The statement")
    except (ValueError, StackError) as error:
        if isinstance(error, StackError) and error.code == "record.unsupported-schema":
            raise
        raise Refused(subject, reason(error), _AGAIN, code="signature.invalid") from error


def _key_of(files: _Files, subject: Subject) -> str:
    """Return the fingerprint of the key that signed. Raises ``Untrusted`` for a wrong signature."""
    rc, output = files.run("check-novalidate", "-n", files.namespace)
    found = _KEY.search(output)
    if rc or not found:
        cause = f"The signature is not one of its statement: {output.strip()}."
        raise Refused(subject, cause, _AGAIN, code="signature.invalid")
    return found[1]


def _signer(files: _Files, stores: Sequence[Path]) -> str | None:
    """Return the first allowed signer by whom the statement is signed, with a key not revoked."""
    present = [store for store in stores if store.is_file()]
    lists = [store.with_name(REVOKED) for store in stores]
    revoked = [path for path in dict.fromkeys(lists) if path.exists()]
    for path in (*present, *revoked):
        ownership.require_private(path)
    for store in present:
        _rc, output = files.run("find-principals", "-f", str(store))
        # Its complaints about other lines are no names: nothing verifies for them.
        for principal in output.splitlines():
            options = ["-f", str(store), "-I", principal, "-n", files.namespace]
            ways = [[*options, "-r", str(path)] for path in revoked] or [options]
            if all(files.run("verify", *way)[0] == 0 for way in ways):
                return principal
    return None


def _require_match(statement: Statement, subject: Subject) -> None:
    asked = (subject.kind, subject.path.name, subject.sha256, subject.size)
    said = (statement.kind, statement.name, statement.sha256, statement.size)
    wrong = [(name, a, b) for name, a, b in zip(_FACTS, asked, said) if a != b]
    for name, have, signed in wrong:
        cause = f"Its {name} is {have}; signed was {signed}."
        hint = "Keep each file with its own statement, under the name that was signed."
        raise Refused(subject, cause, hint, code="signature.other-file")


_FACTS = ("kind", "name", "SHA-256", "size")


def _require_time(statement: Statement, subject: Subject, now: datetime) -> None:
    if _time(statement.created, "created") > now + SKEW:
        cause = f"It was signed at {statement.created}, and here it is {now.strftime(_TIME)}."
        hint = "Correct the clock of this machine, or of the one that signed."
        raise Refused(subject, cause, hint, code="signature.not-yet-valid")
    if _time(statement.expires, "expires") <= now:
        cause = f"It expired at {statement.expires}."
        raise Refused(subject, cause, "Have it signed again.", code="signature.expired")


def _listed(stores: Sequence[Path]) -> str:
    return " and ".join(str(store) for store in stores) + " and the keys that are revoked there"


def _require_tool(rc: int, output: str) -> None:
    if rc == _NOT_FOUND or _TOO_OLD.search(output):
        raise Untrusted(
            "Signatures cannot be made or verified here.",
            "ssh-keygen of OpenSSH 8.2 or newer is needed.",
            "Install openssh-client (openssh-clients on Red Hat), or give --digest instead.",
            code="signature.no-tool",
        )
