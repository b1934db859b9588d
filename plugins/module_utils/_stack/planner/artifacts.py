"""How the artifacts of a plan are built: inputs, key, and options of the module ``artifact``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..artifacts.key import key_of
from ..core import validation
from ..core.construct import plain
from ..core.errors import StackError
from ..patches.registry import PATCHES

if TYPE_CHECKING:
    from ..host.model import Host
    from .plan import FfmpegPlan, Plan, SourcePlan

DETECTRON2, PYTORCHVIDEO, FFMPEG = NAMES = ("detectron2", "pytorchvideo", "ffmpeg")
# Python's own flags without its debug symbols, which take 40 % of the compile time and six sevenths
# of the wheel.
CFLAGS = "-DNDEBUG -fwrapv -O2 -g0"


@dataclass(frozen=True)
class PlannedArtifact:
    """An artifact of a plan.

    ``inputs`` decide the content and so the key. ``shareable`` tells whether another host's build
    can be used. ``options`` are those of the module ``artifact``.
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
    inputs = inputs_of(name, plan, host)
    options: dict[str, object] = {"log": f"{home}/logs/{name}.log"}
    if name == FFMPEG:
        ffmpeg = _ffmpeg(plan)
        options |= {"kind": "ffmpeg", "plan": plain(ffmpeg), "jobs": jobs}
        options["cc"] = plan.build.cc or "cc"
        # The distribution's is a link, and a static one is a download.
        return PlannedArtifact(name, inputs, ffmpeg.origin == "build", options)
    options |= {"kind": "wheel", "source": f"{home}/src/{name}"}
    options["python"] = f"{home}/env/bin/python"
    if name == DETECTRON2:
        options["environment"] = _build_environment(plan, home, jobs)
    return PlannedArtifact(name, inputs, shareable=True, options=options)


def inputs_of(name: str, plan: Plan, host: Host | None) -> dict[str, str]:
    """Return everything that decides the content of an artifact. Raises ``StackError``.

    ``host`` gives machine and C library; a wheel of pure Python does not depend on them.
    """
    validation.one_of(name, "artifact", NAMES)
    if name == FFMPEG:
        return {**_ffmpeg_inputs(_ffmpeg(plan)), **_platform(plan, host)}
    source = plan.sources.get(name)
    if source is None:
        raise _absent(name)
    pure = {
        "component": name,
        "source": _pin(source),
        "patches": _patches(plan, name),
        "python": plan.python,
    }
    if name == PYTORCHVIDEO:
        return pure
    return {
        **pure,
        "torch": f"{plan.torch.version}+{plan.torch.variant}",
        "arch_list": plan.torch.arch_list or "cpu",
        "cuda_home": plan.build.cuda_home or "none",
        "cflags": CFLAGS,
        **_platform(plan, host),
    }


def _pin(source: SourcePlan) -> str:
    return str(source.commit or source.sha256)


def _patches(plan: Plan, component: str) -> str:
    own = (patch.id for patch in PATCHES if patch.component == component)
    return " ".join(sorted(set(own) & set(plan.patches)))


def _platform(plan: Plan, host: Host | None) -> dict[str, str]:
    return {
        "compiler": plan.compiler.gcc or "cc",
        "machine": host.architecture if host else "none",
        "glibc": (host.glibc if host else None) or "none",
    }


def _ffmpeg(plan: Plan) -> FfmpegPlan:
    if plan.ffmpeg is None:
        raise _absent(FFMPEG)
    return plan.ffmpeg


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


def _absent(name: str) -> StackError:
    return StackError(
        f"The plan has no {name}.",
        "It cannot be built.",
        "Plan the host again.",
        code="planner.no-artifact",
    )


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
        "CUDA_HOME": str(plan.build.cuda_home),
        "TORCH_CUDA_ARCH_LIST": str(plan.torch.arch_list),
        "CPATH": f"{packages}/nvidia/cu{plan.torch.variant[2:4]}/include",
    }
