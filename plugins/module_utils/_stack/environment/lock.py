"""Record what an environment is made of, and list how another record differs from it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urlsplit

from ..artifacts.cache import read_manifest
from ..core import names, saved, validation
from ..core.construct import construct, plain, read
from ..core.errors import StackError
from ..core.files import atomic_write, sha256_of
from ..core.names import is_regular, read_regular
from . import direct_url, package_hashes
from .package_files import content as content_of
from .proof import require_unchanged
from .reuse_packages import ORIGIN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ..artifacts.cache import Artifact
    from ..core.process import Commands
    from .package_hashes import Hashes
    from .stack_files import Files

FILE = "stack.lock.json"
FORMAT, SCHEMA = "slowfast-stack-lock", 2
# Beside the evidence: what the lock was made from.
WRITTEN, WRITTEN_SCHEMA = "lock.json", 1
# Of a plan, what decides the environment.
PLANNED = (
    "id", "profile", "network", "python", "torch", "torchvision", "torchaudio", "packages",
    "constraints", "sources", "patches", "compiler", "build", "driver", "cuda",
)  # fmt: skip
# Folders that using a tree creates.
_MADE = ("__pycache__", "build")
# Inputs of a wheel that may differ between hosts of the same stack.
_OF_THE_HOST = ("glibc", "cuda_home")


class Subject(NamedTuple):
    """What is recorded: the folder of a stack, its plan, its host, and known digests by pin."""

    stack: Path
    plan: Mapping[str, Any]
    host: Mapping[str, Any]
    known: Hashes | None = None  # of the catalog, or of the lock that was followed


def _digests(value: object, where: str) -> tuple[str, ...]:
    return tuple(names.sha256(item, where) for item in validation.items(value, where))


@dataclass(frozen=True)
class Python:
    """An interpreter, such as CPython 3.11.2."""

    implementation: str
    version: str


@dataclass(frozen=True)
class Package:
    """An installed package; ``origin`` is index, tree, file, built or adopted.

    ``content`` is a digest of its files, ``tree`` the name of its source, ``file`` its wheel, which
    was built from ``inputs`` and has the digest ``sha256``; ``hashes`` are the SHA-256 of the files
    of which one was installed, where the catalog, the lock or PyTorch's index named them before.
    """

    name: str = read(names.package)
    version: str = read(names.package_version)
    origin: str = read(validation.choice("index", "tree", "file", "built", "adopted"))
    content: str | None = read(default=None, omit=True)
    tree: str | None = read(default=None, omit=True)
    file: str | None = read(default=None, omit=True)
    sha256: str | None = read(default=None, omit=True)
    inputs: dict[str, object] | None = read(default=None, omit=True)  # noqa: RUF009
    hashes: tuple[str, ...] = read(_digests, default=(), omit=True)


@dataclass(frozen=True)
class Lock:
    """The content of ``stack.lock.json``: what an environment is made of, and its plan.

    ``sources`` are those of the plan, with the digest of the patched tree.
    """

    machine: dict[str, object]
    driver: str | None
    python: Python
    compilers: dict[str, str | None]
    packages: tuple[Package, ...]
    sources: dict[str, Any]
    plan: dict[str, Any]
    format: str = FORMAT
    schema: int = SCHEMA


def record(commands: Commands, subject: Subject) -> Lock:
    """Return the lock of an environment as it is now; equal environments have equal locks.

    It is made from the bytes of the files. Raises ``StackError`` where they changed since the proof.
    """
    env, plan, host = subject.stack / "env", subject.plan, subject.host
    files = require_unchanged(commands, subject.stack)
    return Lock(
        **_machine(host),
        python=_python(commands, env),
        compilers=_compilers(commands, subject.stack, plan["build"]),
        packages=tuple(_packages(env, files, {**(subject.known or {}), **_hashes(subject.stack)})),
        sources={
            name: {**row, "tree": _digest(subject.stack / "src" / name)}
            for name, row in sorted(plan["sources"].items())
            if row
        },
        plan={key: plan[key] for key in PLANNED},
    )


def _machine(host: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a lock takes from a host."""
    return {
        "machine": {key: host.get(key) for key in ("architecture", "glibc", "distribution")},
        "driver": (host.get("driver") or {}).get("version"),
    }


