"""The evidence of a proof: what was proven, what was found, and what it is valid for."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core import saved

if TYPE_CHECKING:
    from collections.abc import Mapping

DRIVER = Path("/sys/module/nvidia/version")
EVIDENCE, SCHEMA = "evidence.json", 1
PLAN, PLAN_SCHEMA = "plan.json", 2
# The keys of a plan that the proof reads; others, such as missing system packages, may change.
JUDGED = (
    "id", "profile", "gpus", "python", "torch", "torch_wheels", "torchvision", "packages", "sources",
    "ffmpeg", "skipped_claims",
)  # fmt: skip


@dataclass(frozen=True)
class Subject:
    """What is proven: the folder of a stack, its plan, and the files of the proof program."""

    stack: Path
    plan: Mapping[str, object]
    program: Mapping[str, str]

    @property
    def folder(self) -> Path:
        """Return the folder of the evidence."""
        return self.stack / "proof"


@dataclass(frozen=True)
class Evidence:
    """What a proof found; it is valid while the subject has the same ``fingerprint``.

    ``plan`` is the id of the plan, ``made_at`` a time in UTC, ``claims`` those of the program.
    """

    ok: bool
    claims: tuple[Any, ...]
    fingerprint: str
    plan: str | None = None
    made_at: str | None = None
    schema: int = SCHEMA


def recorded_plan(stack: Path) -> dict[str, Any] | None:
    """Return the plan of the last proof of a stack, of any schema; None where there is none.

    Raises ``Unreadable`` for a damaged one.
    """
    hint = "Run `slowfast-stack up` to prove the stack again."
    return saved.read_mapping(stack / "proof" / PLAN, hint)


def own_subject(stack: Path) -> Subject:
    """Return the subject of the last proof of a stack. Raises ``Unreadable`` and OSError."""
    # As `_run` wrote it, with a newline at the end of each file.
    program = {
        path.name: path.read_text(encoding="utf-8", errors="replace")[:-1]
        for path in (stack / "proof" / "program").glob("*")
        if path.is_file()
    }
    return Subject(stack, recorded_plan(stack) or {}, program)


def subject_digest(plan: Mapping[str, object], program: Mapping[str, str]) -> str:
    """Return a digest of what is proven, which the controller knows as well as a host."""
    return _digest_of(plan, program).hexdigest()


def _digest_of(plan: Mapping[str, object], program: Mapping[str, str]) -> hashlib._Hash:
    digest = hashlib.sha256()
    judged = {key: plan.get(key) for key in JUDGED}
    digest.update(json.dumps(judged, sort_keys=True).encode())
    digest.update(json.dumps(dict(program), sort_keys=True).encode())
    return digest


def fingerprint(subject: Subject) -> str:
    """Return a digest of plan, proof program and driver; `stack_files` compares the files."""
    digest = _digest_of(subject.plan, subject.program)
    if DRIVER.is_file():
        digest.update(DRIVER.read_bytes())
    return digest.hexdigest()
