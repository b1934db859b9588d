"""Wheels built once per key: source, patches, torch, architectures, compiler, Python, libc."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core import failure_hints
from ..core.errors import StackError
from ..core.files import sha256_of
from ..core.process import locked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..core.process import Commands, Finished

RECORD = "built.json"


@dataclass(frozen=True)
class Wheel:
    """A wheel in the cache: its file, its SHA-256 and how many seconds its build took."""

    path: Path
    sha256: str
    seconds: float


def key_of(facts: Mapping[str, str]) -> str:
    """Return the cache key, 16 hexadecimal digits, of everything that decides the content."""
    text = json.dumps(dict(facts), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def find(cache: Path, facts: Mapping[str, str]) -> Wheel | None:
    """Return the wheel of this key; a file whose SHA-256 changed is not taken for it."""
    folder = cache / key_of(facts)
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    path = folder / record["file"]
    if not path.is_file() or sha256_of(path) != record["sha256"]:
        return None
    return Wheel(path, record["sha256"], record["seconds"])


def givers(hosts: Mapping[str, Mapping[str, Any]], made: str = "wheel") -> dict[str, str]:
    """Return for each key the first host that has what is made, or the first that lacks it.

    ``hosts`` holds ``key`` and ``made`` (None where it is absent) of each host, in order.
    """
    chosen: dict[str, str] = {}
    for name, known in sorted(hosts.items(), key=lambda item: item[1][made] is None):
        chosen.setdefault(known["key"], name)
    return chosen


def arrival(cache: Path) -> Path:
    """Return a folder for a wheel that is brought here; no other run uses it."""
    return cache / f"arriving-{secrets.token_hex(4)}"


def adopt(commands: Commands, cache: Path, facts: Mapping[str, str], offered: Path) -> str | None:
    """Take the wheel of this key out of the cache ``offered``; return why not, or None."""
    key = key_of(facts)
    with locked(commands, cache / f"{key}.lock"):
        brought = find(offered, facts)
        if brought and find(cache, facts) is None:
            shutil.rmtree(cache / key, ignore_errors=True)
            brought.path.parent.rename(cache / key)
    shutil.rmtree(offered, ignore_errors=True)
    return None if brought else f"The wheel brought for key {key} is not what its record says."


@dataclass(frozen=True)
class Recipe:
    """How to build: the source tree, what decides the content, and the tools.

    ``environment`` are the variables of the build, ``python`` the interpreter that has torch.
    """

    source: Path
    facts: Mapping[str, str]
    python: Path
    uv: str
    environment: Mapping[str, str]
    log: Path


def build(commands: Commands, cache: Path, recipe: Recipe) -> tuple[Wheel, bool]:
    """Return the wheel of ``recipe`` and whether it was built now.

    The build runs on a copy, without build isolation (these packages import torch in setup.py),
    and is put in place by one rename. A second builder of the same key waits for the first.
    """
    key = key_of(recipe.facts)
    with locked(commands, cache / f"{key}.lock") as held:
        known = find(cache, recipe.facts)
        if known:
            return known, False
        shutil.rmtree(cache / key, ignore_errors=True)
        recipe.log.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix="building-") as scratch:
            _build_in(held, Path(scratch), recipe).rename(cache / key)
    wheel = find(cache, recipe.facts)
    if wheel is None:
        raise StackError(
            f"The wheel of {recipe.source.name} vanished from {cache}.",
            "Something else removes files there.",
            "Run again.",
            code="wheel.vanished",
        )
    return wheel, True


def _build_in(commands: Commands, scratch: Path, recipe: Recipe) -> Path:
    started = time.monotonic()
    tree, ready = scratch / "tree", scratch / "ready"
    shutil.copytree(recipe.source, tree, symlinks=True, ignore=shutil.ignore_patterns(".git"))
    argv = [recipe.uv, "build", "--wheel", "--no-build-isolation", "--python", str(recipe.python)]
    argv += ["--out-dir", str(ready), str(tree)]
    done = commands.run(argv, environment=recipe.environment, log=recipe.log)
    if done.rc:
        raise _failure(recipe, done)
    wheel = next(ready.glob("*.whl"))
    record = {
        "file": wheel.name,
        "sha256": sha256_of(wheel),
        "seconds": round(time.monotonic() - started, 1),
        "facts": dict(recipe.facts),
    }
    (ready / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return ready


def _failure(recipe: Recipe, done: Finished) -> StackError:
    jobs = recipe.environment.get("MAX_JOBS", "all")
    memory_mib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    found = failure_hints.explain(
        done.output, failure_hints.BUILD, jobs=jobs, memory_mib=memory_mib
    )
    cause, hint = (found.cause, found.hint) if found else ("", "")
    return StackError(
        f"The wheel of {recipe.source.name} could not be built.",
        f"{cause}\nThe build exited with {done.rc}:\n{done.tail()}\n".lstrip(),
        f"{hint} The whole output is in {recipe.log}.".lstrip(),
        code="wheel.build-failed",
    )
