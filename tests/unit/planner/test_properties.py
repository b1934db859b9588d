"""The solver against an exhaustive search written here, from the tables alone."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.cuda import TOOLKITS
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.distributions import (
    DISTRIBUTIONS,
    DistributionRow,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.drivers import (
    BRANCHES,
    FIRST_DRIVERS,
    RANGES,
    BranchRow,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.gpus import (
    CHIPS,
    GPUS,
    ChipRow,
    GpuRow,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.torch import (
    CODE,
    RELEASES,
    CodeRow,
    ReleaseRow,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host.model import (
    host as read_host,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import (
    conflict,
    constraints,
    network,
    planner,
    resolver,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.request import (
    request as read_request,
)
from hypothesis import given, settings
from hypothesis import strategies as st

HERE = Path(__file__).parents[1]
INTEGRATED = {"5.3", "6.2", "7.2", "8.7", "8.8", "10.1"}
OPEN_FAMILIES = {"Blackwell", "Rubin"}
CHIP = {row.chip: row for row in CHIPS}
GPU = {row.device: row for row in GPUS}
TOOLKIT = {row.cuda: row for row in TOOLKITS}
Card = tuple[GpuRow, ChipRow]
NETWORK = ("pypi", "pytorch", "nvidia", "slowfast", "detectron2", "pytorchvideo")


def numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def at_least(one: str, other: str) -> bool:
    pairs = itertools.zip_longest(numbers(one), numbers(other), fillvalue=0)
    first = next(((a, b) for a, b in pairs if a != b), (0, 0))
    return first[0] >= first[1]


def allows(spec: str | None, value: str) -> bool:
    """Read the three forms that the strategies write: nothing, a prefix, >= and <."""
    if spec is None:
        return True
    if spec.startswith(">="):
        return at_least(value, spec[2:])
    if spec.startswith("<"):
        return not at_least(value, spec[1:])
    return numbers(value)[: len(numbers(spec))] == numbers(spec)


def runs(sms: str, capability: str) -> bool:
    major, minor = numbers(capability)
    return any(
        numbers(sm)[0] == major
        and numbers(sm)[1] <= minor
        and (sm == capability or sm not in INTEGRATED)
        for sm in sms.split()
    )


CODE_BY_NAME = {(row.torch, row.variant, row.machine): row for row in CODE}


def code_of(torch: str, variant: str, machine: str) -> CodeRow | None:
    series = torch.rpartition(".")[0]
    exact = CODE_BY_NAME.get((torch, variant, machine))
    return exact or CODE_BY_NAME.get((series, variant, machine))


class Wheels:
    """What a wheel of the tables needs, worked out without the candidates of the solver."""

    def __init__(self, release: ReleaseRow, variant: str, machine: str) -> None:
        arm = machine == "aarch64"
        self.release, self.variant = release, variant
        self.cuda = f"{variant[2:-1]}.{variant[-1]}" if variant != "cpu" else None
        self.code = code_of(release.torch, variant, machine)
        self.pypi = variant == (release.pypi_arm if arm else release.pypi)
        span = release.pythons_arm if arm else release.pythons
        ends = [int(end.split(".")[1]) for end in span.split("-")] if span else [1, 0]
        self.pythons = {f"3.{minor}" for minor in range(ends[0], ends[1] + 1)}
        self.glibc = release.glibc_arm if arm else release.glibc

    def suits(self, host: dict[str, Any], request: dict[str, Any], cards: list[Card]) -> bool:
        if not allows(request.get("torch"), self.release.torch):
            return False
        if request.get("cuda") and not (self.cuda and allows(request["cuda"], self.cuda)):
            return False
        if host["glibc"] and not at_least(host["glibc"], self.glibc):
            return False
        if not self.pypi and not host["network"].get("pytorch", True):
            return False
        return all(self._runs_on(chip.capability) for _, chip in cards)

    def _runs_on(self, capability: str | None) -> bool:
        if capability is None or self.code is None:
            return False
        if numbers(capability)[0] < 5 and self.release.cudnn.startswith("9"):
            return False
        return runs(self.code.sms, capability)

    def ptx_suits(self, cards: list[Card]) -> bool:
        """Tell whether only PTX makes a difference; no row of today's tables needs it."""
        ptx = self.code.ptx if self.code else None
        sms = self.code.sms if self.code else ""
        found = [chip.capability for _, chip in cards if chip.capability]
        return ptx is not None and any(at_least(c, ptx) and not runs(sms, c) for c in found)


