"""How the artifacts of a plan are built: inputs, key, and options of the module ``artifact``."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..artifacts.key import key_of
from ..core import validation
from ..core.construct import plain
from ..core.errors import StackError
from ..patches.registry import PATCHES

if TYPE_CHECKING:
    from ..host.model import Host
    from .plan import FfmpegPlan, Plan

DETECTRON2, PYTORCHVIDEO, FFMPEG = NAMES = ("detectron2", "pytorchvideo", "ffmpeg")
# Python's own flags without its debug symbols, which take 40 % of the compile time and six sevenths
# of the wheel.
CFLAGS = "-DNDEBUG -fwrapv -O2 -g0"


@dataclass(frozen=True)
class PlannedArtifact:
    """An artifact of a plan.

    ``inputs`` decide the content and so the key. ``shareable`` is true where another
    host's build can be used. ``options`` are those of the module ``artifact``.
    """

    name: str
    inputs: dict[str, str]
    shareable: bool
    options: dict[str, object]

    def to_dict(self) -> dict[str, object]:
        """Return plain data for the role ``shared_artifact``."""
        return {
            "name": self.name,
            "key": key_of(self.inputs),
            "shareable": self.shareable,
            "options": {**self.options, "inputs": self.inputs},
        }


def planned_artifact(
    name: str, plan: Plan, host: Host | None, *, home: str, jobs: int
) -> PlannedArtifact:
    """Return how the artifact ``name`` (one of ``NAMES``) is built for the stack folder ``home``.

    ``jobs`` is how many compilers run at once. Raises ``StackError`` where the plan has none.
    """
    inputs, log = inputs_of(name, plan, host), f"{home}/logs/{name}.log"
    if name == FFMPEG and plan.ffmpeg:
        cc, ffmpeg = plan.build.cc or "cc", plain(plan.ffmpeg)
        options = {"kind": "ffmpeg", "log": log, "plan": ffmpeg, "cc": cc, "jobs": jobs}
        # The distribution's is a link, and a static one is a download.
        return PlannedArtifact(name, inputs, plan.ffmpeg.origin == "build", options)
    options = {
        "kind": "wheel",
        "log": log,
        "source": f"{home}/src/{name}",
        "python": f"{home}/env/bin/python",
        "environment": _build_environment(plan, home, jobs) if name == DETECTRON2 else {},
    }
    return PlannedArtifact(name, inputs, shareable=True, options=options)


def inputs_of(name: str, plan: Plan, host: Host | None) -> dict[str, str]:
    """Return everything that decides the content of an artifact. Raises ``StackError``.

    ``host`` gives machine and C library; a wheel of pure Python does not depend on them.
    """
    validation.one_of(name, "artifact", NAMES)
    source = plan.sources.get(name)
    platform = {
        "compiler": plan.compiler.gcc or "cc",
        "machine": host.architecture if host else "none",
        "glibc": (host.glibc if host else None) or "none",
    }
    if name == FFMPEG and plan.ffmpeg:
        return {**_ffmpeg_inputs(plan.ffmpeg), **platform}
    if source is None:
        raise StackError(
            f"The plan has no {name}.",
            "It cannot be built.",
            "Plan the host again.",
            code="planner.no-artifact",
        )
    own = {patch.id for patch in PATCHES if patch.component == name}
    wheel = {
        "component": name,
        "source": str(source.commit or source.sha256),
        "patches": " ".join(sorted(own & set(plan.patches))),
        "python": plan.python,
    }
    if name == PYTORCHVIDEO:
        return wheel
    return {
        **wheel,
        "torch": f"{plan.torch.version}+{plan.torch.variant}",
        "arch_list": plan.torch.arch_list or "cpu",
        "cuda_home": plan.build.cuda_home or "none",
        "cflags": CFLAGS,
        **platform,
    }


def _ffmpeg_inputs(planned: FfmpegPlan) -> dict[str, str]:
    # Where a source is downloaded from does not matter: each place has the same pinned content.
    places = [place for source in planned.sources.values() for place in source]
    return {
        "origin": planned.origin,
        "version": str(planned.version),
        "nv_codec_headers": str(planned.nv_codec_headers),
        "flags": "\n".join(planned.flags),
        "pins": " ".join(sorted({str(place.sha256 or place.commit) for place in places})),
    }


def _build_environment(plan: Plan, home: str, jobs: int) -> dict[str, str]:
    """Return the variables with which PyTorch builds an extension."""
    variables = {
        "MAX_JOBS": str(jobs),
        "CC": str(plan.build.cc),
        "CXX": str(plan.build.cxx),
        "CFLAGS": CFLAGS,
    }
    if not plan.build.force_cuda:
        return {**variables, "FORCE_CUDA": "0", "CUDA_VISIBLE_DEVICES": ""}
    # PyTorch's wheels carry headers (cuBLAS, cuSPARSE, cuSOLVER) that a small toolkit lacks.
    packages = f"{home}/env/lib/python{plan.python}/site-packages"
    return {
        **variables,
        "FORCE_CUDA": "1",
        "CUDA_HOME": posixpath.join(home, str(plan.build.cuda_home)),
        "TORCH_CUDA_ARCH_LIST": str(plan.torch.arch_list),
        "CPATH": f"{packages}/nvidia/cu{plan.torch.variant[2:4]}/include",
    }
