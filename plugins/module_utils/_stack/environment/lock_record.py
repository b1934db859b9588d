"""Record what an environment is made of, from the bytes of its files."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urlsplit

from ..artifacts.cache import read_manifest
from ..core.files import sha256_of
from ..core.names import is_regular, read_regular
from . import direct_url, package_hashes
from .lock import PLANNED, Lock, Package, Python, compilers, machine
from .package_files import content as content_of
from .proof import require_unchanged
from .reuse_packages import ORIGIN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..artifacts.cache import Artifact
    from ..core.process import Commands
    from .package_hashes import Hashes
    from .stack_files import Files

# Folders that using a tree creates.
_MADE = ("__pycache__", "build")


class Subject(NamedTuple):
    """What is recorded: the folder of a stack, its plan, its host, and known digests by pin."""

    stack: Path
    plan: Mapping[str, Any]
    host: Mapping[str, Any]
    known: Hashes | None = None  # of the catalog, or of the lock that was followed


def record(commands: Commands, subject: Subject) -> Lock:
    """Return the lock of an environment as it is now; equal environments have equal locks.

    It is made from the bytes of the files. Raises ``StackError`` where they changed since the proof.
    """
    env, plan, host = subject.stack / "env", subject.plan, subject.host
    files = require_unchanged(commands, subject.stack)
    return Lock(
        **machine(host),
        python=_python(commands, env),
        compilers=compilers(commands, subject.stack, plan["build"]),
        packages=tuple(_packages(env, files, {**(subject.known or {}), **_hashes(subject.stack)})),
        sources={
            name: {**row, "tree": _digest(subject.stack / "src" / name)}
            for name, row in sorted(plan["sources"].items())
            if row
        },
        plan={key: plan[key] for key in PLANNED},
    )


def _python(commands: Commands, env: Path) -> Python:
    ask = "import platform as p;print(p.python_implementation(),p.python_version())"
    answer = commands.checked(
        f"The interpreter of {env} does not run",
        [str(env / "bin" / "python"), "-I", "-c", ask],
        code="python.not-runnable",
    )
    return Python(*answer.split())


def _packages(env: Path, files: Files, hashes: Hashes) -> Iterator[Package]:
    """Yield the packages of an environment, by name."""
    folders = env.glob("lib/python*/site-packages/*.dist-info")
    for info in sorted(folders, key=lambda info: info.name.lower()):
        name, _dash, number = info.name[: -len(".dist-info")].partition("-")
        made = _package(name.replace("_", "-").lower(), number, info, files)
        own = hashes.get(package_hashes.pin(f"{name}=={number}"), ())
        yield replace(made, hashes=own) if made.origin == "index" else made


def _hashes(stack: Path) -> Hashes:
    """Return the digests that the installations of a stack required, by pin."""
    lines: list[str] = []
    for path in sorted((stack / "hashes").glob("*.txt")):
        lines += read_regular(path).decode("utf-8", "replace").splitlines()
    return package_hashes.read(lines)


def _package(name: str, number: str, info: Path, files: Files) -> Package:
    """Return where a package comes from, with a digest of its content."""
    site = "/".join(info.parts[-5:-1])
    if (info / ORIGIN).is_symlink():
        return Package(name, number, "adopted", content=content_of(files, site, info / ORIGIN))
    content = content_of(files, site, info / "RECORD")
    said = direct_url.read(info)
    if said is None:
        return Package(name, number, "index", content=content)
    place = Path(unquote(urlsplit(said.url).path))
    if said.editable:
        return Package(name, number, "tree", tree=place.name)
    artifact = read_manifest(place.parent)
    if artifact is None or not _has(artifact, place):
        return Package(name, number, "file", content=content, file=place.name)
    sha256 = artifact.files[place.name]
    return Package(
        name, number, "built", file=place.name, sha256=sha256, inputs={**artifact.inputs}
    )


def _has(artifact: Artifact, wheel: Path) -> bool:
    """Return whether an artifact has this wheel; its manifest alone is a claim."""
    listed = artifact.files.get(wheel.name)
    return is_regular(wheel) and sha256_of(wheel) == listed


def _digest(tree: Path) -> str:
    """Return the SHA-256 over the paths and contents of a patched tree."""
    digest = hashlib.sha256()
    for path in sorted(_files(tree)):
        digest.update(f"{path.relative_to(tree)} {sha256_of(path)}\n".encode())
    return digest.hexdigest()


def _files(tree: Path) -> Iterator[Path]:
    for path in tree.rglob("*"):
        parts = path.relative_to(tree).parts
        hidden = any(part.startswith(".") or part in _MADE for part in parts)
        made = path.suffix in (".so", ".pyc") or any(part.endswith(".egg-info") for part in parts)
        if path.is_file() and not hidden and not made:
            yield path
