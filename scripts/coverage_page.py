#!/usr/bin/env python3
"""Write docs/coverage.md: the plan or refusal for every PCI id of the catalog on every distribution.

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
    families: dict[str, dict[str, Counter[str]]] = {}
    for gpu in GPUS:
        family = families.setdefault(gpu_specs.gpu_spec(f"10de:{gpu.device}").architecture, {})
        for row in DISTRIBUTIONS:
            counts = family.setdefault(f"{row.id} {row.version}", Counter())
            counts[label(planner.plan(host(row, machine, gpu.device)))] += 1
    systems = [f"{row.id} {row.version}" for row in DISTRIBUTIONS]
    lines = [
        f"| {machine} | ids | " + " | ".join(systems) + " |",
        "|---" * (len(systems) + 2) + "|",
    ]
    for family, row in families.items():
        total = sum(next(iter(row.values())).values())
        cells = [
            "<br>".join(f"{n} {text}" for text, n in row[name].most_common()) for name in systems
        ]
        lines.append(f"| {family} | {total} | " + " | ".join(cells) + " |")
    return [*lines, ""]


def page() -> str:
    """Return the page."""
    lines = [
        "# Coverage",
        "",
        f"Each of the {len(GPUS)} PCI ids of the catalog on every distribution of the table, as a fresh",
        "host with that one GPU, full network, preset `stable`. A cell counts the ids by their plan,",
        "or as refused. `slowfast-stack plan --gpu 10de:ID --os NAME-VERSION --explain` prints the",
        "reason.",
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
