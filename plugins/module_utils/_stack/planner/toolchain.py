"""Decide on the CUDA toolkit and the compiler, and how extensions are built with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..catalog.cuda_wheels import META
from ..catalog.sources import PYPI as UPLOADED
from .candidates import PYPI
from .decision import Decided, Decision, decision
from .plan import BuildPlan, CompilerPlan, CudaPlan
from .repository import repository

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..host.model import Host
    from .candidates import ToolkitOption
    from .resolver import Choice

# MiB of memory that one compiler process takes, with nvcc and without.
MIB_PER_JOB = {True: 4096, False: 1536}


def cuda(host: Host, choice: Choice) -> Decided[CudaPlan | None]:
    """Return the toolkit, None where nothing is compiled for CUDA."""
    return Decided(_cuda(host, choice), tuple(_toolkit(host, choice)))


def _cuda(host: Host, choice: Choice) -> CudaPlan | None:
    """Return the toolkit that compiles the extensions, None where nothing is compiled for CUDA."""
    if choice.toolkit.action == "none" or choice.wheel.toolkit is None or not host.gpus:
        return None
    option = choice.toolkit
    return CudaPlan(
        action=option.action,
        toolkit=option.name,
        origin=option.origin,
        packages=option.packages,
        repository=repository(host, option.origin if _from_repository(option) else None),
    )


def _from_repository(option: ToolkitOption) -> bool:
    return option.action == "install" and option.origin != PYPI


def _toolkit(host: Host, choice: Choice) -> Iterator[Decision]:
    option, wheel = choice.toolkit, choice.wheel
    if option.action == "none" or wheel.toolkit is None or not host.gpus:
        text = "no extension is compiled, because its source is unreachable"
        if not host.gpus or wheel.toolkit is None:
            text = "there is no GPU to compile for"
        yield decision("cuda", text, host.source)
        return
    text = f"extensions compile with CUDA {option.name}, as {wheel.name} was built"
    if option.cuda != wheel.cuda:
        text = (
            f"CUDA {option.name} is the nearest available to {wheel.toolkit.cuda} of {wheel.name},"
            " and torch refuses only another major"
        )
    if option.host:
        text += f"; it is installed in {option.host.path}"
    if option.origin == "distribution":
        text += "; the archive of the distribution has it"
    if option.origin == PYPI:
        text += "; PyPI has its compiler, and neither root nor NVIDIA's repository is needed for it"
    yield decision("cuda.toolkit", text, META if option.origin == PYPI else wheel.toolkit.source)
    if option.action == "install" and option.name in host.interrupted.toolkits:
        text = f"an earlier installation of CUDA {option.name} was interrupted, so it is completed"
        yield decision("cuda.action", text, host.source)


def compiler(choice: Choice) -> Decided[CompilerPlan]:
    """Return the compiler, with the newest one that the toolkit accepts."""
    toolkit, wheel, major = choice.toolkit, choice.wheel, choice.compiler.major
    plan = CompilerPlan(str(major) if major else None, toolkit.max_gcc if toolkit.name else None)
    if not major:
        text = "no extension is compiled, because its source is unreachable"
        return Decided(plan, (decision("compiler", text, UPLOADED),))
    text = f"its headers need C++{wheel.row.cxx}, GCC {wheel.oldest_gcc} or newer"
    source = wheel.row.source
    if toolkit.name and wheel.toolkit:
        text += f", and CUDA {toolkit.name} supports GCC up to {toolkit.max_gcc}"
        source = wheel.toolkit.gcc_source
    return Decided(plan, (decision("compiler.gcc", text, source),))


def build(host: Host, choice: Choice) -> Decided[BuildPlan]:
    """Return how extensions are compiled; paths are None where a role installs them first."""
    with_cuda = bool(host.gpus) and choice.toolkit.action != "none"
    jobs = min(host.cores, host.memory_mib // MIB_PER_JOB[with_cuda]) if host.memory_mib else 1
    found, major = choice.compiler.host, choice.compiler.major
    plan = BuildPlan(
        max_jobs=max(1, jobs),
        force_cuda=with_cuda,
        cuda_home=choice.toolkit.home if with_cuda else None,
        cc=found.path if found else (f"/usr/bin/gcc-{major}" if major else None),
        cxx=found.cxx if found else (f"/usr/bin/g++-{major}" if major else None),
    )
    memory = f"{host.memory_mib} MiB of memory" if host.memory_mib else "an unknown memory"
    text = (
        f"{plan.max_jobs} at once: {host.cores} cores, and {memory} at"
        f" {MIB_PER_JOB[with_cuda]} MiB for each compiler"
    )
    return Decided(plan, (decision("build.max_jobs", text, host.source),))
