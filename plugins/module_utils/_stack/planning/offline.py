"""Plan a host for a bundle: as it was planned when the bundle was made, or say what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

from ..versions import version
from .agreement import PACKAGES, differences

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Plan = dict[str, Any]

REMEDY = "create a bundle for this host: slowfast-stack bundle create, with the options of plan"
NO_TORCH = "the bundle holds no torch: say which Python has it with --adopt-torch PYTHON"


def choose(
    plan: Callable[[object, object], Plan],
    host: Mapping[str, Any],
    request: Mapping[str, Any],
    bundle: Mapping[str, Any],
) -> Plan:
    """Return the plan of the first stack of the bundle that fits the host, else a conflict.

    ``plan`` plans a host for a request. The network counts as it was where the bundle was made,
    because that decides what kind of stack it holds; nothing of it is touched.
    """
    own = {key: value for key, value in request.items() if key != "bundle"}
    refused: list[tuple[Plan, list[str]]] = []
    for stack in bundle["stacks"]:
        made = stack["plan"]
        pins = {"torch": f"=={made['torch']['version']}", "python": made["python"]}
        there = {**host, "network": stack["host"]["network"]}
        # A bundle brings no FFmpeg; one that the host has or can build has to be asked for.
        found = plan(there, {"ffmpeg": "none", **stack["request"], **pins, **own})
        why = list(_against(host, found, stack))
        if bundle.get("adopt_torch") and not own.get("adopt_torch"):
            why.insert(0, NO_TORCH)
        if not why:
            return _as_offline(found, bundle)
        refused.append((found, why))
    return _refusal(refused, bundle)


def system_packages(plan: Mapping[str, Any]) -> list[str]:
    """Return every package of the distribution that the roles of a plan install."""
    driver, cuda = plan["driver"] or {}, plan["cuda"] or {}
    return [
        *plan["system_packages"],
        *driver.get("packages", []),
        *driver.get("fabric_packages", []),
        *cuda.get("packages", []),
    ]


def _against(host: Mapping[str, Any], found: Plan, stack: Mapping[str, Any]) -> Iterator[str]:
    """Say why a stack is not for this host; what follows from the first reason is left out."""
    python = stack["plan"]["python"]
    if not any(f"{row['version']}.".startswith(f"{python}.") for row in host.get("pythons", ())):
        yield f"this host has no Python {python}, and the bundle brings none"
    elif found["status"] != "planned":
        yield from found["conflict"]["facts"]
    else:
        yield from _differences(host, found, stack)


def _differences(host: Mapping[str, Any], found: Plan, stack: Mapping[str, Any]) -> Iterator[str]:
    """Say what the host needs and the stack of the bundle does not have."""
    made, where = stack["plan"], stack["host"]
    if host["architecture"] != where["architecture"]:
        yield f"the bundle is for {where['architecture']}, this host is {host['architecture']}"
    if version(host.get("glibc") or "0") < version(where["glibc"]):
        yield f"the bundle is for glibc {where['glibc']}, this host has {host.get('glibc')}"
    yield from differences("the bundle", made, found, PACKAGES)
    lacking = sorted(set(system_packages(found)) - set(stack.get("system_packages", ())))
    if lacking:
        yield f"this host lacks {', '.join(lacking)}, and the bundle does not bring them"


def _as_offline(found: Plan, bundle: Mapping[str, Any]) -> Plan:
    because = f"the bundle {bundle['digest'][:16]} brings everything; no network is asked"
    reason = {"choice": "network", "because": because, "source": "the bundle"}
    others = [row for row in found["reasons"] if row["choice"] != "network"]
    return {**found, "network": "offline", "reasons": [reason, *others]}


def _refusal(refused: Sequence[tuple[Plan, list[str]]], bundle: Mapping[str, Any]) -> Plan:
    """Return no plan, with what differs from the stack that comes nearest."""
    nearest, differs = min(refused, key=lambda pair: len(pair[1]))
    stacks = len(bundle["stacks"])
    because = f"none of the {stacks} stacks of the bundle fits" if stacks > 1 else "it does not fit"
    facts = [f"{text} [the bundle]" for text in differs]
    conflict = {"facts": facts, "because": [f"{because} this host"], "try": [REMEDY]}
    return {**nearest, "status": "no-plan", "network": "offline", "conflict": conflict}
