"""What would help a host without a plan: each change is planned before it is printed."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Callable, NamedTuple

from ..catalog.cuda import TOOLKITS
from ..catalog.distributions import DISTRIBUTIONS
from ..catalog.drivers import BRANCHES, FIRST_OPEN_BRANCH
from ..core.versions import spec, version
from ..host.model import Compiler, Distribution, Driver, InstalledDriver, Package, Toolkit
from . import network
from .candidates import branch, preset
from .gpu_specs import of_host
from .resolver import choices, problem, solve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..catalog.distributions import DistributionRow
    from ..host.model import Host
    from .constraint_model import Constraint
    from .request import Request
    from .resolver import Choice, Problem

NEWEST = max((row.newest for row in BRANCHES), key=version)
# Their processor is a part of them.
WITH_PROCESSOR = re.compile(r"\b(GH200|GB200|GB300|GB10|Thor|Grace)\b")
ALONE = "this alone is not enough"


class Case(NamedTuple):
    """What is planned: a host and a request."""

    host: Host
    request: Request


class Remedy(NamedTuple):
    """A change as it is printed, and what it leads to, None where no change of ours shows that.

    ``after`` has a plan where ``text`` says so.
    """

    text: str
    after: Case | None = None


class Found(NamedTuple):
    """A change: how it is printed, what it leads to, and whether the torch that it gives is printed."""

    text: str
    after: Case
    shows: bool = True


# Changes of a case that meet a constraint; none where it cannot be met in the data of a host.
Change = Callable[[Case, "Constraint"], "Iterator[Found]"]


def of(given: Problem, host: Host, request: Request, clash: tuple[int, ...]) -> Iterator[Remedy]:
    """Yield what helps against each constraint of a conflict."""
    case = Case(host, request)
    for index in clash:
        yield from _against(given, case, index)


def planned(case: Case) -> Choice | None:
    """Return the choice of a case, None where it has none."""
    reached = network.decide(case.host, case.request).value
    if reached.name == "offline" and case.request.network is None:
        return None
    return solve(problem(case.host, case.request, reached))


def _against(given: Problem, case: Case, index: int) -> Iterator[Remedy]:
    constraint = given.constraints[index]
    found = list(_changes(given, case, constraint))
    works = [(change, choice) for change in found if (choice := planned(change.after))]
    for change, choice in works:
        yield _printed(change, choice)
    if works:
        return
    for change in found:
        second = next(_with_another(given, change, index), None)
        yield second or Remedy(f"{change.text} ({ALONE})")
    if not found and constraint.id != "host.architecture":
        rest = [other for other in range(len(given.constraints)) if other != index]
        tried = constraint.id in CHANGES or not solve(given, rest)
        yield Remedy(f"{constraint.remedy} ({ALONE})" if tried else constraint.remedy)


def _printed(change: Found, choice: Choice) -> Remedy:
    text = (
        f"{change.text}; then {choice.wheel.name} would be planned" if change.shows else change.text
    )
    return Remedy(text, change.after)


def _with_another(given: Problem, first: Found, index: int) -> Iterator[Remedy]:
    """Yield what a change leads to together with one against another constraint."""
    for other, constraint in enumerate(given.constraints):
        if other == index or constraint.id.startswith("gpu."):
            continue
        for second in _changes(given, first.after, constraint):
            choice = planned(second.after)
            if choice:
                both = Found(f"{first.text}, and {second.text}", second.after)
                yield _printed(both, choice)


def _changes(given: Problem, case: Case, constraint: Constraint) -> Iterator[Found]:
    same = (key for key in CHANGES if constraint.id == key)
    kind = next(same, next((key for key in FAMILIES if constraint.id.startswith(key)), None))
    if constraint.id == "request.torch":
        yield from _torch(given, case)
    elif kind:
        yield from CHANGES[kind](case, constraint)


def _torch(given: Problem, case: Case) -> Iterator[Found]:
    """Yield the nearest release that has a plan; with it, one without the option has a plan, too."""
    nearest = _nearest(given, case)
    if nearest:
        after = replace(case.request, torch=spec(nearest))
        yield Found(
            f'use --torch "{nearest}", or omit --torch', Case(case.host, after), shows=False
        )
        return
    yield Found("omit --torch", Case(case.host, replace(case.request, torch=None)))


def _nearest(given: Problem, case: Case) -> str | None:
    """Return the release with a choice that is nearest to those that were requested."""
    names = sorted({wheel.row.torch for wheel in given.wheels}, key=version)
    (index,) = (n for n, one in enumerate(given.constraints) if one.id == "request.torch")
    # Bug-fix releases are as near as the .0 of their series.
    series = list(dict.fromkeys(version(name)[:2] for name in names))
    place = {name: series.index(version(name)[:2]) for name in names}
    asked = {place[wheel.row.torch] for wheel in given.left("wheel", [index])}
    free = Case(case.host, replace(case.request, torch=None))
    reached = network.decide(*free).value
    found = choices(problem(free.host, free.request, reached))
    works = {choice.wheel.row.torch for choice in found if choice}
    # Of two that are equally near, the newer one; the newest where no release was requested.
    rank = [
        (min((abs(place[name] - a) for a in asked), default=0), -number)
        for number, name in enumerate(names)
        if name in works
    ]
    return names[-min(rank)[1]] if rank else None


def _omitted(change_request: Callable[[Request], Request]) -> Change:
    def change(case: Case, constraint: Constraint) -> Iterator[Found]:
        yield Found(constraint.remedy, Case(case.host, change_request(case.request)))

    return change


def _source(case: Case, constraint: Constraint) -> Iterator[Found]:
    name = constraint.id.rpartition(".")[2]
    kept = {key: value for key, value in case.request.sources.items() if key != name}
    yield Found(f"omit --source {name}", Case(case.host, replace(case.request, sources=kept)))


def _machine(case: Case, _constraint: Constraint) -> Iterator[Found]:
    if any(WITH_PROCESSOR.search(gpu.name) for gpu in of_host(case.host)):
        return
    for name in ("x86_64", "aarch64"):
        if name != case.host.architecture:
            after = replace(case.host, architecture=name)
            yield Found(f"use an {name} host", Case(after, case.request))


def _gpu(case: Case, constraint: Constraint) -> Iterator[Found]:
    pci_id = constraint.id.partition(".")[2]
    name = constraint.text.partition(f" ({pci_id})")[0]
    specs = zip(case.host.gpus, of_host(case.host))
    meant = [gpu for gpu, spec in specs if (spec.pci_id, spec.name) == (pci_id, name)]
    kept = tuple(gpu for gpu in case.host.gpus if gpu not in meant)
    text = f"plan {name} separately, or remove it from this host"
    if not kept:
        text = f"use this host without {name}, on its CPU"
    if "capability unknown" in constraint.text:
        # What NVML will say is not known: any capability that has a plan stands for it.
        measured = tuple(
            replace(gpu, compute_capability="9.0") if gpu in meant else gpu
            for gpu in case.host.gpus
        )
        advice = f"load the driver of {name} and probe again, so that NVML reports it"
        after = Case(replace(case.host, gpus=measured, driver=Driver(NEWEST, "open")), case.request)
        yield Found(advice, after, shows=False)
    yield Found(text, Case(replace(case.host, gpus=kept), case.request))


def _vfio(case: Case, _constraint: Constraint) -> Iterator[Found]:
    gpus = tuple(
        replace(gpu, kernel_driver=None) if gpu.kernel_driver == "vfio-pci" else gpu
        for gpu in case.host.gpus
    )
    yield Found("unbind it from vfio-pci", Case(replace(case.host, gpus=gpus), case.request))


def _distributions(case: Case, constraint: Constraint) -> Iterator[Found]:
    """Yield what is installed by hand, and the first distribution that has a plan."""
    if constraint.id == "host.distribution" and "by hand" in constraint.remedy:
        yield from _by_hand(case, constraint.remedy.partition("; then run again")[0])
    found = next(filter(lambda one: planned(one.after), _others(case)), None)
    if found:
        yield found


def _others(case: Case) -> Iterator[Found]:
    """Yield the other distributions, the host's own in a newer release before others."""
    own = case.host.distribution

    def rank(row: DistributionRow) -> tuple[bool, bool]:
        newer = row.id == own.id and version(row.version) > version(own.version or "0")
        return (not newer, row.id != "ubuntu")

    rows = list(DISTRIBUTIONS)
    rows.reverse()
    rows.sort(key=rank)
    for row in rows:
        if (row.id, row.version) != (own.id, own.version):
            name = f"{row.id} {row.version}"
            system = Distribution(row.id, row.version, row.family, name)
            there = replace(case.host, distribution=system, glibc=row.glibc)
            text = f"use another distribution, such as {name}"
            yield Found(text, Case(there, case.request))


