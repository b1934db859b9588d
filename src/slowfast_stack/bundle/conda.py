"""Download Miniforge's installer and the packages that its conda selects for a target."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import archives
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.architectures import (
    ARCHITECTURES,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.validation import (
    parse_json,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment import miniforge
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment.python_env import (
    CONDA_HINT,
    Conda,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.plan import (
        EnvironmentPlan,
    )
    from slowfast_stack.bundle.target import Target


class Downloaded(NamedTuple):
    """The installer, and the packages, each in a folder named after its platform."""

    installer: Path
    packages: tuple[Path, ...]


def download(environment: EnvironmentPlan, target: Target, folder: Path) -> Downloaded:
    """Download installer and packages, verified by SHA-256. Raises StackError."""
    url, sha256 = environment.url or "", environment.sha256 or ""
    folder.mkdir(parents=True, exist_ok=True)
    installer = archives.fetch(url, sha256, folder)
    if platform.machine() != target.machine:
        raise StackError(
            f"The conda packages for {target.machine} cannot be selected here.",
            f"The planned installer does not run on {platform.machine()}.",
            f"Create the bundle on a machine with {target.machine}.",
            code="bundle.other-architecture",
        )
    home = folder / sha256[:16]
    spec = miniforge.Miniforge(
        home, environment.version or "", str(installer), sha256, folder, folder / "log"
    )
    miniforge.install(Commands(), spec)
    rows = _selected(Conda(home, environment.channel or "", environment.packages), target)
    return Downloaded(installer, tuple(_download(row, folder / "packages") for row in rows))


def _selected(conda: Conda, target: Target) -> list[dict[str, object]]:
    """Return all packages that conda's solver selects."""
    argv = [*conda.argv(conda.home / "nowhere"), "--dry-run", "--json"]
    environment = {
        # With an empty cache conda lists every package as one to download.
        "CONDA_PKGS_DIRS": str(conda.home / "nothing-fetched"),
        "CONDA_SUBDIR": ARCHITECTURES[target.machine].conda,
        "CONDA_OVERRIDE_GLIBC": target.glibc,
    }
    message = "conda could not select packages"
    output = Commands().checked(
        message, argv, environment=environment, hint=CONDA_HINT, code="miniforge.not-resolved"
    )
    rows: list[dict[str, object]] = parse_json(output[output.index("{") :])["actions"]["FETCH"]
    return rows


def _download(row: Mapping[str, Any], folder: Path) -> Path:
    place = folder / row["subdir"]
    place.mkdir(parents=True, exist_ok=True)
    return archives.fetch(row["url"].removeprefix("file://"), row["sha256"], place)
