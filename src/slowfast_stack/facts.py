"""The host facts that playbooks return, as typed values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.construct import construct
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment.lock import (  # noqa: TC001  (construct looks them up)
    Package,
    Python,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.plan import (  # noqa: TC001  (construct looks it up)
    StackPlan,
)

if TYPE_CHECKING:
    from typing import Self


class Fact:
    """A host fact with the name that Ansible gives it; unknown keys are ignored."""

    fact: ClassVar[str]

    @classmethod
    def read(cls, value: object) -> Self:
        """Read plain data. Raises ``StackError`` that names a value of another type."""
        return construct(cls, value, cls.fact, ignore_unknown=True)


@dataclass(frozen=True)
class Claim:
    """A claim of a proof; ``ok`` is None for one that was skipped."""

    id: str
    ok: bool | None = None
    expected: Any = ""
    measured: Any = ""
    seconds: Any = ""

    @property
    def result(self) -> str:
        """Return ok, failed or skipped."""
        return {None: "skipped", True: "ok", False: "failed"}[self.ok]

    @property
    def finding(self) -> str:
        """Return what was measured; ``result`` already says that a claim was skipped."""
        return str(self.measured).removeprefix("skipped: ")


@dataclass(frozen=True)
class Proof(Fact):
    """The evidence of a stack."""

    ok: bool = False
    claims: tuple[Claim, ...] = ()

    fact: ClassVar[str] = "stack_proof"


@dataclass(frozen=True)
class Purge(Fact):
    """The packages to remove, and others that depend on them; ``removed`` once it is done."""

    packages: tuple[str, ...]
    dependents: tuple[str, ...]
    removed: bool

    fact: ClassVar[str] = "stack_purge_result"


@dataclass(frozen=True)
class DriverRollback(Fact):
    """The packages of the previous driver, and those that are removed for them."""

    packages: tuple[str, ...]
    removed: tuple[str, ...]
    done: bool

    fact: ClassVar[str] = "stack_driver_rollback"


@dataclass(frozen=True)
class InstalledStack:
    """A stack of a prefix; ``versions`` are empty where its plan cannot be read."""

    id: str
    state: str
    current: bool
    previous: bool
    size_mib: int
    proven_at: str | None = None
    versions: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Rollback(Fact):
    """The stacks of a prefix, the one that was switched to, and those that were removed."""

    stacks: tuple[InstalledStack, ...]
    removed: tuple[str, ...]
    switched: str | None = None

    fact: ClassVar[str] = "stack_rollback"


@dataclass(frozen=True)
class AvaStep(Fact):
    """A step of preparing AVA; ``ok`` where everything is complete."""

    ok: bool

    fact: ClassVar[str] = "stack_ava"


@dataclass(frozen=True)
class LockedSource:
    """A source with the digest of its patched tree; ``requirement`` is one of PyPI."""

    origin: str
    tree: str
    url: str | None = None
    commit: str | None = None
    requirement: str | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class Lock(Fact):
    """What a proven stack is made of."""

    plan: StackPlan
    python: Python
    compilers: dict[str, str | None]
    packages: tuple[Package, ...]
    sources: dict[str, LockedSource]
    driver: str | None = None
    machine: dict[str, object] = field(default_factory=dict)

    fact: ClassVar[str] = "stack_lock"


@dataclass(frozen=True)
class StackContents(Fact):
    """The lock of a stack whose contents were written into a file, and how many files it has."""

    lock: Lock
    files: int

    fact: ClassVar[str] = "stack_contents"


# By the name that Ansible gives it.
FACTS: dict[str, type[Fact]] = {
    kind.fact: kind
    for kind in (Proof, Purge, DriverRollback, Rollback, AvaStep, Lock, StackContents)
}
