"""Verify a bundle for the command line and describe its content."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, Any

from ansible_collections.slowfast.stack.plugins.module_utils._stack.bundle import verify
from ansible_collections.slowfast.stack.plugins.module_utils._stack.bundle.parts import (
    PartReader,
    find,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from slowfast_stack.ui import progress

if TYPE_CHECKING:
    from pathlib import Path

    from ansible_collections.slowfast.stack.plugins.module_utils._stack.bundle.manifest import (
        Manifest,
    )


def check(file: Path, digest: str | None = None) -> tuple[Manifest, tuple[Path, ...]]:
    """Read every byte, with progress on a terminal. Raises StackError with everything damaged."""
    files = find(file)
    with closing(PartReader(files)) as source, progress.downloads() as report:
        manifest = verify.read(source, progress=report)
    if digest not in (None, manifest.digest):
        raise StackError(
            f"{file} is complete, but it is another bundle.",
            f"Its digest is {manifest.digest}, expected {digest}.",
            "Use the bundle with the expected digest.",
            code="bundle.other-bundle",
        )
    return manifest, files


def describe(manifest: Manifest, files: tuple[Path, ...]) -> dict[str, object]:
    """Return the output of --json for a bundle."""
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


def render(bundle: dict[str, Any]) -> list[str]:
    """Return the lines that describe a bundle."""
    files = bundle["files"]
    parts = f" in {len(files)} parts" if len(files) > 1 else ""
    lines = [f"{files[0]}: complete, {bundle['size'] / 2**20:.1f} MiB{parts}"]
    lines += [f"  digest {bundle['digest']}"]
    lines += [f"  for {', '.join(row['names'])}: {_stack(row)}" for row in bundle["stacks"]]
    kinds = ", ".join(f"{count} x {kind}" for kind, count in sorted(bundle["members"].items()))
    lines += [f"  contains {kinds}"]
    if bundle["adopt_torch"]:
        lines += ["  does not contain torch: the target must have it (up --adopt-torch PYTHON)"]
    lines += [
        f"  does not contain {row['what']} ({row['for']}): {row['why']}"
        for row in bundle["missing"]
    ]
    return lines


def _stack(row: dict[str, Any]) -> str:
    plan, host = row["plan"], row["host"]
    torch = plan["torch"]
    return (
        f"Python {plan['python']}, torch {torch['version']} {torch['variant']},"
        f" {host['architecture']}, glibc {host['glibc']} or newer"
    )
