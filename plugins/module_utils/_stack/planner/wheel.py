"""Decide on the wheel of PyTorch, and on the machine code of extensions beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..catalog.presets import MEASURED, TRIALS
from ..catalog.torch import ARCH_LIST_ACCEPTS
from ..core.versions import dotted, version
from . import compatibility
from .candidates import CPU, PYPI, preset
from .conflict import why_not
from .decision import Decided, Decision, decision
from .gpu_specs import best_code, of_host
from .plan import TorchPlan, TorchWheelsPlan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..core.versions import Version
    from ..host.model import Host
    from .candidates import Wheel
    from .request import Request
    from .resolver import Choice, Problem

INDEX = "https://download.pytorch.org/whl/"
# Extensions are built without isolation.
BUILD_TOOLS = ("setuptools", "wheel", "ninja")


def decide(host: Host, request: Request, given: Problem, choice: Choice) -> Decided[TorchPlan]:
    """Return the wheel; one that is adopted is installed already, and nothing is downloaded."""
    wheel = choice.wheel
    codes = arch_list(host, choice)
    plan = TorchPlan(
        version=wheel.row.torch,
        variant=wheel.variant,
        index=None if wheel.pypi else INDEX + wheel.variant,
        arch_list=codes,
        minimum_driver=_minimum_driver(wheel),
        adopted=request.adopt_torch,
    )
    reasons = (*_release(request, given, wheel), _variant(given, choice), *_beside(wheel))
    return Decided(plan, reasons)


def _beside(wheel: Wheel) -> Iterator[Decision]:
    """Say why it is this torchvision, and this torchaudio or none."""
    for name, partner in (("torchvision", wheel.vision), ("torchaudio", wheel.audio)):
        yield decision(name, partner.because, partner.source)


def wheels(request: Request, choice: Choice, pins: tuple[str, ...]) -> TorchWheelsPlan:
    """Return what is installed of PyTorch, and of ``pins`` what extensions are built with."""
    wheel, row = choice.wheel, choice.wheel.row
    # Wheels of PyTorch's index have the variant as local version; those of PyPI do not.
    local = "" if wheel.pypi else f"+{wheel.variant}"
    beside = (("torchvision", wheel.torchvision), ("torchaudio", wheel.torchaudio))
    numbers = (("torch", None if request.adopt_torch else row.torch), *beside)
    tools = (pin for pin in pins if pin.partition("==")[0] in BUILD_TOOLS)
    return TorchWheelsPlan(
        requirements=tuple(f"{name}=={n}{local}" for name, n in numbers if n),
        build_tools=(*tools, *(choice.toolkit.packages if choice.toolkit.origin == PYPI else ())),
        cuda=dotted(wheel.cuda) if wheel.cuda else None,
    )


def _release(request: Request, given: Problem, wheel: Wheel) -> Iterator[Decision]:
    row, torch = preset(request.preset), wheel.row.torch
    favourite = given.releases[0][0]
    cause = f"preset {row.name} prefers torch {favourite.row.torch}"
    if torch == favourite.row.torch:
        yield decision("torch.version", f"{cause}: {row.because}", row.source)
    else:
        refusal, source = why_not(given, favourite)
        measured = f"; {torch} was {MEASURED[torch]}" if torch in MEASURED else ""
        yield decision("torch.version", f"{cause}, but {refusal}{measured}", source)
    if torch not in MEASURED:
        text = (
            f"the source trees were built and run with torch {_series(MEASURED)}, not with {torch}:"
            " its wheels fit by their metadata, and only the proof on this host shows that it works"
        )
        yield decision("torch.version", text, TRIALS)


def _series(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}"


def _variant(given: Problem, choice: Choice) -> Decision:
    wheel = choice.wheel
    if choice.driver.action == "none":
        text = "the host has no GPU"
        if wheel.variant != CPU:
            text = (
                f"the wheel on PyPI is a {wheel.variant} build; without a GPU it computes on the"
                " CPU, and PyTorch's index with smaller CPU wheels is unreachable"
            )
        return decision("torch.variant", text, wheel.source)
    has = f"{wheel.variant} has code for every GPU here"
    if wheel.jit:
        has = f"{wheel.variant} runs here through PTX that the driver compiles"
    release = next(each for each in given.releases if wheel in each)
    better = [one for one in release[: release.index(wheel)] if one.machine == wheel.machine]
    if better and choice.driver.action == "keep" and compatibility.driver(better[0], choice.driver):
        has += f", and driver {choice.driver.number} can stay, unlike with {better[0].variant}"
    elif better:
        has += f"; {why_not(given, better[0])[0]}"
    return decision("torch.variant", has, wheel.source)


def _minimum_driver(wheel: Wheel) -> str | None:
    """Return the oldest driver that runs the wheel on a GPU, as NVIDIA writes it."""
    if wheel.driver is None or wheel.toolkit is None:
        return None
    return wheel.toolkit.release_driver if wheel.jit else wheel.toolkit.minimum_driver


def arch_list(host: Host, choice: Choice) -> str | None:
    """Return TORCH_CUDA_ARCH_LIST: for each GPU the best code that toolkit and torch can make."""
    if choice.wheel.toolkit is None:
        return None
    makes = {version(sm) for sm in choice.wheel.toolkit.sms.split()}
    code = makes & set(_accepted(choice.wheel.torch))
    capabilities = {found.capability for found in of_host(host)}
    best = {best_code(code, capability) for capability in capabilities if capability}
    names = [dotted(sm) for sm in sorted(sm for sm in best if sm)]
    names += [f"{dotted(choice.wheel.jit)}+PTX"] if choice.wheel.jit else []
    return ";".join(names) or None


def _accepted(torch: Version) -> Iterator[Version]:
    """Yield the compute capabilities that torch accepts in the list."""
    for row in ARCH_LIST_ACCEPTS:
        before_end = not row.last_torch or torch < version(row.last_torch)
        if version(row.first_torch) <= torch and before_end:
            yield from map(version, row.sms.split())
