"""The facts of a host and the wishes of a request, each with what it rules out and why.

A rule looks at one option and answers None, or the sentence that says no. Rules never choose.
"""

from __future__ import annotations

from typing import Callable, Dict, List, NamedTuple, Optional, Tuple

from .candidates import (
    CPU,
    CompilerOption,
    DriverOption,
    PythonOption,
    ToolkitOption,
    Wheel,
)
from .cards import Card, card, runs_native
from .catalog.distributions import DISTRIBUTIONS, SAME_AS, ArchiveRow, DistributionRow
from .catalog.drivers import MODULE_PAGE, OPEN_ONLY_POST
from .model import Host
from .request import Request
from .versions import Version, version

PROBE = "the probe of this host"
REQUEST = "the request"

# The choices that a plan makes, in this order; wheels decide what the others may be.
DIMENSIONS = ("wheel", "driver", "python", "compiler", "toolkit")
Rule = Callable[..., Optional[str]]


class Fact(NamedTuple):
    """Something given: a sentence, its source, what would change it, and its rules by dimension."""

    id: str
    text: str
    source: str
    remedy: str
    rules: Dict[str, Rule]


class Setting(NamedTuple):
    """What the network gives, and so what is to be done; ``network`` is full, pypi or offline.

    ``index`` is PyTorch's wheel index, ``nvidia`` NVIDIA's packages; ``compiles`` tells whether
    extensions are built here.
    """

    network: str
    index: bool
    nvidia: bool
    compiles: bool


def facts(host: Host, request: Request, setting: Setting) -> Tuple[Fact, ...]:
    """Return everything given that can rule an option out."""
    row = distribution(host)
    found: List[Fact] = [*_wishes(request), _machine(host), _distribution(host, row, setting)]
    found += [_gpu(card(pci_id)) for pci_id in sorted({gpu.pci_id for gpu in host.gpus})]
    found += _foreign(host)
    found += [_glibc(host)] if host.glibc else []
    found += [] if host.root else [_not_root(setting)]
    found += [_container()] if host.virtualization == "container" and host.gpus else []
    found.append(_network(setting))
    return tuple(found)


def distribution(host: Host) -> Optional[DistributionRow]:
    """Return the table's row for the host's distribution, None where there is none."""
    return _BY_NAME.get(
        (SAME_AS.get(host.distribution.id, host.distribution.id), host.distribution.version)
    )


_BY_NAME = {(row.id, row.version): row for row in DISTRIBUTIONS}


def archive(row: Optional[DistributionRow], option: DriverOption) -> Optional[ArchiveRow]:
    """Return the distribution's own packages of a driver option, None where it has none."""
    if row is None or option.branch is None:
        return None
    found = next((entry for entry in row.archive if entry.branch == option.branch.branch), None)
    return found if found and getattr(found, option.flavour or "open") else None


# Wishes.


def _wishes(request: Request) -> List[Fact]:
    found = []
    if request.torch:
        found.append(_torch_wish(request))
    if request.cuda:
        found.append(_cuda_wish(request))
    if request.python:
        found.append(_python_wish(request))
    if request.driver_branch:
        found.append(_branch_wish(request.driver_branch))
    if request.gpu_required:
        found.append(_gpu_wish())
    return found


def _wish(name: str, text: str, **rules: Rule) -> Fact:
    return Fact(f"request.{name}", text, REQUEST, f"leave --{name.replace('_', '-')} out", rules)


def _torch_wish(request: Request) -> Fact:
    wanted = request.torch

    def wheel(option: Wheel) -> Optional[str]:
        if wanted is None or wanted.allows(option.torch):
            return None
        return f"torch {option.row.torch} is not the torch {wanted.text} that was asked for"

    return _wish("torch", f"torch {wanted.text if wanted else ''} is asked for", wheel=wheel)


def _cuda_wish(request: Request) -> Fact:
    wanted = request.cuda

    def wheel(option: Wheel) -> Optional[str]:
        if wanted is None or (option.cuda is not None and wanted.allows(option.cuda)):
            return None
        return f"{option.name} is not built with the CUDA {wanted.text} that was asked for"

    return _wish("cuda", f"CUDA {wanted.text if wanted else ''} is asked for", wheel=wheel)


