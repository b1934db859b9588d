"""What is read of a file that someone handed over, and whether it is used: bundles, locks and others."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple

from ansible_collections.slowfast.stack.plugins.module_utils import _trust
from ansible_collections.slowfast.stack.plugins.module_utils._stack.bundle import extract, manifest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.bundle.parts import find
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import names
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.signatures import (
    KINDS,
    Subject,
    Untrusted,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.validation import (
    parse_json,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment.lock import FORMAT
from slowfast_stack.exit_codes import Exit, UsageError
from slowfast_stack.orchestration import request

if TYPE_CHECKING:
    from pathlib import Path

    from ansible_collections.slowfast.stack.plugins.module_utils._trust import Accepted

_HEAD = 4096  # bytes of a bundle that name its format
_LIMIT = 64 << 20  # bytes of a lock or a plan; that of a complete stack has 20 KB


class NothingStarted(Untrusted):
    """A file that is not used; nothing was started."""

    exit_code = Exit.NO_PLAN


class Read(NamedTuple):
    """A file as it was read, once: what is verified is what is used."""

    subject: Subject
    content: bytes = b""


def bundle(path: Path, accepted: Accepted) -> str:
    """Return the digest of a bundle that is trusted. Raises StackError."""
    subject = extract.subject(path, extract.head(path))
    _require(subject, accepted)
    return subject.sha256


def lock(path: Path, accepted: Accepted) -> dict[str, object]:
    """Return a lock that is trusted. Raises UsageError and StackError."""
    read = _read(path, "lock", _LIMIT)
    _require(read.subject, accepted)
    return request.lock(path, read.content)


def plan(path: Path, accepted: Accepted) -> dict[str, object]:
    """Return a plan that is trusted. Raises UsageError and StackError."""
    read = _read(path, "plan", _LIMIT)
    _require(read.subject, accepted)
    return request.plan(path, read.content)


def examined(path: Path, kind: str | None = None) -> Subject:
    """Return a file with its kind, found by its content unless given. Raises UsageError, StackError."""
    first = find(path)[0]
    with first.open("rb") as stream:
        is_bundle = manifest.FORMAT.encode() in stream.read(_HEAD)
    if is_bundle:
        return extract.subject(path, extract.head(path))
    read = _read(path, kind or "")
    found = kind or _kind(read.content)
    if found == "bundle" or found is None:
        raise UsageError(
            f"The kind of {path} is not known.",
            "It is neither a bundle nor a lock." if kind is None else "It is not a bundle.",
            f"Name it with --kind: {', '.join(each for each in KINDS if each != 'bundle')}.",
            code="signature.unknown-kind",
        )
    return read.subject._replace(kind=found)


def _kind(content: bytes) -> str | None:
    try:
        data: Any = parse_json(content)
    except ValueError:
        return None
    return "lock" if isinstance(data, dict) and data.get("format") == FORMAT else None


def _read(path: Path, kind: str, limit: int | None = None) -> Read:
    try:
        content = names.read_regular(path.resolve(), limit) if limit else path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read.",
            f"{error.strerror}.",
            "Correct the path, or the permissions of the file.",
            code="file.unreadable",
        ) from error
    digest = hashlib.sha256(content).hexdigest()
    return Read(Subject(kind, path, digest, len(content)), content)


def _require(subject: Subject, accepted: Accepted) -> None:
    try:
        _trust.require(subject, accepted)
    except Untrusted as error:
        raise NothingStarted(error.message, error.cause, error.hint, code=error.code) from error
