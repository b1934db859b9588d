"""List the stacks of a prefix, switch the current one, and remove old ones."""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..core import names, saved
from ..core.errors import StackError, Unreadable, not_writable
from ..core.files import is_held, locked, replace_link
from ..core.process import Commands
from .current_stack import CURRENT, HISTORY, ID, History, current_id, history, is_folder
from .evidence import EVIDENCE, Evidence, recorded_plan
from .evidence import SCHEMA as PROOF_SCHEMA
from .proof import holds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PREVIOUS = "previous"
# Held while the current stack changes, or stacks are removed.
LOCK = ".switch.lock"
PROVEN, CHANGED, FAILED, UNPROVEN = "proven", "changed", "failed", "unproven"
NEWER = "newer"
WHY_NOT = {
    CHANGED: "it, its sources or the driver changed after its proof",
    FAILED: "its proof failed",
    UNPROVEN: "it was never proven",
    NEWER: "a newer release proved it",
}
# A stack that was written to more recently may belong to a run between two steps.
SETTLED_S = 3600
_LEAVING = ".removing-"


@dataclass(frozen=True)
class Stack:
    """A stack of a prefix.

    ``state`` is a key of WHY_NOT or PROVEN, ``proven_at`` a time in UTC or None,
    ``versions`` those of its plan (empty without a plan), ``size_mib`` the size on disk.
    """

    id: str
    path: Path
    state: str
    current: bool
    previous: bool
    proven_at: str | None
    versions: dict[str, str]
    size_mib: int

    def to_dict(self) -> dict[str, object]:
        """Return plain data."""
        return {**vars(self), "path": str(self.path), "proven": self.state == PROVEN}


def listed(prefix: Path) -> list[Stack]:
    """Return every stack of a prefix, the most recently used first."""
    current, order = current_id(prefix), _order(prefix)
    states = {name: _state(prefix / "stacks" / name) for name in order}
    previous = next((n for n in order if n != current and states[n][0] == PROVEN), None)
    return [
        Stack(
            id=name,
            path=prefix / "stacks" / name,
            state=states[name][0],
            current=name == current,
            previous=name == previous,
            proven_at=states[name][1],
            versions=_versions(prefix / "stacks" / name),
            size_mib=_size(prefix / "stacks" / name),
        )
        for name in order
    ]


def require_plan_of(stack: Path, plan: Mapping[str, object]) -> None:
    """Raise ``Unreadable`` where a recorded plan is not that of its stack."""
    if plan.get("id") != stack.name:
        raise Unreadable(
            f"The plan in {stack / 'proof'} is not that of this stack.",
            f"It has the id {names.shortened(plan.get('id'))}.",
            "Run `slowfast-stack up` to prove the stack again.",
            code="record.unreadable",
        )


def _ids(prefix: Path) -> list[str]:
    folder = prefix / "stacks"
    paths = list(folder.iterdir()) if folder.is_dir() else []
    # A link names a folder elsewhere.
    return [path.name for path in paths if ID.fullmatch(path.name) and is_folder(path)]


def _order(prefix: Path) -> list[str]:
    """Order by use: the last switch first, then stacks that were never current, by age."""
    used = {name: number for number, name in enumerate(history(prefix))}
    current = current_id(prefix)

    def key(name: str) -> tuple[bool, int, float]:
        return (
            name == current,
            used.get(name, -1),
            _touched(prefix / "stacks" / name),
        )

    return sorted(_ids(prefix), key=key, reverse=True)


def _state(stack: Path) -> tuple[str, str | None]:
    """Return whether the evidence of a stack is still valid, and when it was written."""
    try:
        evidence = saved.load(Evidence, stack / "proof" / EVIDENCE, PROOF_SCHEMA)
        if evidence is None:
            return UNPROVEN, None
        if not evidence.ok:
            return FAILED, None
        valid = holds(Commands(), stack, evidence)
    except (OSError, Unreadable):
        return UNPROVEN, None
    except StackError:
        return NEWER, None
    return (PROVEN if valid else CHANGED), evidence.made_at


def _versions(stack: Path) -> dict[str, str]:
    """Return the versions of the plan; empty for a plan that another release wrote otherwise."""
    try:
        plan = recorded_plan(stack) or {}
        found = {
            "python": plan["python"],
            "torch": f"{plan['torch']['version']} {plan['torch']['variant']}",
            "torchvision": plan["torchvision"],
        }
        for name, source in plan["sources"].items():
            if source:
                found[name] = (source.get("commit") or "")[:9] or source["requirement"]
    except (Unreadable, KeyError, TypeError, AttributeError):
        return {}
    return found


def _size(stack: Path) -> int:
    """Return the size of the files in MiB; a file with several names counts once."""
    blocks = {}
    # A run that builds it removes files and folders; os.walk passes over such a folder.
    for folder, folders, files in os.walk(stack):
        for name in (*folders, *files):
            with contextlib.suppress(FileNotFoundError):
                state = Path(folder, name).lstat()
                blocks[state.st_ino] = state.st_blocks
    return sum(blocks.values()) * 512 // 2**20


