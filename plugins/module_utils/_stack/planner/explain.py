"""Render a plan as text: what, and why, one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .plan import NoPlan

if TYPE_CHECKING:
    from .plan import (
        CompilerPlan,
        Conflict,
        DriverPlan,
        FfmpegPlan,
        GpuPlan,
        InterpreterPlan,
        Plan,
        SourcePlan,
    )


def explain(plan: Plan | NoPlan, *, name: str = "", reasons: bool = True) -> str:
    """Return a plan or a conflict as lines of text, for a host ``name``, with its ``reasons``."""
    if isinstance(plan, NoPlan):
        return "\n".join(_conflict(plan.conflict, name))
    return "\n".join(_plan(plan, name, reasons=reasons))


def _plan(plan: Plan, name: str, *, reasons: bool) -> list[str]:
    title = f"Plan for {name}" if name else "Plan"
    lines = [f"{title} ({plan.profile}, network {plan.network}, id {plan.id})"]
    lines += [f"  {label:<13} {text}" for label, text in _choices(plan).items() if text]
    if reasons:
        lines.append("Why")
        lines += [f"  {row.choice}: {row.because} [{row.source}]" for row in plan.reasons]
    if plan.skipped_claims:
        lines.append("What this plan cannot prove")
        lines += [f"  {row.id}: {row.because}" for row in plan.skipped_claims]
    if plan.full_network_adds:
        lines.append(plan.full_network_adds)
    return lines


def _choices(plan: Plan) -> dict[str, str]:
    driver, cuda, torch = plan.driver, plan.cuda, plan.torch
    names = [_gpu(gpu) for gpu in plan.gpus]
    counted = [f"{names.count(name)} x {name}" for name in dict.fromkeys(names)]
    return {
        "GPU": ", ".join(counted) or "none",
        "driver": _driver(driver) if driver else "",
        "CUDA": f"{cuda.toolkit} ({cuda.action})" if cuda else "",
        "Python": _python(plan.python_interpreter),
        "torch": f"{torch.version} {torch.variant} from {torch.index or 'PyPI'}",
        "torchvision": plan.torchvision,
        "extensions": f"TORCH_CUDA_ARCH_LIST={torch.arch_list}" if torch.arch_list else "",
        "compiler": _compiler(plan.compiler),
        "bounds": ", ".join(f"{name}{bound}" for name, bound in plan.constraints.items()),
        "sources": ", ".join(
            _source(name, source) for name, source in plan.sources.items() if source
        ),
        "FFmpeg": _ffmpeg(plan.ffmpeg) if plan.ffmpeg else "",
        "patches": ", ".join(plan.patches),
        "system": ", ".join(plan.system_packages),
        "roles": " -> ".join(plan.roles),
    }


def _gpu(gpu: GpuPlan) -> str:
    capability = gpu.compute_capability or "capability unknown"
    mig = "" if gpu.mig is None else f", MIG with {gpu.mig} instances"
    return f"{gpu.name} ({gpu.pci_id}, {gpu.architecture}, {capability}{mig})"


def _compiler(compiler: CompilerPlan) -> str:
    limit = f" (up to {compiler.gcc_max})" if compiler.gcc_max else ""
    return f"GCC {compiler.gcc}{limit}" if compiler.gcc else ""


def _python(interpreter: InterpreterPlan) -> str:
    where = interpreter.path or f"from {interpreter.origin}"
    return f"{interpreter.version} ({where})"


def _driver(driver: DriverPlan) -> str:
    flavour = f" {driver.flavour}" if driver.flavour else ""
    fabric = " with Fabric Manager" if driver.fabric_manager else ""
    build = f" ({driver.build})" if driver.build else ""
    return f"{driver.action} {driver.branch}{flavour}{build}{fabric}"


def _ffmpeg(ffmpeg: FfmpegPlan) -> str:
    headers = ffmpeg.nv_codec_headers
    how = ffmpeg.origin + (f", nv-codec-headers {headers}" if headers else "")
    return f"{ffmpeg.version or 'any'} ({how})"


def _source(name: str, source: SourcePlan) -> str:
    return f"{name} {source.commit[:9] if source.commit else source.requirement}"


def _conflict(conflict: Conflict, name: str) -> list[str]:
    lines = [f"No plan for {name}" if name else "No plan", "  These contradict each other:"]
    lines += [f"    {text}" for text in conflict.facts]
    lines.append("  Because:")
    lines += [f"    {text}" for text in conflict.because]
    lines.append("  Any one of these helps:")
    lines += [f"    {text}" for text in conflict.remedies]
    return lines