def drivers(host: dict[str, Any], request: dict[str, Any], cards: list[Card]) -> list[str]:
    """Return the versions of every driver that these facts leave."""
    found = []
    row = distribution(host)
    can_change = host["root"] and host["virtualization"] != "container"
    options: list[tuple[str, str, str | None, str]] = []
    if host["driver"]:
        number = host["driver"]["version"].split(".")[0]
        options.append((number, host["driver"]["version"], host["driver"]["flavour"], "keep"))
    if can_change and row:
        for branch, flavour in itertools.product(BRANCHES, ("open", "proprietary")):
            if host["network"].get("nvidia", True) and at_least(branch.branch, row.first_branch):
                options.append((branch.branch, branch.newest, flavour, "nvidia"))
            entry = next((e for e in row.archive if e.branch == branch.branch), None)
            if entry and getattr(entry, flavour):
                options.append((branch.branch, branch.newest, flavour, "archive"))
    for number, version, flavour, _ in options:
        if request.get("driver_branch") not in (None, number):
            continue
        branch_row = next((b for b in BRANCHES if b.branch == number), None)
        if branch_row and all(drives(branch_row, version, flavour, *c) for c in cards):
            found.append(version)
    return found


def drives(
    branch: BranchRow, version: str, flavour: str | None, gpu: GpuRow, chip: ChipRow
) -> bool:
    if not branch.first_device <= gpu.device <= branch.last_device:
        return False
    open_only = gpu.module == "open" or chip.architecture in OPEN_FAMILIES
    first = gpu.first_driver if open_only and gpu.first_driver else None
    first = first or {r.capability: r.driver for r in FIRST_DRIVERS}.get(chip.capability)
    if first and not at_least(version, first):
        return False
    if flavour == "open" and gpu.device < "1e00":
        return False
    return not (flavour == "proprietary" and open_only)


def distribution(host: dict[str, Any]) -> DistributionRow | None:
    wanted = (host["distribution"]["id"], host["distribution"]["version"])
    return next((row for row in DISTRIBUTIONS if (row.id, row.version) == wanted), None)


def exhaustive(host: dict[str, Any], request: dict[str, Any]) -> bool:
    """Tell whether any combination at all works, by trying them all."""
    cards = [(GPU[g["pci_id"][5:]], CHIP[GPU[g["pci_id"][5:]].chip]) for g in host["gpus"]]
    network = host["network"]
    full = all(network.get(name, True) for name in ("slowfast", "detectron2", "pytorchvideo"))
    if not network.get("pypi", True):
        return False
    row = distribution(host)
    left = drivers(host, request, cards) if cards else ["0"]
    for release in RELEASES:
        pypi = release.pypi_arm if host["architecture"] == "aarch64" else release.pypi
        names = {pypi, *release.variants.split()} if cards else {"cpu", pypi}
        for variant in names - {None}:
            wheel = Wheels(release, str(variant), host["architecture"])
            if variant != "cpu" and wheel.code is None:
                continue
            assert not wheel.ptx_suits(cards)
            if not wheel.suits(host, request, cards):
                continue
            if cards and wheel.cuda:
                minimum = TOOLKIT[wheel.cuda].minimum_driver
                if not any(at_least(version, minimum) for version in left):
                    continue
            if python_fits(host, request, wheel, row, full=full) and (
                not full or tools_fit(host, wheel, row, gpu=bool(cards))
            ):
                return True
    return False


def python_fits(
    host: dict[str, Any],
    request: dict[str, Any],
    wheel: Wheels,
    row: DistributionRow | None,
    *,
    full: bool,
) -> bool:
    wanted = request.get("python")
    for python in host["pythons"]:
        series = ".".join(python["version"].split(".")[:2])
        installable = host["root"] and row is not None and row.python == series
        headers = python["headers"] or not full or installable
        if series in wheel.pythons and allows(wanted, python["version"]) and headers:
            return True
    return full and any(allows(wanted, series) for series in wheel.pythons)


