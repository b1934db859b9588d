"""The facts of a host and the wishes of a request, each with the rules that it brings."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

from ..catalog.distributions import DISTRIBUTIONS, SAME_AS, DistributionRow
from ..core.versions import version
from . import constraint_checks
from .gpu_specs import of_host

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..host.model import Host
    from .gpu_specs import Card
    from .request import Request

PROBE = "the probe of this host"
REQUEST = "the request"

Rule = Callable[[Any], "str | None"]


class Fact(NamedTuple):
    """Something given: a sentence, its source, what would change it, and rules by dimension."""

    id: str
    text: str
    source: str
    remedy: str
    rules: Mapping[str, Rule]


class Setting(NamedTuple):
    """What the network gives, and so what is to be done; ``network`` is full, pypi or offline.

    ``wheel_index`` is PyTorch's own index, ``nvidia`` NVIDIA's packages, ``uv_pythons`` the
    Pythons that uv downloads, ``conda`` Miniforge with conda-forge; ``compiles`` tells whether
    extensions are built here.
    """

    network: str
    wheel_index: bool
    nvidia: bool
    compiles: bool
    uv_pythons: bool
    conda: bool


def facts(host: Host, request: Request, setting: Setting) -> tuple[Fact, ...]:
    """Return everything given that can rule an option out; wishes come first."""
    return (
        *_wishes(request),
        *_adopted(host, request),
        _machine(host.architecture),
        *(_card(found) for found in sorted(set(of_host(host)), key=lambda one: one.pci_id)),
        *_vfio(host),
        *([_glibc(host.glibc)] if host.glibc else []),
        _distribution(host.distribution.name, distribution(host), compiles=setting.compiles),
        *([_FOREIGN_DRIVER] if host.driver and not host.driver_packages else []),
        *([_UNFINISHED_DRIVER] if host.unfinished.driver else []),
        *([] if host.root else [_no_root(compiles=setting.compiles)]),
        *([_CONTAINER] if host.virtualization == "container" else []),
        _network(setting),
    )


def distribution(host: Host) -> DistributionRow | None:
    """Return the table's row for the host's distribution, None where there is none."""
    name = SAME_AS.get(host.distribution.id, host.distribution.id)
    number = host.distribution.version
    # The Red Hat family says 9.4 of itself; one row speaks for all of 9.
    return _BY_NAME.get((name, number)) or _BY_NAME.get((name, number.partition(".")[0]))


_BY_NAME = {(row.id, row.version): row for row in DISTRIBUTIONS}


def _wishes(request: Request) -> Iterator[Fact]:
    if request.torch:
        yield _wish(
            "torch",
            request.torch.text,
            "wheel",
            partial(constraint_checks.torch_as_asked, request.torch),
        )
    if request.cuda:
        yield _wish(
            "cuda",
            request.cuda.text,
            "wheel",
            partial(constraint_checks.cuda_as_asked, request.cuda),
        )
    if request.python:
        rule = partial(constraint_checks.python_as_asked, request.python)
        yield _wish("python", request.python.text, "python", rule)
    if request.environment:
        rule = partial(constraint_checks.python_by_manager, request.environment)
        yield _wish("environment", request.environment, "python", rule)
    if request.conda_packages:
        rule = partial(constraint_checks.python_by_manager, "conda")
        yield _wish("conda-package", " ".join(request.conda_packages), "python", rule)
    if request.driver_branch:
        branch = request.driver_branch
        yield _wish(
            "driver-branch", branch, "driver", partial(constraint_checks.branch_as_asked, branch)
        )
    if request.gpu_required:
        remedy = "allow a host without a GPU, or put one in"
        only = {"driver": constraint_checks.gpu_as_asked}
        yield Fact("request.gpu_required", "a GPU is required", REQUEST, remedy, only)


def _wish(flag: str, text: str, dimension: str, rule: Rule) -> Fact:
    asked = f"--{flag} {text} is asked for"
    return Fact(f"request.{flag}", asked, REQUEST, f"leave --{flag} out", {dimension: rule})


def _adopted(host: Host, request: Request) -> Iterator[Fact]:
    if request.adopt_torch:
        there = host.torch
        message = (
            f"torch {there.version} ({there.variant})" if there else "no torch that can be read"
        )
        yield Fact(
            "request.adopt_torch",
            f"--adopt-torch {request.adopt_torch} is asked for, which has {message}",
            PROBE,
            "leave --adopt-torch out, or name an interpreter with a torch of the table",
            {
                "wheel": partial(constraint_checks.wheel_as_adopted, there),
                "python": partial(constraint_checks.python_as_adopted, there),
            },
        )


@lru_cache(maxsize=64)
def _machine(architecture: str) -> Fact:
    return Fact(
        "host.architecture",
        f"the processor is {architecture}",
        PROBE,
        "use an x86_64 or aarch64 host",
        {"wheel": partial(constraint_checks.wheel_for_machine, architecture)},
    )


@lru_cache(maxsize=1024)
def _card(found: Card) -> Fact:
    shown = found.capability_text or "unknown"
    remedy = f"take {found.name} out of this host, or plan for it on its own"
    if found.capability is None:
        remedy = (
            f"load the driver of {found.name} and probe again: NVML says what it is; or {remedy}"
        )
    return Fact(
        f"gpu.{found.pci_id}",
        f"{found.name} ({found.pci_id}) has compute capability {shown}",
        str(found.source),
        remedy,
        {
            "wheel": partial(constraint_checks.wheel_for_card, found),
            "driver": partial(constraint_checks.driver_for_card, found),
            "toolkit": partial(constraint_checks.toolkit_for_card, found),
        },
    )


def _vfio(host: Host) -> list[Fact]:
    slots = ", ".join(sorted(gpu.slot for gpu in host.gpus if gpu.kernel_driver == "vfio-pci"))
    if not slots:
        return []
    text = f"the GPU at {slots} is bound to vfio-pci"
    remedy = "unbind it from vfio-pci, or plan inside its virtual machine"
    rule = partial(constraint_checks.driver_beside_vfio, slots)
    return [Fact("host.vfio", text, PROBE, remedy, {"driver": rule})]


@lru_cache(maxsize=64)
def _glibc(number: str) -> Fact:
    return Fact(
        "host.glibc",
        f"the C library is glibc {number}",
        PROBE,
        "use a newer distribution",
        {"wheel": partial(constraint_checks.wheel_for_glibc, version(number))},
    )


@lru_cache(maxsize=256)
def _distribution(name: str, row: DistributionRow | None, *, compiles: bool) -> Fact:
    found: dict[str, Rule] = {
        "driver": partial(constraint_checks.driver_of_distribution, name, row),
        "compiler": partial(constraint_checks.compiler_of_distribution, name, row),
        "toolkit": partial(constraint_checks.toolkit_of_distribution, name, row),
    }
    if compiles:
        found["python"] = partial(constraint_checks.python_headers_of_distribution, name, row)
    return Fact(
        "host.distribution",
        f"the distribution is {name}",
        PROBE if row is None else f"{PROBE}; {row.contents}",
        "use a distribution that the table has, or install what is missing by hand",
        found,
    )


@lru_cache(maxsize=2)
def _no_root(*, compiles: bool) -> Fact:
    found: dict[str, Rule] = {
        "driver": constraint_checks.driver_without_root,
        "compiler": constraint_checks.compiler_without_root,
        "toolkit": constraint_checks.toolkit_without_root,
    }
    if compiles:
        found["python"] = constraint_checks.python_without_root
    return Fact("host.root", "the user is not root", PROBE, "run as root, or with --become", found)


_FOREIGN_DRIVER = Fact(
    "host.foreign_driver",
    "the driver was not installed from packages",
    PROBE,
    "install the driver from packages",
    {"toolkit": constraint_checks.toolkit_beside_foreign_driver},
)
_UNFINISHED_DRIVER = Fact(
    "host.unfinished_driver",
    "an installation of the driver began and did not end",
    PROBE,
    "let it end: run as root, or with --become",
    {"driver": constraint_checks.driver_unfinished},
)
_CONTAINER = Fact(
    "host.container",
    "the host is a container",
    PROBE,
    "install the driver on the machine that runs the container",
    {"driver": constraint_checks.driver_in_container},
)


@lru_cache(maxsize=16)
def _network(setting: Setting) -> Fact:
    found: dict[str, Rule] = {}
    if not setting.wheel_index:
        found["wheel"] = constraint_checks.wheel_over_network
    if not setting.nvidia:
        found["driver"] = constraint_checks.driver_over_network
        found["toolkit"] = constraint_checks.toolkit_over_network
    if not (setting.uv_pythons and setting.conda):
        found["python"] = partial(constraint_checks.python_over_network, setting)
    return Fact(
        "host.network",
        f"the network is {setting.network}",
        PROBE,
        "open the network, or bring everything with --offline BUNDLE",
        found,
    )
