"""Run the proof of an environment, and decide whether earlier evidence is still valid."""

from __future__ import annotations

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from ..core import notices, saved, scratch, validation
from ..core.construct import construct
from ..core.errors import StackError, Unreadable, reason
from ..core.process import locked
from . import package_files, restore, stack_files
from .evidence import (
    EVIDENCE,
    PLAN,
    SCHEMA,
    Evidence,
    Subject,
    fingerprint,
    own_subject,
    recorded_plan,
)
from .python_env import UNFINISHED
from .stack_files import Files

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ..core.process import Commands
    from .stack_files import Difference

# No modules from outside the environment; conda's Python would use the user's site-packages.
ALONE = {"PYTHONPATH": "", "PYTHONNOUSERSITE": "1", "PYTHONWARNINGS": "ignore"}


def recorded(
    commands: Commands, subject: Subject, *, deep: bool = False, renew: bool = False
) -> Evidence | None:
    """Return the evidence of a stack where it is ok and valid for ``subject``.

    Every file of the stack is compared with the record of the proof; a difference is said. With
    ``renew`` the record is updated or, where the evidence is void, removed after what
    differs was prepared for restore. Raises ``StackError`` where a newer release wrote it.
    """
    found = saved.load(Evidence, subject.folder / EVIDENCE, SCHEMA)
    before = stack_files.load(subject.stack)
    if before is None:
        return None
    differences, now = stack_files.compare(commands, subject.stack, before, deep=deep)
    done = restore.prepare(subject.stack, differences) if renew else []
    if differences:
        notices.say(_changed(subject.stack, differences, done))
    elif found and _holds(found, subject):
        if renew and now != before:
            stack_files.save(subject.stack, now)
        return found
    if renew:
        # Roles change files next, and the proof after them records what they leave.
        stack_files.remove(subject.stack)
    return None


def holds(commands: Commands, stack: Path, evidence: Evidence) -> bool:
    """Return whether evidence of the last proof of a stack is still valid."""
    subject = own_subject(stack)
    before = stack_files.load(stack)
    if before is None or evidence.fingerprint != fingerprint(subject):
        return False
    return not stack_files.compare(commands, stack, before).differences


def _holds(found: Evidence, subject: Subject) -> bool:
    if not found.ok or found.fingerprint != fingerprint(subject):
        return False
    try:
        # Without its plan the other commands cannot use the stack.
        return recorded_plan(subject.stack) is not None
    except Unreadable as error:
        notices.say(error)
        return False


def _changed(stack: Path, differences: Sequence[Difference], done: Sequence[str]) -> StackError:
    hint = "; ".join(done) or "`slowfast-stack up` makes them again and proves the stack"
    return StackError(
        f"{len(differences)} files of {stack} are not those that were proven.",
        f"{stack_files.described(differences)}.",
        f"{hint[0].upper()}{hint[1:]}.",
        code="stack.changed",
    )


def require_unchanged(commands: Commands, stack: Path, *, deep: bool = False) -> Files:
    """Return the files of a stack, read now where a proof did not record them.

    Raises ``StackError`` where they differ from their record.
    """
    before = stack_files.load(stack)
    if before is None:
        return stack_files.taken(stack)
    differences, now = stack_files.compare(commands, stack, before, deep=deep)
    if differences:
        raise _changed(stack, differences, ())
    return now


