"""Run the proof of an environment, and decide whether earlier evidence is still valid."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core import notices, saved, scratch, validation
from ..core.construct import construct
from ..core.errors import StackError, Unreadable, reason
from ..core.process import locked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..core.process import Commands

DRIVER = Path("/sys/module/nvidia/version")
EVIDENCE, SCHEMA = "evidence.json", 1
PLAN, PLAN_SCHEMA = "plan.json", 2
# No modules from outside the environment; conda's Python would use the user's site-packages.
ALONE = {"PYTHONPATH": "", "PYTHONNOUSERSITE": "1", "PYTHONWARNINGS": "ignore"}
# The keys of a plan that the proof reads; others, such as missing system packages, may change.
JUDGED = (
    "id", "profile", "python", "torch", "torch_wheels", "torchvision", "packages", "sources",
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
        for path in (stack / "proof" / "program").glob("*.py")
    }
    return Subject(stack, recorded_plan(stack) or {}, program)


def fingerprint(subject: Subject) -> str:
    """Return a digest of plan, proof program, packages, sources and driver.

    Files are compared by path, size and modification time, so that a later ``pip install`` or an
    edited source is detected in milliseconds.
    """
    digest = hashlib.sha256()
    judged = {key: subject.plan.get(key) for key in JUDGED}
    digest.update(json.dumps(judged, sort_keys=True).encode())
    digest.update(json.dumps(dict(subject.program), sort_keys=True).encode())
    if DRIVER.is_file():
        digest.update(DRIVER.read_bytes())
    for path in _files(subject):
        # Adopted packages may have been removed.
        state = path.stat() if path.exists() else path.lstat()
        digest.update(f"{path}\0{state.st_size}\0{state.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _files(subject: Subject) -> Iterator[Path]:
    yield from sorted((subject.stack / "env").glob("lib/python*/site-packages/*.dist-info/RECORD*"))
    yield from sorted((subject.stack / "env").glob("lib/python*/site-packages/*.pth"))
    # Follow links: the package manager may replace the distribution's program.
    programs = subject.stack.glob("ffmpeg/bin/*")
    yield from sorted(path for path in programs if path.exists())
    yield from subject.stack.glob("activate")
    for pattern in ("*/.git/HEAD", "*/**/*.py", "*/**/*.yaml"):
        yield from sorted((subject.stack / "src").glob(pattern))


def recorded(subject: Subject) -> Evidence | None:
    """Return the evidence of a stack where it is ok and valid for ``subject``.

    Raises ``StackError`` where a newer release wrote it.
    """
    found = saved.load(Evidence, subject.folder / EVIDENCE, SCHEMA)
    if not (found and found.ok and found.fingerprint == fingerprint(subject)):
        return None
    try:
        # Without its plan the other commands cannot use the stack.
        return found if recorded_plan(subject.stack) is not None else None
    except Unreadable as error:
        notices.say(error)
        return None


def prove(commands: Commands, subject: Subject, *, uv: str) -> Evidence:
    """Run the proof program with the environment's Python and record its claims."""
    with locked(commands, subject.folder / ".lock") as held:
        made = _run(held, subject, uv)
        found = {**made, "fingerprint": fingerprint(subject)}
        evidence = construct(Evidence, found, "claims.json")
        saved.save(subject.folder / EVIDENCE, evidence)
    return evidence


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
