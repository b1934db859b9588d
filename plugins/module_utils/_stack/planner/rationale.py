"""Say why: each choice of a plan in one sentence, and a conflict as the facts that make it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..catalog.drivers import BRANCHES_PAGE, FABRIC, MODULE_PAGE, OPEN_ONLY_POST, SIGNATURES
from ..catalog.miniforge import INSTALLERS
from ..catalog.packages import RESOLVED
from ..catalog.presets import MEASURED, TRIALS
from ..catalog.sources import PYPI, READ
from . import conflict
from . import ffmpeg as ffmpeg_plan
from .candidates import CPU, preset
from .constraints import PROBE, REQUEST, distribution
from .gpu_specs import of_host
from .plan import Decision

if TYPE_CHECKING:
    from ..host.model import Host
    from .network import Network
    from .request import Request
    from .resolver import Choice, Problem


def reason(choice: str, because: str, source: object) -> Decision:
    """Return one reason."""
    return Decision(choice, because, str(source))


def reasons(
    host: Host, request: Request, network: Network, given: Problem, choice: Choice
) -> tuple[Decision, ...]:
    """Return the reasons of a plan, in the order in which a reader asks for them."""
    found = [_network(host, request, network), *_torch(request, given, choice)]
    if host.gpus:
        found += _driver(host, choice)
        found += _toolkit(host, choice)
    found += [*_python(request, network, choice), *_compiler(choice), *_sources(network)]
    found += ffmpeg_plan.decide(host, request, network, choice).reasons
    return (*found, *_gone(request, host), *_doubts(host, choice))


def _gone(request: Request, host: Host) -> list[Decision]:
    """Say what replaced what a preset's origin names and nobody can have any more."""
    row = preset(request.preset)
    return [
        reason(choice, text, row.source)
        for choice, text in row.gone
        if host.gpus or not choice.startswith("driver")
    ]


def _network(host: Host, request: Request, network: Network) -> Decision:
    if request.network:
        return reason("network", f"the request says {request.network}", REQUEST)
    if not host.network:
        return reason("network", "nothing was probed, so everything is taken as reached", PROBE)
    missed = [name for name, reached in host.network.items() if not reached]
    text = "every endpoint was reached" if not missed else f"not reached: {', '.join(missed)}"
    return reason("network", f"{network.name}, because {text}", PROBE)


def _torch(request: Request, given: Problem, choice: Choice) -> list[Decision]:
    wheel, row = choice.wheel, preset(request.preset)
    favourite = given.releases[0]
    if wheel.row.torch == favourite[0].row.torch:
        cause = f"preset {row.name} prefers torch {wheel.row.torch}: {row.because}"
        found = [reason("torch.version", cause, row.source)]
    else:
        refusal, source = conflict.why_not(given, favourite[0])
        cause = f"preset {row.name} prefers torch {favourite[0].row.torch}, but {refusal}"
        if wheel.row.torch in MEASURED:
            cause += f"; {wheel.row.torch} was {MEASURED[wheel.row.torch]}"
        found = [reason("torch.version", cause, source)]
    found.append(_variant(given, choice))
    return found


def _variant(given: Problem, choice: Choice) -> Decision:
    wheel = choice.wheel
    release = next(r for r in given.releases if r[0].row.torch == wheel.row.torch)
    before = [other for other in release[: release.index(wheel)] if other.machine == wheel.machine]
    if choice.driver.action == "none" and wheel.variant != CPU:
        text = (
            f"the wheel on PyPI is a {wheel.variant} build; without a GPU it computes on the CPU,"
            " and PyTorch's own index with smaller CPU wheels is not reached"
        )
        return reason("torch.variant", text, wheel.source)
    if wheel.variant == CPU:
        return reason("torch.variant", "there is no GPU to compute on", wheel.source)
    has = f"{wheel.variant} has code for every GPU here"
    if wheel.jit:
        has = f"{wheel.variant} runs here through PTX that the driver compiles"
    if before and choice.driver.action == "keep" and before[0].driver != wheel.driver:
        has += f", and lets driver {choice.driver.number} stay, which {before[0].variant} would not"
    elif before:
        has += f"; {conflict.why_not(given, before[0])[0]}"
    return reason("torch.variant", has, wheel.source)


def _driver(host: Host, choice: Choice) -> list[Decision]:
    option, row = choice.driver, choice.driver.branch
    source = row.source if row else BRANCHES_PAGE
    if option.action == "keep" and host.driver:
        text = f"driver {host.driver.version} is loaded, drives every GPU here and runs the wheel"
        found = [reason("driver.action", text, PROBE)]
        if row and row.ends:
            found.append(reason("driver.branch", f"its support ends {row.ends}", source))
        return [*found, *_module(host, choice), *_fabric(host)]
    life = f"{row.life}, supported until {row.ends}" if row and row.ends else "newest seen"
    text = f"branch {option.number} ({life}) drives every GPU here"
    last = sorted({card.range.last_branch for card in of_host(host) if card.range.last_branch})
    if last:
        text += f"; {last[0]} is the last that does"
    found = [reason("driver.branch", text, source), *_module(host, choice), *_fabric(host)]
    if host.unfinished.driver:
        text = "an installation of the driver began on this host and did not end, so it goes on"
        found.insert(0, reason("driver.action", text, PROBE))
    return [*found, *_installation(host, choice)]


