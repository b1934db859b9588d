"""Record what an environment is made of, and list how another record differs from it."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urlsplit

from ..artifacts.cache import read_manifest
from ..core.errors import StackError
from ..core.files import atomic_write, sha256_of
from .reuse_packages import ORIGIN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..core.process import Commands

FILE = "stack.lock.json"
FORMAT, SCHEMA = "slowfast-stack-lock", 2
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
    """What is recorded: environment, source trees, plan and host."""

    env: Path
    src: Path
    plan: Mapping[str, Any]
    host: Mapping[str, Any]


def record(commands: Commands, subject: Subject) -> dict[str, Any]:
    """Return the lock of an environment as it is now; equal environments have equal locks."""
    plan, host = subject.plan, subject.host
    return {
        "format": FORMAT,
        "schema": SCHEMA,
        "machine": {key: host.get(key) for key in ("architecture", "glibc", "distribution")},
        "driver": (host.get("driver") or {}).get("version"),
        "python": _python(commands, subject.env),
        "compilers": _compilers(commands, plan["build"]),
        "packages": list(_packages(subject.env)),
        "sources": {name: _source(subject.src / name, row) for name, row in _placed(subject)},
        "plan": {key: plan[key] for key in PLANNED},
    }


def _placed(subject: Subject) -> list[tuple[str, Mapping[str, Any]]]:
    return [(name, row) for name, row in sorted(subject.plan["sources"].items()) if row]


def _python(commands: Commands, env: Path) -> dict[str, str]:
    ask = "import platform as p;print(p.python_implementation(),p.python_version())"
    answer = commands.checked(
        f"The interpreter of {env} does not run",
        [str(env / "bin" / "python"), "-I", "-c", ask],
        code="python.not-runnable",
    )
    name, number = answer.split()
    return {"implementation": name, "version": number}


def _compilers(commands: Commands, build: Mapping[str, Any]) -> dict[str, str | None]:
    """Return what the compilers of the plan report; None for one that is missing."""
    nvcc = f"{build['cuda_home']}/bin/nvcc" if build["cuda_home"] else None
    found: dict[str, str | None] = {}
    for name, path in (("cc", build["cc"]), ("cxx", build["cxx"]), ("nvcc", nvcc)):
        answer = commands.run([path, "--version"]) if path else None
        lines = answer.output.splitlines() if answer and answer.rc == 0 else []
        found[name] = lines[-1 if name == "nvcc" else 0] if lines else None
    return found


def _packages(env: Path) -> Iterator[dict[str, Any]]:
    """Yield the packages of an environment, by name."""
    for info in sorted(env.glob("lib/python*/site-packages/*.dist-info"), key=_by_name):
        name, _dash, number = info.name[: -len(".dist-info")].partition("-")
        row = {"name": name.replace("_", "-").lower(), "version": number}
        yield {**row, **_origin(info)}


def _by_name(info: Path) -> str:
    return info.name.lower()


def _origin(info: Path) -> dict[str, Any]:
    """Return where a package comes from, with a digest of its content."""
    if (info / ORIGIN).is_symlink():
        return {"origin": "adopted", "content": _content(info / ORIGIN)}
    try:
        said = json.loads((info / "direct_url.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {"origin": "index", "content": _content(info / "RECORD")}
    if said.get("dir_info", {}).get("editable"):
        return {"origin": "tree", "tree": Path(unquote(urlsplit(said["url"]).path)).name}
    wheel = Path(unquote(urlsplit(said["url"]).path))
    artifact = read_manifest(wheel.parent)
    if artifact is None or wheel.name not in artifact.files:
        return {"origin": "file", "file": wheel.name, "content": _content(info / "RECORD")}
    sha256, inputs = artifact.files[wheel.name], dict(artifact.inputs)
    return {"origin": "built", "file": wheel.name, "sha256": sha256, "inputs": inputs}


def _content(listing: Path) -> str | None:
    """Return the SHA-256 over the sorted paths and digests of a package's own files.

    Left out are the metadata folder and whatever installing makes: scripts and compiled copies.
    None where the list of files is missing.
    """
    try:
        text = listing.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    rows = [row[:2] for row in csv.reader(text.splitlines()) if len(row) > 1]
    own = sorted(
        f"{path} {digest}"
        for path, digest in rows
        if digest
        and ".dist-info/" not in path
        and not path.startswith("..")
        and path[-4:] != ".pyc"
    )
    return hashlib.sha256("\n".join(own).encode()).hexdigest()


def _source(tree: Path, planned: Mapping[str, Any]) -> dict[str, Any]:
    """Return a source with the SHA-256 over the paths and contents of its patched tree."""
    digest = hashlib.sha256()
    for path in sorted(_files(tree)):
        digest.update(f"{path.relative_to(tree)} {sha256_of(path)}\n".encode())
    return {**planned, "tree": digest.hexdigest()}


def _files(tree: Path) -> Iterator[Path]:
    for path in tree.rglob("*"):
        parts = path.relative_to(tree).parts
        hidden = any(part.startswith(".") or part in _MADE for part in parts)
        made = path.suffix in (".so", ".pyc") or any(part.endswith(".egg-info") for part in parts)
        if path.is_file() and not hidden and not made:
            yield path


def write(lock: Mapping[str, Any], path: Path, *, check: bool = False) -> bool:
    """Write a lock, unless this is a check; return whether it differs from the file."""
    text = json.dumps(lock, indent=1, sort_keys=True) + "\n"
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return False
    if check:
        return True
    atomic_write(path, text)
    return True


def require_equal(expected: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    """Raise StackError with every difference between a lock and the environment."""
    wrong = list(differences(expected, found))
    if wrong:
        raise StackError(
            "This environment is not the one of the lock.",
            "\n".join(wrong),
            "The current stack is not changed. Make a new lock, or correct what differs.",
            code="lock.mismatch",
        )


def differences(expected: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each difference of two locks that two hosts must not have."""
    flat_expected, flat_found = _compared(expected), _compared(found)
    for key in sorted({*flat_expected, *flat_found}):
        one, other = flat_expected.get(key), flat_found.get(key)
        if one != other:
            yield f"{key}: {one or 'absent'} in the lock, {other or 'absent'} here"


def _compared(lock: Mapping[str, Any]) -> dict[str, str]:
    python = lock["python"]
    series = ".".join(python["version"].split(".")[:2])
    rows = {
        "architecture": str(lock["machine"]["architecture"]),
        "Python": f"{python['implementation']} {series}",
    }
    for row in lock["packages"]:
        inputs = {k: v for k, v in row.get("inputs", {}).items() if k not in _OF_THE_HOST}
        built = json.dumps(inputs, sort_keys=True) if inputs else ""
        rows[f"package {row['name']}"] = f"{row['version']} {row.get('content') or built}".strip()
    for name, row in lock["sources"].items():
        identity = row.get("commit") or row.get("sha256")
        rows[f"source {name}"] = f"{identity}, patched tree {row['tree']}"
    return rows
