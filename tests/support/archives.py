"""Archives of artifacts, made member by member."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts.key import key_of

INPUTS = {"source": "0" * 40}
KEY, OTHER = key_of(INPUTS), key_of({"source": "1" * 40})
WHEEL = b"wheel"
DIGEST = hashlib.sha256(WHEEL).hexdigest()


def manifest(files: dict[str, Any], **more: object) -> bytes:
    found = {"schema": 1, "inputs": INPUTS, "files": files, "seconds": 1.5, **more}
    return json.dumps(found).encode()


class Packed:
    """An archive of single members."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tar = tarfile.open(path, "w:gz")  # noqa: SIM115  (close closes it)

    def file(self, name: str, content: bytes) -> None:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        self.tar.addfile(member, io.BytesIO(content))

    def other(self, name: str, kind: bytes, target: str = "") -> None:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, target
        self.tar.addfile(member)

    def close(self) -> Path:
        self.tar.close()
        return self.path


def complete(packed: Packed, **more: object) -> None:
    """Pack a good artifact of KEY; ``more`` replaces keys of its manifest."""
    packed.other(KEY, tarfile.DIRTYPE)
    packed.other(f"{KEY}/lib", tarfile.DIRTYPE)
    packed.file(f"{KEY}/lib/a.so.1", WHEEL)
    packed.other(f"{KEY}/lib/a.so", tarfile.SYMTYPE, "a.so.1")
    packed.other(f"{KEY}/b.so", tarfile.SYMTYPE, "lib/a.so")
    files = {"lib/a.so.1": DIGEST, "lib/a.so": DIGEST, "b.so": DIGEST}
    packed.file(f"{KEY}/artifact.json", manifest(**{"files": files, **more}))
