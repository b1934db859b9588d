"""Check the fingerprint of a repository's signing key before it is trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core import scratch
from ..core.errors import StackError, Unreadable

if TYPE_CHECKING:
    from pathlib import Path

    from ..core.process import Commands

GPG = "gpg"
NO_PROGRAM = 127


def require(commands: Commands, path: Path, fingerprint: str, origin: str) -> None:
    """Raise ``StackError`` unless the file holds exactly the key of this fingerprint."""
    expected = "".join(fingerprint.split()).upper()
    found = fingerprints(commands, path, origin)
    if found != [expected]:
        raise StackError(
            f"The signing key from {origin} is not the trusted one.",
            f"Its fingerprint is {', '.join(found)}; {expected} was expected.",
            "Nothing was installed. Check the mirror or proxy in between; if the vendor announced"
            " a new key, set `nvidia_repository_key_fingerprint`.",
            code="repository.untrusted-key",
        )


def fingerprints(commands: Commands, path: Path, origin: str) -> list[str]:
    """Return the fingerprint of each primary key in a file, as gpg lists them.

    Raises ``Unreadable`` for a file without a key and ``StackError`` where there is no gpg.
    """
    with scratch.folder() as home:
        listed = commands.run(
            [GPG, "--homedir", str(home), "--batch", "--with-colons", "--show-keys", str(path)]
        )
    if listed.rc == NO_PROGRAM:
        raise StackError(
            f"The signing key from {origin} cannot be checked.",
            "There is no gpg on this host.",
            "Install the package gpg (Red Hat family: gnupg2).",
            code="repository.no-gpg",
        )
    rows = [line.split(":") for line in listed.output.splitlines()]
    # The fingerprint of a primary key follows its own line; those of subkeys follow theirs.
    following = zip(rows, rows[1:])
    found = [row[9] for before, row in following if (before[0], row[0]) == ("pub", "fpr")]
    if listed.rc or not found:
        raise Unreadable(
            f"The file at {origin} is not an OpenPGP public key.",
            "The usual reason is a proxy or mirror that answers with a web page.",
            "Open the address and look at its content.",
            code="repository.unreadable-key",
        )
    return found
