"""Show a plan to people: what, and why, one line each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..core.errors import StackError


def explain(plan: object, *, name: str = "") -> str:
    """Return a plan or a conflict as lines of text. Raises ``StackError`` for anything else."""
    if not isinstance(plan, Mapping) or plan.get("status") not in ("planned", "no-plan"):
        raise StackError(
            "This is not a plan.",
            "A plan is what the filter slowfast.stack.plan returns.",
            "Write for example: host | slowfast.stack.plan | slowfast.stack.explain",
        )
    lines = _conflict(plan["conflict"], name) if plan["status"] == "no-plan" else _plan(plan, name)
    return "\n".join(lines)


def _plan(plan: Mapping[str, Any], name: str) -> list[str]:
    title = f"Plan for {name}" if name else "Plan"
    lines = [f"{title} ({plan['profile']}, network {plan['network']}, id {plan['id']})"]
    lines += [f"  {label:<13} {text}" for label, text in _choices(plan).items() if text]
    lines.append("Why")
    lines += [f"  {row['choice']}: {row['because']} [{row['source']}]" for row in plan["reasons"]]
    skipped = plan["skipped_claims"]
    if skipped:
        lines.append("What this plan cannot prove")
        lines += [f"  {row['id']}: {row['because']}" for row in skipped]
    if plan["full_network_adds"]:
        lines.append(plan["full_network_adds"])
    return lines


def _choices(plan: Mapping[str, Any]) -> dict[str, str]:
    driver, cuda, torch = plan["driver"], plan["cuda"], plan["torch"]
    names = [gpu["name"] for gpu in plan["gpus"]]
    counted = [f"{names.count(n)} x {n}" for n in dict.fromkeys(names)]
    return {
        "GPU": ", ".join(counted) or "none",
        "driver": _driver(driver) if driver else "",
        "CUDA": f"{cuda['toolkit']} ({cuda['action']})" if cuda else "",
        "Python": _python(plan["python"], plan["python_interpreter"]),
        "torch": f"{torch['version']} {torch['variant']} from {torch['index'] or 'PyPI'}",
        "torchvision": plan["torchvision"],
        "extensions": f"TORCH_CUDA_ARCH_LIST={torch['arch_list']}" if torch["arch_list"] else "",
        "compiler": f"GCC {plan['compiler']['gcc']}" if plan["compiler"]["gcc"] else "",
        "sources": _sources(plan["sources"]),
        "FFmpeg": _ffmpeg(plan["ffmpeg"]) if plan["ffmpeg"] else "",
        "patches": ", ".join(plan["patches"]),
        "system": ", ".join(plan["system_packages"]),
        "roles": " -> ".join(plan["roles"]),
    }


def _python(series: str, interpreter: Mapping[str, Any]) -> str:
    return f"{series} ({interpreter['path'] or 'from ' + interpreter['origin']})"


def _driver(driver: Mapping[str, Any]) -> str:
    flavour = f" {driver['flavour']}" if driver["flavour"] else ""
    fabric = " with Fabric Manager" if driver["fabric_manager"] else ""
    return f"{driver['action']} {driver['branch']}{flavour}{fabric}"


def _ffmpeg(ffmpeg: Mapping[str, Any]) -> str:
    headers = ffmpeg["nv_codec_headers"]
    how = ffmpeg["origin"] + (f", nv-codec-headers {headers}" if headers else "")
    return f"{ffmpeg['version'] or 'any'} ({how})"


def _sources(sources: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name} {source['commit'][:9] if source['commit'] else source['requirement']}"
        for name, source in sources.items()
        if source
    )


def _conflict(conflict: Mapping[str, Any], name: str) -> list[str]:
    lines = [f"No plan for {name}" if name else "No plan", "  These do not go together:"]
    lines += [f"    {text}" for text in conflict["facts"]]
    lines.append("  Because:")
    lines += [f"    {text}" for text in conflict["because"]]
    lines.append("  Any one of these helps:")
    lines += [f"    {text}" for text in conflict["try"]]
    return lines
