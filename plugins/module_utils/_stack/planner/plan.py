"""The plan of a host: what is installed and built, with a reason for every decision."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import ClassVar

from ..core.construct import construct, plain, read
from ..core.errors import StackError
from ..core.validation import mapping
from ..environment.evidence import PLAN_SCHEMA as SCHEMA
from .decision import Decision  # noqa: TC001  (from_dict looks it up)


@dataclass(frozen=True)
class GpuPlan:
    """A GPU as the catalog knows it; ``mig`` is the number of its instances, None outside of MIG."""

    pci_id: str
    name: str
    architecture: str
    compute_capability: str | None
    mig: int | None = read(default=None, omit=True)


@dataclass(frozen=True)
class RepositoryPlan:
    """The package source to set up: ``origin`` is nvidia or distribution.

    NVIDIA's is ``base``/``directory``, with the file ``key`` of the signing key and its
    ``fingerprint``; ``packages`` set up what it depends on. Of a distribution's archive, which
    calls itself ``archive``, the ``components`` are enabled.
    """

    origin: str
    base: str | None = read(default=None, omit=True)
    directory: str | None = read(default=None, omit=True)
    key: str | None = read(default=None, omit=True)
    fingerprint: str | None = read(default=None, omit=True)
    packages: tuple[str, ...] = read(default=(), omit=True)
    archive: str | None = read(default=None, omit=True)
    components: tuple[str, ...] = read(default=(), omit=True)


@dataclass(frozen=True)
class DriverPlan:
    """The driver; ``action`` is keep, restart, install, upgrade, switch or rollback.

    ``restart`` starts the driver that is installed in place of the loaded one. ``reason`` is a code
    for why the loaded driver is changed: not-loaded, interrupted, requested, too-old, gpu, a state
    of ``driver_state``, or works where it is kept.

    ``origin`` is nvidia, distribution or None (not known); ``mok`` means that its key has to be
    enrolled for Secure Boot. ``packages`` are everything to install, ``fabric_packages`` come with
    them, or alone beside a driver that is kept. The packages that match ``pin`` stay on
    ``release``, a version pattern, except ``unpinned``; ``unattended`` are beginnings of package
    names that unattended upgrades skip. ``protect`` means that a driver that stays is not held yet,
    and ``hold_packages`` what that needs. ``stream`` is the dnf module stream; ``services`` are
    started. ``build`` is prebuilt, dkms or None for a driver that is kept.
    """

    action: str
    branch: str
    flavour: str | None
    origin: str | None
    packages: tuple[str, ...]
    pin: tuple[str, ...]
    repository: RepositoryPlan | None
    fabric_manager: bool
    fabric_packages: tuple[str, ...]
    reboot: bool
    mok: bool
    release: str | None = None
    unpinned: tuple[str, ...] = ()
    unattended: tuple[str, ...] = ()
    stream: str | None = None
    services: tuple[str, ...] = ()
    reason: str | None = None
    protect: bool = False
    hold_packages: tuple[str, ...] = ()
    build: str | None = read(default=None, omit=True)


@dataclass(frozen=True)
class CudaPlan:
    """The toolkit that compiles the extensions; ``action`` is keep or install.

    ``origin`` is nvidia, distribution or pypi: the last is installed into the environment.
    """

    action: str
    toolkit: str
    origin: str | None
    packages: tuple[str, ...]
    repository: RepositoryPlan | None


@dataclass(frozen=True)
class InterpreterPlan:
    """The Python of the environment: one of the host with its path, or one of uv or conda."""

    origin: str
    version: str
    path: str | None


@dataclass(frozen=True)
class EnvironmentPlan:
    """What makes the environment: uv, or conda with its installer, channel and packages.

    ``files`` are the packages that a bundle has for conda.
    """

    manager: str
    version: str | None = read(default=None, omit=True)
    url: str | None = read(default=None, omit=True)
    sha256: str | None = read(default=None, omit=True)
    channel: str | None = read(default=None, omit=True)
    packages: tuple[str, ...] = read(default=(), omit=True)
    files: tuple[str, ...] = read(default=(), omit=True)


@dataclass(frozen=True)
class TorchPlan:
    """The wheel of PyTorch; without ``index`` it is on PyPI.

    ``arch_list`` is TORCH_CUDA_ARCH_LIST of extensions; ``adopted`` the interpreter of the host
    that has this PyTorch already.
    """

    version: str
    variant: str
    index: str | None
    arch_list: str | None
    minimum_driver: str | None
    adopted: str | None = read(default=None, omit=True)


@dataclass(frozen=True)
class TorchWheelsPlan:
    """What the role pytorch installs: ``requirements`` from ``torch.index``, without dependencies.

    ``build_tools`` build the extensions, with the compilers of CUDA where PyPI provides the
    toolkit. ``cuda`` is the release of CUDA that the installed torch reports, None for a CPU build.
    """

    requirements: tuple[str, ...]
    build_tools: tuple[str, ...]
    cuda: str | None


@dataclass(frozen=True)
class CompilerPlan:
    """The major version of GCC, and the highest one that the toolkit accepts."""

    gcc: str | None
    gcc_max: int | None


@dataclass(frozen=True)
class SourcePlan:
    """Where a source tree comes from: git, or pypi in its place."""

    origin: str
    commit: str | None
    url: str | None = read(default=None, omit=True)
    requirement: str | None = read(default=None, omit=True)
    sha256: str | None = read(default=None, omit=True)


@dataclass(frozen=True)
class DownloadPlan:
    """One place of a part of FFmpeg: an archive, git, pypi, or a package of the Debian archive."""

    origin: str
    url: str | None = read(default=None, omit=True)
    commit: str | None = read(default=None, omit=True)
    requirement: str | None = read(default=None, omit=True)
    package: str | None = read(default=None, omit=True)
    suite: str | None = read(default=None, omit=True)
    sha256: str | None = read(default=None, omit=True)


@dataclass(frozen=True)
class BuildPlan:
    """How extensions are compiled; paths are None where a role installs the programs first.

    ``cuda_home`` is in the folder of the stack where it does not begin with a slash.
    """

    max_jobs: int
    force_cuda: bool
    cuda_home: str | None
    cc: str | None
    cxx: str | None


@dataclass(frozen=True)
class FfmpegPlan:
    """The FFmpeg with CUDA; ``wanted`` is what it must be able to do, by configure's words."""

    origin: str
    version: str | None
    nv_codec_headers: str | None
    flags: tuple[str, ...]
    sources: dict[str, tuple[DownloadPlan, ...]]
    wanted: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class SkippedClaim:
    """A claim that the proof cannot make with this plan."""

    id: str
    because: str


