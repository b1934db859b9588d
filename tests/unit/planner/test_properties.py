"""The resolver against a brute-force search that is written here, in its own words.

It tries every combination, sorts those that work by preference and takes the first. Preferences
are spelled out here; from the catalog come only versions and capabilities, read by functions of
this file.
"""

from __future__ import annotations

import itertools
import json
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.cuda import TOOLKITS
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.distributions import (
    DISTRIBUTIONS,
    DistributionRow,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.drivers import (
    BRANCHES,
    FIRST_DRIVERS,
    BranchRow,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.gpus import (
    CHIPS,
    GPUS,
    ChipRow,
    GpuRow,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.partners import (
    PARTNERS,
    PartnerRow,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.presets import (
    MEASURED,
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
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.plan import (
    NoPlan,
    Plan,
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
Gpu = tuple[GpuRow, ChipRow]
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


BRANCH = {row.branch: row for row in BRANCHES}
TREES = ("slowfast", "detectron2", "pytorchvideo")
DEBIAN_TOOLKIT = {"12": "11.8", "13": "12.4"}
BRANCH_ORDER = {
    "stable": ("580", "595", "620", "615", "570", "550", "535", "610", "470"),
    "newest": ("620", "615", "595", "580", "610", "570", "550", "535", "470"),
    "guide-2024": ("580", "595", "570", "550", "535", "620", "615", "610", "470"),
}
PYTHON_ORDER = {
    "stable": ("3.11", "3.12", "3.10", "3.13", "3.9", "3.14"),
    "newest": ("3.13", "3.12", "3.11", "3.14", "3.10", "3.9"),
    "guide-2024": ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14"),
}
# From the release notes of CUDA and from crt/host_config.h, not through the catalog.
MAX_GCC = {
    **dict.fromkeys(("10.1", "10.2"), 8), "11.0": 9,
    **dict.fromkeys(("11.1", "11.2", "11.3", "11.4", "11.5"), 10),
    **dict.fromkeys(("11.6", "11.7", "11.8"), 11),
    **dict.fromkeys(("12.0", "12.1", "12.2", "12.3"), 12),
    **dict.fromkeys(("12.4", "12.5", "12.6"), 13), "12.8": 14, "12.9": 14,
    **dict.fromkeys(("13.0", "13.1", "13.2", "13.3"), 15), "13.4": 16, "13.5": 16,
}  # fmt: skip
MINIMUM_DRIVER = {
    "10.1": "418.39", "10.2": "440.33", "11.0": "450.36.06",
    **{cuda: "450.80.02" for cuda in MAX_GCC if cuda.startswith("11.") and cuda != "11.0"},
    **{cuda: "525.60.13" for cuda in MAX_GCC if cuda.startswith("12.")},
    **{cuda: "580.65.06" for cuda in MAX_GCC if cuda.startswith("13.")},
}  # fmt: skip
CODE_BY_NAME = {(row.torch, row.variant, row.machine): row for row in CODE}


def code_of(torch: str, variant: str, machine: str) -> CodeRow | None:
    series = torch.rpartition(".")[0]
    exact = CODE_BY_NAME.get((torch, variant, machine))
    return exact or CODE_BY_NAME.get((series, variant, machine))


def vision_of(release: ReleaseRow) -> PartnerRow:
    """Return the torchvision that requires a torch; of several, that of the same day."""
    rows = [row for row in PARTNERS if row.name == "torchvision"]
    exact = [row for row in rows if row.torch == f"=={release.torch}"]
    return (exact or [row for row in rows if row.uploaded == release.uploaded])[0]


def series_of(span: str) -> set[str]:
    if span == "any":
        return {f"3.{minor}" for minor in range(9, 16)}
    ends = [int(end.split(".")[1]) for end in span.split("-")] if span else [1, 0]
    return {f"3.{minor}" for minor in range(ends[0], ends[1] + 1)}


class Wheels:
    """What a wheel of the tables needs, worked out without the candidates of the solver."""

    def __init__(self, release: ReleaseRow, variant: str, machine: str) -> None:
        arm = machine == "aarch64"
        self.release, self.variant = release, variant
        self.cuda = f"{variant[2:-1]}.{variant[-1]}" if variant != "cpu" else None
        self.code = code_of(release.torch, variant, machine)
        self.pypi = variant == (release.pypi_arm if arm else release.pypi)
        self.vision = vision_of(release)
        both = (release, self.vision)
        spans = [row.pythons_arm if arm else row.pythons for row in both]
        self.pythons = set.intersection(*map(series_of, spans))
        self.glibc = release.glibc_arm if arm else release.glibc

    def suits(self, host: dict[str, Any], request: dict[str, Any], gpus: list[Gpu]) -> bool:
        if not allows(request.get("torch"), self.release.torch):
            return False
        if request.get("cuda") and not (self.cuda and allows(request["cuda"], self.cuda)):
            return False
        if host["glibc"] and not at_least(host["glibc"], self.glibc):
            return False
        if not self.pypi and not host["network"].get("pytorch", True):
            return False
        # Before it, aarch64 wheels of torchvision had no CUDA code.
        if gpus and host["architecture"] == "aarch64" and not at_least(self.vision.version, "0.26"):
            return False
        return all(self._runs_on(chip.capability) for _, chip in gpus)

    def _runs_on(self, capability: str | None) -> bool:
        if capability is None or self.code is None:
            return False
        if numbers(capability)[0] < 5 and self.release.cudnn.startswith("9"):
            return False
        return runs(self.code.sms, capability)

    def ptx_suits(self, gpus: list[Gpu]) -> bool:
        """Return whether only PTX makes a difference; no row of today's tables needs it."""
        ptx = self.code.ptx if self.code else None
        sms = self.code.sms if self.code else ""
        found = [chip.capability for _, chip in gpus if chip.capability]
        return ptx is not None and any(at_least(c, ptx) and not runs(sms, c) for c in found)


class Driver(NamedTuple):
    action: str
    branch: str
    version: str
    flavour: str | None
    origin: str | None


def drivers(host: dict[str, Any], request: dict[str, Any], gpus: list[Gpu]) -> list[Driver]:
    """Return the drivers that work, best first."""
    row = distribution(host)
    found = []
    changes = host["root"] and host["virtualization"] != "container"
    number = ""
    if host["driver"]:
        number = host["driver"]["version"].split(".")[0]
        loaded = host["driver"]["version"], host["driver"]["flavour"]
        bound = all(gpu["kernel_driver"] == "nvidia" for gpu in host["gpus"])
        if bound or changes:
            found.append(Driver("keep" if bound else "restart", number, *loaded, None))
    # An older branch is for who names it, or for a GPU that newer ones dropped.
    dropped = any(last and number > last for last in map(last_branch, gpus))
    oldest = "" if dropped or request.get("driver_branch") else number
    # Ubuntu's archive has its modules built and signed; with Secure Boot any archive comes first.
    archive_first = host["secure_boot"] or (row and row.id == "ubuntu")
    origins = ("distribution", "nvidia") if archive_first else ("nvidia", "distribution")
    if changes and row:
        for branch, origin in itertools.product(BRANCH_ORDER[request["preset"]], origins):
            newest = release_of(row, branch, origin)
            if branch < oldest or not builds(host, branch, origin):
                continue
            for flavour in FLAVOURS[branch]:
                if is_packaged(host, row, branch, flavour, origin):
                    action = "install" if host["driver"] is None else "switch"
                    if host["driver"] and not at_least(host["driver"]["version"], newest):
                        action = "upgrade"
                    found.append(Driver(action, branch, newest, flavour, origin))
    return [
        one
        for one in found
        if request.get("driver_branch") in (None, one.branch)
        and all(
            runs_already(one, *gpu, bound=there["kernel_driver"] == "nvidia")
            if one.action in ("keep", "restart")
            else drives(BRANCH[one.branch], one.version, one.flavour, *gpu)
            for there, gpu in zip(host["gpus"], gpus, strict=True)
        )
    ]


FLAVOURS = {
    "470": ("proprietary",),
    **dict.fromkeys(("535", "550"), ("proprietary", "open")),
    **dict.fromkeys(("570", "580", "595", "610", "615"), ("open", "proprietary")),
    "620": ("open",),
}
NEWEST_KERNEL = {"470": "6.11", "535": "6.18", "550": "6.14", "570": "6.18", "610": "7.1"}


def builds(host: dict[str, Any], branch: str, origin: str) -> bool:
    """Return whether the modules of a branch build on the kernel, or come built with it."""
    kernel = ".".join(host["kernel"]["release"].split(".")[:2])
    prebuilt = origin == "distribution" and host["distribution"]["id"] == "ubuntu"
    return prebuilt or at_least(NEWEST_KERNEL.get(branch, "99"), kernel)


def last_branch(gpu: Gpu) -> str | None:
    device = gpu[0].device
    return "470" if device < "1340" else "580" if device < "1e00" else None


def runs_already(one: Driver, gpu: GpuRow, chip: ChipRow, *, bound: bool) -> bool:
    """Return whether a loaded driver drives a GPU: that it is bound says so, else the chip."""
    last = last_branch((gpu, chip))
    if last and one.branch > last:
        return False
    if bound:
        return True
    row = BRANCH[one.branch]
    first = {r.capability: r.driver for r in FIRST_DRIVERS}.get(chip.capability)
    return (
        row.first_device <= gpu.device <= row.last_device
        and (not first or at_least(one.version, first))
        and has_the_module(one.flavour, gpu, chip)
    )


def release_of(row: DistributionRow | None, branch: str, origin: str | None) -> str:
    """Return the release of a branch that comes from a place."""
    entries = row.archive if row and origin == "distribution" else ()
    own = [entry.version for entry in entries if entry.branch == branch]
    return own[0] if own else BRANCH[branch].newest


def is_packaged(
    host: dict[str, Any], row: DistributionRow, branch: str, flavour: str, origin: str
) -> bool:
    if row.by_hand:
        return False
    if origin == "nvidia":
        if not at_least(row.last_branch or "999", branch):
            return False
        return host["network"].get("nvidia", True) and at_least(branch, row.first_branch)
    # Ubuntu builds modules for kernels of its own flavours alone.
    if row.id == "ubuntu" and not host["kernel"]["release"].endswith("-generic"):
        return False
    entry = next((each for each in row.archive if each.branch == branch), None)
    return bool(entry and getattr(entry, flavour))


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
    return has_the_module(flavour, gpu, chip)


def has_the_module(flavour: str | None, gpu: GpuRow, chip: ChipRow) -> bool:
    open_only = gpu.module == "open" or chip.architecture in OPEN_FAMILIES
    if flavour == "open" and gpu.device < "1e00":
        return False
    return not (flavour == "proprietary" and open_only)


def distribution(host: dict[str, Any]) -> DistributionRow | None:
    wanted = (host["distribution"]["id"], host["distribution"]["version"])
    return next((row for row in DISTRIBUTIONS if (row.id, row.version) == wanted), None)


class Best(NamedTuple):
    torch: str
    variant: str
    driver: Driver | None
    python: tuple[str, str]
    toolkit: tuple[str, str, str | None] | None
    gcc: str | None


def best(host: dict[str, Any], request: dict[str, Any]) -> Best | None:
    """Return the best combination that works, by trying them all."""
    gpus = [(GPU[g["pci_id"][5:]], CHIP[GPU[g["pci_id"][5:]].chip]) for g in host["gpus"]]
    if not host["network"].get("pypi", True):
        return None
    full = all(host["network"].get(name, True) for name in TREES)
    # A branch that is asked for is had, or there is no plan.
    none = [] if request.get("driver_branch") else [None]
    left = drivers(host, request, gpus) if gpus else none
    found = []
    for rank, release in enumerate(release_order(request["preset"])):
        for place, wheel in enumerate(wheels(release, host, request, gpus)):
            assert not wheel.ptx_suits(gpus)
            if not wheel.suits(host, request, gpus):
                continue
            python = next(iter(pythons(host, request, wheel, full=full)), None)
            pair = (
                next(iter(tools(host, request, wheel, gpu=bool(gpus))), None)
                if full
                else (None, None)
            )
            for position, driver in enumerate(left):
                if python and pair and starts(wheel, driver):
                    stays = driver is None or driver.action in ("keep", "restart")
                    key = (rank, not stays, place, position)
                    choice = Best(release.torch, wheel.variant, driver, python, *pair)
                    found.append((key, choice))
    return min(found, key=lambda pair: pair[0])[1] if found else None


def release_order(preset: str) -> list[ReleaseRow]:
    """Return the releases: the first choice of the preset, then away from it."""
    ordered = sorted(RELEASES, key=lambda row: numbers(row.torch))
    first = {"stable": "2.11.0", "newest": ordered[-1].torch, "guide-2024": "2.4.0"}[preset]
    place = next(n for n, row in enumerate(ordered) if row.torch == first)
    older, newer = ordered[:place][::-1], ordered[place + 1 :]
    series = [list(rows)[::-1] for _, rows in groupby(newer, lambda row: numbers(row.torch)[:2])]
    if preset == "guide-2024":
        return [ordered[place], *(row for rows in series for row in rows), *older]
    run = {numbers(torch)[:2] for torch in MEASURED}
    series.sort(key=lambda rows: (numbers(rows[0].torch)[:2] in run, numbers(rows[0].torch)))
    return [ordered[place], *older, *(row for rows in series[::-1] for row in rows)]


def wheels(
    release: ReleaseRow, host: dict[str, Any], request: dict[str, Any], gpus: list[Gpu]
) -> list[Wheels]:
    """Return the wheels of a release for a processor, best first."""
    pypi = release.pypi_arm if host["architecture"] == "aarch64" else release.pypi
    names = {*release.variants.split(), pypi} - {None, "cpu"} if gpus else {"cpu", pypi} - {None}
    guide = "cu121" if request["preset"] == "guide-2024" else None
    order = ["cpu", guide, pypi, *sorted(names, key=lambda name: (len(name), name), reverse=True)]
    found = [Wheels(release, str(name), host["architecture"]) for name in order if name in names]
    unique = {wheel.variant: wheel for wheel in reversed(found)}
    kept = [unique[name] for name in dict.fromkeys(wheel.variant for wheel in found)]
    return [wheel for wheel in kept if wheel.variant == "cpu" or wheel.code]


def starts(wheel: Wheels, driver: Driver | None) -> bool:
    if driver is None:
        return True
    return bool(wheel.cuda) and at_least(driver.version, MINIMUM_DRIVER[str(wheel.cuda)])


def pythons(
    host: dict[str, Any], request: dict[str, Any], wheel: Wheels, *, full: bool
) -> list[tuple[str, str]]:
    """Return origin and version of the Pythons that work, best first."""
    wanted, row, order = request.get("python"), distribution(host), PYTHON_ORDER[request["preset"]]
    found = []
    for python in host["pythons"]:
        series = ".".join(python["version"].split(".")[:2])
        headers = python["headers"] or not full or (host["root"] and row and row.python == series)
        if allows(wanted, python["version"]) and headers:
            found.append((series, "host", python["version"]))
    if full:
        provided = [(name, origin, name) for origin in ("uv", "conda") for name in order]
        found += [each for each in provided if allows(wanted, each[0])]
    found = [each for each in found if each[0] in order and each[0] in wheel.pythons]
    if request["preset"] == "guide-2024":
        found.sort(key=lambda each: order.index(each[0]))
    return [(origin, version) for _series, origin, version in found]


def tools(
    host: dict[str, Any], request: dict[str, Any], wheel: Wheels, *, gpu: bool
) -> list[tuple[tuple[str, str, str | None] | None, str]]:
    """Return toolkit and GCC that work together, best first."""
    row = distribution(host)
    oldest = {14: 5, 17: 8, 20: 11}[wheel.release.cxx]
    installed = [each["major"] for each in host["compilers"] if each["cxx"]]
    packaged = list(row.compilers) if row and host["root"] else []
    default = row.compilers[0] if row else 0
    gccs = [
        *sorted(installed, key=lambda major: (major != default, -major)),
        *sorted(packaged, key=lambda major: (major != default, -major)),
    ]
    if not gpu:
        return [(None, str(gcc)) for gcc in gccs if oldest <= gcc]
    assert wheel.cuda
    return [
        (toolkit, str(gcc))
        for toolkit, gcc in itertools.product(toolkits(host, row), gccs)
        if numbers(toolkit[0])[0] == numbers(wheel.cuda)[0]
        and allows(request.get("cuda"), toolkit[0])
        and at_least(toolkit[0], wheel.cuda)
        and oldest <= gcc <= MAX_GCC[toolkit[0]]
    ]


def toolkits(
    host: dict[str, Any], row: DistributionRow | None
) -> list[tuple[str, str, str | None]]:
    """Return version, action and origin of the toolkits, best first."""
    kept = sorted((each["version"] for each in host["toolkits"]), key=numbers)
    found: list[tuple[str, str, str | None]] = [(version, "keep", None) for version in kept]
    if row and host["root"] and host["network"].get("nvidia", True):
        fresh = [cuda for cuda in MAX_GCC if at_least(cuda, row.first_toolkit or "0")]
        fresh = [cuda for cuda in fresh if at_least(row.last_toolkit or "99", cuda)]
        found += [(cuda, "install", "nvidia") for cuda in sorted(fresh, key=numbers)]
    foreign_driver = host["driver"] and not host["driver_packages"]
    # The libraries that Debian's toolkit installs are newer than the last driver of Kepler.
    kepler = any(g["pci_id"][5:] < "1340" for g in host["gpus"])
    if row and host["root"] and row.toolkit and not (foreign_driver or kepler):
        found.append((DEBIAN_TOOLKIT[row.version], "install", "distribution"))
    # PyPI has compilers of CUDA 13 alone; they need neither root nor a distribution.
    found += [(f"13.{minor}", "install", "pypi") for minor in range(6)]
    return found


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
    """Draw a host: any GPUs, any distribution, anything missing."""
    name, number, family, glibc, python = draw(st.sampled_from(SYSTEMS))
    devices = draw(st.lists(st.sampled_from(KNOWN).flatmap(st.sampled_from), max_size=3))
    driver = draw(
        st.sampled_from(
            [None, "470.256.02", "535.183.01", "550.163.01", "565.77", "580.95.05", "615.71.09"]
        )
    )
    flavour = draw(st.sampled_from(["open", "proprietary", None]))
    bound = draw(st.sampled_from(["nvidia", "nvidia", None]))
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
        "gpus": [
            {"slot": f"0:{n}", "pci_id": f"10de:{d}", "kernel_driver": bound}
            for n, d in enumerate(devices)
        ],
        "kernel": {
            "release": draw(st.sampled_from(["5.15.0-1-generic", "6.12.3", "7.0.0-1-generic"])),
            "headers": True,
        },
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
        "driver_branch": st.sampled_from([None, None, None, "470", "535", "580", "595", "620"]),
        "preset": st.sampled_from(["stable", "newest", "guide-2024"]),
    }
)


@settings(max_examples=500, deadline=None)
@given(hosts(), requests)
def test_a_random_host_gets_the_best_choice_of_a_brute_force_search(
    host: dict[str, Any], request: dict[str, Any]
) -> None:
    plan = planner.plan(host, request)
    expected = best(host, request)
    if isinstance(plan, NoPlan):
        assert expected is None
        has_a_minimal_conflict(host, request)
    else:
        assert chosen(plan, host) == expected
        fits_together(plan)


def chosen(plan: Plan, host: dict[str, Any]) -> Best:
    """Return what a plan chose, in the words of the brute-force search."""
    cuda = plan.cuda
    return Best(
        plan.torch.version,
        plan.torch.variant,
        driver_of(plan, host),
        (plan.python_interpreter.origin, plan.python_interpreter.version),
        (cuda.toolkit, cuda.action, cuda.origin) if cuda else None,
        plan.compiler.gcc,
    )


def driver_of(plan: Plan, host: dict[str, Any]) -> Driver | None:
    driver = plan.driver
    if driver is None:
        return None
    kept = driver.action in ("keep", "restart")
    installed = release_of(distribution(host), driver.branch, driver.origin)
    version = host["driver"]["version"] if kept else installed
    return Driver(driver.action, driver.branch, version, driver.flavour, driver.origin)


def fits_together(plan: Plan) -> None:
    """Check what follows from the choice."""
    release = next(row for row in RELEASES if row.torch == plan.torch.version)
    assert plan.torchvision == vision_of(release).version
    assert plan.torch.index is None or plan.torch.index.endswith(plan.torch.variant)
    for gpu in plan.gpus if plan.network == "full" else ():
        assert gpu.compute_capability
        assert plan.torch.arch_list
        assert plan.cuda
        built = plan.torch.arch_list.replace(";", " ")
        assert runs(built, gpu.compute_capability)
        assert set(built.split()) <= set(TOOLKIT[plan.cuda.toolkit].sms.split())
    names = [pin.split("==")[0] for pin in plan.packages]
    assert len(names) == len(set(names))
    assert {"numpy", "setuptools", "av", "opencv-python"} <= set(names)


def has_a_minimal_conflict(host: dict[str, Any], request: dict[str, Any]) -> None:
    there, asked = read_host(host), read_request(request)
    reached = network.decide(there, asked).value
    problem = resolver.problem(there, asked, reached)
    if reached.name == "offline":
        return
    clash = resolver.minimal_conflict(problem)
    assert resolver.solve(problem, clash) is None
    for index in clash:
        assert resolver.solve(problem, [other for other in clash if other != index]) is not None
    explained = conflict.explain(problem, there, asked)
    assert len(explained.facts) == len(clash)
    assert explained.remedies or host["architecture"] == "aarch64"
    assert explained.because


def test_every_constraint_of_a_host_has_a_sentence_a_source_and_a_remedy() -> None:
    there, asked = read_host(BASE), read_request({"torch": "2.4", "gpu_required": True})
    found = constraints.constraints(there, asked, network.decide(there, asked).value)
    for constraint in found:
        assert constraint.text
        assert constraint.source
        assert constraint.remedy
