"""What can be chosen, best first: wheels, drivers, Pythons, compilers, toolkits."""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from ..catalog.cuda import TOOLKITS, ToolkitRow
from ..catalog.cuda_wheels import COMPILERS
from ..catalog.distributions import DISTRIBUTIONS, KERNEL
from ..catalog.drivers import (
    BRANCHES,
    FIRST_OPEN_BRANCH,
    OPEN_FROM,
    OPEN_ONLY_FROM,
    WINDOWS_NUMBERS,
    BranchRow,
)
from ..catalog.presets import MEASURED, PRESETS, PresetRow
from ..catalog.torch import CODE, METADATA, RELEASES, CodeRow, ReleaseRow
from ..core.architectures import ARCHITECTURES
from ..core.versions import Version, dotted, version
from ..host.model import Compiler, Driver, Host, Python, Toolkit, series
from . import driver_state, partners
from .machine import platform

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..catalog.distributions import DistributionRow, ToolkitArchiveRow
    from ..catalog.partners import PartnerRow
    from ..catalog.source import Source
    from .driver_state import DriverState
    from .partners import Partner

CPU = partners.CPU
PYPI = "pypi"
GCC_MAJORS = {major for row in DISTRIBUTIONS for major in row.compilers}
# The oldest GCC that supports the C++ standard of torch's headers.
GCC_FOR_CXX = {14: 5, 17: 8, 20: 11}


class Wheel(NamedTuple):
    """A torch wheel; ``code`` are its compute capabilities, ``jit`` that of its PTX if used.

    ``driver`` is the oldest driver that runs it, None on a CPU-only wheel; ``pypi`` is true where
    PyPI has it, else it is on PyTorch's own index. ``pythons`` are those that torch and torchvision
    have wheels for; ``no_cuda`` says why torchvision computes on no GPU, "" where it does.
    """

    machine: str
    row: ReleaseRow
    torch: Version
    variant: str
    pypi: bool
    cuda: Version | None
    toolkit: ToolkitRow | None
    code: tuple[Version, ...]
    jit: Version | None
    driver: Version | None
    pythons: tuple[Version, ...]
    glibc: Version
    oldest_gcc: int
    vision: Partner
    audio: Partner
    no_cuda: str
    source: Source

    @property
    def name(self) -> str:
        """Return the usual name, such as torch 2.11.0 (cu130)."""
        return f"torch {self.row.torch} ({self.variant})"

    @property
    def torchvision(self) -> str:
        """Return the release of torchvision beside it; each release of torch has one."""
        return self.vision.row.version if self.vision.row else ""

    @property
    def torchaudio(self) -> str | None:
        """Return the release of torchaudio beside it, None where it gets none."""
        return self.audio.row.version if self.audio.row else None

    @property
    def cudnn(self) -> int:
        """Return the major version of the cuDNN that comes with it, 0 where none is pinned."""
        return int(self.row.cudnn.partition(".")[0] or 0)


class DriverOption(NamedTuple):
    """A driver; ``branch`` is None and ``action`` none where no GPU needs one."""

    action: str
    branch: BranchRow | None
    number: str
    version: Version
    flavour: str | None
    origin: str | None

    @property
    def name(self) -> str:
        """Return the usual name, such as driver 580 (open)."""
        return f"driver {self.number}" + (f" ({self.flavour})" if self.flavour else "")


class PythonOption(NamedTuple):
    """A Python: one of the host, or one that uv or conda provides; ``origin`` says which."""

    series: Version
    name: str
    host: Python | None
    origin: str


class CompilerOption(NamedTuple):
    """A GCC: one of the host, one to install, or none (major 0) where nothing is compiled."""

    major: int
    host: Compiler | None


class ToolkitOption(NamedTuple):
    """The CUDA toolkit: one of the host, one to install, or none where nothing is compiled.

    ``max_gcc`` is the highest GCC it takes, ``home`` its folder; ``origin`` is nvidia,
    distribution or pypi for one to install, with its ``packages``; those of a distribution may
    install the libraries of a ``driver`` branch. That of PyPI is in the folder of the stack.
    """

    action: str
    cuda: Version
    name: str
    max_gcc: int
    host: Toolkit | None
    home: str = ""
    origin: str | None = None
    packages: tuple[str, ...] = ()
    driver: str = ""


def preset(name: str) -> PresetRow:
    """Return the row of a preset."""
    return next(row for row in PRESETS if row.name == name)


