"""Bring Miniforge's installer, and the packages that its own conda chooses for a target."""

from __future__ import annotations

import json
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import archives
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.architectures import (
    ARCHITECTURES,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment import miniforge
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment.python_env import (
    CONDA_HINT,
    Conda,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slowfast_stack.bundle.target import Target

# How conda calls the platforms of targets.


class Got(NamedTuple):
    """An installer, and packages that lie below the folder of their platform."""

    installer: Path
    packages: tuple[Path, ...]


def bring(environment: Mapping[str, Any], target: Target, folder: Path) -> Got:
    """Fetch installer and packages, verified by SHA-256. Raises StackError."""
    folder.mkdir(parents=True, exist_ok=True)
    installer = archives.fetch(environment["url"], environment["sha256"], folder)
    if platform.machine() != target.machine:
        raise StackError(
            f"What conda installs on {target.machine} cannot be chosen here.",
            f"The installer of the plan does not run on {platform.machine()}.",
            f"Create the bundle on a machine with {target.machine}.",
            code="bundle.other-architecture",
        )
    home = folder / environment["sha256"][:16]
    wanted = miniforge.Miniforge(
        home, environment["version"], str(installer), environment["sha256"], folder, folder / "log"
    )
    miniforge.install(Commands(), wanted)
    rows = _chosen(Conda(home, environment["channel"], tuple(environment["packages"])), target)
    return Got(installer, tuple(_fetched(row, folder / "packages") for row in rows))


def _chosen(conda: Conda, target: Target) -> list[dict[str, Any]]:
    """Return the packages as conda's solver names them, all of them."""
    argv = [*conda.argv(conda.home / "nowhere"), "--dry-run", "--json"]
    environment = {
        # With an empty cache conda lists everything as to be fetched.
        "CONDA_PKGS_DIRS": str(conda.home / "nothing-fetched"),
        "CONDA_SUBDIR": ARCHITECTURES[target.machine].conda,
        "CONDA_OVERRIDE_GLIBC": target.glibc,
    }
    message = "conda could not choose its packages"
    said = Commands().checked(
        message, argv, environment=environment, hint=CONDA_HINT, code="miniforge.not-resolved"
    )
    rows: list[dict[str, Any]] = json.loads(said[said.index("{") :])["actions"]["FETCH"]
    return rows


def _fetched(row: Mapping[str, Any], folder: Path) -> Path:
    place = folder / row["subdir"]
    place.mkdir(parents=True, exist_ok=True)
    return archives.fetch(row["url"].removeprefix("file://"), row["sha256"], place)
