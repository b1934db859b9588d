"""Record what an environment is made of, and list how another record differs from it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..core import names, saved, validation
from ..core.construct import construct, plain, read
from ..core.errors import StackError
from ..core.files import atomic_write, sha256_of
from ..core.names import read_regular

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from ..core.process import Commands

FILE = "stack.lock.json"
FORMAT, SCHEMA = "slowfast-stack-lock", 2
# Beside the evidence: what the lock was made from.
WRITTEN, WRITTEN_SCHEMA = "lock.json", 1
# Of a plan, what decides the environment.
PLANNED = (
    "id", "profile", "network", "python", "torch", "torchvision", "torchaudio", "packages",
    "constraints", "sources", "patches", "compiler", "build", "driver", "cuda",
)  # fmt: skip
# Inputs of a wheel that may differ between hosts of the same stack.
_OF_THE_HOST = ("glibc", "cuda_home")


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


def machine(host: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a lock takes from a host."""
    return {
        "machine": {key: host.get(key) for key in ("architecture", "glibc", "distribution")},
        "driver": (host.get("driver") or {}).get("version"),
    }


def compilers(commands: Commands, stack: Path, build: Mapping[str, Any]) -> dict[str, str | None]:
    """Return what the compilers of the plan report; None for one that is missing."""
    nvcc = str(stack / build["cuda_home"] / "bin" / "nvcc") if build["cuda_home"] else None
    found: dict[str, str | None] = {}
    for name, path in (("cc", build["cc"]), ("cxx", build["cxx"]), ("nvcc", nvcc)):
        answer = commands.run([path, "--version"]) if path else None
        lines = answer.output.splitlines() if answer and answer.rc == 0 else []
        found[name] = lines[-1 if name == "nvcc" else 0] if lines else None
    return found


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
    rows = [{key: plan[key] for key in PLANNED}, machine(host), sorted(known)]
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
        same = lock.compilers == compilers(commands, stack, build)
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