def tools_fit(
    host: dict[str, Any], wheel: Wheels, row: DistributionRow | None, *, gpu: bool
) -> bool:
    oldest = {14: 5, 17: 8, 20: 11}[wheel.release.cxx]
    majors = {c["major"] for c in host["compilers"] if c["cxx"]}
    majors |= set(row.compilers) if row and host["root"] else set()
    if not gpu:
        return any(oldest <= major for major in majors)
    there = {t["version"] for t in host["toolkits"]}
    if row and host["root"] and host["network"].get("nvidia", True):
        there |= {t.cuda for t in TOOLKITS if at_least(t.cuda, row.first_toolkit or "0")}
    foreign_driver = host["driver"] and not host["driver_packages"]
    # Its libraries are newer than the last driver of Kepler.
    kepler = any(g["pci_id"][5:] <= RANGES[0].last for g in host["gpus"])
    if row and host["root"] and row.toolkit and not (foreign_driver or kepler):
        there.add(row.toolkit.cuda)
    assert wheel.cuda
    return any(
        numbers(toolkit)[0] == numbers(wheel.cuda)[0]
        and at_least(toolkit, wheel.cuda)
        and oldest <= major <= TOOLKIT[toolkit].max_gcc
        for toolkit in there
        for major in majors
    )


BASE = json.loads((HERE / "hosts" / "h100-ubuntu-22.04.json").read_text(encoding="utf-8"))["host"]
SYSTEMS = [(row.id, row.version, row.family, row.glibc, row.python) for row in DISTRIBUTIONS]
SYSTEMS += [("arch", "", "other", "2.42", "3.13"), ("ubuntu", "18.04", "debian", "2.27", "3.9")]
# By capability, so that rare ones come as often as common ones.
KNOWN = [
    [row.device for row in GPUS if CHIP[row.chip].capability == capability]
    for capability in sorted({str(row.capability) for row in CHIPS if row.capability})
]
VERSIONS = sorted({row.torch for row in RELEASES}, key=numbers)
SPECS = [None, *VERSIONS, *(f">={v}" for v in VERSIONS[::5]), *(f"<{v}" for v in VERSIONS[1::5])]


