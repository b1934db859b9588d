#!/usr/bin/env python3
"""Compare the golden plans with what the planner returns today, or write them.

golden_plans.py            prints what differs; exits 1 if something does
golden_plans.py --write    prints what differs and writes the files

A golden plan is a complete plan, every key, of a case in tests/unit/plans. Read the difference before
you commit it: a golden plan is the only test that sees a value which no other test names.
"""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "collections"))

from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import planner

UNIT = ROOT / "tests" / "unit"
GOLDEN = UNIT / "planner" / "golden"


def made(name: str) -> str:
    """Return the plan of a case of tests/unit/plans as text."""
    case = json.loads((UNIT / "plans" / f"{name}.json").read_text(encoding="utf-8"))
    host = json.loads((UNIT / "hosts" / f"{case['host']}.json").read_text(encoding="utf-8"))
    plan = planner.plan({**host["host"], **case.get("change", {})}, case.get("request", {}))
    return json.dumps(plan.to_dict(), indent=1, sort_keys=True) + "\n"


def difference(path: Path) -> str:
    """Return how a golden plan differs from the plan of today, "" where it does not."""
    old, new = path.read_text(encoding="utf-8"), made(path.stem)
    rows = difflib.unified_diff(
        old.splitlines(keepends=True), new.splitlines(keepends=True), path.name, "today"
    )
    return "".join(rows)


def main() -> int:
    """Compare every golden plan; with names, add those cases."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="write the plans of today")
    parser.add_argument("--add", metavar="CASE", action="append", default=[], help="add a case")
    options = parser.parse_args()
    for name in options.add:
        (GOLDEN / f"{name}.json").write_text(made(name), encoding="utf-8")
    changed = {path: text for path in sorted(GOLDEN.glob("*.json")) if (text := difference(path))}
    print("".join(changed.values()), end="")
    for path in changed if options.write else ():
        path.write_text(made(path.stem), encoding="utf-8")
    return 1 if changed and not options.write else 0


if __name__ == "__main__":
    raise SystemExit(main())
