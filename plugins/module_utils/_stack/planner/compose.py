"""Turn a choice into the plan: plain data with every key of the contract."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING

from ..catalog.miniforge import CHANNEL, INSTALLER_NAME, INSTALLERS
from ..catalog.packages import PINS
from ..catalog.sources import TREES, UPLOADS
from ..catalog.torch import ARCH_LIST_ACCEPTS
from ..core.construct import plain
from ..core.versions import dotted, version
from ..patches.model import FORK, PINNED, PYPI, UPSTREAM
from ..patches.registry import PATCHES
from . import ffmpeg as ffmpeg_plan
from . import gpu_specs, system_packages
from .candidates import CPU, within
from .gpu_specs import best_code, of_host
from .plan import (
    BuildPlan,
    CompilerPlan,
    EnvironmentPlan,
    InterpreterPlan,
    Plan,
    SkippedClaim,
    SourcePlan,
    TorchPlan,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ..catalog.sources import TreeRow
    from ..core.versions import Version
    from ..host.model import Host
    from .candidates import Wheel
    from .network import Network
    from .plan import CudaPlan, Decision, DriverPlan, FfmpegPlan
    from .request import Request
    from .resolver import Choice

INDEX = "https://download.pytorch.org/whl/"
# MiB of memory that one compiler process takes, with nvcc and without.
MIB_PER_JOB = {True: 4096, False: 1536}
# MiB on disk, as measured, with a reserve of half as much again for downloads.
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


def compose(
    host: Host, request: Request, network: Network, choice: Choice, reasons: tuple[Decision, ...]
) -> Plan:
    """Return the plan of a choice."""
    video = ffmpeg_plan.decide(host, request, network, choice)
    packages = pins(choice, full=network.compiles)
    trees = sources(request, network)
    profile = "cuda" if host.gpus else "cpu"
    manager = environment(host, request, choice)
    driver = system_packages.driver(host, choice.driver) if host.gpus else None
    toolkit = system_packages.cuda(host, choice)
    plan = Plan(
        id="",
        profile=profile,
        network=network.name,
        gpus=gpu_specs.plans(host),
        driver=driver,
        cuda=toolkit,
        python=dotted(choice.python.series),
        python_interpreter=InterpreterPlan(
            choice.python.origin,
            choice.python.name,
            choice.python.host.path if choice.python.host else None,
        ),
        environment=manager,
        torch=torch(host, choice, request.adopt_torch),
        torchvision=choice.wheel.row.torchvision,
        torchaudio=choice.wheel.row.torchaudio,
        compiler=_compiler(choice),
        packages=packages,
        constraints=constraints(choice),
        sources=trees,
        build=build(host, choice),
        system_packages=(
            *system_packages.system_packages(host, choice, network),
            *video.packages,
        ),
        ffmpeg=video.ffmpeg,
        patches=patches(choice, packages, trees),
        skipped_claims=skipped_claims(profile, network, video.ffmpeg),
        full_network_adds=None if network.compiles else FULL_NETWORK_ADDS,
        needs_disk_mib=needs_disk_mib(choice, network, video.ffmpeg),
        roles=roles(manager, driver, toolkit, video.ffmpeg),
        reasons=reasons,
    )
    return replace(plan, id=identity(plan))


def environment(host: Host, request: Request, choice: Choice) -> EnvironmentPlan:
    """Return what makes the environment: uv, or conda with its installer and its packages."""
    if choice.python.origin != "conda":
        return EnvironmentPlan("uv")
    row = next(row for row in INSTALLERS if row.machine == host.architecture)
    own = request.sources.get("miniforge", {})
    url = own.get("url", row.url)
    # An installer of another release than the catalogue's says in its name which one it is.
    named = INSTALLER_NAME.search(url) if "sha256" in own else None
    return EnvironmentPlan(
        "conda",
        version=named.group(1) if named else row.version,
        url=url,
        sha256=own.get("sha256", row.sha256),
        channel=request.sources.get("conda-forge", {}).get("url", CHANNEL),
        packages=(f"python={choice.python.name}", *request.conda_packages),
    )


def torch(host: Host, choice: Choice, adopted: str | None = None) -> TorchPlan:
    """Return the wheel; with ``adopted`` it is installed there, and nothing is downloaded."""
    wheel = choice.wheel
    return TorchPlan(
        version=wheel.row.torch,
        variant=wheel.variant,
        index=None if wheel.pypi else INDEX + wheel.variant,
        arch_list=arch_list(host, choice),
        minimum_driver=_minimum_driver(wheel),
        adopted=adopted,
    )


def _minimum_driver(wheel: Wheel) -> str | None:
    """Return what the wheel needs where a GPU is there, as NVIDIA writes it."""
    if wheel.driver is None or wheel.toolkit is None:
        return None
    return wheel.toolkit.release_driver if wheel.jit else wheel.toolkit.minimum_driver


def arch_list(host: Host, choice: Choice) -> str | None:
    """Return TORCH_CUDA_ARCH_LIST: for each card the best code that toolkit and torch can make."""
    if not host.gpus or choice.wheel.toolkit is None:
        return None
    makes = {version(sm) for sm in choice.wheel.toolkit.sms.split()}
    code = makes & set(_accepted(choice))
    capabilities = {found.capability for found in of_host(host)}
    best = {best_code(code, capability) for capability in capabilities if capability} - {None}
    names = [dotted(sm) for sm in sorted(sm for sm in best if sm)]
    names += [f"{dotted(choice.wheel.jit)}+PTX"] if choice.wheel.jit else []
    return ";".join(names) or None


def _accepted(choice: Choice) -> list[Version]:
    return [
        version(sm)
        for row in ARCH_LIST_ACCEPTS
        if version(row.first_torch) <= choice.wheel.torch
        and (not row.last_torch or choice.wheel.torch < version(row.last_torch))
        for sm in row.sms.split()
    ]


def _compiler(choice: Choice) -> CompilerPlan:
    major = choice.compiler.major
    newest = choice.toolkit.max_gcc if choice.toolkit.name else None
    return CompilerPlan(str(major) if major else None, newest)


def pins(choice: Choice, *, full: bool) -> tuple[str, ...]:
    """Return the first pin of each package that fits the Python and the NumPy bound."""
    bound = choice.wheel.row.numpy
    found: dict[str, str] = {}
    for row in PINS:
        if row.name in found or (row.use == "full" and not full):
            continue
        if within(row.pythons, choice.python.series) and row.numpy in ("", bound):
            found[row.name] = row.version
    return tuple(f"{name}=={number}" for name, number in found.items())


def constraints(choice: Choice) -> dict[str, str]:
    """Return the bounds behind the pins, for people who add packages."""
    return {
        "numpy": choice.wheel.row.numpy,
        "setuptools": choice.wheel.row.setuptools,
        "iopath": ">=0.1.7,<0.1.10",
        "fvcore": ">=0.1.5,<0.1.6",
        "omegaconf": ">=2.1,<2.4",
        "moviepy": "<2",
        "av": ">=14,<19",
    }


def sources(request: Request, network: Network) -> dict[str, SourcePlan | None]:
    """Return where each tree comes from: git, or what PyPI has in its place."""
    if network.compiles:
        asked = {tree.name: request.sources.get(tree.name, {}) for tree in TREES}
        return {
            tree.name: SourcePlan(
                "git",
                url=asked[tree.name].get("url", tree.url),
                commit=asked[tree.name].get("commit", tree.commit),
            )
            for tree in TREES
        }
    uploads = {
        row.name: SourcePlan(
            "pypi", None, requirement=row.requirement, sha256=row.sha256, lacks=row.lacks
        )
        for row in UPLOADS
    }
    return {tree.name: uploads.get(tree.name) for tree in TREES}


def build(host: Host, choice: Choice) -> BuildPlan:
    """Return how extensions are compiled; paths are None where a role installs them first."""
    with_cuda = bool(host.gpus) and choice.toolkit.action != "none"
    jobs = min(host.cores, host.memory_mib // MIB_PER_JOB[with_cuda]) if host.memory_mib else 1
    compiler = choice.compiler
    major = compiler.major
    return BuildPlan(
        max_jobs=max(1, jobs),
        force_cuda=with_cuda,
        cuda_home=choice.toolkit.home if with_cuda else None,
        cc=compiler.host.path if compiler.host else (f"/usr/bin/gcc-{major}" if major else None),
        cxx=compiler.host.cxx if compiler.host else (f"/usr/bin/g++-{major}" if major else None),
    )


def patches(
    choice: Choice, packages: Iterable[str], trees: Mapping[str, SourcePlan | None]
) -> tuple[str, ...]:
    """Return the patches that these sources can need with these versions."""
    row = choice.wheel.row
    pinned = dict(pin.split("==") for pin in packages)
    versions = {**pinned, "torch": row.torch, "torchvision": row.torchvision}
    origins = {tree.name: _origin(tree, trees[tree.name]) for tree in TREES}
    return tuple(
        patch.id
        for patch in PATCHES
        if origins[patch.component] in patch.origins and patch.needed(versions)
    )


def _origin(tree: TreeRow, source: SourcePlan | None) -> str | None:
    """Return which of the origins of patches a source has, None for no source."""
    if source is None:
        return None
    if source.origin == "pypi":
        return PYPI
    if source.commit == tree.commit:
        return PINNED
    return UPSTREAM if source.url == tree.url else FORK


def skipped_claims(
    profile: str, network: Network, ffmpeg: FfmpegPlan | None
) -> tuple[SkippedClaim, ...]:
    """Return the claims that the proof cannot make with this plan, and why."""
    no_gpu = NO_GPU if profile == "cpu" else ()
    video = NO_FFMPEG if ffmpeg is None else (NO_CODECS if no_gpu else ())
    return (*no_gpu, *video, *(() if network.compiles else PYPI_ONLY))


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
    SkippedClaim("slowfast.zoo_config", "PyPI's SlowFast 1.0 has no configs/"),
    SkippedClaim("slowfast.ava_evaluation", "PyPI's SlowFast 1.0 has no ava_evaluation"),
    SkippedClaim("pytorchvideo.import", "PyPI's PyTorchVideo 0.1.5 needs torchvision before 0.17"),
)
FULL_NETWORK_ADDS = (
    "A network that reaches the git sources adds today's SlowFast with tools/ and configs/,"
    " PyTorchVideo, and Detectron2 with its compiled operators."
)


def needs_disk_mib(choice: Choice, network: Network, ffmpeg: FfmpegPlan | None) -> int:
    """Return the free space that the plan needs, in MiB."""
    wheel = DISK_CPU_WHEEL if choice.wheel.variant == CPU else DISK_CUDA_WHEEL
    video = DISK_FFMPEG.get(ffmpeg.origin, 0) if ffmpeg else 0
    return wheel + video + (DISK_SOURCES if network.compiles else 0)


def roles(
    environment: EnvironmentPlan,
    driver: DriverPlan | None,
    cuda: CudaPlan | None,
    ffmpeg: FfmpegPlan | None,
) -> tuple[str, ...]:
    """Return the roles in the order of their application."""
    wanted = {
        "miniforge": environment.manager == "conda",
        "uv_env": environment.manager == "uv",
        "nvidia_driver": driver is not None,
        "cuda": cuda is not None,
        "ffmpeg_cuda": ffmpeg is not None,
    }
    return tuple(name for name in ROLES if wanted.get(name, True))


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
