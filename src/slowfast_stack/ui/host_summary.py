"""A host as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import (
    driver_state,
    gpu_specs,
    guests,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ansible_collections.slowfast.stack.plugins.module_utils._stack.host.model import Host
    from slowfast_stack.orchestration.run_state import HostRun

_MACHINES = {"wsl": "WSL2", "tegra": "NVIDIA Tegra"}
_SECURE_BOOT = {True: "on", False: "off", None: "no (the machine does not boot by EFI)"}


def text(run: HostRun) -> str:
    """Return what ``probe`` found, one line for each kind of fact. Raises StackError."""
    host = run.host
    if host is None:
        return ""
    lines = [f"{run.name}: {host.distribution.name}, {host.architecture}"]
    lines += [f"  {label:<12} {text}" for label, text in _kinds(host).items()]
    state = driver_state.of(host)
    if state.text:
        lines.append(f"  the driver does not work: {state.text}")
    lines += [
        f"  {row.name} could not be read from {row.source}: {row.reason}" for row in host.unreadable
    ]
    left = host.interrupted
    driver = ["the driver"] if left.driver else []
    parts = [*driver, *(f"CUDA {name}" for name in left.toolkits), *left.packages]
    if parts:
        lines.append(f"  interrupted installations: {', '.join(parts)}")
    return "\n".join(lines)


def _shared(host: Host) -> dict[str, str]:
    """Return which GPUs are parts of one, or are divided."""
    divided = (f"{gpu.mig} instances of {gpu.slot}" for gpu in host.gpus if gpu.mig is not None)
    found = {"vGPU": _listed(guests.vgpus(host).values()), "MIG": _listed(divided)}
    return {label: value for label, value in found.items() if value != _listed(())}


def _kinds(host: Host) -> dict[str, str]:
    names = [gpu.name for gpu in gpu_specs.of_host(host)]
    driver, disk, reached = host.driver, host.disk, host.network
    machine = host.platform
    return {
        **({"machine": f"{_MACHINES[machine.kind]} {machine.name}".strip()} if machine else {}),
        "GPU": _listed(f"{names.count(name)} x {name}" for name in dict.fromkeys(names)),
        "driver": f"{driver.version} {driver.flavour or ''}".strip() if driver else "none",
        **_shared(host),
        "CUDA": _listed(f"{row.version} in {row.path}" for row in host.toolkits),
        "compilers": _listed(f"GCC {row.version}" for row in host.compilers),
        "Pythons": _listed(f"{row.version} ({row.path})" for row in host.pythons),
        "kernel": host.kernel.release,
        "Secure Boot": _SECURE_BOOT[host.secure_boot],
        "size": f"{host.cores} cores, {host.memory_mib / 1024:.0f} GiB memory",
        "disk": f"{disk.free_mib / 1024:.0f} GiB free for {disk.path}" if disk else "unknown",
        "reaches": _listed(name for name in reached if reached[name]),
        "unreachable": _listed(name for name in reached if not reached[name]),
        "rights": "root" if host.root else "not root",
    }


def _listed(texts: Iterable[str]) -> str:
    return ", ".join(texts) or "none"
