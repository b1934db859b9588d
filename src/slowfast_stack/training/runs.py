"""Train, test or run the demo as a configuration says, and judge the result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ansible_collections.slowfast.stack.plugins.module_utils._stack.checkpoints import formats
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from slowfast_stack.config import findings
from slowfast_stack.exit_codes import UsageError
from slowfast_stack.orchestration import processes
from slowfast_stack.training import jobs, rehearsal, runner
from slowfast_stack.training.installed import target_of
from slowfast_stack.training.run_state import DEMO, TEST, TRAINING, scores_text

if TYPE_CHECKING:
    from pathlib import Path

    from slowfast_stack.training.installed import Installed
    from slowfast_stack.training.jobs import Job
    from slowfast_stack.training.runner import Followed, Screen

_PHASES = {"TRAIN": TRAINING, "TEST": TEST, "DEMO": DEMO}
_RESUME = "Run the same command again: it resumes from the last checkpoint in {folder}."


@dataclass(frozen=True)
class Run:
    """A run that did everything that the configuration enables."""

    job: Job
    followed: Followed
    resumed: Path | None
    set_aside: list[Path]

    def as_dict(self) -> dict[str, object]:
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
            **self.followed.progress.as_dict(),
        }

    def summary(self) -> str:
        """Return a few lines on what was done."""
        progress, last = self.followed.progress, jobs.last_checkpoint(self.job.output)
        parts = [f"done in {self.followed.seconds:.0f} s"]
        if TRAINING in progress.finished:
            done = f"{progress.trained} epochs trained" if progress.trained else "already complete"
            parts += [done]
        parts += [f"tested: {scores_text(progress.tested)}"] if progress.tested else []
        return ", ".join(parts) + (f"\n  checkpoint: {last}" if last else "")


@dataclass(frozen=True)
class Before:
    """What is done before a run: refuse what validation finds, rehearse what uses GPUs."""

    validate: bool
    rehearse: bool


def run(installed: Installed, job: Job, screen: Screen, before: Before) -> Run:
    """Run upstream's program. Raises StackError where not everything that is enabled was done."""
    validate_job(installed, job, screen, refuse=before.validate)
    if before.validate and before.rehearse and job.read.get("NUM_GPUS"):
        _rehearse(installed, job, screen)
    place = runner.Place("train", job.start, job.output)
    with jobs.alone(job.output):
        processes.stop_left_behind(processes.scope_of(str(job.output)), screen.print)
        aside = jobs.set_damaged_aside(job.output)
        for path in aside:
            screen.print(f"Moved an incomplete checkpoint of an earlier run to {path}")
        resumed = _resumed(job)
        arguments = [str(installed.program), "--cfg", str(job.config)]
        arguments += ["--opts", *job.options] if job.options else []
        followed = runner.follow(screen, installed, arguments, place)
    _judge(job, followed, resumed)
    return Run(job, followed, resumed, aside)


def validate_job(installed: Installed, job: Job, screen: Screen, *, refuse: bool) -> None:
    """Print the findings of a validation. Raises StackError where the run would fail."""
    if not job.parts:
        message = f"{job.config} enables nothing."
        cause = "TRAIN.ENABLE, TEST.ENABLE and DEMO.ENABLE are all False."
        raise UsageError(
            message, cause, "Set one of them: TRAIN.ENABLE True", code="config.unreadable"
        )
    found = job.findings(target_of(installed))
    errors = findings.errors(found) if refuse else []
    for row in found:
        if row not in errors:
            screen.print(f"{row.level}: {row.message}")
    if errors:
        raise StackError(
            f"{job.config} would fail; nothing was started.",
            "\n".join(f"{row.key}: {row.message} Fix: {row.fix}" for row in errors),
            f"See what can be fixed: slowfast-stack config check {job.config}; "
            "or start it anyway: --skip-validation",
            code="config.would-fail",
        )


def _rehearse(installed: Installed, job: Job, screen: Screen) -> None:
    """Rehearse a job. Raises StackError where upstream's code fails; memory is only a warning."""
    try:
        done = rehearsal.of_job(installed, job)
    except StackError as error:  # nothing is known of the configuration
        screen.print(f"warning: {error.message} {error.cause}")
        return
    found = rehearsal.finding(done)
    if found is None:
        screen.print(f"Rehearsed without a GPU in {done.seconds:.0f} s: nothing fails.")
    elif done.passed:
        screen.print(f"warning: {found.message} {found.fix}")
    else:
        raise StackError(
            f"{job.config} fails in the rehearsal; nothing was started.",
            found.message,
            f"See it: slowfast-stack rehearse {job.config}; or start it anyway: --skip-rehearsal",
            code="config.would-fail",
        )


def _resumed(job: Job) -> Path | None:
    trains = job.read.get("TRAIN.ENABLE") and job.read.get("TRAIN.AUTO_RESUME")
    return jobs.last_checkpoint(job.output) if trains else None


def _judge(job: Job, followed: Followed, resumed: Path | None) -> None:
    runner.raise_failure(followed, _RESUME.format(folder=job.output))
    missing = [part for part in job.parts if _PHASES[part] not in followed.progress.finished]
    if missing:
        message = f"SlowFast ended without an error and without {', '.join(missing)}."
        cause = "Its log has no line that reports the end of that part."
        raise StackError(message, cause, f"Read the log: {followed.log}", code="training.failed")
    if "TRAIN" in job.parts and not followed.progress.trained and not _was_complete(job, resumed):
        raise StackError(
            "Nothing was trained.",
            f"It would have begun with epoch {followed.progress.first_epoch} "
            f"of {job.read.get('SOLVER.MAX_EPOCH')}.",
            "To fine-tune a checkpoint: TRAIN.CHECKPOINT_EPOCH_RESET True",
            code="training.nothing-to-do",
        )


def _was_complete(job: Job, resumed: Path | None) -> bool:
    epoch = formats.of_file(resumed).epoch if resumed else None
    return epoch is not None and epoch + 1 >= job.read.get("SOLVER.MAX_EPOCH")