@st.composite
def hosts(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a host: any cards, any distribution, anything missing."""
    name, number, family, glibc, python = draw(st.sampled_from(SYSTEMS))
    devices = draw(st.lists(st.sampled_from(KNOWN).flatmap(st.sampled_from), max_size=3))
    driver = draw(
        st.sampled_from([None, "470.256.02", "535.183.01", "550.163.01", "580.95.05", "615.71.09"])
    )
    flavour = draw(st.sampled_from(["open", "proprietary", None]))
    network = draw(
        st.one_of(
            st.just({}),
            st.just(dict.fromkeys(NETWORK, True)),
            st.fixed_dictionaries({key: st.sampled_from([True, True, False]) for key in NETWORK}),
        )
    )
    return {
        **BASE,
        "architecture": draw(st.sampled_from(["x86_64", "x86_64", "aarch64"])),
        "distribution": {"id": name, "version": number, "family": family, "name": name + number},
        "glibc": draw(st.sampled_from([glibc, glibc, "2.17", "2.27"])),
        "gpus": [{"slot": f"0:{n}", "pci_id": f"10de:{d}"} for n, d in enumerate(devices)],
        "driver": {"version": driver, "flavour": flavour} if driver and devices else None,
        "toolkits": [
            {"version": cuda, "path": f"/usr/local/cuda-{cuda}"}
            for cuda in draw(st.lists(st.sampled_from(sorted(TOOLKIT)), max_size=2, unique=True))
        ],
        "compilers": [
            {"major": gcc, "version": f"{gcc}.1.0", "path": f"/usr/bin/gcc-{gcc}", "cxx": cxx}
            for gcc, cxx in draw(
                st.dictionaries(
                    st.integers(8, 16), st.sampled_from(["/usr/bin/g++", None]), max_size=3
                )
            ).items()
        ],
        "pythons": [
            {"version": f"{python}.1", "path": "/usr/bin/p", "headers": h, "venv": True}
            for h in draw(st.lists(st.booleans(), max_size=1))
        ],
        "root": draw(st.booleans()),
        "virtualization": draw(st.sampled_from(["none", "none", "container"])),
        "secure_boot": draw(st.sampled_from([None, True, False])),
        "network": network,
    }


requests = st.fixed_dictionaries(
    {
        "torch": st.sampled_from(SPECS),
        "cuda": st.sampled_from([None, None, None, "11.8", "12", "12.1", ">=12.4", "<13", "13.0"]),
        "python": st.sampled_from([None, None, None, "3.9", "3.11", ">=3.10", "<3.12"]),
        "driver_branch": st.sampled_from([None, None, None, "470", "535", "580", "595", "615"]),
        "preset": st.sampled_from(["stable", "newest", "guide-2024"]),
    }
)


@settings(max_examples=2000, deadline=None)
@given(hosts(), requests)
def test_random_hosts_agree_with_an_exhaustive_search(
    host: dict[str, Any], request: dict[str, Any]
) -> None:
    plan = planner.plan(host, request).to_dict()
    assert (plan["status"] == "planned") == exhaustive(host, request)
    if plan["status"] == "planned":
        satisfies_the_tables(plan, host, request)
    else:
        has_a_minimal_conflict(host, request)


def satisfies_the_tables(
    plan: dict[str, Any], host: dict[str, Any], request: dict[str, Any]
) -> None:
    torch = plan["torch"]
    release = next(row for row in RELEASES if row.torch == torch["version"])
    wheel = Wheels(release, torch["variant"], host["architecture"])
    assert allows(request["torch"], torch["version"])
    assert plan["torchvision"] == release.torchvision
    assert plan["python"] in wheel.pythons
    assert wheel.pypi == (torch["index"] is None)
    for gpu in plan["gpus"]:
        assert wheel.code
        assert runs(wheel.code.sms, gpu["compute_capability"])
        if plan["network"] == "full":
            built = torch["arch_list"].replace(";", " ")
            assert runs(built, gpu["compute_capability"])
            assert set(built.split()) <= set(TOOLKIT[plan["cuda"]["toolkit"]].sms.split())
    if plan["driver"]:
        number = plan["driver"]["branch"]
        kept = plan["driver"]["action"] == "keep"
        version = (
            next((row.newest for row in BRANCHES if row.branch == number and not kept), None)
            or (host["driver"]["version"])
        )
        assert wheel.cuda
        assert at_least(version, TOOLKIT[wheel.cuda].minimum_driver)
        assert request["driver_branch"] in (None, number)
        assert kept or (host["root"] and host["virtualization"] != "container")
    if plan["compiler"]["gcc"]:
        limit = TOOLKIT[plan["cuda"]["toolkit"]].max_gcc if plan["cuda"] else 16
        assert int(plan["compiler"]["gcc"]) <= limit
    names = [pin.split("==")[0] for pin in plan["packages"]]
    assert len(names) == len(set(names))
    assert {"numpy", "setuptools", "av", "opencv-python"} <= set(names)


def has_a_minimal_conflict(host: dict[str, Any], request: dict[str, Any]) -> None:
    machine, wishes = read_host(host), read_request(request)
    reached = network.decide(machine, wishes).value
    problem = resolver.problem(machine, wishes, reached)
    if reached.name == "offline":
        return
    clash = resolver.minimal_conflict(problem)
    assert resolver.solve(problem, clash) is None
    for index in clash:
        assert resolver.solve(problem, [other for other in clash if other != index]) is not None
    explained = conflict.explain(problem)
    assert len(explained.facts) == len(explained.remedies) == len(clash)
    assert explained.because


def test_every_constraint_of_a_host_has_a_sentence_a_source_and_a_remedy() -> None:
    machine, wishes = read_host(BASE), read_request({"torch": "2.4", "gpu_required": True})
    found = constraints.constraints(machine, wishes, network.decide(machine, wishes).value)
    for constraint in found:
        assert constraint.text
        assert constraint.source
        assert constraint.remedy
