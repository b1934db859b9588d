"""The key of an artifact: the SHA-256 of every input that decides its content."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from ..core import names

if TYPE_CHECKING:
    from collections.abc import Mapping


def key_of(inputs: Mapping[str, str]) -> str:
    """Return the key, 64 hexadecimal digits, of all inputs of a build."""
    text = json.dumps(dict(inputs), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def validate_key(key: object) -> str:
    """Return ``key`` where it is one. Raises ``StackError``."""
    return names.sha256(key, "The key of an artifact")


def archive_name(key: object) -> str:
    """Return the file name of the archive that holds the artifact of a key. Raises StackError."""
    return f"{validate_key(key)}.tar.gz"
