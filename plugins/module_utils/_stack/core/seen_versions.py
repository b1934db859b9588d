"""The newest version seen of each signed file: an older one that is still signed is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import names, saved
from .construct import construct, read
from .files import locked
from .signatures import Untrusted
from .validation import count

if TYPE_CHECKING:
    from pathlib import Path

    from .signatures import Verified

_HINT = "Restore it. Removing it accepts every version again, also those that were replaced."


@dataclass(frozen=True)
class Row:
    """The newest version of the files of one kind and name from one signer."""

    kind: str
    name: str
    signer: str
    version: int = read(count)
    sha256: str = read(names.sha256)

    def is_of(self, other: Row) -> bool:
        """Return whether both are of the same files."""
        mine, theirs = (self.kind, self.name, self.signer), (other.kind, other.name, other.signer)
        return mine == theirs


@dataclass(frozen=True)
class Seen:
    """The file: a row for each kind, name and signer."""

    rows: tuple[Row, ...] = ()
    schema: int = 1


def require_newest(path: Path, verified: Verified, *, note: bool) -> None:
    """Refuse a file that is older than one seen before; with ``note``, this one is recorded as seen.

    Two files of one version are refused, too: their order is unknown. Raises ``StackError``.
    """
    made = verified.statement
    row = Row(made.kind, made.name, verified.signer, made.version, made.sha256)
    if not note:
        _newest(load(path), row)
        return
    with locked(path.with_name(f".{path.name}.lock")):
        seen = load(path)
        if _newest(seen, row) != row:
            others = tuple(one for one in seen.rows if not one.is_of(row))
            saved.save(path, Seen((*others, row)))


def load(path: Path) -> Seen:
    """Return what was seen. Raises ``StackError`` for a damaged file: what is older is unknown then."""

    def parse(data: dict[str, object]) -> Seen:
        return construct(Seen, data, path.name)

    return saved.read(path, parse, _HINT) or Seen()


def _newest(seen: Seen, row: Row) -> Row | None:
    """Return what was seen of the same files. Raises ``Untrusted`` where ``row`` does not follow it."""
    before = next((one for one in seen.rows if one.is_of(row)), None)
    known = before and (before.version, before.sha256)
    if before and known != (row.version, row.sha256) and row.version <= before.version:
        raise Untrusted(
            f"{row.name} is older than one that was used before, and was not used.",
            f"Its version is {row.version}; {row.signer} signed {before.version}, which was used.",
            "Use the newest one. Where the older one is to be used on purpose, sign it again, or "
            "give its digest with --digest.",
            code="signature.rolled-back",
        )
    return before
