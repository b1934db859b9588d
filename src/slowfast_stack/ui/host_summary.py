"""A host as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import model
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import gpu_specs

if TYPE_CHECKING:
    from collections.abc import Iterable

_SECURE_BOOT = {True: "on", False: "off", None: "no (the machine does not boot by EFI)"}


def text(name: str, found: dict[str, Any]) -> str:
    """Return what ``probe`` found, one line for each kind of fact. Raises StackError."""
    lines = [f"{name}: {found['distribution']['name']}, {found['architecture']}"]
    lines += [f"  {label:<12} {text}" for label, text in _kinds(found).items()]
    for row in found["unreadable"]:
        lines.append(f"  {row['what']} could not be read from {row['source']}: {row['why']}")
    left = found.get("unfinished", {})
    driver = ["the driver"] if left.get("driver") else []
    parts = [*driver, *(f"CUDA {name}" for name in left.get("toolkits", []))]
    if left:
        lines.append(f"  interrupted installations: {_listed([*parts, *left['packages']])}")
    return "\n".join(lines)


def _kinds(found: dict[str, Any]) -> dict[str, str]:
    names = [gpu.name for gpu in gpu_specs.of_host(model.host(found))]
    driver, disk = found["driver"], found["disk"]
    reached = found["network"]
    return {
        "GPU": _listed(f"{names.count(name)} x {name}" for name in dict.fromkeys(names)),
        "driver": f"{driver['version']} {driver['flavour'] or ''}" if driver else "none",
        "CUDA": _listed(f"{row['version']} in {row['path']}" for row in found["toolkits"]),
        "compilers": _listed(f"GCC {row['version']}" for row in found["compilers"]),
        "Pythons": _listed(f"{row['version']} ({row['path']})" for row in found["pythons"]),
        "kernel": found["kernel"]["release"],
        "Secure Boot": _SECURE_BOOT[found["secure_boot"]],
        "size": f"{found['cores']} cores, {found['memory_mib'] / 1024:.0f} GiB memory",
        "disk": f"{disk['free_mib'] / 1024:.0f} GiB free for {disk['path']}" if disk else "unknown",
        "reaches": _listed(name for name in reached if reached[name]),
        "not reached": _listed(name for name in reached if not reached[name]),
        "rights": "root" if found["root"] else "not root",
    }


def _listed(texts: Iterable[str]) -> str:
    return ", ".join(texts) or "none"