def _python_wish(request: Request) -> Fact:
    wanted = request.python

    def python(option: PythonOption) -> Optional[str]:
        number = version(option.host.version) if option.host else option.series
        # uv brings the newest patch release of a series; a request for one patch needs a host's.
        if wanted is None or wanted.allows(number) or wanted.allows(option.series):
            return None
        return f"Python {option.name} is not the Python {wanted.text} that was asked for"

    return _wish("python", f"Python {wanted.text if wanted else ''} is asked for", python=python)


def _branch_wish(wanted: str) -> Fact:
    def driver(option: DriverOption) -> Optional[str]:
        if option.action == "none" or option.number == wanted:
            return None
        return f"driver branch {option.number} is not the {wanted} that was asked for"

    return _wish("driver_branch", f"driver branch {wanted} is asked for", driver=driver)


def _gpu_wish() -> Fact:
    def driver(option: DriverOption) -> Optional[str]:
        return "a GPU is required, and none was found" if option.action == "none" else None

    return _wish("gpu_required", "a GPU is required", driver=driver)


# Facts of the host.


def _machine(host: Host) -> Fact:
    text = f"the machine is {host.architecture}"

    def wheel(option: Wheel) -> Optional[str]:
        if option.machine == host.architecture:
            return None
        return f"{option.name} for {option.machine} does not run on {host.architecture}"

    return Fact("host.architecture", text, PROBE, "use an x86_64 or aarch64 machine", {"wheel": wheel})


def _gpu(found: Card) -> Fact:
    shown = found.capability_text or "unknown"
    return Fact(
        f"gpu.{found.pci_id}",
        f"{found.name} ({found.pci_id}) has compute capability {shown}",
        str(found.source),
        f"take {found.name} out of this host, or plan for it on its own",
        {"wheel": _code_rule(found), "driver": _driver_rule(found)},
    )


def _code_rule(found: Card) -> Rule:
    capability = found.capability

    def wheel(option: Wheel) -> Optional[str]:
        if capability is None:
            return f"no table says what compute capability {found.name} has, and guessing is refused"
        if option.variant == CPU:
            return f"{option.name} computes on the CPU only"
        if capability.major < _CUDNN_9_FROM and option.cudnn >= _CUDNN_9:
            return f"{option.name} comes with cuDNN 9, which has no code for {found.name}"
        if option.jit is not None:
            return None if option.jit <= capability else _no_code(option, found)
        return None if runs_native(option.code, capability) else _no_code(option, found)

    return wheel


# cuDNN 9 starts at compute capability 5.0.
_CUDNN_9, _CUDNN_9_FROM = 9, 5


def _no_code(option: Wheel, found: Card) -> str:
    has = " ".join(_shown(sm) for sm in option.code)
    return f"{option.name} has no code for {found.name} ({found.capability_text}): it has {has}"


def _shown(sm: Version) -> str:
    return f"{sm[0]}.{sm[1] if len(sm) > 1 else 0}"


def _driver_rule(found: Card) -> Rule:
    device = found.pci_id.partition(":")[2]

    def driver(option: DriverOption) -> Optional[str]:
        if option.branch is None:
            return f"no table knows driver branch {option.number}" if option.number else None
        if not option.branch.first_device <= device <= option.branch.last_device:
            return f"driver branch {option.number} does not drive {found.name}"
        if found.first_driver is not None and option.version < found.first_driver:
            first = ".".join(map(str, found.first_driver))
            return f"{found.name} needs driver {first} or newer; {option.number} has {option.branch.newest}"
        if option.flavour == "open" and found.range.flavour == "proprietary":
            return f"{found.name} does not work with the open kernel module ({MODULE_PAGE.name})"
        if option.flavour == "proprietary" and found.open_only:
            return f"{found.name} works with the open kernel module only ({OPEN_ONLY_POST.name})"
        return None

    return driver


def _foreign(host: Host) -> List[Fact]:
    taken = sorted({gpu.slot for gpu in host.gpus if gpu.kernel_driver == "vfio-pci"})
    if not taken:
        return []

    def driver(option: DriverOption) -> Optional[str]:
        del option
        return f"the GPU at {taken[0]} is bound to vfio-pci, so it belongs to a virtual machine"

    text = f"the GPU at {', '.join(taken)} is bound to vfio-pci"
    return [
        Fact("host.vfio", text, PROBE, "unbind it from vfio-pci, or plan inside its virtual machine", {"driver": driver})
    ]