def prove(commands: Commands, subject: Subject, *, uv: str, deep: bool = False) -> Evidence:
    """Compare every file with its record, run the proof program, and record the claims.

    Where there is no record, the files are recorded after a proof that passed. Raises
    ``StackError``, also where installed files are not those of their wheels.
    """
    with locked(commands, subject.folder / ".lock") as held, ThreadPoolExecutor(1) as beside:
        started, stack = time.monotonic(), subject.stack
        before = stack_files.load(stack)
        compared = stack_files.compare(held, stack, before, deep=deep) if before else None
        spent = time.monotonic() - started
        # Most of the work of a record is to read gigabytes, during which the claims are made.
        reading = None if compared else beside.submit(_taken, stack)
        made = _run(held, subject, uv)
        early, read_s = reading.result() if reading else (Files({}), 0.0)
        started = time.monotonic()
        now = compared.files if compared else _recordable(held, stack, uv, early)
        spent += read_s + time.monotonic() - started
        differences = compared.differences if compared else ()
        claim = _claim(differences, len(now.rows), spent)
        claims = (*validation.items(made.get("claims"), "claims"), claim)
        ok = validation.flag(made.get("ok"), "claims.json: ok") and claim["ok"]
        found = {**made, "ok": ok, "claims": claims, "fingerprint": fingerprint(subject)}
        evidence = construct(Evidence, found, "claims.json")
        if ok and now != before:
            stack_files.save(stack, now)
        saved.save(subject.folder / EVIDENCE, evidence)
    return evidence


def _taken(stack: Path) -> tuple[Files, float]:
    """Return the files of a stack, and the seconds that it took to read them."""
    started = time.monotonic()
    return stack_files.taken(stack), time.monotonic() - started


def _claim(differences: Sequence[Difference], count: int, seconds: float) -> dict[str, Any]:
    said = stack_files.described(differences) if differences else f"{count} files as recorded"
    return {
        "id": "stack.files",
        "ok": not differences,
        "expected": "every file that was recorded when the stack was built, and no other",
        "measured": said,
        "seconds": round(seconds, 2),
    }


def _recordable(commands: Commands, stack: Path, uv: str, early: Files) -> Files:
    """Return the files of a stack; where one is not that of its wheel, raise ``StackError``.

    Those that are as they were ``early`` are not read again. Wrong packages are removed from uv's
    cache, and the next `up` builds the environment again.
    """
    if (stack / "env" / UNFINISHED).exists():
        raise StackError(
            f"The environment of {stack} is not complete.",
            "It is to be built again, or a run that built it was interrupted.",
            "Run `slowfast-stack up`.",
            code="environment.unfinished",
        )
    now = stack_files.taken(stack, early)
    wrong = package_files.unlike_wheel(stack, now)
    if wrong:
        restore.mark(stack)
        restore.forget(commands, uv, wrong)
        files = [path for paths in wrong.values() for path in paths]
        raise StackError(
            f"{len(files)} installed files are not those of their wheels.",
            f"{', '.join(wrong)}: {', '.join(files[:3])}. uv's cache or the environment is damaged.",
            "Run `slowfast-stack up`: it downloads these packages again and builds the environment.",
            code="packages.damaged",
        )
    return now


def _run(commands: Commands, subject: Subject, uv: str) -> dict[str, Any]:
    folder = subject.folder
    plan, out, log = folder / PLAN, folder / "claims.json", folder / "proof.log"
    saved.write(plan, subject.plan)
    out.unlink(missing_ok=True)
    log.unlink(missing_ok=True)
    program = folder / "program"
    shutil.rmtree(program, ignore_errors=True)
    program.mkdir()
    for name, text in subject.program.items():
        (program / name).write_text(text + "\n", encoding="utf-8")
    argv = [str(subject.stack / "env" / "bin" / "python"), str(program)]
    argv += [
        "--plan",
        str(plan),
        "--src",
        str(subject.stack / "src"),
        "--out",
        str(out),
        "--uv",
        uv,
    ]
    with scratch.folder() as place:
        done = commands.run(argv, log=log, environment={**ALONE, "TMPDIR": str(place)})
    if not out.is_file():
        raise StackError(
            "The proof ended early.",
            f"Exit status {done.rc}:\n{done.tail()}\n",
            f"The complete output is in {log}.",
            code="proof.interrupted",
        )
    try:
        return validation.mapping(validation.parse_json(out.read_text(encoding="utf-8")), out.name)
    except (ValueError, StackError) as error:
        raise StackError(
            "The proof ended without a result.",
            f"{out} cannot be read. {reason(error)}",
            f"The complete output is in {log}.",
            code="proof.interrupted",
        ) from error
