"""Patching SlowFast against `git apply` of the same change, which has no record, no checks and no undo.

scripts/bench patches --source PATH
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from figures import BIN, OUT, best, figure, save, spent

TIMES = 5


def main() -> int:
    """Patch a tree by both, in turn."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--source", required=True, metavar="PATH", help="a repository of SlowFast")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="slowfast-stack-bench-") as scratch:
        tree, change = Path(scratch) / "slowfast", Path(scratch) / "all.patch"
        git = ["git", "-C", str(tree)]
        for argv in (
            ["git", "clone", "--quiet", "--no-checkout", options.source, str(tree)],
            [*git, "sparse-checkout", "set", "--no-cone", "/*", "!*.gif"],
            [*git, "checkout", "--quiet", "HEAD"],
        ):
            subprocess.run(argv, check=True, stderr=subprocess.DEVNULL)
        patch = [str(BIN / "slowfast-stack"), "patch", str(tree)]
        spent(patch)
        diff = subprocess.run([*git, "diff", "--", "*.py"], check=True, capture_output=True)
        change.write_bytes(diff.stdout)
        clean = [*git, "checkout", "--quiet", "--", "."]
        apply = [*git, "apply", str(change)]
        ours, other = [], []
        for _ in range(TIMES):
            spent([*patch, "--undo"])
            ours.append(spent(patch))
            spent([*patch, "--undo"])
            other.append(spent(apply))
            subprocess.run(clean, check=True)
            spent(patch)
        names = f"{len(diff.stdout.splitlines())} lines of changes"
    pair = ("slowfast-stack patch", best(ours)), ("git apply", best(other))
    save("patches", [figure(f"patching SlowFast, {names}, against git apply", *pair)], options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
