"""One run of a configuration, from the check before it to what it has left behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ansible_collections.slowfast.stack.plugins.module_utils._stack.checkpoints import formats
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from slowfast_stack.exit_codes import UsageError
from slowfast_stack.orchestration import processes
from slowfast_stack.training import jobs, runner
from slowfast_stack.training.run_state import DEMO, TEST, TRAINING, words

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from slowfast_stack.training.installed import Installed
    from slowfast_stack.training.jobs import Job
    from slowfast_stack.training.runner import Followed

_PHASES = {"TRAIN": TRAINING, "TEST": TEST, "DEMO": DEMO}
_RESUME = "Run the same command again: it resumes from the last checkpoint in {folder}."


@dataclass(frozen=True)
class Run:
    """A run that did everything that was asked for."""

    job: Job
    followed: Followed
    resumed: Path | None
    set_aside: list[Path]

    def facts(self) -> dict[str, Any]:
        """Return everything as plain data."""
        last = jobs.last_checkpoint(self.job.output)
        return {
            "config": str(self.job.config),
            "output_dir": str(self.job.output),
            "checkpoint": str(last) if last else None,
            "resumed_from": str(self.resumed) if self.resumed else None,
            "set_aside": [str(path) for path in self.set_aside],
            "log": str(self.followed.log),
            "seconds": round(self.followed.seconds, 1),
            **self.followed.course.facts(),
        }

    def sentence(self) -> str:
        """Say in a few lines what was done."""
        course, last = self.followed.course, jobs.last_checkpoint(self.job.output)
        told = [f"done in {self.followed.seconds:.0f} s"]
        if TRAINING in course.finished:
            told += [f"{course.trained} epochs trained" if course.trained else "nothing was left"]
        told += [f"tested: {words(course.tested)}"] if course.tested else []
        return ", ".join(told) + (f"\n  checkpoint: {last}" if last else "")


def run(installed: Installed, job: Job, console: Console, *, check: bool) -> Run:
    """Run upstream's program. Raises StackError where not all that was asked for was done."""
    look(job, console, check=check)
    place = runner.Place("train", job.start, job.output)
    with jobs.alone(job.output):
        processes.stop_left_behind(processes.scope_of(str(job.output)), console)
        aside = jobs.set_damaged_aside(job.output)
        for path in aside:
            console.print(f"An earlier run left this unfinished: {path}", highlight=False)
        resumed = _resumed(job)
        arguments = [str(installed.program), "--cfg", str(job.config)]
        arguments += ["--opts", *job.options] if job.options else []
        followed = runner.follow(console, installed, arguments, place)
    _judge(job, followed, resumed)
    return Run(job, followed, resumed, aside)


def look(job: Job, console: Console, *, check: bool) -> None:
    """Say what a check finds. Raises StackError where it finds what the run would fail by."""
    if not job.parts:
        message = f"{job.config} asks for nothing."
        cause = "TRAIN.ENABLE, TEST.ENABLE and DEMO.ENABLE are all False."
        raise UsageError(
            message, cause, "Set one of them: TRAIN.ENABLE True", code="config.unreadable"
        )
    found = job.findings()
    wrong = jobs.errors(found) if check else []
    for row in found:
        if row not in wrong:
            console.print(
                f"{row.level}: {row.message}", markup=False, highlight=False, soft_wrap=True
            )
    if wrong:
        raise StackError(
            f"{job.config} would fail; nothing was started.",
            "\n".join(f"{row.key}: {row.message} Patch: {row.fix}" for row in wrong),
            f"See what can be patched: slowfast-stack config check {job.config}; "
            "or start it all the same: --no-check",
            code="config.would-fail",
        )


def _resumed(job: Job) -> Path | None:
    trains = job.read.get("TRAIN.ENABLE") and job.read.get("TRAIN.AUTO_RESUME")
    return jobs.last_checkpoint(job.output) if trains else None


def _judge(job: Job, followed: Followed, resumed: Path | None) -> None:
    judge_end(followed, _RESUME.format(folder=job.output))
    missing = [part for part in job.parts if _PHASES[part] not in followed.course.finished]
    if missing:
        message = f"SlowFast ended without an error and without {', '.join(missing)}."
        raise StackError(message, hint=f"Read the log: {followed.log}", code="training.failed")
    if "TRAIN" in job.parts and not followed.course.trained and not _was_complete(job, resumed):
        raise StackError(
            "Nothing was trained.",
            f"It would have begun with epoch {followed.course.first_epoch} "
            f"of {job.read.get('SOLVER.MAX_EPOCH')}.",
            "To fine-tune a checkpoint: TRAIN.CHECKPOINT_EPOCH_RESET True",
            code="training.nothing-to-do",
        )


def judge_end(followed: Followed, again: str) -> None:
    """Pass where a program ended well. Raises Stopped, and StackError where it failed."""
    if followed.ended.signal:
        raise runner.Stopped(followed.ended.signal, again)
    if followed.ended.code:
        raise runner.failure(followed)


def _was_complete(job: Job, resumed: Path | None) -> bool:
    epoch = formats.of_file(resumed).epoch if resumed else None
    return epoch is not None and epoch + 1 >= job.read.get("SOLVER.MAX_EPOCH")
