"""The files that the catalog knows of the packages of a plan."""

from __future__ import annotations

from typing import Any

from ._stack.catalog.package_files import FILES
from ._stack.catalog.packages import DEPENDENCIES
from ._stack.core.versions import version
from ._stack.environment.package_hashes import written
from ._stack.planner.candidates import within


def package_hashes(plan: dict[str, Any]) -> list[str]:
    """Return a line for each pin of a plan that the catalog knows the files of."""
    torch = plan["torch_wheels"]
    pins = [*plan["packages"], *torch["requirements"], *torch["build_tools"], *dependencies(plan)]
    known = {pin: tuple(sorted(FILES[pin].values())) for pin in pins if pin in FILES}
    return list(written(known))


def dependencies(plan: dict[str, Any]) -> list[str]:
    """Return the pins of what the packages of a plan need; none where others decide on that."""
    if plan.get("locked") or plan["torch"].get("adopted"):
        return []
    python, bound = version(plan["python"]), plan["constraints"].get("numpy")
    found: dict[str, str] = {}
    for row in DEPENDENCIES:
        if within(row.pythons, python) and row.numpy in ("", bound):
            found.setdefault(row.name, row.version)
    return [f"{name}=={number}" for name, number in found.items()]
