"""The prefix: the folder that holds all stacks; its owner, free disk space and current stack."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..core import disk_space, files, holders, notices, ownership, saved, shell, validation
from ..core.errors import StackError, Unreadable, reason
from .evidence import EVIDENCE, PLAN, PLAN_SCHEMA, recorded_plan

MARKER, SCHEMA = ".slowfast-stack.json", 1
SYSTEM_WIDE = Path("/opt/slowfast-stack")


@dataclass(frozen=True)
class Marker:
    """The file by which this project knows its own folder."""

    owner: str = "slowfast.stack"
    schema: int = SCHEMA


def default_prefix(*, root: bool, home: Path) -> Path:
    """Return the prefix for an administrator or, in ``home``, for any other user."""
    return SYSTEM_WIDE if root else home / ".local" / "share" / "slowfast-stack"


def resolve(path: str | None) -> Path:
    """Return the absolute prefix; None means the default of the user who runs this.

    As root, raises ``StackError`` for one that another user can change.
    """
    default = default_prefix(root=ownership.is_root(), home=Path.home())
    prefix = Path(path).expanduser().absolute() if path else default
    shell.require_plain(prefix)
    ownership.require_private(prefix)
    return prefix


def refuse_foreign(prefix: Path) -> None:
    """Raise StackError where the folder holds files that this project did not create.

    Also where a newer release created the prefix.
    """
    shell.require_plain(prefix)
    saved.load(Marker, prefix / MARKER, SCHEMA)
    if (prefix / MARKER).is_file() or not prefix.exists():
        return
    if not prefix.is_dir():
        raise StackError(
            f"{prefix} is not a folder.",
            "A file exists at this path.",
            "Choose another prefix.",
            code="prefix.not-a-folder",
        )
    # A run that was killed while it wrote the marker leaves only that.
    entries = sorted({entry.name for entry in prefix.iterdir()} - {f".{MARKER}.new"})
    if entries:
        raise StackError(
            f"{prefix} belongs to another program.",
            f"It contains {', '.join(entries[:4])} and has no {MARKER}.",
            "Choose another prefix with --prefix, or empty that folder yourself.",
            code="prefix.foreign",
        )


def not_installed(prefix: Path) -> StackError:
    """Return the error for a prefix without a current stack."""
    return StackError(
        f"There is no proven stack in {prefix}.",
        "Nothing was installed there, or its proof never passed.",
        "Run `slowfast-stack up` first.",
        code="stack.not-installed",
    )


def require_disk_space(prefix: Path, stack: Path, needs_mib: int) -> None:
    """Raise StackError where the disk is too small for a stack that is not built yet; in MiB."""
    if (stack / "proof" / EVIDENCE).is_file():
        return
    parent = disk_space.existing(prefix)
    free = disk_space.free_bytes(parent) // 2**20
    if free < needs_mib:
        raise StackError(
            f"{parent} has {free} MiB free.",
            f"The planned environment needs {needs_mib} MiB.",
            "Free that much, or choose a prefix on another disk with --prefix.",
            code="disk.full",
        )


def claim(prefix: Path, stack: Path) -> bool:
    """Create the prefix, its marker and the folder of ``stack``; return whether it did."""
    marker = prefix / MARKER
    new = not (marker.is_file() and stack.is_dir())
    try:
        prefix.mkdir(parents=True, exist_ok=True)
        # Before anything else, or a killed run would leave a folder that belongs to no program.
        if saved.load(Marker, marker, SCHEMA) is None:
            saved.save(marker, Marker())
        stack.mkdir(parents=True, exist_ok=True)
        # Again: in a folder like /tmp another user may have been faster.
        ownership.require_private(stack)
    except OSError as error:
        raise StackError(
            f"{error.filename} could not be created.",
            f"{error.strerror}.",
            "Choose a prefix that you may write to with --prefix, or run as root.",
            code="prefix.not-writable",
        ) from error
    return new


def say_in_use(prefix: Path, stack: Path) -> None:
    """Say which other run works on a stack, or builds for this prefix, at this moment."""
    places = [stack / ".env.lock", stack / "proof" / ".lock", *stack.glob("src/.*.lock")]
    for lock in (*places, *prefix.glob("cache/*/*.lock")):
        if not lock.is_file() or not files.is_held(lock):
            continue
        holder = holders.of(lock)
        stop = f", or end it with `kill {holder.process}` on this host" if holder else ""
        error = StackError(
            f"Another run works in {prefix}.",
            f"{lock.name} is held by {holder or 'another process'}.",
            f"This run waits where it needs the same files, and then uses them. Wait too{stop}.",
            code="prefix.in-use",
        )
        notices.say(error)
        return


def current_plan(prefix: Path) -> dict[str, object] | None:
    """Return the plan of the current stack; None where there is none.

    Raises ``Unreadable`` for a damaged one, and ``StackError`` for one of a newer release.
    """
    path = prefix / "current" / "proof" / PLAN
    plan = recorded_plan(prefix / "current")
    if plan is None:
        return None
    try:
        number = validation.count(plan.get("schema", PLAN_SCHEMA), "schema")
    except StackError as error:
        hint = "Run `slowfast-stack up` to prove the stack again."
        raise Unreadable(
            f"{path} cannot be read.", reason(error), hint, code="record.unreadable"
        ) from error
    saved.require_known(path, number, PLAN_SCHEMA)
    return plan