def chosen(stacks: Sequence[Stack], wanted: str, *, unproven: bool) -> Stack:
    """Return the stack that ``wanted`` names: an id, a unique prefix of it, or PREVIOUS.

    Raise ``StackError``.
    """
    if wanted == PREVIOUS:
        earlier = [stack for stack in stacks if stack.previous]
        if not earlier:
            raise _no_earlier(_others(stacks))
        return earlier[0]
    name = _named([stack.id for stack in stacks], wanted)
    found = next(stack for stack in stacks if stack.id == name)
    if found.state != PROVEN and not unproven:
        raise StackError(
            f"The stack {found.id} is not proven: {WHY_NOT[found.state]}.",
            "The current stack is not changed.",
            "Add --unproven to use it anyway; then prove it with `slowfast-stack prove`.",
            code="stack.unproven",
        )
    return found


def require_one(prefix: Path, wanted: str) -> None:
    """Raise ``StackError`` where an id names no stack, or no other one is there, without reading any."""
    ids = sorted(_ids(prefix))
    if wanted != PREVIOUS:
        _named(ids, wanted)
    elif not set(ids) - {current_id(prefix)}:
        raise _no_earlier(_NO_OTHER)


def _named(ids: Sequence[str], wanted: str) -> str:
    found = [name for name in ids if name.startswith(wanted)]
    if len(found) == 1:
        return found[0]
    cause = "Several stacks have an ID with this prefix" if found else "No stack has this ID"
    raise StackError(
        f"{wanted} does not name a stack.",
        f"{cause}: there are {', '.join(ids) or 'none'}.",
        "List them with `slowfast-stack rollback --list`.",
        code="stack.unknown",
    )


def _no_earlier(cause: str) -> StackError:
    return StackError(
        "There is no earlier proven stack to switch to.",
        cause,
        "List them with `slowfast-stack rollback --list`, and pass the ID of one to use it anyway.",
        code="stack.no-earlier",
    )


_NO_OTHER = "No other stack is in this prefix."


def _others(stacks: Sequence[Stack]) -> str:
    others = [stack for stack in stacks if not stack.current]
    if not others:
        return _NO_OTHER
    return (
        "; ".join(f"{stack.id}: {WHY_NOT.get(stack.state, stack.state)}" for stack in others) + "."
    )


def switch(prefix: Path, name: str) -> bool:
    """Make a stack current with one rename; return whether this changed the current stack.

    Of two switches at once, one comes after the other. Raises ``StackError``.
    """
    try:
        with locked(prefix / LOCK):
            return _switch(prefix, name)
    except OSError as error:
        raise not_writable(prefix / CURRENT, error) from error


def _switch(prefix: Path, name: str) -> bool:
    names.stack_id(name, "The stack")
    before, earlier = current_id(prefix), history(prefix)
    if before != name:
        replace_link(prefix / CURRENT, Path("stacks") / name)
    # Only the last use of each stack matters; a killed run may not have recorded the one before.
    used = [*([before] if before else []), name]
    switches = (*(other for other in earlier if other not in used), *dict.fromkeys(used))
    if switches != tuple(earlier):
        saved.save(prefix / HISTORY, History(switches))
    return before != name


def superfluous(stacks: Sequence[Stack], keep: int) -> list[Stack]:
    """Return the stacks to remove when the current one and ``keep`` others, proven first, stay.

    Raise ``StackError``.
    """
    if keep < 0:
        raise StackError(
            f"{keep} stacks cannot be kept.",
            "The number is negative.",
            "Pass 0 or more.",
            code="stack.invalid-count",
        )
    others = [stack for stack in stacks if not stack.current]
    kept = sorted(others, key=lambda stack: stack.state != PROVEN)[:keep]
    return [stack for stack in others if stack not in kept]


def remove(prefix: Path, stacks: Sequence[Stack], now: float) -> list[Stack]:
    """Remove stacks and return the removed ones; a stack in use at the time ``now`` is kept."""
    removed = []
    with locked(prefix / LOCK):
        for stack in stacks:
            if stack.id != current_id(prefix) and not in_use(stack.path, now):
                stack.path.rename(stack.path.with_name(_LEAVING + stack.id))
                removed.append(stack)
        # Also what an interrupted earlier call left.
        for leaving in (prefix / "stacks").glob(f"{_LEAVING}*"):
            if is_folder(leaving):
                shutil.rmtree(leaving)
    return removed


def in_use(stack: Path, now: float) -> bool:
    """Return whether a run is building a stack, or a process has its libraries open."""
    if any(is_held(lock) for lock in _locks(stack)) or _mapped(stack):
        return True
    if (stack / "proof" / EVIDENCE).is_file():
        return False
    return now - max(map(_touched, (stack, *stack.iterdir()))) < SETTLED_S


def _touched(path: Path) -> float:
    """Return when a path was last written to, the beginning of time where it was removed meanwhile."""
    try:
        return path.lstat().st_mtime
    except FileNotFoundError:
        return 0.0


def _locks(stack: Path) -> Iterator[Path]:
    for path in (stack / ".env.lock", stack / "proof" / ".lock"):
        if path.is_file():
            yield path


def _mapped(stack: Path) -> bool:
    inside = f" {stack.resolve()}/"
    return any(inside in _text(maps) for maps in Path("/proc").glob("[0-9]*/maps"))


def _text(path: Path) -> str:
    """Return a file of /proc, empty where its process ended or belongs to another user."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
