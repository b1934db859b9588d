"""The key of an artifact: the SHA-256 of every input that decides its content."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING

from ..core import validation

if TYPE_CHECKING:
    from collections.abc import Mapping

_KEY = re.compile(r"[0-9a-f]{64}")
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,254}")


def key_of(inputs: Mapping[str, str]) -> str:
    """Return the key, 64 hexadecimal digits, of all inputs of a build."""
    text = json.dumps(dict(inputs), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def validate_key(key: object) -> str:
    """Return ``key`` where it is one. Raises ``StackError``."""
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise validation.bad("The key of an artifact", "64 hexadecimal digits", key)
    return str(key)


def validate_file_name(name: object) -> str:
    """Return ``name`` where it is a file name without a folder. Raises ``StackError``."""
    if not isinstance(name, str) or not _FILE_NAME.fullmatch(name):
        raise validation.bad("The name of an artifact's file", "a bare file name", name)
    return str(name)


def archive_name(key: object) -> str:
    """Return the file name of the archive that holds the artifact of a key. Raises StackError."""
    return validate_file_name(f"{validate_key(key)}.tar.gz")
