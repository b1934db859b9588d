"""Plan a host for a bundle: as it was planned when the bundle was made, or say what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

from ..core.versions import version
from ..host.probe import LIBRARIES
from .plan_diff import PACKAGES, differences

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
        there = {**host, "network": stack["host"]["network"]}
        found = plan(there, {**stack["request"], **pins(made), **own})
        cause = list(_against(host, found, stack))
        if bundle.get("adopt_torch") and not own.get("adopt_torch"):
            cause.insert(0, NO_TORCH)
        if not cause:
            return _as_offline(found, bundle, stack)
        refused.append((found, cause))
    return _refusal(refused, bundle)


def pins(made: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request that leads another host to the releases of a plan."""
    return {
        "torch": f"=={made['torch']['version']}",
        "python": made["python"],
        # Of FFmpeg a bundle brings the kind that was planned, and no other.
        "ffmpeg": (made["ffmpeg"] or {"origin": "none"})["origin"],
    }


def bare(host: Mapping[str, Any]) -> dict[str, Any]:
    """Return a host without anything that its distribution's packages bring, driver apart."""
    pythons = [{**row, "headers": False} for row in host.get("pythons", ())]
    return {
        **host,
        "root": True,
        "tools": {},
        "compilers": [],
        "pythons": pythons,
        "libraries": dict.fromkeys(LIBRARIES, False),
    }


def system_packages(plan: Mapping[str, Any]) -> list[str]:
    """Return every package of the distribution that the roles of a plan install."""
    driver, cuda = plan["driver"] or {}, plan["cuda"] or {}
    return [
        *plan["system_packages"],
        *driver.get("packages", []),
        *driver.get("fabric_packages", []),
        *cuda.get("packages", []),
    ]


def of_nvidia(plan: Mapping[str, Any]) -> set[str]:
    """Return those among them that come from NVIDIA's own repository."""
    driver, cuda = plan["driver"] or {}, plan["cuda"] or {}
    found = [(driver, "packages"), (driver, "fabric_packages"), (cuda, "packages")]
    return {
        name for part, key in found if part.get("origin") == "nvidia" for name in part.get(key, ())
    }


def beside_driver(plan: Mapping[str, Any], host: Mapping[str, Any]) -> list[str]:
    """Return what the role of the driver installs with its packages, where it changes one."""
    driver, kernel = plan["driver"] or {"action": "keep"}, host.get("kernel") or {}
    if driver["action"] == "keep":
        return []
    headers = [] if kernel.get("headers") else [f"linux-headers-{kernel.get('release')}"]
    headers += [name.replace("image", "headers", 1) for name in kernel.get("meta") or ()]
    signing = ["openssl", "mokutil"] if driver["mok"] else []
    return ["nvidia-persistenced", *headers, *signing]


def _against(host: Mapping[str, Any], found: Plan, stack: Mapping[str, Any]) -> Iterator[str]:
    """Say why a stack is not for this host; what follows from the first reason is left out."""
    made = stack["plan"]
    python = made["python"]
    conda = made["environment"]["manager"] == "conda"
    there = any(f"{row['version']}.".startswith(f"{python}.") for row in host.get("pythons", ()))
    if conda and not stack.get("conda_packages"):
        wanted = ", ".join(made["environment"]["packages"])
        yield f"the bundle does not bring what conda installs ({wanted})"
    elif not (conda or there):
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
    if found["ffmpeg"] and _ffmpeg(found) != _ffmpeg(made):
        yield f"FFmpeg of the bundle: {_ffmpeg(made)}; of this host: {_ffmpeg(found)}"
    # The packages of one release are none for another.
    same = _release(host) == _release(where)
    brought = stack.get("system_packages", ()) if same else ()
    needed = {*system_packages(found), *beside_driver(found, host)}
    lacking = sorted(needed.difference(brought))
    if lacking:
        yield f"this host lacks {', '.join(lacking)}, and the bundle does not bring them"


def _ffmpeg(plan: Mapping[str, Any]) -> str:
    """Say what decides which files an FFmpeg is made of."""
    made = plan["ffmpeg"] or {"origin": "none", "version": None, "nv_codec_headers": None}
    return " ".join(str(made[key]) for key in ("origin", "version", "nv_codec_headers"))


def _release(host: Mapping[str, Any]) -> tuple[str, str]:
    return host["distribution"]["id"], host["distribution"]["version"]


def _as_offline(found: Plan, bundle: Mapping[str, Any], stack: Mapping[str, Any]) -> Plan:
    because = f"the bundle {bundle['digest'][:16]} brings everything; no network is asked"
    reason = {"choice": "network", "because": because, "source": "the bundle"}
    others = [row for row in found["reasons"] if row["choice"] != "network"]
    folder = stack.get("packages_folder")
    environment = found["environment"]
    if environment["manager"] == "conda":
        environment = {**environment, "files": stack["conda_packages"]}
    return {
        **found,
        "environment": environment,
        "network": "offline",
        "packages_folder": folder,
        "reasons": [reason, *others],
    }


def _refusal(refused: Sequence[tuple[Plan, list[str]]], bundle: Mapping[str, Any]) -> Plan:
    """Return no plan, with what differs from the stack that comes nearest."""
    nearest, differs = min(refused, key=lambda pair: len(pair[1]))
    stacks = len(bundle["stacks"])
    because = f"none of the {stacks} stacks of the bundle fits" if stacks > 1 else "it does not fit"
    facts = [f"{text} [the bundle]" for text in differs]
    conflict = {"facts": facts, "because": [f"{because} this host"], "try": [REMEDY]}
    return {**nearest, "status": "no-plan", "network": "offline", "conflict": conflict}
