"""Whether the current stack of a prefix is as its last proof left it, without knowing its plan.

What only the controller knows, plan and proof program, is returned as a digest to be compared there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..core import ownership, saved, validation
from ..core.errors import StackError
from . import current_stack, lock, stack_files
from .evidence import EVIDENCE, SCHEMA, Evidence, fingerprint, own_subject, subject_digest
from .prefix import refuse_foreign

if TYPE_CHECKING:
    from pathlib import Path

    from ..core.process import Commands


@dataclass(frozen=True)
class Proven:
    """A current stack that is proven: its folder, id, evidence, and digests.

    ``subject`` is the digest of plan and program of the proof, ``lock`` that of what the lock was
    made from.
    """

    prefix: str
    stack: str
    id: str
    subject: str
    lock: str
    proof: Evidence


def begun(prefix: Path) -> Path | None:
    """Return the folder of the current stack where its records are there; None at once if not."""
    name = current_stack.current_id(prefix)
    stack = prefix / "stacks" / name if name else None
    if stack is None or not current_stack.is_last(prefix, stack.name):
        return None
    found = all((stack / "proof" / file).is_file() for file in (EVIDENCE, lock.WRITTEN))
    return stack if found else None


def of(commands: Commands, prefix: Path, stack: Path) -> Proven | None:
    """Return a stack that is as its proof left it; None where anything differs, which the roles then find.

    Every file is compared with the record of the proof, the driver with that of the evidence, the
    lock and the compilers in it with those of now.
    """
    try:
        ownership.require_private(stack)
        refuse_foreign(prefix)
        evidence = saved.load(Evidence, stack / "proof" / EVIDENCE, SCHEMA)
        subject = own_subject(stack)
        plan = validation.text(subject.plan.get("id"), "plan.id")
        before = stack_files.load(stack)
        made_from = lock.unchanged(commands, stack)
        if (
            evidence is None
            or not evidence.ok
            or before is None
            or made_from is None
            or plan != stack.name
            or evidence.fingerprint != fingerprint(subject)
        ):
            return None
        differences, now = stack_files.compare(commands, stack, before)
        # A record that has to be renewed is renewed by the role.
        if differences or now != before:
            return None
    except (StackError, OSError):
        return None
    digest = subject_digest(subject.plan, subject.program)
    return Proven(str(prefix), str(stack), stack.name, digest, made_from, evidence)