@cache
def wheels(machine: str, preset_name: str, *, gpu: bool) -> tuple[tuple[Wheel, ...], ...]:
    """Return the wheels of each release, best release and best wheel first.

    Wheels of the other machine follow at the end of each release: they fit no host of this one,
    and show what another machine could do. On a GPU only wheels with CUDA count.
    """
    row = preset(preset_name)
    releases = {release.torch: release for release in RELEASES}
    machines = sorted(ARCHITECTURES, key=lambda name: name != machine)
    return tuple(
        tuple(
            wheel
            for name in machines
            for wheel in _wheels(releases[torch], name, row.variant, gpu=gpu)
        )
        for torch in _release_order(row)
    )


def _release_order(row: PresetRow) -> tuple[str, ...]:
    """Return the releases: the preset's first; a bug-fix release always comes before its .0.

    Newer ones that a guide falls back to begin with the nearest series; elsewhere they begin with
    those that were run, and with the newest.
    """
    newest_first = sorted((release.torch for release in RELEASES), key=version, reverse=True)
    first = newest_first.index(row.torch or newest_first[0])
    newer, older = newest_first[:first], newest_first[first:]
    if row.then == "newer":
        newer.sort(key=lambda torch: version(torch)[:2])
        return (older[0], *newer, *older[1:])
    newer.sort(key=lambda torch: _series(torch) not in set(map(_series, MEASURED)))
    return (*older, *newer)


def _series(torch: str) -> str:
    return torch.rpartition(".")[0]


def _wheels(release: ReleaseRow, machine: str, preferred: str, *, gpu: bool) -> tuple[Wheel, ...]:
    arm = machine == "aarch64"
    pypi = release.pypi_arm if arm else release.pypi
    names = {pypi, *release.variants.split()} if gpu else {CPU, pypi}
    ordered = sorted(
        (name for name in names if name and not (gpu and name == CPU)),
        key=lambda name: (name != CPU, name != preferred, name != pypi, -_cuda_number(name)),
    )
    found = [_wheel(release, machine, name, pypi=name == pypi, gpu=gpu) for name in ordered]
    native = [wheel for wheel in found if wheel]
    return (*native, *(jit for jit in map(_through_ptx, native) if jit))


def _cuda_number(variant: str) -> int:
    return int(variant[2:]) if variant != CPU else 0


def _wheel(
    release: ReleaseRow, machine: str, variant: str, *, pypi: bool, gpu: bool
) -> Wheel | None:
    arm = machine == "aarch64"
    code = _code(release.torch, variant, machine)
    if variant != CPU and code is None:
        return None
    cuda = version(f"{variant[2:-1]}.{variant[-1]}") if variant != CPU else None
    toolkit = _toolkits()[cuda] if cuda else None
    vision = partners.torchvision(release)
    return Wheel(
        machine=machine,
        row=release,
        torch=version(release.torch),
        variant=variant,
        pypi=pypi,
        cuda=cuda,
        toolkit=toolkit,
        code=tuple(version(sm) for sm in code.sms.split()) if code else (),
        jit=None,
        driver=version(toolkit.minimum_driver) if toolkit and gpu else None,
        pythons=_both(release, vision.row, arm=arm),
        glibc=version(release.glibc_arm if arm else release.glibc),
        oldest_gcc=GCC_FOR_CXX[release.cxx],
        vision=vision,
        audio=partners.torchaudio(release, machine, variant, pypi=pypi),
        no_cuda=partners.lacks_cuda(release, machine, variant) if gpu else "",
        source=code.source if code else METADATA,
    )


def _through_ptx(wheel: Wheel) -> Wheel | None:
    """Return the wheel as a newer GPU uses it: its PTX, compiled by a driver that knows it."""
    code = _code(wheel.row.torch, wheel.variant, wheel.machine) if wheel.toolkit else None
    if not code or not code.ptx or not wheel.toolkit or not wheel.toolkit.release_driver:
        return None
    return wheel._replace(jit=version(code.ptx), driver=version(wheel.toolkit.release_driver))


@cache
def _code(torch: str, variant: str, machine: str) -> CodeRow | None:
    """Return what is known of a wheel: its own row, else that of its series."""
    rows = {row.torch: row for row in CODE if (row.variant, row.machine) == (variant, machine)}
    return rows.get(torch) or rows.get(_series(torch))


@cache
def _toolkits() -> dict[Version, ToolkitRow]:
    return {version(row.cuda): row for row in TOOLKITS}


