#!/usr/bin/env python3
"""Write docs/coverage.md: the plan of every GPU of the catalog on every distribution.

``--check`` compares only, and exits 1 where the page is out of date.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "collections"))

from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.distributions import (
    DISTRIBUTIONS,
    DistributionRow,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.gpus import GPUS
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.architectures import (
    ARCHITECTURES,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import (
    gpu_specs,
    planner,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.plan import NoPlan, Plan

PAGE = ROOT / "docs" / "coverage.md"


def host(row: DistributionRow, machine: str, device: str) -> dict[str, Any]:
    """Return a fresh host with one GPU: root, nothing installed, full network."""
    return {
        "architecture": machine,
        "distribution": {"id": row.id, "version": row.version, "family": row.family},
        "glibc": row.glibc,
        "root": True,
        "gpus": [{"slot": "0", "pci_id": f"10de:{device}"}],
    }


def label(plan: Plan | NoPlan) -> str:
    """Return the parts of a plan that differ between GPUs, or "refused"."""
    if isinstance(plan, NoPlan):
        return "refused"
    torch, driver = plan.torch, plan.driver
    shown = f"{driver.branch} {driver.flavour}" if driver else "no driver"
    return f"torch {torch.version} {torch.variant}, {shown}"


def table(machine: str) -> list[str]:
    """Return the table of one machine: architectures down, distributions across."""
    # On the others the driver is installed by hand, and the plan is that of the loaded one.
    rows = [row for row in DISTRIBUTIONS if not row.by_hand]
    families: dict[str, dict[str, list[tuple[str, str]]]] = {}
    for gpu in GPUS:
        family = families.setdefault(gpu_specs.gpu_spec(f"10de:{gpu.device}").architecture, {})
        for row in rows:
            plan = planner.plan(host(row, machine, gpu.device))
            family.setdefault(f"{row.id} {row.version}", []).append((label(plan), gpu.chip))
    systems = [f"{row.id} {row.version}" for row in rows]
    lines = [f"| {machine} | " + " | ".join(systems) + " |", "|---" * (len(systems) + 1) + "|"]
    lines += [
        f"| {family} | " + " | ".join(cell(row[name]) for name in systems) + " |"
        for family, row in families.items()
    ]
    return [*lines, ""]


def cell(plans: list[tuple[str, str]]) -> str:
    """Return the most common plan of a family, and other plans with the chips that have them."""
    (common, _count), *others = Counter(plan for plan, _chip in plans).most_common()
    exceptions = [
        f"{', '.join(sorted({chip for plan, chip in plans if plan == other}))}: {other}"
        for other, _count in others
    ]
    return "<br>".join([common, *exceptions])


def page() -> str:
    """Return the page."""
    lines = [
        "# Coverage",
        "",
        "The plan of each architecture on each distribution: a fresh host with one GPU, full network,",
        "preset `stable`. Chips with another plan than most of their architecture follow it. The reason",
        "for any single PCI id: `slowfast-stack plan --gpu 10de:ID --os NAME-VERSION --explain`.",
        "",
        "Written by `scripts/coverage_page.py`; do not edit.",
        "",
    ]
    for machine in ARCHITECTURES:
        lines += table(machine)
    return "\n".join(lines)


def main() -> int:
    """Write or check the page."""
    text = page()
    if "--check" in sys.argv[1:]:
        if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text:
            return 0
        print(f"{PAGE} is out of date: the catalog has changed. Run scripts/coverage_page.py.")
        return 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
