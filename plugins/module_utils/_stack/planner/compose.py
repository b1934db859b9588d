"""Turn a choice into the plan: plain data with every key of the contract."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from ..catalog.miniforge import CHANNEL, INSTALLER_NAME, INSTALLERS
from ..catalog.packages import PINS
from ..catalog.sources import TREES, UPLOADS
from ..catalog.torch import ARCH_LIST_ACCEPTS
from ..core.versions import dotted, version
from ..patches.registry import PATCHES
from . import ffmpeg as ffmpeg_plan
from . import system_packages
from .candidates import CPU, within
from .gpu_specs import best_code, of_host

if TYPE_CHECKING:
    from ..host.model import Host
    from .candidates import Wheel
    from .network import Network
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


def compose(host: Host, request: Request, network: Network, choice: Choice) -> dict[str, Any]:
    """Return the plan without its reasons."""
    gpu = bool(host.gpus)
    python = f"{choice.python.series[0]}.{choice.python.series[1]}"
    packages = pins(choice, full=network.name != "pypi")
    video = ffmpeg_plan.decide(host, request, network, choice)
    system = [*system_packages.system_packages(host, choice, network), *video.packages]
    plan: dict[str, Any] = {
        "status": "planned",
        "profile": "cuda" if gpu else "cpu",
        "network": network.name,
        "gpus": system_packages.gpus(host),
        "driver": system_packages.driver(host, choice.driver) if gpu else None,
        "cuda": system_packages.cuda(host, choice),
        "python": python,
        "python_interpreter": {
            "origin": choice.python.origin,
            "version": choice.python.name,
            "path": choice.python.host.path if choice.python.host else None,
        },
        "environment": environment(host, request, choice),
        "torch": torch(host, choice, request.adopt_torch),
        "torchvision": choice.wheel.row.torchvision,
        "torchaudio": choice.wheel.row.torchaudio,
        "compiler": _compiler(choice),
        "packages": packages,
        "constraints": constraints(choice),
        "sources": sources(request, network),
        "build": build(host, choice),
        "system_packages": system,
        "ffmpeg": video.ffmpeg,
    }
    plan["patches"] = patches(plan)
    plan["skipped_claims"] = skipped_claims(plan)
    plan["full_network_adds"] = full_network_adds(plan)
    plan["needs_disk_mib"] = needs_disk_mib(plan)
    plan["roles"] = roles(plan)
    plan["id"] = identity(plan)
    return plan


def environment(host: Host, request: Request, choice: Choice) -> dict[str, Any]:
    """Return what makes the environment: uv, or conda with its installer and its packages."""
    if choice.python.origin != "conda":
        return {"manager": "uv"}
    row = next(row for row in INSTALLERS if row.machine == host.architecture)
    own = request.sources.get("miniforge", {})
    url = own.get("url", row.url)
    # An installer of another release than the catalogue's says in its name which one it is.
    named = INSTALLER_NAME.search(url) if "sha256" in own else None
    return {
        "manager": "conda",
        "version": named.group(1) if named else row.version,
        "url": url,
        "sha256": own.get("sha256", row.sha256),
        "channel": request.sources.get("conda-forge", {}).get("url", CHANNEL),
        "packages": [f"python={choice.python.name}", *request.conda_packages],
    }


def torch(host: Host, choice: Choice, adopted: str | None = None) -> dict[str, Any]:
    """Return the wheel; a null index is PyPI. ``adopted`` has it installed: nothing is fetched."""
    wheel = choice.wheel
    return {
        "version": wheel.row.torch,
        "variant": wheel.variant,
        "index": None if wheel.pypi else INDEX + wheel.variant,
        "arch_list": arch_list(host, choice),
        "minimum_driver": _minimum_driver(wheel),
        **({"adopted": adopted} if adopted else {}),
    }


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


def _accepted(choice: Choice) -> list[Any]:
    return [
        version(sm)
        for row in ARCH_LIST_ACCEPTS
        if version(row.first_torch) <= choice.wheel.torch
        and (not row.last_torch or choice.wheel.torch < version(row.last_torch))
        for sm in row.sms.split()
    ]


def _compiler(choice: Choice) -> dict[str, Any]:
    major = choice.compiler.major
    newest = choice.toolkit.max_gcc if choice.toolkit.name else None
    return {"gcc": str(major) if major else None, "gcc_max": newest}


def pins(choice: Choice, *, full: bool) -> list[str]:
    """Return the first pin of each package that fits the Python and the NumPy bound."""
    bound = choice.wheel.row.numpy
    found: dict[str, str] = {}
    for row in PINS:
        if row.name in found or (row.use == "full" and not full):
            continue
        if within(row.pythons, choice.python.series) and row.numpy in ("", bound):
            found[row.name] = row.version
    return [f"{name}=={number}" for name, number in found.items()]


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


def sources(request: Request, network: Network) -> dict[str, dict[str, Any] | None]:
    """Return where each tree comes from: git, or what PyPI has in its place."""
    if network.name == "pypi":
        uploads = {row.name: row for row in UPLOADS}
        return {
            tree.name: {
                "origin": "pypi",
                "requirement": uploads[tree.name].requirement,
                "sha256": uploads[tree.name].sha256,
                "commit": None,
                "lacks": list(uploads[tree.name].lacks),
            }
            if tree.name in uploads
            else None
            for tree in TREES
        }
    return {
        tree.name: {
            "origin": "git",
            "url": request.sources.get(tree.name, {}).get("url", tree.url),
            "commit": request.sources.get(tree.name, {}).get("commit", tree.commit),
        }
        for tree in TREES
    }


def build(host: Host, choice: Choice) -> dict[str, Any]:
    """Return how extensions are compiled; paths are None where a role installs them first."""
    with_cuda = bool(host.gpus) and choice.toolkit.action != "none"
    jobs = min(host.cores, host.memory_mib // MIB_PER_JOB[with_cuda]) if host.memory_mib else 1
    compiler = choice.compiler
    major = compiler.major
    return {
        "max_jobs": max(1, jobs),
        "force_cuda": with_cuda,
        "cuda_home": choice.toolkit.home if with_cuda else None,
        "cc": compiler.host.path if compiler.host else (f"/usr/bin/gcc-{major}" if major else None),
        "cxx": compiler.host.cxx if compiler.host else (f"/usr/bin/g++-{major}" if major else None),
    }


def patches(plan: dict[str, Any]) -> list[str]:
    """Return the patches that the registry asks for with these versions."""
    pinned = dict(pin.split("==") for pin in plan["packages"])
    versions = {**pinned, "torch": plan["torch"]["version"], "torchvision": plan["torchvision"]}
    present = {name for name, source in plan["sources"].items() if source}
    return [patch.id for patch in PATCHES if patch.component in present and patch.needed(versions)]


def skipped_claims(plan: dict[str, Any]) -> list[dict[str, str]]:
    """Return the claims that the proof cannot make with this plan, and why."""
    skipped = []
    if plan["profile"] == "cpu":
        skipped.append(("torch.cuda", "this host has no NVIDIA GPU"))
    if plan["ffmpeg"] is None:
        because = "this plan has no FFmpeg with CUDA"
        skipped += [(name, because) for name in ("ffmpeg.build", "ffmpeg.nvdec", "ffmpeg.nvenc")]
    elif plan["profile"] == "cpu":
        because = "this host has no NVIDIA GPU"
        skipped += [(name, because) for name in ("ffmpeg.nvdec", "ffmpeg.nvenc")]
    if plan["network"] == "pypi":
        skipped += [
            ("detectron2.compiled_ops", "PyPI's Detectron2 has no compiled operators (_C)"),
            ("slowfast.run_net", "PyPI's SlowFast 1.0 has no tools/ and no configs/"),
            ("slowfast.zoo_config", "PyPI's SlowFast 1.0 has no configs/"),
            ("slowfast.ava_evaluation", "PyPI's SlowFast 1.0 has no ava_evaluation"),
            ("pytorchvideo.import", "PyPI's PyTorchVideo 0.1.5 needs torchvision before 0.17"),
        ]
    return [{"id": name, "because": because} for name, because in skipped]


def full_network_adds(plan: dict[str, Any]) -> str | None:
    """Say in one line what a full network would add, None where nothing."""
    if plan["network"] != "pypi":
        return None
    return (
        "A network that reaches the git sources adds today's SlowFast with tools/ and configs/,"
        " PyTorchVideo, and Detectron2 with its compiled operators."
    )


def needs_disk_mib(plan: dict[str, Any]) -> int:
    """Return the free space that the plan needs, in MiB."""
    wheel = DISK_CPU_WHEEL if plan["torch"]["variant"] == CPU else DISK_CUDA_WHEEL
    ffmpeg = DISK_FFMPEG.get(plan["ffmpeg"]["origin"], 0) if plan["ffmpeg"] else 0
    return wheel + ffmpeg + (DISK_SOURCES if plan["network"] != "pypi" else 0)


def roles(plan: dict[str, Any]) -> list[str]:
    """Return the roles in the order of their application."""
    manager = plan["environment"]["manager"]
    wanted = {
        "miniforge": manager == "conda",
        "uv_env": manager == "uv",
        "nvidia_driver": plan["driver"] is not None,
        "cuda": plan["cuda"] is not None,
        "ffmpeg_cuda": plan["ffmpeg"] is not None,
    }
    return [name for name in ROLES if wanted.get(name, True)]


def identity(plan: dict[str, Any]) -> str:
    """Return 12 digits that name the Python environment: equal plans share one."""
    deciding = (
        "python",
        "python_interpreter",
        "environment",
        "torch",
        "torchvision",
        "torchaudio",
        "packages",
        "sources",
        "patches",
        "compiler",
    )
    text = json.dumps([plan[key] for key in deciding], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