@cache
def _pythons(text: str) -> tuple[Version, ...]:
    """Read a range such as 3.9-3.12; empty is none."""
    if not text:
        return ()
    first, last = (int(end.partition(".")[2]) for end in text.split("-"))
    return tuple(version(f"3.{minor}") for minor in range(first, last + 1))


def _both(release: ReleaseRow, vision: PartnerRow | None, *, arm: bool) -> tuple[Version, ...]:
    """Return the Pythons that torch and its torchvision both have a wheel for."""
    torch = _pythons(release.pythons_arm if arm else release.pythons)
    beside = (vision.pythons_arm if arm else vision.pythons) if vision else ""
    return torch if beside == "any" else tuple(one for one in torch if one in _pythons(beside))


def within(text: str, python: Version) -> bool:
    """Return whether a Python is in a range such as 3.9-3.12."""
    return python in _pythons(text)


def drivers(
    host: Host, preset_name: str, row: DistributionRow | None = None
) -> tuple[DriverOption, ...]:
    """Return the drivers, the loaded one first, then what a start would load; no GPU needs none.

    ``row`` is the distribution of the host, with the drivers of its archive.
    """
    if not host.gpus:
        return (NO_DRIVER,)
    kept = (_kept(host, host.driver),) if host.driver else ()
    fresh = (_packaged(row, one) for one in _fresh(preset_name, _archive_first(host, row)))
    changed = tuple(option._replace(action=_action(host, option)) for option in fresh)
    state = driver_state.of(host)
    started = (_restarted(option, state) for option in kept if state.code in driver_state.STARTS)
    return (*kept, *started, *changed)


def _archive_first(host: Host, row: DistributionRow | None) -> bool:
    """Return whether the drivers of the distribution's archive come first.

    With Secure Boot its modules are those that it signed. Without it, modules that are built
    already come first, unless the installed driver is NVIDIA's, with the same package source.
    """
    if host.secure_boot:
        return True
    names = [name for entry in row.archive for name in entry.proprietary] if row else []
    vendor = any(package.origin == "nvidia" for package in host.driver_packages)
    return not vendor and any(KERNEL in name for name in names)


def _packaged(row: DistributionRow | None, option: DriverOption) -> DriverOption:
    """Return an option with the release that an archive has, where it comes from there."""
    entries = row.archive if row and option.origin == "distribution" else ()
    own = next((entry.version for entry in entries if entry.branch == option.number), None)
    return option._replace(version=version(own)) if own else option


NO_DRIVER = DriverOption("none", None, "", version("0"), None, None)


def _kept(host: Host, driver: Driver) -> DriverOption:
    number, found = loaded_branch(host, driver), platform(host)
    row = branch(number)
    # JetPack numbers its releases apart from those for PCs: its 580.00 is of all of branch 580.
    release = row.newest if row and found and found.kind == "tegra" else driver.version
    origin = next((package.origin for package in host.driver_packages if package.origin), None)
    return DriverOption("keep", row, number, version(release), driver.flavour, origin)


def loaded_branch(host: Host, driver: Driver) -> str:
    """Return the branch of a loaded driver: that of Linux also for the numbers of Windows."""
    number, found = driver.version.partition(".")[0], platform(host)
    if found is None or found.kind != "wsl":
        return number
    older = [
        row.branch
        for row in BRANCHES
        if int(number) - WINDOWS_NUMBERS <= int(row.branch) <= int(number)
    ]
    return older[-1] if older else number


def _restarted(kept: DriverOption, state: DriverState) -> DriverOption:
    """Return the driver that is installed, to be started in place of the loaded one."""
    release = state.installed or dotted(kept.version)
    number = release.partition(".")[0]
    return kept._replace(
        action="restart", branch=branch(number), number=number, version=version(release)
    )


@cache
def branch(number: str) -> BranchRow | None:
    """Return the row of a branch, None for one that the table does not have."""
    return next((row for row in BRANCHES if row.branch == number), None)


@cache
def _fresh(preset_name: str, archive_first: bool) -> tuple[DriverOption, ...]:  # noqa: FBT001  (a part of the key)
    origins = ("distribution", "nvidia") if archive_first else ("nvidia", "distribution")
    rows = [row for row in map(branch, preset(preset_name).branches) if row]
    return tuple(
        DriverOption("install", row, row.branch, version(row.newest), flavour, origin)
        for row in rows
        for origin in origins
        for flavour in _flavours(row)
    )