def _python(commands: Commands, env: Path) -> Python:
    ask = "import platform as p;print(p.python_implementation(),p.python_version())"
    answer = commands.checked(
        f"The interpreter of {env} does not run",
        [str(env / "bin" / "python"), "-I", "-c", ask],
        code="python.not-runnable",
    )
    return Python(*answer.split())


def _compilers(commands: Commands, stack: Path, build: Mapping[str, Any]) -> dict[str, str | None]:
    """Return what the compilers of the plan report; None for one that is missing."""
    nvcc = str(stack / build["cuda_home"] / "bin" / "nvcc") if build["cuda_home"] else None
    found: dict[str, str | None] = {}
    for name, path in (("cc", build["cc"]), ("cxx", build["cxx"]), ("nvcc", nvcc)):
        answer = commands.run([path, "--version"]) if path else None
        lines = answer.output.splitlines() if answer and answer.rc == 0 else []
        found[name] = lines[-1 if name == "nvcc" else 0] if lines else None
    return found


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


def write(lock: Lock, path: Path, *, check: bool = False) -> bool:
    """Write a lock, unless this is a check; return whether it differs from the file."""
    text = json.dumps(plain(lock), indent=1, sort_keys=True) + "\n"
    changed = not path.is_file() or path.read_bytes() != text.encode()
    if changed and not check:
        atomic_write(path, text, mode=saved.MODE)
    return changed


@dataclass(frozen=True)
class Written:
    """A lock that was written: its SHA-256, and a digest of what it was made from beside files."""

    sha256: str
    inputs: str
    schema: int = WRITTEN_SCHEMA


def inputs(plan: Mapping[str, Any], host: Mapping[str, Any], known: Iterable[str]) -> str:
    """Return a digest of what a lock takes from plan, host and known hashes."""
    rows = [{key: plan[key] for key in PLANNED}, _machine(host), sorted(known)]
    return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()


def note(stack: Path, made_from: str) -> None:
    """Record what the lock of a stack was made from. Raises ``StackError`` and ``OSError``."""
    path, now = stack / "proof" / WRITTEN, Written(sha256_of(stack / FILE), made_from)
    if saved.load(Written, path, WRITTEN_SCHEMA) != now:
        saved.save(path, now)


def unchanged(commands: Commands, stack: Path) -> str | None:
    """Return what the lock of a stack was made from; None where lock or compilers are others.

    Raises ``StackError`` and ``OSError`` for a file that cannot be read.
    """
    found = saved.load(Written, stack / "proof" / WRITTEN, WRITTEN_SCHEMA)
    data = read_regular(stack / FILE)
    if found is None or found.sha256 != hashlib.sha256(data).hexdigest():
        return None
    try:
        lock = construct(Lock, validation.parse_json(data), FILE, ignore_unknown=True)
        build = validation.mapping(lock.plan.get("build"), "plan.build")
        same = lock.compilers == _compilers(commands, stack, build)
    except (ValueError, KeyError):
        return None
    return found.inputs if same else None


def require_equal(expected: Lock, found: Lock) -> None:
    """Raise StackError with every difference between a lock and the environment."""
    wrong = list(differences(expected, found))
    if wrong:
        raise StackError(
            "This environment differs from the lock.",
            "\n".join(wrong),
            "The current stack is not changed. Make a new lock, or correct what differs.",
            code="lock.mismatch",
        )


def differences(expected: Lock, found: Lock) -> Iterator[str]:
    """Yield a line for each difference of two locks that two hosts must not have."""
    flat_expected, flat_found = _compared(expected), _compared(found)
    for key in sorted({*flat_expected, *flat_found}):
        one, other = flat_expected.get(key), flat_found.get(key)
        if one != other:
            yield f"{key}: {one or 'absent'} in the lock, {other or 'absent'} here"


def _compared(lock: Lock) -> dict[str, str]:
    series = ".".join(lock.python.version.split(".")[:2])
    rows = {
        "architecture": str(lock.machine["architecture"]),
        "Python": f"{lock.python.implementation} {series}",
    }
    for package in lock.packages:
        inputs = {k: v for k, v in (package.inputs or {}).items() if k not in _OF_THE_HOST}
        built = json.dumps(inputs, sort_keys=True) if inputs else ""
        rows[f"package {package.name}"] = f"{package.version} {package.content or built}".strip()
    for name, row in lock.sources.items():
        identity = row.get("commit") or row.get("sha256")
        rows[f"source {name}"] = f"{identity}, patched tree {row['tree']}"
    return rows
