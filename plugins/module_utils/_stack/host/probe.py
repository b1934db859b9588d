"""Probe a host without changing it. PCI ids come first, because they need no driver."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Callable, NamedTuple, Protocol

from ..core.components import COMPONENTS
from ..core.errors import StackError, Unreadable
from ..core.git import NO_DOWNGRADE
from . import driver_files, driver_record, interrupted, nvml, parsers, platforms
from .known import LIBRARIES, PROGRAMS
from .model import (
    Compiler,
    Disk,
    Distribution,
    Driver,
    Gpu,
    Host,
    InstalledDriver,
    Interrupted,
    Kernel,
    Package,
    Python,
    Toolkit,
    Torch,
    Unknown,
    series,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from concurrent.futures import Future

    from .memory import Answer

    Note = Callable[[Unknown], None]

PCI = "/sys/bus/pci/devices"
BINARIES = ("/usr/bin", "/usr/local/bin")
TOOLSETS = "/opt/rh"
# Where pyenv and uv install Pythons, below the home folder.
USER_PYTHONS = (".pyenv/versions", ".local/share/uv/python")
SECURE_BOOT = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
# A library: its version comes from pkg-config, which reads the file of the library.
ZLIB = "zlib"
# How to get the version of each tool.
TOOLS = {
    **{name: (name, "--version") for name in PROGRAMS},
    "ffmpeg": ("ffmpeg", "-version"),
    ZLIB: ("pkg-config", "--modversion", "zlib"),
}
LIBRARY_LIST = ("/sbin/ldconfig", "-p")
VIRTUALIZATION = ("systemd-detect-virt",)
COMMON = (LIBRARY_LIST, VIRTUALIZATION)
REBOOT = ("needs-restarting", "-r")
# How the package manager of each family lists all packages, and what else is asked there.
LISTINGS = {
    "debian": driver_record.LISTINGS["debian"],
    "redhat": ("rpm", "-qa", "--qf", "%{NAME}\t%{VERSION}\t%{VENDOR}\n"),
}
OF_FAMILY = {"debian": (LISTINGS["debian"],), "redhat": (LISTINGS["redhat"], REBOOT)}
# Programs wait for a disk more than they compute.
_AT_ONCE = 16
PACKAGE_INDEX = "package-index"
# How an endpoint names the commit that a repository has to have.
COMMIT = re.compile(r"(.+)#([0-9a-f]{40})")
# Any small package without dependencies: only whether it is found matters.
INDEX_QUESTION = "iniconfig"
LOCKS = ("/var/lib/dpkg/lock-frontend", "/var/lib/rpm/.rpm.lock")


class Runner(Protocol):
    """The access of the probe to a host and its network; every function may run in any thread."""

    def run(self, argv: Sequence[str], *, timeout_s: float = ..., text: str = ...) -> Answer:
        """Run a command with ``text`` on its standard input."""

    def lasting(self, argv: Sequence[str], files: Callable[[str], Iterable[str]] = ...) -> Answer:
        """Return what a command says, also from memory while its program is the same.

        ``files`` names for an output the other files that it depends on.
        """

    def read(self, path: str) -> bytes | None:
        """Return the bytes of a file, None if it does not exist. Raises ``Unreadable``."""

    def names(self, folder: str) -> list[str]:
        """Return what a folder holds, in order, without hidden names; empty if it cannot be listed."""

    def real(self, path: str) -> str | None:
        """Return the path that a link leads to; None where it leads nowhere."""

    def inode(self, path: str) -> int | None:
        """Return the number of a file; None if it does not exist."""

    def free_mib(self, path: str) -> int | None:
        """Return the free MiB of the file system of a path; None if it does not exist."""

    def system(self) -> System:
        """Return what the kernel and the C library say."""

    def reaches(self, url: str, timeout_s: float) -> bool:
        """Return whether an HTTPS request succeeds."""

    def has_commit(self, place: str, commit: str, timeout_s: float) -> bool | None:
        """Return whether a repository has a commit; None where git cannot say."""


class System(NamedTuple):
    """What the kernel says: machine, release and usable cores; the C library (None without glibc)."""

    machine: str
    release: str
    cores: int
    root: bool
    glibc: str | None


class Where(NamedTuple):
    """What to probe: the prefix whose disk is measured, endpoints by name, uv, a timeout.

    ``home`` is searched for Pythons of pyenv and uv; None searches the system only.
    ``torch_python`` is an interpreter whose PyTorch is examined.
    """

    prefix: str
    endpoints: Mapping[str, str]
    uv: str | None = None
    timeout_s: float = 4
    home: str | None = None
    torch_python: str | None = None


def probe(runner: Runner, where: Where) -> Host:
    """Return the host; what exists and cannot be read is listed in ``unreadable``, not guessed."""
    # Programs and endpoints are asked at the same time, files are read in between.
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return _probe(_Look(runner, pool), where)


def _probe(look: _Look, where: Where) -> Host:
    distribution = look.distribution()
    look.lasting_ahead(*(argv for name, argv in TOOLS.items() if name != ZLIB))
    look.ahead(TOOLS[ZLIB], *COMMON, *OF_FAMILY.get(distribution.family, ()))
    lacking: list[Unknown] = []
    reached = look.pool.submit(_network, look, where, lacking.append)
    machine, release, cores, root, glibc = look.runner.system()
    functions = look.functions()
    gpus = tuple(function for function in functions if parsers.is_gpu(function))
    platform = None if gpus else platforms.find(look.runner.names, look.text, release)
    other = not gpus and (bool(platform) or platforms.has_nodes(look.runner.names))
    driver = look.driver()
    named = look.interpreter(where.torch_python) if where.torch_python else None
    pythons = (*([named] if named else []), *look.pythons(where.home))
    said_later = look.pool.submit(look.nvml, pythons) if driver or other else None
    compilers, toolkits, tools = look.compilers(), look.toolkits(), look.tools()
    listing = look.listing(distribution.family)
    packages, meta = look.packages(distribution.family, listing)
    left = look.interrupted(distribution.family, listing)
    libraries = look.output(*LIBRARY_LIST)
    switches = tuple(f.pci_id for f in functions if parsers.is_nvswitch(f))
    nvlink5 = look.nvlink5_fabric() if gpus else False
    virtualization = look.virtualization()
    said = said_later.result() if said_later else nvml.Said(None, None)
    if other:
        driver = platforms.driver(driver, said)
        wsl = platform is not None and platform.kind == "wsl"
        if platform is None or wsl or said.gpus:
            gpus = platforms.gpus(said, look.runner.names, look.text, wsl=wsl)
    # A container, or another user than root, may be shown a part of the GPUs.
    every = root and virtualization != "container"
    gpus = tuple(driver_files.measured(gpu, said, every=every) for gpu in gpus)
    host = Host(
        architecture=machine or "unknown",
        distribution=distribution,
        kernel=Kernel(
            release,
            look.has_headers(release),
            meta,
            look.kernel_modules(distribution.family, release) if gpus and not driver else (),
        ),
        gpus=gpus,
        nvswitches=switches,
        nvlink5_fabric=nvlink5,
        driver=driver,
        driver_packages=packages,
        installed_driver=(
            driver_files.installed(
                look.output,
                look.text,
                look.runner.real,
                driver_files.Seen(
                    driver.version, release, libraries, machine, said, bool(switches) or nvlink5
                ),
            )
            if driver
            else InstalledDriver()
        ),
        toolkits=toolkits,
        compilers=compilers,
        pythons=pythons,
        tools=tools,
        libraries=parsers.libraries(libraries, LIBRARIES),
        secure_boot=look.secure_boot(),
        nouveau=look.exists("/sys/module/nouveau/initstate"),
        virtualization=virtualization,
        pending_reboot=look.pending_reboot(distribution.family),
        package_lock=look.package_lock(),
        root=root,
        cores=cores,
        memory_mib=parsers.memory_mib(look.text("/proc/meminfo") or ""),
        glibc=glibc,
        disk=look.disk(where.prefix),
        shared_memory_mib=look.runner.free_mib("/dev/shm"),  # noqa: S108
        torch=look.torch(named.path) if named else None,
        interrupted=left,
        platform=platform,
    )
    network = reached.result()
    return replace(host, network=network, unreadable=(*look.unreadable, *lacking))


def _none(_output: str) -> tuple[str, ...]:
    return ()


class _Look:
    """One probe of a host; collects what exists and could not be read."""

    def __init__(self, runner: Runner, pool: ThreadPoolExecutor) -> None:
        self.runner, self.pool = runner, pool
        self.unreadable: list[Unknown] = []
        self._asked: dict[tuple[str, ...], Future[Answer]] = {}

    def ahead(self, *commands: tuple[str, ...]) -> None:
        """Start commands whose answers are needed later; only the first start of each counts."""
        for argv in commands:
            if argv not in self._asked:
                self._asked[argv] = self.pool.submit(self.runner.run, argv)

    def lasting_ahead(
        self, *commands: tuple[str, ...], files: Callable[[str], Iterable[str]] = _none
    ) -> None:
        """Ask programs whose answers last as long as their files."""
        for argv in commands:
            if argv not in self._asked:
                self._asked[argv] = self.pool.submit(self.runner.lasting, argv, files)

    def text(self, path: str, message: str = "") -> str | None:
        """Return a file as text; None if it does not exist, or could not be read."""
        try:
            data = self.runner.read(path)
        except Unreadable as error:
            self.note(message or path, path, error)
            return None
        return None if data is None else data.decode("utf-8", "replace")

    def note(self, message: str, source: str, error: StackError) -> None:
        """Record something that exists and was not understood."""
        self.unreadable.append(Unknown(message, source, error.cause or error.message))

    def exists(self, path: str) -> bool:
        return self.text(path) is not None

    def output(self, *argv: str) -> str:
        """Return the output of a command; empty if it failed or does not exist."""
        answer = self.answer(*argv)
        return answer.stdout if answer.rc == 0 else ""

    def answer(self, *argv: str) -> Answer:
        self.ahead(argv)
        return self._asked[argv].result()

    def has_headers(self, release: str) -> bool:
        return bool(release) and self.exists(f"/lib/modules/{release}/build/Makefile")

    def kernel_modules(self, family: str, release: str) -> tuple[str, ...]:
        """Return the packages of NVIDIA's modules that apt's lists name for a kernel."""
        if family != "debian":
            return ()
        listed = self.output("apt-cache", "pkgnames", "linux-modules-nvidia-")
        return parsers.kernel_modules(listed, release)

    def functions(self) -> list[Gpu]:
        """Return every PCI function; containers without sysfs have none."""
        slots = self.runner.names(PCI)
        texts = [(slot, self.text(f"{PCI}/{slot}/uevent", "PCI function")) for slot in slots]
        found = [parsers.pci_function(slot, text) for slot, text in texts if text]
        return [function for function in found if function]

    def nvlink5_fabric(self) -> bool:
        """Return whether the host manages NVLink 5 switches, which are not PCI functions."""
        names = self.runner.names("/sys/class/infiniband")
        pages = [self.text(f"/sys/class/infiniband/{name}/device/vpd") for name in names]
        return any("SW_MNG" in page for page in pages if page)

    def driver(self) -> Driver | None:
        text = self.text("/proc/driver/nvidia/version", "driver")
        if text is not None:
            try:
                return parsers.loaded_driver(text)
            except Unreadable as error:
                self.note("driver", "/proc/driver/nvidia/version", error)
        number = self.text("/sys/module/nvidia/version", "driver")
        return Driver(number.strip(), None) if number else None

    def listing(self, family: str) -> str:
        """Return the package list of the package manager; empty for another family."""
        return self.output(*LISTINGS[family]) if family in LISTINGS else ""

    def packages(self, family: str, listing: str) -> tuple[tuple[Package, ...], tuple[str, ...]]:
        """Return the packages of the driver, and the meta packages of the kernel."""
        if family == "redhat":
            return parsers.redhat_packages(listing), ()
        return parsers.debian_packages(listing), parsers.kernel_meta(listing)

    def interrupted(self, family: str, listing: str) -> Interrupted:
        """Return the interrupted installations; a damaged record is listed as unreadable."""
        stream, begun, toolkits = (
            self.text(path) or ""
            for path in (driver_record.STREAM_FILE, driver_record.PATH, interrupted.TOOLKITS)
        )
        try:
            return interrupted.find(family, listing, stream, begun, toolkits)
        except Unreadable as error:
            self.note("interrupted", driver_record.PATH, error)
            return interrupted.find(family, listing, stream, "", toolkits)

    def distribution(self) -> Distribution:
        text = self.text("/etc/os-release", "distribution") or ""
        try:
            return parsers.os_release(text)
        except Unreadable as error:
            self.note("distribution", "/etc/os-release", error)
            return Distribution("unknown", "", "other", "an unknown distribution")

    def toolkits(self) -> tuple[Toolkit, ...]:
        names = [n for n in self.runner.names("/usr/local") if n.startswith("cuda-")]
        # cuda-12 is a link to the newest 12.x; the real folder is listed too.
        paths = [f"/usr/local/{name}" for name in names if "." in name]
        # The toolkit of a distribution is installed in /usr.
        paths.append("/usr")
        found = [parsers.toolkit(path, self._toolkit_text(path)) for path in paths]
        return tuple(row for row in found if row)

    def _toolkit_text(self, path: str) -> str:
        said = self.text(f"{path}/version.json") or self.text(f"{path}/version.txt")
        # A toolkit made of wheels or archives has neither file.
        if said:
            return said
        compiler = (f"{path}/bin/nvcc", "--version")
        self.lasting_ahead(compiler)
        return self.output(*compiler)

    def compilers(self) -> tuple[Compiler, ...]:
        rows = []
        for folder in (*BINARIES, *self._toolsets()):
            names = self.runner.names(folder)
            for name in parsers.compiler_names(names):
                cxx = name.replace("gcc", "g++")
                rows.append((f"{folder}/{name}", f"{folder}/{cxx}" if cxx in names else None))
        self.ahead(*((path, "-dumpfullversion") for path, _cxx in rows))
        found = [
            parsers.compiler(path, self.output(path, "-dumpfullversion"), cxx) for path, cxx in rows
        ]
        best: dict[int, Compiler] = {}
        for row in found:
            if row and (row.major not in best or (row.cxx and not best[row.major].cxx)):
                best[row.major] = row
        return tuple(best.values())

    def _toolsets(self) -> list[str]:
        names = self.runner.names(TOOLSETS)
        return [f"{TOOLSETS}/{n}/root/usr/bin" for n in names if n.startswith("gcc-toolset-")]

    def pythons(self, home: str | None) -> tuple[Python, ...]:
        """Return the interpreters of the system, then those of the user for series it lacks."""
        real: set[str] = set()
        system = self._interpreters(BINARIES, real)
        users = self._interpreters(self._user_folders(home), real) if home else []
        found: dict[str, Python] = {}
        for row in self._asked_pythons(system, users):
            found.setdefault(row.version, row)
        return tuple(found.values())

    def _asked_pythons(self, system: list[str], users: list[str]) -> Iterator[Python]:
        commands = [(path, "-I", "-c", parsers.PYTHON_QUESTION) for path in (*system, *users)]
        self.lasting_ahead(*commands, files=parsers.python_files)
        there = set()
        for number, argv in enumerate(commands):
            row = parsers.interpreter(argv[0], self.output(*argv))
            if row and number < len(system):
                there.add(series(row.version))
                yield row
            elif row and series(row.version) not in there:
                yield row

    def _interpreters(self, folders: Iterable[str], known: set[str]) -> list[str]:
        """Return the paths of interpreters, each file once, and add the files to ``known``."""
        found = []
        for folder in folders:
            for name in reversed(parsers.python_names(self.runner.names(folder))):
                path = f"{folder}/{name}"
                real = self.runner.real(path)
                if real and real not in known:
                    known.add(real)
                    found.append(path)
        return found

    def _user_folders(self, home: str) -> list[str]:
        places = [f"{home}/{place}" for place in USER_PYTHONS]
        return [f"{place}/{name}/bin" for place in places for name in self.runner.names(place)]

    def interpreter(self, path: str) -> Python | None:
        """Return what an interpreter is; None if it does not run."""
        return parsers.interpreter(path, self.output(path, "-I", "-c", parsers.PYTHON_QUESTION))

    def torch(self, python: str) -> Torch | None:
        return parsers.torch(python, self.output(python, "-I", "-c", parsers.TORCH_QUESTION))

    def nvml(self, pythons: Sequence[Python]) -> nvml.Said:
        """Return what NVML says, by the first Python that answers."""
        for python in pythons:
            argv = (python.path, "-I", "-c", nvml.QUESTION)
            answer = self.runner.run(argv, timeout_s=nvml.TIMEOUT_S)
            if answer.rc is not None:
                return nvml.parse(answer.stdout)
        return nvml.Said(None, None)

    def tools(self) -> dict[str, str | None]:
        return {name: parsers.tool_version(self.output(*argv)) for name, argv in TOOLS.items()}

    def secure_boot(self) -> bool | None:
        try:
            data = self.runner.read(SECURE_BOOT)
            return None if data is None else parsers.secure_boot(data)
        except Unreadable as error:
            self.note("secure_boot", SECURE_BOOT, error)
            return None

    def virtualization(self) -> str:
        marks = ("/.dockerenv", "/run/.containerenv", "/proc/cpuinfo")
        detect = self.answer(*VIRTUALIZATION).stdout
        return parsers.virtualization(detect, {path: self.text(path) for path in marks})

    def pending_reboot(self, family: str) -> bool:
        if family == "redhat":
            return self.answer(*REBOOT).rc == 1
        return self.exists("/run/reboot-required")

    def package_lock(self) -> bool:
        """Return whether another process is installing packages; /proc/locks has inodes."""
        held = self.text("/proc/locks") or ""
        inodes = [self.runner.inode(path) for path in LOCKS]
        return any(f":{inode} " in held for inode in inodes if inode)

    def disk(self, prefix: str) -> Disk | None:
        """Measure the nearest folder above the prefix that exists."""
        path = prefix
        while True:
            free = self.runner.free_mib(path)
            if free is not None:
                return Disk(prefix, free)
            if path in ("", "/"):
                return None
            path = path.rpartition("/")[0] or "/"


def _network(look: _Look, where: Where, note: Note) -> dict[str, bool]:
    git = bool(where.endpoints) and look.answer("git", "--version").rc is not None
    return network(look.runner, where, note, git=git)


def network(runner: Runner, where: Where, note: Note, *, git: bool) -> dict[str, bool]:
    """Return for each endpoint whether it is reached; all are tried at the same time.

    A repository without the commit that it has to have is not; ``note`` gets the reason.
    """
    if not where.endpoints:
        return {}
    with ThreadPoolExecutor(len(where.endpoints)) as pool:
        waiting = {
            name: pool.submit(_reaches, runner, where, name, place, git=git)
            for name, place in where.endpoints.items()
        }
        found = {name: future.result() for name, future in waiting.items()}
    for answer in found.values():
        if isinstance(answer, Unknown):
            note(answer)
    return {name: answer is True for name, answer in found.items()}


def _reaches(runner: Runner, where: Where, name: str, place: str, *, git: bool) -> bool | Unknown:
    if place == PACKAGE_INDEX:
        return _reaches_index(runner, where)
    if name not in COMPONENTS:
        local = place.removeprefix("file://")
        if local.startswith("/"):
            return runner.real(local) is not None
        return runner.reaches(place, where.timeout_s)
    pinned = COMMIT.fullmatch(place)
    place, commit = pinned.groups() if pinned else (place, "")
    if git or "://" not in place:
        return _has(runner, where, name, place, commit)
    return runner.reaches(f"{place}/info/refs?service=git-upload-pack", where.timeout_s)


def _has(runner: Runner, where: Where, name: str, place: str, commit: str) -> bool | Unknown:
    """Return whether git reaches a repository; what is wrong with one that lacks the commit."""
    argv = ("git", *NO_DOWNGRADE, "ls-remote", place, "HEAD")
    if runner.run(argv, timeout_s=where.timeout_s).rc != 0:
        return False
    if commit and runner.has_commit(place, commit, where.timeout_s) is False:
        return Unknown(f"source.{name}", place, f"It has no commit {commit}.")
    return True


def _reaches_index(runner: Runner, where: Where) -> bool:
    """Try with uv, which uses the index, proxy and certificates of the user."""
    if where.uv is None:
        return False
    # Run in the root folder: the current one may have an environment of another project.
    argv = (where.uv, "--directory", "/", "pip", "compile", "--no-cache", "--no-header", "-")
    return runner.run(argv, timeout_s=where.timeout_s, text=INDEX_QUESTION).rc == 0
