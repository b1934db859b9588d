"""Every PCI id of the catalog on every distribution: a plan or a conflict, as the page counts."""

from __future__ import annotations

import subprocess
import sys

from support import ROOT

SCRIPT = ROOT / "scripts" / "coverage_page.py"


def test_the_coverage_page_counts_what_the_planner_says_today() -> None:
    argv = [sys.executable, str(SCRIPT), "--check"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
