#!/usr/bin/env python3
"""Compare the origins of each patch with trees of that origin.

    scripts/patch_origins.py pinned slowfast=DIR detectron2=DIR pytorchvideo=DIR
    scripts/patch_origins.py pypi slowfast=DIR detectron2=DIR

DIR is a checkout of the commit that the catalog pins, or the unpacked package of PyPI. A patch that
such a tree needs must have the origin, and one that it does not need must not. Exits with 1 where one
differs. Run it whenever a pinned commit or a package changes.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import cast

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "collections"))

from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches import api
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.model import (
    AFFECTED,
    PINNED,
    PYPI,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.registry import by_id


def different(origin: str, component: str, tree: str) -> list[str]:
    """Return a line for each patch whose origins do not say what the tree needs."""
    report = api.run(tree, component=component, check=True)
    outcomes = cast("list[dict[str, str]]", report["patches"])
    return [
        f"{row['id']} is {row['status']} in {tree}, and its origins are {by_id(row['id']).origins}"
        for row in outcomes
        if (row["status"] == AFFECTED) != (origin in by_id(row["id"]).origins)
    ]


def main() -> int:
    """Compare every tree."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("origin", choices=(PINNED, PYPI))
    parser.add_argument("trees", nargs="+", metavar="NAME=DIR")
    options = parser.parse_args()
    trees = (text.split("=", 1) for text in options.trees)
    lines = [line for name, tree in trees for line in different(options.origin, name, tree)]
    print("\n".join(lines) or "every patch has its origins")
    return 1 if lines else 0


if __name__ == "__main__":
    raise SystemExit(main())