def _by_hand(case: Case, words: str) -> Iterator[Found]:
    """Yield the host with everything that no role installs."""
    host = case.host
    compilers = host.compilers or (Compiler(12, "12.2.0", "/usr/bin/gcc", "/usr/bin/g++"),)
    pythons = tuple(replace(python, headers=True) for python in host.pythons)
    toolkits = host.toolkits or tuple(
        Toolkit(row.cuda, f"/usr/local/cuda-{row.cuda}") for row in TOOLKITS
    )
    there = replace(host, compilers=compilers, pythons=pythons, toolkits=toolkits)
    yield from _own_driver(Case(there, case.request), words)


def _own_driver(case: Case, by_hand: str = "") -> Iterator[Found]:
    """Yield the driver that has to be there, where the host itself gets none.

    ``by_hand`` is the text of that, for all that the host gets from elsewhere.
    """
    if by_hand and planned(case):
        yield Found(by_hand, case)
        return
    inside = case.host.virtualization == "container"
    if not case.host.gpus or (case.host.driver and not inside):
        return
    gpus = tuple(replace(gpu, kernel_driver="nvidia") for gpu in case.host.gpus)
    bound = replace(case.host, gpus=gpus, nouveau=False, installed_driver=InstalledDriver())
    for row in filter(None, map(branch, preset(case.request.preset).branches)):
        old = version(row.branch) < version(FIRST_OPEN_BRANCH)
        for flavour in ("proprietary",) if old else ("open", "proprietary"):
            there = replace(bound, driver=Driver(row.newest, flavour))
            text = by_hand or f"install driver {row.branch} ({flavour}) by hand"
            if inside:
                text = f"install driver {row.branch} on the machine that runs the container"
            found = Found(text, Case(there, case.request))
            if planned(found.after):
                yield found
                return


