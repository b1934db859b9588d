"""Verify a bundle for the command line and describe its content."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ansible_collections.slowfast.stack.plugins.module_utils._stack.bundle import verify
from ansible_collections.slowfast.stack.plugins.module_utils._stack.bundle.parts import (
    PartReader,
    find,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.construct import construct
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.validation import items
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import from_bundle
from slowfast_stack.ui import progress

if TYPE_CHECKING:
    from pathlib import Path

    from ansible_collections.slowfast.stack.plugins.module_utils._stack.bundle.manifest import (
        Manifest,
    )


@dataclass(frozen=True)
class Missing:
    """What a bundle lacks for a host, and the reason."""

    host: str
    name: str
    reason: str


def check(file: Path, digest: str | None = None) -> tuple[Manifest, tuple[Path, ...]]:
    """Read every byte, with progress on a terminal. Raises StackError with everything damaged."""
    files = find(file)
    with closing(PartReader(files)) as source, progress.downloads() as report:
        manifest = verify.read(source, progress=report, digest=digest)
    return manifest, files


def describe(manifest: Manifest, files: tuple[Path, ...]) -> dict[str, object]:
    """Return the output of --json for a bundle."""
    facts = manifest.facts
    return {
        "files": [str(file) for file in files],
        "digest": manifest.digest,
        "size": manifest.size,
        "members": _counted(manifest),
        "adopt_torch": facts["adopt_torch"],
        "stacks": facts["stacks"],
        "missing": facts["missing"],
    }


def render(manifest: Manifest, files: tuple[Path, ...]) -> list[str]:
    """Return the lines that describe a bundle. Raises StackError for facts of another shape."""
    where = "the manifest"
    bundle = from_bundle.read({**manifest.facts, "digest": manifest.digest}, where)
    missing = [
        construct(Missing, row, f"{where}.missing[{n}]")
        for n, row in enumerate(items(manifest.facts["missing"], f"{where}.missing"))
    ]
    parts = f" in {len(files)} parts" if len(files) > 1 else ""
    lines = [f"{files[0]}: complete, {manifest.size / 2**20:.1f} MiB{parts}"]
    lines += [f"  digest {manifest.digest}"]
    for stack in bundle.stacks:
        plan, host = stack.plan, stack.host
        lines.append(
            f"  for {', '.join(stack.names)}: Python {plan.python}, torch {plan.torch.version}"
            f" {plan.torch.variant}, {host.architecture}, glibc {host.glibc} or newer"
        )
    kinds = ", ".join(f"{count} x {kind}" for kind, count in sorted(_counted(manifest).items()))
    lines += [f"  contains {kinds}"]
    if bundle.adopt_torch:
        lines += ["  does not contain torch: the target must have it (up --adopt-torch PYTHON)"]
    lines += [f"  does not contain {row.name} ({row.host}): {row.reason}" for row in missing]
    return lines


def _counted(manifest: Manifest) -> dict[str, int]:
    return dict(Counter(member.kind for member in manifest.members))