def _glibc(host: Host) -> Fact:
    number = version(host.glibc or "0")

    def wheel(option: Wheel) -> Optional[str]:
        if number >= option.glibc:
            return None
        needs = ".".join(map(str, option.glibc))
        return f"{option.name} needs glibc {needs}; this host has {host.glibc}"

    return Fact("host.glibc", f"the C library is glibc {host.glibc}", PROBE, "use a newer distribution", {"wheel": wheel})


def _not_root(setting: Setting) -> Fact:
    def driver(option: DriverOption) -> Optional[str]:
        if option.action in ("keep", "none"):
            return None
        return f"only root can {option.action} {option.name}"

    def compiler(option: CompilerOption) -> Optional[str]:
        missing = option.major and option.host is None
        return f"only root can install GCC {option.major} with its C++ compiler" if missing else None

    def python(option: PythonOption) -> Optional[str]:
        lacks = setting.compiles and option.host and not option.host.headers
        return f"only root can install the headers of Python {option.name}" if lacks else None

    def toolkit(option: ToolkitOption) -> Optional[str]:
        return "only root can install the CUDA toolkit" if option.action == "install" else None

    rules = {"driver": driver, "compiler": compiler, "python": python, "toolkit": toolkit}
    return Fact("host.root", "the user is not root", PROBE, "run as root, or with --become", rules)


def _container() -> Fact:
    def driver(option: DriverOption) -> Optional[str]:
        if option.action in ("keep", "none"):
            return None
        return f"a container cannot {option.action} {option.name}: the kernel is its host's"

    return Fact(
        "host.container",
        "the host is a container",
        PROBE,
        "install the driver on the machine that runs the container",
        {"driver": driver},
    )


def _distribution(host: Host, row: Optional[DistributionRow], setting: Setting) -> Fact:
    name = host.distribution.name

    def driver(option: DriverOption) -> Optional[str]:
        if option.action in ("keep", "none"):
            return None
        if row is None:
            return f"no table says where {name} gets a driver from"
        if option.origin == "distribution":
            has = archive(row, option)
            return None if has else f"the archive of {name} has no {option.name}"
        if version(option.number) < version(row.first_branch):
            return f"NVIDIA's repository for {name} begins with driver {row.first_branch}"
        return None

    def compiler(option: CompilerOption) -> Optional[str]:
        if option.host or not option.major:
            return None
        if row is None:
            return f"no table says how {name} calls its compilers"
        has = option.major in row.compilers
        return None if has else f"{name} has no package of GCC {option.major}"

    def python(option: PythonOption) -> Optional[str]:
        if option.host is None or option.host.headers or not setting.compiles:
            return None
        if row is not None and version(row.python) == option.series:
            return None
        return f"no table says which package of {name} has the headers of Python {option.name}"

    def toolkit(option: ToolkitOption) -> Optional[str]:
        if option.action != "install" or row is not None:
            return None
        return f"no table says where {name} gets a CUDA toolkit from"

    return Fact(
        "host.distribution",
        f"the distribution is {name}",
        PROBE,
        "use a distribution that the table has, or install what is missing by hand",
        {"driver": driver, "compiler": compiler, "python": python, "toolkit": toolkit},
    )


def _network(setting: Setting) -> Fact:
    def wheel(option: Wheel) -> Optional[str]:
        if option.pypi or setting.index:
            return None
        return f"{option.name} is only in PyTorch's own index, which is not reached"

    def driver(option: DriverOption) -> Optional[str]:
        if option.origin != "nvidia" or option.action == "keep" or setting.nvidia:
            return None
        return "NVIDIA's package repository is not reached"

    def toolkit(option: ToolkitOption) -> Optional[str]:
        if option.action != "install" or setting.nvidia:
            return None
        return "NVIDIA's package repository is not reached"

    def python(option: PythonOption) -> Optional[str]:
        if option.host or setting.network == "full":
            return None
        return f"Python {option.name} would have to be downloaded, and the network is {setting.network}"

    return Fact(
        "host.network",
        f"the network is {setting.network}",
        PROBE,
        "open the network, or bring everything with --offline BUNDLE",
        {"wheel": wheel, "driver": driver, "toolkit": toolkit, "python": python},
    )

