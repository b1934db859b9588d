"""Build Detectron2's wheel of a finished stack: wheel_bytes.py PREFIX FOLDER [--other].

Prints as JSON the name, the SHA-256 and the seconds. With --other everything is as on another host: the
environment and the cache have other paths, the tree was checked out at another time with another umask,
and the user has another umask.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from pathlib import Path

from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts import cache
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts.build_wheel import (
    WheelRecipe,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.construct import construct
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment import prefix
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import artifacts
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.plan import Plan

TREE = "src/detectron2"


def elsewhere(home: Path, folder: Path) -> Path:
    """Return the folder of the same stack at another path, with a tree of other times and modes."""
    other = folder / "another place" / "home"
    (other / "src").mkdir(parents=True)
    (other / "env").symlink_to(home / "env")
    shutil.copytree(home / TREE, other / TREE, symlinks=True, copy_function=shutil.copyfile)
    for path in (other / TREE).rglob("*"):
        if not path.is_symlink():
            path.chmod(
                0o700
                if path.is_dir() or os.access(home / path.relative_to(other), os.X_OK)
                else 0o600
            )
    os.umask(0o077)
    return other


def main() -> int:
    """Build the wheel and print what it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("prefix", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--other", action="store_true")
    asked = parser.parse_args()
    plan, home = Plan.from_dict(prefix.current_plan(asked.prefix)), asked.prefix / "current"
    home = elsewhere(home, asked.folder) if asked.other else home
    planned = artifacts.planned_artifact(
        artifacts.DETECTRON2, plan, None, home=str(home), jobs=os.cpu_count() or 1
    )
    options = {
        **planned.options,
        "inputs": planned.inputs,
        "uv": str(Path(sys.executable).with_name("uv")),
        "log": str(asked.folder / "log"),
    }
    recipe = construct(WheelRecipe, options, "wheel", ignore_unknown=True)
    made, _new = cache.build(Commands(), asked.folder / "cache", recipe)
    ((name, sha256),) = made.files.items()
    print(json.dumps({"name": name, "sha256": sha256, "seconds": made.seconds}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
