"""The compile of Detectron2's extension as `up` orders it, against the order of upstream's setup.py.

    scripts/bench builds --prefix PREFIX

Both compile a copy of the prefix's tree with the environment of its current stack, without ccache and
with as many jobs as cores. CPU code alone, unless FORCE_CUDA is set.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from figures import BIN, ENVIRONMENT, OUT, best, figure, save, spent

PATCH = "vision-first"


def main() -> int:
    """Compile both ways, in turn."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--prefix", type=Path, required=True)
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    stack = options.prefix / "current"
    environment = {
        **ENVIRONMENT,
        "PATH": f"{stack / 'env' / 'bin'}{os.pathsep}{ENVIRONMENT['PATH']}",
        "MAX_JOBS": str(len(os.sched_getaffinity(0))),
        "CCACHE_DISABLE": "1",
    }
    build = [str(stack / "env" / "bin" / "python"), "setup.py", "--quiet", "build_ext"]
    ours, other = [], []
    with tempfile.TemporaryDirectory(prefix="slowfast-stack-bench-") as scratch:
        for _ in range(options.times):
            for patched, rows in ((True, ours), (False, other)):
                tree = Path(scratch) / "detectron2"
                shutil.copytree(stack / "src" / "detectron2", tree, symlinks=True)
                shutil.rmtree(tree / "build", ignore_errors=True)
                patch = [str(BIN / "slowfast-stack"), "patch", str(tree), "--only", PATCH]
                words = patch if patched else [*patch, "--undo"]
                subprocess.run(words, env=ENVIRONMENT, check=True, capture_output=True)
                rows.append(spent(build, environment=environment, cwd=tree))
                shutil.rmtree(tree)
    pair = ("setup.py, longest source first", best(ours)), ("setup.py", best(other))
    save("builds", [figure("compile of Detectron2, against upstream's order", *pair)], options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
