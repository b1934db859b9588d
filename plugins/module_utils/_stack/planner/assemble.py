"""Assemble the plan of a choice from its decisions."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING

from ..catalog.source import Source
from ..catalog.sources import PYPI as UPLOADED
from ..core.construct import plain
from ..core.versions import dotted
from . import (
    driver,
    ffmpeg,
    gpu_specs,
    interpreter,
    platforms,
    sources,
    system_packages,
    toolchain,
    wheel,
)
from .candidates import CPU, PYPI, preset
from .decision import Decided, decision
from .plan import Plan, SkippedClaim

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..host.model import Host
    from .decision import Decision
    from .network import Network
    from .plan import CudaPlan, DriverPlan, EnvironmentPlan, FfmpegPlan
    from .request import Request
    from .resolver import Choice, Problem

# MiB on disk.
DISK = Source("finished stacks, with half as much again for downloads", "2026-11-22", "measured")
# Containers get 64 MiB; a batch of eight clips of 32 frames is 150 MiB.
SHARED_MEMORY_MIB = 1024
SHARED_MEMORY = Source("torch.utils.data and the README of PyTorch, shared memory", "2026-11-30")
DISK_CUDA_WHEEL, DISK_CPU_WHEEL, DISK_SOURCES = 8000, 3000, 1000
DISK_FFMPEG = {"build": 800, "static": 400}
ROLES = (
    "preflight",
    "nvidia_driver",
    "cuda",
    "ffmpeg_cuda",
    "miniforge",
    "uv_env",
    "pytorch",
    "detectron2",
    "slowfast",
    "proof",
)


def assemble(
    host: Host, request: Request, network: Decided[Network], given: Problem, choice: Choice
) -> Plan:
    """Return the plan of a choice."""
    reached = network.value
    torch = wheel.decide(host, request, given, choice)
    gpu_driver = driver.decide(host, given, choice)
    cuda = toolchain.cuda(host, choice)
    python = interpreter.interpreter(choice)
    environment = interpreter.environment(host, request, choice)
    compiler = toolchain.compiler(choice)
    packages = sources.pins(choice, reached)
    trees = sources.trees(request, reached)
    video = ffmpeg.decide(host, request, reached, choice)
    bounds = sources.bounds(choice)
    patches = sources.patches(choice, packages.value, trees.value)
    build = toolchain.build(host, choice)
    system = system_packages.system_packages(host, choice, reached, video)
    claims = skipped_claims(host, reached, video.value)
    disk = needs_disk_mib(choice, reached, video.value)
    steps = roles(environment.value, gpu_driver.value, cuda.value, video.value)
    decided: tuple[Decided[object], ...] = (
        network, torch, gpu_driver, cuda, python, environment, compiler, packages, bounds, trees,
        patches, build, video, system, claims, disk, steps,
    )  # fmt: skip
    plan = Plan(
        id="",
        profile="cuda" if host.gpus else "cpu",
        network=reached.name,
        gpus=gpu_specs.plans(host),
        driver=gpu_driver.value,
        cuda=cuda.value,
        python=dotted(choice.python.series),
        python_interpreter=python.value,
        environment=environment.value,
        torch=torch.value,
        torchvision=choice.wheel.torchvision,
        torchaudio=choice.wheel.torchaudio,
        torch_wheels=wheel.wheels(request, choice, packages.value),
        compiler=compiler.value,
        packages=packages.value,
        constraints=bounds.value,
        sources=trees.value,
        build=build.value,
        system_packages=system.value,
        ffmpeg=video.value,
        patches=patches.value,
        skipped_claims=claims.value,
        full_network_adds=None if reached.compiles else FULL_NETWORK_ADDS,
        needs_disk_mib=disk.value,
        roles=steps.value,
        reasons=(
            *(each for part in decided for each in part.decisions),
            *platforms.decisions(host),
            *_superseded(host, request),
            *_warnings(host),
        ),
    )
    return replace(plan, id=identity(plan))


def _superseded(host: Host, request: Request) -> Iterator[Decision]:
    """Say what replaces what the origin of a preset names and does not exist any more."""
    row = preset(request.preset)
    for choice, text in row.superseded:
        if host.gpus or not choice.startswith("driver"):
            yield decision(choice, text, row.source)


def _warnings(host: Host) -> Iterator[Decision]:
    """Say what of the host could not be read, and what an interruption left."""
    for row in host.unreadable:
        text = f"could not be read and is ignored: {row.reason}"
        yield decision(f"host.{row.name}", text, row.source)
    if host.interrupted.packages:
        names = ", ".join(host.interrupted.packages)
        text = f"the interrupted installation of {names} is completed before others begin"
        yield decision("host.packages", text, host.source)
    free = host.shared_memory_mib
    if free is not None and free < SHARED_MEMORY_MIB:
        text = (
            f"in /dev/shm {free} MiB are free, and processes that load data pass batches through it: they"
            " end with a bus error where it is full"
        )
        if host.virtualization == "container":
            text += "; give the container 8 GiB of it (shm-size), or the IPC namespace of its host"
        yield decision("host.shared_memory", text, f"{host.source}; {SHARED_MEMORY}")


def skipped_claims(
    host: Host, network: Network, ffmpeg: FfmpegPlan | None
) -> Decided[tuple[SkippedClaim, ...]]:
    """Return the claims that the proof cannot make with this plan, and why."""
    no_gpu = () if host.gpus else NO_GPU
    video = NO_FFMPEG if ffmpeg is None else (NO_CODECS if no_gpu else ())
    of_host = (*no_gpu, *video)
    of_pypi = () if network.compiles else PYPI_ONLY
    reasons = [
        decision("skipped_claims", "; ".join(dict.fromkeys(row.because for row in rows)), source)
        for rows, source in ((of_host, host.source), (of_pypi, UPLOADED))
        if rows
    ]
    return Decided((*of_host, *of_pypi), tuple(reasons))


NO_GPU = (SkippedClaim("torch.cuda", "this host has no NVIDIA GPU"),)
NO_FFMPEG = tuple(
    SkippedClaim(name, "this plan has no FFmpeg with CUDA")
    for name in ("ffmpeg.build", "ffmpeg.nvdec", "ffmpeg.nvenc")
)
NO_CODECS = tuple(
    SkippedClaim(name, "this host has no NVIDIA GPU") for name in ("ffmpeg.nvdec", "ffmpeg.nvenc")
)
PYPI_ONLY = (
    SkippedClaim("detectron2.compiled_ops", "PyPI's Detectron2 has no compiled operators (_C)"),
    SkippedClaim("slowfast.run_net", "PyPI's SlowFast 1.0 has no tools/ and no configs/"),
    SkippedClaim("slowfast.rehearsal", "PyPI's SlowFast 1.0 has no tools/ and no configs/"),
    SkippedClaim("slowfast.zoo_config", "PyPI's SlowFast 1.0 has no configs/"),
    SkippedClaim("pytorchvideo.import", "PyPI's PyTorchVideo 0.1.5 needs torchvision before 0.17"),
)
FULL_NETWORK_ADDS = (
    "A network that reaches the git sources adds today's SlowFast with tools/ and configs/,"
    " PyTorchVideo, and Detectron2 with its compiled operators."
)


def needs_disk_mib(choice: Choice, network: Network, ffmpeg: FfmpegPlan | None) -> Decided[int]:
    """Return the free space that the plan needs, in MiB."""
    parts = {
        choice.wheel.name: DISK_CPU_WHEEL if choice.wheel.variant == CPU else DISK_CUDA_WHEEL,
        "FFmpeg": DISK_FFMPEG.get(ffmpeg.origin, 0) if ffmpeg else 0,
        "the source trees": DISK_SOURCES if network.compiles else 0,
    }
    text = "MiB: " + ", ".join(f"{mib} for {name}" for name, mib in parts.items() if mib)
    return Decided(sum(parts.values()), (decision("needs_disk_mib", text, DISK),))


def roles(
    environment: EnvironmentPlan,
    driver: DriverPlan | None,
    cuda: CudaPlan | None,
    ffmpeg: FfmpegPlan | None,
) -> Decided[tuple[str, ...]]:
    """Return the roles in the order of their application."""
    wanted = {
        "miniforge": environment.manager == "conda",
        "uv_env": environment.manager == "uv",
        "nvidia_driver": driver is not None,
        "cuda": cuda is not None,
        "ffmpeg_cuda": ffmpeg is not None,
    }
    left_out = ", ".join(name for name in ROLES if not wanted.get(name, True))
    text = f"each role needs those before it; {left_out} would have nothing to do"
    made = tuple(name for name in ROLES if wanted.get(name, True))
    if cuda and cuda.origin == PYPI:
        # Its wheels are in the environment.
        others = [name for name in made if name != "cuda"]
        others.insert(others.index("pytorch") + 1, "cuda")
        made = tuple(others)
    return Decided(made, (decision("roles", text, "the other choices of this plan"),))


def identity(plan: Plan) -> str:
    """Return 12 digits that name the Python environment: equal plans share one."""
    deciding = (
        plan.python,
        plan.python_interpreter,
        plan.environment,
        plan.torch,
        plan.torchvision,
        plan.torchaudio,
        plan.packages,
        plan.sources,
        plan.patches,
        plan.compiler,
    )
    text = json.dumps(plain(deciding), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
