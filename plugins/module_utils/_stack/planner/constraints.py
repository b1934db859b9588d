"""The constraints that a host and a request put on the options."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..catalog.sources import TREES
from ..core.versions import version
from ..host.model import Driver
from . import (
    driver_constraints,
    gpu_constraints,
    guests,
    host_constraints,
    kernels,
    platforms,
)
from .candidates import PYPI, loaded_branch
from .constraint_model import RUNNING, Check, Constraint
from .decision import REQUEST
from .request import CHANNEL, INSTALLER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..core.versions import Spec
    from ..host.model import Host
    from .candidates import DriverOption, PythonOption, ToolkitOption, Wheel
    from .network import Network
    from .request import Request, Source


def constraints(host: Host, request: Request, network: Network) -> tuple[Constraint, ...]:
    """Return everything given that can reject an option; the request comes first."""
    return (
        *_requested(host, request),
        *_build(host, request),
        *_sources(host, request, network),
        *_adopted(host, request),
        host_constraints.machine(host.source, host.architecture),
        *platforms.of(host),
        *gpu_constraints.of(host),
        *driver_constraints.of(host, request),
        *guests.of(host),
        *host_constraints.of(host, network),
    )


def _requested(host: Host, request: Request) -> Iterator[Constraint]:
    if request.torch:
        yield _option("torch", request.torch.text, {"wheel": _torch(request.torch)})
    if request.cuda:
        checks = {"wheel": _cuda(request.cuda), "toolkit": _toolkit(request.cuda)}
        yield _option("cuda", request.cuda.text, checks)
    if request.python:
        yield _option("python", request.python.text, {"python": _python(request.python)})
    if request.environment:
        check = _manager(request.environment, f"--environment {request.environment}")
        yield _option("environment", request.environment, {"python": check})
    if request.conda_packages:
        text = " ".join(request.conda_packages)
        yield _option("conda-package", text, {"python": _manager("conda", "--conda-package")})
    if request.driver_branch:
        # In WSL2 a user reads the numbers of Windows.
        branch = loaded_branch(host, Driver(f"{request.driver_branch}.0"))
        # Without a GPU the branch is the one that FFmpeg is built for.
        idle = request.wanted_ffmpeg in (None, "none")
        asked = _option(
            "driver-branch", request.driver_branch, {"driver": _branch(branch, idle=idle)}
        )
        known = driver_constraints.known_of(host, branch)
        yield asked._replace(text="; ".join([asked.text, *known]))
    if request.gpu_required:
        remedy = "unset gpu_required, or use a host with a GPU"
        only: dict[str, Check] = {"driver": _any_gpu}
        yield Constraint("request.gpu_required", "a GPU is required", REQUEST, remedy, only)


def _build(host: Host, request: Request) -> Iterator[Constraint]:
    """Have the kernel modules built as requested."""
    wanted = request.driver_build
    if not wanted:
        return
    name, kernel = host.distribution.name, host.kernel.release or "of this distribution"

    def check(option: DriverOption) -> str | None:
        if option.action == "none":
            return "no driver is installed, because there is no GPU"
        if option.action in RUNNING:
            has = kernels.installed(host)
            return f"{option.name} is installed as {has}" if has not in (None, wanted) else None
        if (kernels.prebuilt(host, option) is not None) == (wanted == "prebuilt"):
            return None
        if wanted == "dkms":
            return f"{option.name} of the archive of {name} has its modules built already"
        if option.origin != "distribution":
            return f"{option.name} of NVIDIA's repository builds its modules with DKMS"
        return f"the archive of {name} has no {option.name} with modules for the kernel {kernel}"

    yield _option("driver-build", wanted, {"driver": check})


def _option(flag: str, text: str, checks: dict[str, Check]) -> Constraint:
    asked = f"--{flag} {text} was requested"
    return Constraint(f"request.{flag}", asked, REQUEST, f"omit --{flag}", checks)


def _sources(host: Host, request: Request, network: Network) -> Iterator[Constraint]:
    """Have each source that is named used: nothing else takes its place."""
    for name in (tree.name for tree in TREES if tree.name in request.sources):
        yield _named(name, request.source(name), {"wheel": _tree(name, host, request, network)})
    for name in (name for name in (INSTALLER, CHANNEL) if name in request.sources):
        check = _manager("conda", f"--source {name}")
        yield _named(name, request.source(name), {"python": check})


def _named(name: str, source: Source, checks: dict[str, Check]) -> Constraint:
    place = "@".join(filter(None, (source.url, source.commit)))
    remedy = f"make that source reachable from this host, or omit --source {name}"
    text = f"--source {name}={place} was requested"
    return Constraint(f"request.source.{name}", text, REQUEST, remedy, checks)


def _tree(name: str, host: Host, request: Request, network: Network) -> Check:
    missed = [tree.name for tree in TREES if not host.network.get(tree.name, False)]
    cause = f"--network {request.network}" if request.network else f"unreached: {', '.join(missed)}"
    text = f"{name} would come from PyPI, because not every git source is used ({cause})"
    # What was found out counts, whatever is assumed of the network.
    lacks = next((row for row in host.unreadable if row.name == f"source.{name}"), None)
    if lacks:
        text = f"{lacks.source}: {lacks.reason[0].lower()}{lacks.reason[1:].rstrip('.')}"
    return lambda _option: None if network.compiles and not lacks else text


def _torch(wanted: Spec) -> Check:
    def check(option: Wheel) -> str | None:
        if wanted.allows(option.torch):
            return None
        return f"torch {option.row.torch} does not match --torch {wanted.text}"

    return check


def _cuda(wanted: Spec) -> Check:
    def check(option: Wheel) -> str | None:
        if option.cuda is not None and wanted.allows(option.cuda):
            return None
        return f"{option.name} is not built with a CUDA that matches --cuda {wanted.text}"

    return check


def _toolkit(wanted: Spec) -> Check:
    def check(option: ToolkitOption) -> str | None:
        if option.action == "none" or wanted.allows(option.cuda):
            return None
        return f"the toolkit CUDA {option.name} does not match --cuda {wanted.text}"

    return check


def _python(wanted: Spec) -> Check:
    def check(option: PythonOption) -> str | None:
        # A series stands for its newest patch release.
        series = option.host is None and wanted.allows(option.series)
        if series or wanted.allows(version(option.name)):
            return None
        return f"Python {option.name} does not match --python {wanted.text}"

    return check


def _manager(wanted: str, option_given: str) -> Check:
    def check(option: PythonOption) -> str | None:
        made = "conda" if option.origin == "conda" else "uv"
        if made == wanted:
            return None
        return f"Python {option.name} uses {made}, but {option_given} was given"

    return check


def _branch(wanted: str, *, idle: bool) -> Check:
    def check(option: DriverOption) -> str | None:
        if option.action == "none":
            return "no driver is installed, because there is no GPU" if idle else None
        if option.number == wanted:
            return None
        return f"driver branch {option.number} does not match --driver-branch {wanted}"

    return check


def _any_gpu(option: DriverOption) -> str | None:
    return "no NVIDIA GPU was found" if option.action == "none" else None


def _adopted(host: Host, request: Request) -> Iterator[Constraint]:
    """Keep to the torch that is adopted, and to its interpreter."""
    if not request.adopt_torch:
        return
    torch = host.torch

    def wheel(option: Wheel) -> str | None:
        if torch and (option.row.torch, option.variant) == (torch.version, torch.variant):
            return None
        return f"{option.name} is not installed in place of the torch to adopt"

    def python(option: PythonOption) -> str | None:
        if torch and option.host and option.host.path == torch.python:
            return None
        return f"Python {option.name} is not the interpreter of the torch to adopt"

    def toolkit(option: ToolkitOption) -> str | None:
        if option.origin != PYPI:
            return None
        return f"CUDA {option.name} of PyPI would be installed among the packages that are adopted"

    found = f"torch {torch.version} ({torch.variant})" if torch else "no readable torch"
    yield Constraint(
        "request.adopt_torch",
        f"--adopt-torch {request.adopt_torch} was requested, which has {found}",
        host.source,
        "omit --adopt-torch, or name an interpreter with a torch in the catalog",
        {"wheel": wheel, "python": python, "toolkit": toolkit},
    )
