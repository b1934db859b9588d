"""The constraints that a host and a request put on the options, each with its checks."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

from ..catalog.distributions import DISTRIBUTIONS, SAME_AS, DistributionRow
from ..core.versions import version
from . import constraint_checks
from .decision import REQUEST
from .gpu_specs import of_host

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..host.model import Host
    from .gpu_specs import GpuSpec
    from .network import Network
    from .request import Request

Check = Callable[[Any], "str | None"]


class Constraint(NamedTuple):
    """Something given: a sentence, its source, what would change it, and checks by dimension."""

    id: str
    text: str
    source: str
    remedy: str
    checks: Mapping[str, Check]


def constraints(host: Host, request: Request, network: Network) -> tuple[Constraint, ...]:
    """Return everything given that can reject an option; the request comes first."""
    return (
        *_requested(request),
        *_adopted(host, request),
        _machine(host.source, host.architecture),
        *(_gpu(found) for found in sorted(set(of_host(host)), key=lambda one: one.pci_id)),
        *_vfio(host),
        *([_glibc(host.source, host.glibc)] if host.glibc else []),
        _distribution(host, distribution(host), network),
        *([_foreign_driver(host.source)] if host.driver and not host.driver_packages else []),
        *([_unfinished_driver(host.source)] if host.unfinished.driver else []),
        *([] if host.root else [_no_root(host.source, compiles=network.compiles)]),
        *([_container(host.source)] if host.virtualization == "container" else []),
        _network(host.source, network),
    )


def distribution(host: Host) -> DistributionRow | None:
    """Return the table's row for the host's distribution, None where there is none."""
    name = SAME_AS.get(host.distribution.id, host.distribution.id)
    number = host.distribution.version
    # The Red Hat family says 9.4 of itself; one row speaks for all of 9.
    return _BY_NAME.get((name, number)) or _BY_NAME.get((name, number.partition(".")[0]))


_BY_NAME = {(row.id, row.version): row for row in DISTRIBUTIONS}


def _requested(request: Request) -> Iterator[Constraint]:
    if request.torch:
        yield _option(
            "torch",
            request.torch.text,
            "wheel",
            partial(constraint_checks.torch_as_asked, request.torch),
        )
    if request.cuda:
        yield _option(
            "cuda",
            request.cuda.text,
            "wheel",
            partial(constraint_checks.cuda_as_asked, request.cuda),
        )
    if request.python:
        check = partial(constraint_checks.python_as_asked, request.python)
        yield _option("python", request.python.text, "python", check)
    if request.environment:
        check = partial(constraint_checks.python_by_manager, request.environment)
        yield _option("environment", request.environment, "python", check)
    if request.conda_packages:
        check = partial(constraint_checks.python_by_manager, "conda")
        yield _option("conda-package", " ".join(request.conda_packages), "python", check)
    if request.driver_branch:
        branch = request.driver_branch
        yield _option(
            "driver-branch", branch, "driver", partial(constraint_checks.branch_as_asked, branch)
        )
    if request.gpu_required:
        remedy = "allow a host without a GPU, or put one in"
        only = {"driver": constraint_checks.gpu_as_asked}
        yield Constraint("request.gpu_required", "a GPU is required", REQUEST, remedy, only)


def _option(flag: str, text: str, dimension: str, check: Check) -> Constraint:
    asked = f"--{flag} {text} is asked for"
    return Constraint(f"request.{flag}", asked, REQUEST, f"leave --{flag} out", {dimension: check})


def _adopted(host: Host, request: Request) -> Iterator[Constraint]:
    if request.adopt_torch:
        there = host.torch
        message = (
            f"torch {there.version} ({there.variant})" if there else "no torch that can be read"
        )
        yield Constraint(
            "request.adopt_torch",
            f"--adopt-torch {request.adopt_torch} is asked for, which has {message}",
            host.source,
            "leave --adopt-torch out, or name an interpreter with a torch of the table",
            {
                "wheel": partial(constraint_checks.wheel_as_adopted, there),
                "python": partial(constraint_checks.python_as_adopted, there),
            },
        )


@lru_cache(maxsize=64)
def _machine(source: str, architecture: str) -> Constraint:
    return Constraint(
        "host.architecture",
        f"the processor is {architecture}",
        source,
        "use an x86_64 or aarch64 host",
        {"wheel": partial(constraint_checks.wheel_for_machine, architecture)},
    )


@lru_cache(maxsize=1024)
def _gpu(found: GpuSpec) -> Constraint:
    shown = found.capability_text or "unknown"
    remedy = f"take {found.name} out of this host, or plan for it on its own"
    if found.capability is None:
        remedy = (
            f"load the driver of {found.name} and probe again: NVML says what it is; or {remedy}"
        )
    return Constraint(
        f"gpu.{found.pci_id}",
        f"{found.name} ({found.pci_id}) has compute capability {shown}",
        str(found.source),
        remedy,
        {
            "wheel": partial(constraint_checks.wheel_for_gpu, found),
            "driver": partial(constraint_checks.driver_for_gpu, found),
            "toolkit": partial(constraint_checks.toolkit_for_gpu, found),
        },
    )


def _vfio(host: Host) -> list[Constraint]:
    slots = ", ".join(sorted(gpu.slot for gpu in host.gpus if gpu.kernel_driver == "vfio-pci"))
    if not slots:
        return []
    text = f"the GPU at {slots} is bound to vfio-pci"
    remedy = "unbind it from vfio-pci, or plan inside its virtual machine"
    check = partial(constraint_checks.driver_beside_vfio, slots)
    return [Constraint("host.vfio", text, host.source, remedy, {"driver": check})]


@lru_cache(maxsize=64)
def _glibc(source: str, number: str) -> Constraint:
    return Constraint(
        "host.glibc",
        f"the C library is glibc {number}",
        source,
        "use a newer distribution",
        {"wheel": partial(constraint_checks.wheel_for_glibc, version(number))},
    )


def _distribution(host: Host, row: DistributionRow | None, network: Network) -> Constraint:
    name = host.distribution.name
    found: dict[str, Check] = {
        "driver": partial(constraint_checks.driver_of_distribution, name, row),
        "compiler": partial(constraint_checks.compiler_of_distribution, name, row),
        "toolkit": partial(constraint_checks.toolkit_of_distribution, name, row),
    }
    if network.compiles:
        found["python"] = partial(constraint_checks.python_headers_of_distribution, name, row)
    return Constraint(
        "host.distribution",
        f"the distribution is {name}",
        host.source if row is None else f"{host.source}; {row.contents}",
        "use a distribution that the table has, or install what is missing by hand",
        found,
    )


@lru_cache(maxsize=2)
def _no_root(source: str, *, compiles: bool) -> Constraint:
    found: dict[str, Check] = {
        "driver": constraint_checks.driver_without_root,
        "compiler": constraint_checks.compiler_without_root,
        "toolkit": constraint_checks.toolkit_without_root,
    }
    if compiles:
        found["python"] = constraint_checks.python_without_root
    return Constraint(
        "host.root", "the user is not root", source, "run as root, or with --become", found
    )


def _foreign_driver(source: str) -> Constraint:
    return Constraint(
        "host.foreign_driver",
        "the driver was not installed from packages",
        source,
        "install the driver from packages",
        {"toolkit": constraint_checks.toolkit_beside_foreign_driver},
    )


def _unfinished_driver(source: str) -> Constraint:
    return Constraint(
        "host.unfinished_driver",
        "an installation of the driver was interrupted",
        source,
        "let it be completed: run as root, or with --become",
        {"driver": constraint_checks.driver_unfinished},
    )


def _container(source: str) -> Constraint:
    return Constraint(
        "host.container",
        "the host is a container",
        source,
        "install the driver on the machine that runs the container",
        {"driver": constraint_checks.driver_in_container},
    )


@lru_cache(maxsize=16)
def _network(source: str, network: Network) -> Constraint:
    found: dict[str, Check] = {}
    if not network.wheel_index:
        found["wheel"] = constraint_checks.wheel_over_network
    if not network.nvidia:
        found["driver"] = constraint_checks.driver_over_network
        found["toolkit"] = constraint_checks.toolkit_over_network
    if not (network.uv_pythons and network.conda):
        found["python"] = partial(constraint_checks.python_over_network, network)
    return Constraint(
        "host.network",
        f"the network is {network.name}",
        source,
        "open the network, or provide everything with --offline BUNDLE",
        found,
    )
