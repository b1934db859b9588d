"""Decide on the controller whether a file is used: signed, by its digest, or as it is."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING, NamedTuple

from . import _places
from ._stack.core import seen_versions, signatures
from ._stack.core.files import locked
from ._stack.core.validation import bad

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ._stack.core.signatures import Subject, Verified

# Its key says what it is of; it does not age.
_ARTIFACT_DAYS = 3650
_DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]{64})")


class Accepted(NamedTuple):
    """What the user accepts: these digests, or any file; else a signature that is trusted.

    ``allowed_signers`` replaces the files of the user and of the system.
    """

    digests: tuple[str, ...] = ()
    unsigned: bool = False
    allowed_signers: Path | None = None

    @property
    def stores(self) -> tuple[Path, ...]:
        """Return the files of allowed signers."""
        if self.allowed_signers:
            return (self.allowed_signers,)
        folders = (_places.config_folder(), _places.SYSTEM_CONFIG)
        return tuple(folder / "allowed_signers" for folder in folders)


def own_key() -> tuple[Path, Path]:
    """Return the key of this controller, and the file that allows it to sign artifacts.

    Both are made by the first call. Raises ``StackError``.
    """
    folder = _places.state_folder()
    key, store = folder / "controller_key", folder / "controller_signers"
    with locked(folder / ".controller_key.lock"):
        if not (key.is_file() and store.is_file()):
            signatures.make_key(key, store, "controller", "artifact")
    return key, store


def digest(text: str, where: str) -> str:
    """Return the 64 digits of SHA256 or sha256:SHA256. Raises ``StackError``."""
    found = _DIGEST.fullmatch(text)
    if not found:
        raise bad(where, "sha256: and 64 hexadecimal digits", text)
    return found[1]


def require(subject: Subject, accepted: Accepted) -> None:
    """Raise ``Untrusted`` for a file that the user accepts in none of the three ways.

    A digest that was given must be met, whatever else is. The version of a signed file is recorded.
    """
    if accepted.digests:
        _require_digest(subject, accepted)
    elif not accepted.unsigned:
        seen_versions.require_newest(_seen(), verify(subject, accepted), note=True)


def examine(subject: Subject, accepted: Accepted) -> Verified:
    """Return who vouches for a file; nothing is recorded. Raises ``Untrusted``."""
    if subject.kind == "artifact" and not accepted.allowed_signers:
        return artifact(subject)
    verified = verify(subject, accepted)
    seen_versions.require_newest(_seen(), verified, note=False)
    return verified


def artifact(subject: Subject) -> Verified:
    """Return who vouches for a copy of an artifact: this controller, or an allowed signer.

    Raises ``StackError``.
    """
    stores = (own_key()[1], *Accepted().stores)
    return signatures.verify(subject, stores, datetime.now(timezone.utc))


def sign_artifact(subject: Subject, provenance: Mapping[str, object]) -> None:
    """Vouch as this controller for the copy of an artifact that a host sent. Raises ``StackError``."""
    now = datetime.now(timezone.utc)
    signatures.sign(subject, own_key()[0], now, days=_ARTIFACT_DAYS, provenance=provenance)


def verify(subject: Subject, accepted: Accepted) -> Verified:
    """Return who vouches for a file at this time, whatever was seen before. Raises ``Untrusted``."""
    return signatures.verify(subject, accepted.stores, datetime.now(timezone.utc))


def _seen() -> Path:
    return _places.state_folder() / "signatures.json"


def _require_digest(subject: Subject, accepted: Accepted) -> None:
    wanted = [digest(text, "The digest") for text in accepted.digests]
    if subject.sha256 not in wanted:
        raise signatures.Untrusted(
            f"{subject.path.name} is another file than expected, and was not used.",
            f"Its digest is {subject.sha256}; given was {', '.join(wanted)}.",
            "Use the file with the expected digest.",
            code="signature.other-digest",
        )