@dataclass(frozen=True)
class Conflict:
    """Constraints that contradict each other, why, and what would help (``try`` in the data)."""

    facts: tuple[str, ...]
    because: tuple[str, ...]
    remedies: tuple[str, ...] = read(key="try")


@dataclass(frozen=True)
class StackPlan:
    """What decides the content of an environment: a lock records exactly this of a plan."""

    id: str
    profile: str
    network: str
    python: str
    torch: TorchPlan
    torchvision: str
    torchaudio: str | None
    packages: tuple[str, ...]
    constraints: dict[str, str]
    sources: dict[str, SourcePlan | None]
    patches: tuple[str, ...]
    compiler: CompilerPlan
    build: BuildPlan
    driver: DriverPlan | None
    cuda: CudaPlan | None


@dataclass(frozen=True)
class Plan(StackPlan):
    """The plan of a host for which there is a choice.

    ``packages_folder`` is where a bundle has the packages of the distribution, ``locked`` every
    package of the index that a lock bounds.
    """

    gpus: tuple[GpuPlan, ...]
    python_interpreter: InterpreterPlan
    environment: EnvironmentPlan
    torch_wheels: TorchWheelsPlan
    system_packages: tuple[str, ...]
    ffmpeg: FfmpegPlan | None
    skipped_claims: tuple[SkippedClaim, ...]
    full_network_adds: str | None
    needs_disk_mib: int
    roles: tuple[str, ...]
    reasons: tuple[Decision, ...]
    packages_folder: str | None = None
    locked: tuple[str, ...] = ()

    status: ClassVar[str] = "planned"

    def refused(self, conflict: Conflict) -> NoPlan:
        """Return no plan for the same host."""
        return NoPlan(self.profile, self.network, self.gpus, None, conflict)

    def to_dict(self) -> dict[str, object]:
        """Return the plain data of the contract."""
        return {"schema": SCHEMA, "status": self.status, **plain(self), "conflict": None}

    @classmethod
    def from_dict(cls, value: object, where: str = "plan") -> Plan:
        """Read plain data. Raises ``StackError``, also for a schema that is not this one."""
        return construct(cls, _known(value, where), where, ignore_unknown=True)


@dataclass(frozen=True)
class NoPlan:
    """The result for a host for which there is no choice.

    ``driver`` is one that the host can have all the same: once it is loaded, more is known.
    """

    profile: str
    network: str
    gpus: tuple[GpuPlan, ...]
    driver: DriverPlan | None
    conflict: Conflict

    status: ClassVar[str] = "no-plan"

    def refused(self, conflict: Conflict) -> NoPlan:
        """Return the same with another conflict."""
        return replace(self, conflict=conflict)

    def to_dict(self) -> dict[str, object]:
        """Return plain data with every key of a plan: empty lists and nulls."""
        return {"schema": SCHEMA, "status": self.status, **_EMPTY, **plain(self)}


# Of a plan that does not exist, lists are empty and all else is null.
_EMPTY: dict[str, object] = {
    each.name: [] if str(each.type).startswith("tuple") else None for each in fields(Plan)
}


def from_dict(value: object, where: str = "plan") -> Plan | NoPlan:
    """Read the plain data of either kind. Raises ``StackError`` for anything else."""
    if mapping(value, where).get("status") == "no-plan":
        return construct(NoPlan, _known(value, where), where, ignore_unknown=True)
    return Plan.from_dict(value, where)


def _known(value: object, where: str) -> dict[str, object]:
    """Return the data of a plan of this schema. Raises ``StackError``."""
    data = mapping(value, where)
    schema = data.get("schema")
    if schema == SCHEMA and data.get("status") in (Plan.status, NoPlan.status):
        return data
    if isinstance(schema, int) and schema != SCHEMA:
        raise StackError(
            f"{where} has schema {schema}; this release reads {SCHEMA}.",
            "Another release of slowfast.stack wrote it.",
            "Plan the host again with this release: slowfast-stack plan",
            code="record.unsupported-schema",
        )
    raise StackError(
        f"{where} is not a plan.",
        f"It has no status of a plan with schema {SCHEMA}.",
        "Pass what slowfast-stack plan --json prints for a host, or the filter plan returns.",
        code="planner.not-a-plan",
    )