def _root(case: Case, constraint: Constraint) -> Iterator[Found]:
    yield Found(constraint.remedy, Case(replace(case.host, root=True), case.request))


def _complete(case: Case, constraint: Constraint) -> Iterator[Found]:
    there = replace(case.host, root=True, interrupted=replace(case.host.interrupted, driver=False))
    yield Found(constraint.remedy, Case(there, case.request))


def _packaged(case: Case, constraint: Constraint) -> Iterator[Found]:
    number = case.host.driver.version if case.host.driver else ""
    packages = (Package("nvidia-driver", number, "nvidia"),)
    there = replace(case.host, driver_packages=packages)
    yield Found(constraint.remedy, Case(there, case.request))


def _reached(case: Case, constraint: Constraint) -> Iterator[Found]:
    there = replace(case.host, network=dict.fromkeys(case.host.network, True))
    asked = replace(case.request, network=None if case.request.network != "full" else "full")
    yield Found(constraint.remedy, Case(there, asked))


def _rebooted(case: Case, constraint: Constraint) -> Iterator[Found]:
    host, found = case.host, case.host.installed_driver
    number = found.module or found.library
    driver = replace(host.driver, version=number) if host.driver and number else host.driver
    gpus = tuple(replace(gpu, kernel_driver="nvidia") for gpu in host.gpus)
    there = replace(
        host, gpus=gpus, driver=driver, installed_driver=InstalledDriver(), pending_reboot=False
    )
    yield Found(constraint.remedy, Case(there, case.request))


def _branch(case: Case, _constraint: Constraint) -> Iterator[Found]:
    for row in sorted(BRANCHES, key=lambda row: version(row.branch), reverse=True):
        after = Case(case.host, replace(case.request, driver_branch=row.branch))
        if planned(after):
            yield Found(f"name an older branch: --driver-branch {row.branch}", after)
            return


def _headers(case: Case, constraint: Constraint) -> Iterator[Found]:
    kernel = replace(case.host.kernel, headers=True)
    yield Found(constraint.remedy, Case(replace(case.host, kernel=kernel), case.request))


def _kernel(case: Case, constraint: Constraint) -> Iterator[Found]:
    bounds = [row.kernel for row in BRANCHES if row.kernel]
    for bound in sorted(set(bounds), key=version, reverse=True):
        kernel = replace(case.host.kernel, release=bound)
        after = Case(replace(case.host, kernel=kernel), case.request)
        if planned(after):
            yield Found(f"boot Linux {bound} or older", after)
            return
    yield from _branch(case, constraint)


CHANGES: dict[str, Change] = {
    "request.cuda": _omitted(lambda request: replace(request, cuda=None)),
    "request.python": _omitted(lambda request: replace(request, python=None)),
    "request.environment": _omitted(lambda request: replace(request, environment=None)),
    "request.conda-package": _omitted(lambda request: replace(request, conda_packages=())),
    "request.driver-branch": _omitted(lambda request: replace(request, driver_branch=None)),
    "request.gpu_required": _omitted(lambda request: replace(request, gpu_required=False)),
    "request.adopt_torch": _omitted(lambda request: replace(request, adopt_torch=None)),
    "request.source.": _source,
    "host.architecture": _machine,
    "gpu.": _gpu,
    "host.vfio": _vfio,
    "host.glibc": _distributions,
    "host.distribution": _distributions,
    "host.root": _root,
    "host.interrupted_driver": _complete,
    "host.foreign_driver": _packaged,
    "host.container": lambda case, _constraint: _own_driver(case),
    "host.network": _reached,
    "host.driver_state": _rebooted,
    "host.driver_branch": _branch,
    "host.kernel": _kernel,
    "host.kernel_headers": _headers,
}
# Of these there is one for each source, and for each kind of GPU.
FAMILIES = ("request.source.", "gpu.")
