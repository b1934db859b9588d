"""Pins of packages with the SHA-256 of their files, as uv reads and writes them.

``NAME==VERSION --hash=sha256:DIGEST ...``; a lock, the catalog and an index each say such lines.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..core import names
from ..core.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    Hashes = Mapping[str, tuple[str, ...]]

_HASH = "--hash=sha256:"
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def pin(text: str) -> str:
    """Return ``name==version`` with the name as indexes write it; other text as it is."""
    name, equals, version = text.strip().partition("==")
    if not equals or not _NAME.fullmatch(name):
        return text.strip()
    return f"{re.sub('[-_.]+', '-', name).lower()}=={version}"


def read(lines: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the digests of each pin that has some. Raises ``StackError`` for one that is none."""
    found: dict[str, tuple[str, ...]] = {}
    text = "\n".join(lines).replace("\\\n", " ")
    for line in text.splitlines():
        named, *words = line.split(_HASH)
        if words and not named.lstrip().startswith("#"):
            digests = (names.sha256(word.strip(), named.strip()) for word in words)
            found[pin(named)] = tuple(digests)
    return found


def bare(line: str) -> str:
    """Return a pin without its digests."""
    return line.partition(_HASH)[0].strip()


def written(hashes: Hashes) -> Iterator[str]:
    """Yield a line for each pin."""
    for name, digests in hashes.items():
        yield " ".join([name, *(f"{_HASH}{digest}" for digest in digests)])


def allowed(served: Hashes, known: Hashes, index: str) -> dict[str, tuple[str, ...]]:
    """Return the files that an index serves and, where digests of a pin are known, those alone.

    Raises ``StackError`` where the index has none of the known files.
    """
    found = {}
    for name, digests in served.items():
        left = tuple(digest for digest in digests if digest in known.get(name, digests))
        if not left:
            raise StackError(
                f"{index} does not have the known files of {name}.",
                f"It serves {digests[0][:16]}... and {len(digests) - 1} others; expected is "
                f"{known[name][0][:16]}... or one of {len(known[name]) - 1} others.",
                "Nothing was installed. Use another index, or ask its operator what it serves.",
                code="packages.other-hash",
            )
        found[name] = left
    return found
