"""The copies of artifacts on the controller: one folder, one file for each key, no links."""

from __future__ import annotations

import contextlib
import resource
from typing import TYPE_CHECKING, Callable

from ..core.errors import StackError, not_writable
from ..core.files import replacing, size_and_sha256
from ..core.names import is_regular
from ..core.signatures import Subject, signature_path, statement_path
from . import archive
from .key import archive_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .cache import Artifact


def path_of(folder: Path, key: object) -> Path:
    """Return the path of the copy of a key, directly in ``folder``. Raises ``StackError``."""
    return folder / archive_name(key)


def find(folder: Path, key: object) -> Path | None:
    """Return the copy of a key; None where there is none. A link is none. Raises ``StackError``."""
    path = path_of(folder, key)
    return path if is_regular(path) else None


def vouched(folder: Path, key: object) -> Path | None:
    """Return the copy of a key that has a statement, unverified; None where there is none."""
    path = find(folder, key)
    signed = path and all(map(is_regular, (statement_path(path), signature_path(path))))
    return path if signed else None


def subject(path: Path) -> Subject:
    """Return what is signed of a copy."""
    size, sha256 = size_and_sha256(path)
    return Subject("artifact", path, sha256, size)


def provenance(artifact: Artifact, builder: str) -> dict[str, object]:
    """Return of what an artifact was built, and by which host (https://slsa.dev/spec/v1.0/provenance)."""
    files = [{"name": name, "digest": {"sha256": sha}} for name, sha in artifact.files.items()]
    return {
        "predicateType": "https://slsa.dev/provenance/v1",
        "buildDefinition": {
            "buildType": "urn:slowfast.stack:shared_artifact:1",
            "externalParameters": dict(artifact.inputs),
        },
        "runDetails": {"builder": {"id": builder}, "byproducts": files},
    }


def remove(folder: Path, key: str) -> None:
    """Remove the copy of a key and what was said about it."""
    path = path_of(folder, key)
    for each in (path, statement_path(path), signature_path(path)):
        each.unlink(missing_ok=True)


def add(folder: Path, key: str, fetch: Callable[[Path], None]) -> Artifact:
    """Keep what ``fetch`` writes to a path, where it is the artifact of ``key``; return that.

    Raises ``StackError``; the folder is as it was then.
    """
    path = path_of(folder, key)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with replacing(path, mode=0o600) as fresh:
            with _bounded():
                fetch(fresh)
            if not is_regular(fresh):
                raise StackError(
                    "A host sent no file.",
                    f"It should be the artifact of the key {key}.",
                    "Correct the host, or leave it out.",
                    code="artifact.refused",
                )
            found = archive.require_intact(fresh, key)
    except OSError as error:
        raise not_writable(path, error) from error
    return found


def discard(folder: Path, key: str) -> bool:
    """Remove the copy of a key where it is damaged; return whether it was.

    What a host says of a copy does not matter: others may need it. Raises ``StackError``.
    """
    path = find(folder, key)
    if path is None:
        return False
    try:
        archive.require_intact(path, key)
    except StackError:
        remove(folder, key)
        return True
    return False


@contextlib.contextmanager
def _bounded() -> Iterator[None]:
    """Let neither this process nor a child of it write a file that is larger than an artifact."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    most = archive.LIMIT if before[1] == resource.RLIM_INFINITY else min(archive.LIMIT, before[1])
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