def _module(host: Host, choice: Choice) -> list[Decision]:
    cards = of_host(host)
    if any(card.open_only for card in cards):
        return [reason("driver.flavour", "a GPU here needs the open module", OPEN_ONLY_POST)]
    if any(card.range.flavour == "proprietary" for card in cards):
        text = "a GPU here is older than the open module"
        return [reason("driver.flavour", text, MODULE_PAGE)]
    if choice.driver.action == "keep":
        return []
    text = "both modules work; open is recommended from branch 560 on"
    return [reason("driver.flavour", text, MODULE_PAGE)]


def _fabric(host: Host) -> list[Decision]:
    if not (host.nvswitches or host.nvlink5_fabric):
        return []
    text = "NVSwitches are here: the Fabric Manager must have exactly the driver's version"
    return [reason("driver.fabric_manager", text, FABRIC)]


def _installation(host: Host, choice: Choice) -> list[Decision]:
    """Say what installing a driver means on this host: names, signature, reboot."""
    found = []
    row = distribution(host)
    if row:
        text = f"{row.id} {row.version} names driver packages by the rule {row.naming}"
        found.append(reason("driver.packages", text, row.packages))
    if host.secure_boot:
        text = "Secure Boot is on: the module is built here and its key must be enrolled (MOK)"
        if choice.driver.origin == "distribution":
            text = "Secure Boot is on, and the distribution's own packages come first"
        found.append(reason("driver.origin", text, SIGNATURES))
    if host.nouveau:
        found.append(reason("driver.reboot", "nouveau is loaded and leaves at a reboot", PROBE))
    return found


def _toolkit(host: Host, choice: Choice) -> list[Decision]:
    toolkit = choice.wheel.toolkit
    if choice.toolkit.action == "none" or toolkit is None:
        return []
    text = f"extensions compile with CUDA {choice.toolkit.name}, as {choice.wheel.name} was built"
    if choice.toolkit.cuda != choice.wheel.cuda:
        text = (
            f"CUDA {choice.toolkit.name} is the nearest to {toolkit.cuda} of {choice.wheel.name}"
            " that is to be had, and torch refuses only another major"
        )
    if choice.toolkit.host:
        text += f", which is in {choice.toolkit.host.path}"
    if choice.toolkit.origin == "distribution":
        text += "; the distribution's own archive has it"
    found = [reason("cuda.toolkit", text, toolkit.source)]
    if choice.toolkit.action == "install" and choice.toolkit.name in host.unfinished.toolkits:
        text = f"the installation of CUDA {choice.toolkit.name} began and did not end; it goes on"
        found.append(reason("cuda.action", text, PROBE))
    return found


def _python(request: Request, network: Network, choice: Choice) -> list[Decision]:
    option = choice.python
    where = f"the host has {option.host.path}" if option.host else "the host has none that fits"
    where = f"{where}; {option.origin} brings it" if not option.host else where
    text = f"{choice.wheel.name} has a wheel for {option.name}, and {where}"
    found = [reason("python", text, choice.wheel.row.source)]
    if option.origin != "conda":
        return found
    if request.environment:
        cause = "conda is asked for"
    elif request.conda_packages:
        cause = f"only conda installs {', '.join(request.conda_packages)}"
    elif not network.uv_pythons:
        cause = f"Python {option.name} is needed, and uv's own Pythons are not reached"
    else:
        cause = "uv makes no environment that fits"
    return [*found, reason("environment", f"{cause}; conda-forge is reached", INSTALLERS[0].source)]


def _compiler(choice: Choice) -> list[Decision]:
    if not choice.compiler.major:
        return []
    wheel, toolkit = choice.wheel, choice.toolkit
    text = f"its headers need C++{wheel.row.cxx}, GCC {wheel.oldest_gcc} or newer"
    if not toolkit.name or wheel.toolkit is None:
        return [reason("compiler.gcc", text, wheel.row.source)]
    text += f", and CUDA {toolkit.name} takes GCC {toolkit.max_gcc} at most"
    return [reason("compiler.gcc", text, wheel.toolkit.gcc_source)]


def _sources(network: Network) -> list[Decision]:
    found = [reason("packages", "these pins were resolved together", RESOLVED)]
    if network.name == "pypi":
        text = "the git sources are not reached; PyPI has SlowFast of 2019 and Detectron2's Python"
        return [*found, reason("sources", text, PYPI)]
    return [
        *found,
        reason("sources", "the commits that were measured, unless asked otherwise", READ),
    ]


def _doubts(host: Host, choice: Choice) -> list[Decision]:
    """Say what was not run with these sources, what could not be read, and what is half-done."""
    found = [
        reason(
            f"host.{row.what}",
            f"could not be read, so it decides nothing: {row.why}",
            row.source,
        )
        for row in host.unreadable
    ]
    if host.unfinished.packages:
        text = f"half-done, and ended before others come: {', '.join(host.unfinished.packages)}"
        found.append(reason("host.packages", text, PROBE))
    torch = choice.wheel.row.torch
    if torch not in MEASURED:
        found.append(
            reason("torch.version", f"torch {torch} was not run with these sources", TRIALS)
        )
    return found