def _flavours(row: BranchRow) -> tuple[str, ...]:
    number = version(row.branch)
    if number < version(OPEN_FROM):
        return ("proprietary",)
    if number < version(FIRST_OPEN_BRANCH):
        return ("proprietary", "open")
    return ("open", "proprietary") if number < version(OPEN_ONLY_FROM) else ("open",)


def _action(host: Host, option: DriverOption) -> str:
    """Name the step from what is installed: nothing complete, an older branch, or another kind."""
    if host.interrupted.driver or (host.driver is None and not host.driver_packages):
        return "install"
    if host.driver and version(host.driver.version) < option.version:
        return "upgrade"
    return "switch"


def pythons(host: Host, preset_name: str) -> tuple[PythonOption, ...]:
    """Return the Pythons in the preset's order; those of the host first, unless it is a guide."""
    order = [version(name) for name in preset(preset_name).pythons]
    on_host = [
        PythonOption(series(row.version), row.version, row, "host")
        for row in sorted(host.pythons, key=lambda row: version(row.version), reverse=True)
        if series(row.version) in order
    ]
    provided = [
        PythonOption(python, f"{python[0]}.{python[1]}", None, origin)
        for origin in ("uv", "conda")
        for python in order
    ]
    everything = on_host + provided
    if preset(preset_name).pythons_from == "any":
        return tuple(sorted(everything, key=lambda option: order.index(option.series)))
    on_host.sort(key=lambda option: order.index(option.series))
    return tuple(on_host + provided)


def compilers(host: Host, *, needed: bool, default: int) -> tuple[CompilerOption, ...]:
    """Return the compilers: those of the host, the distribution's default first, then others."""
    if not needed:
        return (CompilerOption(0, None),)
    there = [CompilerOption(row.major, row) for row in host.compilers if row.cxx]
    there.sort(key=lambda option: (option.major != default, -option.major))
    newest_first = sorted(GCC_MAJORS, key=lambda major: (major != default, -major))
    return tuple(there) + tuple(CompilerOption(major, None) for major in newest_first)


def toolkits(
    host: Host, *, needed: bool, archive: ToolkitArchiveRow | None = None
) -> tuple[ToolkitOption, ...]:
    """Return the toolkits: those of the host, then those to install; older ones first.

    A wheel takes its own CUDA or a newer minor of it, so the first that fits is the nearest.
    That of the distribution's ``archive`` comes after them: it is old, and NVIDIA's can be
    installed beside it. The compiler wheels of PyPI, for one stack alone, come last.
    One whose installation did not end is installed again.
    """
    if not needed:
        return (NO_TOOLKIT,)
    there = [
        ToolkitOption("keep", version(row.version), row.version, _max_gcc(row), row, row.path)
        for row in host.toolkits
        if row.version not in host.interrupted.toolkits
    ]
    fresh = [_fresh_toolkit(row) for row in TOOLKITS]
    own = [
        option._replace(
            home=archive.home,
            origin="distribution",
            packages=archive.packages,
            driver=archive.driver,
        )
        for option in fresh
        if archive and option.name == archive.cuda
    ]
    return (*sorted(there, key=lambda option: option.cuda), *fresh, *own, *_from_pypi(fresh))


def _from_pypi(fresh: list[ToolkitOption]) -> Iterator[ToolkitOption]:
    rows = {row.cuda: row for row in COMPILERS}
    for option in fresh:
        if option.name in rows:
            yield option._replace(
                home=f"env/cuda-{option.name}",
                origin=PYPI,
                packages=rows[option.name].requirements,
            )


def _fresh_toolkit(row: ToolkitRow) -> ToolkitOption:
    return ToolkitOption(
        "install",
        version(row.cuda),
        row.cuda,
        row.max_gcc,
        None,
        f"/usr/local/cuda-{row.cuda}",
        "nvidia",
        (f"cuda-toolkit-{row.cuda.replace('.', '-')}",),
    )


NO_TOOLKIT = ToolkitOption("none", version("0"), "", sys.maxsize, None)


def _max_gcc(toolkit: Toolkit) -> int:
    """Return the bound of the newest toolkit in the table that is not newer; it never falls."""
    known = [row for row in TOOLKITS if version(row.cuda) <= version(toolkit.version)]
    return max((row.max_gcc for row in known), default=TOOLKITS[0].max_gcc)
