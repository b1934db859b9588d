"""Verify a bundle in front of a person, and say what it holds."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, Any

from ansible_collections.slowfast.stack.plugins.module_utils._stack.bundle import verify
from ansible_collections.slowfast.stack.plugins.module_utils._stack.bundle.parts import Pieces, find
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from slowfast_stack.ui import download_progress

if TYPE_CHECKING:
    from pathlib import Path

    from ansible_collections.slowfast.stack.plugins.module_utils._stack.bundle.manifest import (
        Manifest,
    )


def check(file: Path, digest: str | None = None) -> tuple[Manifest, tuple[Path, ...]]:
    """Read every byte, with progress on a terminal. Raises StackError that names what is wrong."""
    files = find(file)
    with closing(Pieces(files)) as source, download_progress.shown() as started:
        manifest = verify.read(source, progress=started(file.name))
    if digest not in (None, manifest.digest):
        raise StackError(
            f"{file} is whole, but it is another bundle.",
            f"Its digest is {manifest.digest}, expected {digest}.",
            "Bring the right one.",
            code="bundle.other-bundle",
        )
    return manifest, files


def described(manifest: Manifest, files: tuple[Path, ...]) -> dict[str, Any]:
    """Return what --json says of a bundle."""
    facts = manifest.facts
    return {
        "files": [str(file) for file in files],
        "digest": manifest.digest,
        "size": manifest.size,
        "members": dict(Counter(member.kind for member in manifest.members)),
        "adopt_torch": facts["adopt_torch"],
        "stacks": facts["stacks"],
        "missing": facts["missing"],
    }


def lines(told: dict[str, Any]) -> list[str]:
    """Return the same for people."""
    files = told["files"]
    pieces = f" in {len(files)} pieces" if len(files) > 1 else ""
    found = [f"{files[0]}: whole, {told['size'] / 2**20:.1f} MiB{pieces}"]
    found += [f"  digest {told['digest']}"]
    found += [f"  for {', '.join(row['names'])}: {_stack(row)}" for row in told["stacks"]]
    kinds = ", ".join(f"{count} x {kind}" for kind, count in sorted(told["members"].items()))
    found += [f"  holds {kinds}"]
    if told["adopt_torch"]:
        found += ["  does not hold torch: the target must have it (up --adopt-torch PYTHON)"]
    found += [
        f"  does not hold {row['what']} ({row['for']}): {row['why']}" for row in told["missing"]
    ]
    return found


def _stack(row: dict[str, Any]) -> str:
    plan, host = row["plan"], row["host"]
    torch = plan["torch"]
    return (
        f"Python {plan['python']}, torch {torch['version']} {torch['variant']},"
        f" {host['architecture']}, glibc {host['glibc']} or newer"
    )
