"""Rehearse a configuration in an environment on GPUs that are not there."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.validation import (
    parse_json,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.cuda.fake_runtime import (
    HIDDEN,
    loaded,
)
from slowfast_stack.config.findings import Finding
from slowfast_stack.training import fake_runtime, jobs, rehearsed_gpu
from slowfast_stack.training.fake_runtime import NotRehearsed

if TYPE_CHECKING:
    from slowfast_stack.training.installed import Installed
    from slowfast_stack.training.jobs import Job
    from slowfast_stack.training.rehearsed_gpu import RehearsedGpu

PROGRAM = fake_runtime.PROGRAMS / "rehearse.py"
GIB = 1 << 30
_TIMEOUT_S = 600
_PASSED, _UNABLE = "passed", "unable"


@dataclass(frozen=True)
class Machine:
    """The GPUs of a rehearsal; ``count`` 0 is the CPU."""

    gpu: RehearsedGpu
    count: int


@dataclass(frozen=True)
class Rehearsed:
    """What upstream's program did: the report of ``rehearse.py``, and the time it took."""

    report: dict[str, Any]
    seconds: float

    @property
    def passed(self) -> bool:
        """Return whether every enabled part ran to its end."""
        return bool(self.report["outcome"] == _PASSED)

    @property
    def failure(self) -> dict[str, str]:
        """Return the failed step with type, message and place; empty where all passed."""
        return dict(self.report["failure"] or {})

    @property
    def peak(self) -> int | None:
        """Return the most bytes of tensors on one GPU, None where nothing ran that far."""
        peaks = [self.report.get(key) for key in ("peak_bytes", "test_bytes")]
        return max((peak for peak in peaks if peak), default=None)

    @property
    def fits(self) -> bool | None:
        """Return whether the tensors alone fit into the GPU; None where that is not known."""
        gpu = self.report.get("gpu")
        return self.peak <= gpu["bytes"] if self.peak and gpu else None

    def as_dict(self) -> dict[str, object]:
        """Return everything as plain data."""
        return self.report | {"fits": self.fits, "seconds": round(self.seconds, 1)}

    def lines(self) -> list[str]:
        """Return everything as text."""
        out = [
            f"{'ok' if row['ok'] else 'FAILED':<7}{row['step']} ({row['seconds']:.1f} s)"
            for row in self.report["steps"]
        ]
        if self.failure:
            failure = self.failure
            at = f" at {failure['at']}" if failure["at"] else ""
            out.append(f"{failure['step']}: {failure['type']}{at}: {failure['message']}")
        if self.peak:
            gpu = self.report.get("gpu")
            of = f" of {gpu['bytes'] / GIB:.0f} GiB on each {gpu['name']}" if gpu else ""
            out.append(f"tensors need {self.peak / GIB:.2f} GiB{of}, without cuDNN's workspaces")
        for phase, waits in self.report.get("syncs", {}).items():
            text = ", ".join(f"{count:g} x {what}" for what, count in waits.items())
            out.append(f"waits for the GPU in {phase}, a step: {text or 'none'}")
        out.append(f"not shown: {'; '.join(self.report['not_shown'])}")
        return out


def of_job(
    stack: Installed,
    job: Job,
    gpu: str | None = None,
    gpus: int | None = None,
    gib: float | None = None,
) -> Rehearsed:
    """Rehearse a job on the named GPU, or on that of this machine. Raises NotRehearsed, UsageError.

    ``gpus`` None takes the number that the configuration asks for.
    """
    count = int(job.read.get("NUM_GPUS")) if gpus is None else gpus
    machine = Machine(rehearsed_gpu.chosen(gpu, gib), count)
    return run(stack, job.config, list(job.options), machine)


def findings(stack: Installed, path: Path, gib: float | None) -> list[Finding]:
    """Rehearse a file on this machine's GPU and return what was found. Raises NotRehearsed."""
    found = finding(of_job(stack, jobs.job(path, [], Path()), gib=gib))
    return [found] if found else []


def finding(done: Rehearsed) -> Finding | None:
    """Return what a rehearsal found, as config check reports it; None where all passed and fits."""
    if not done.passed:
        failure = done.failure
        at = f" at {failure['at']}" if failure["at"] else ""
        message = f"Upstream's code fails in {failure['step']}: {failure['type']}{at}: "
        message += failure["message"] or "no message"
        return Finding("rehearsal", "(all)", message, "See it: slowfast-stack rehearse FILE")
    if done.fits is False:
        return Finding(
            "rehearsal",
            "TRAIN.BATCH_SIZE",
            f"The tensors need {(done.peak or 0) / GIB:.1f} GiB on each GPU; "
            f"it has {done.report['gpu']['bytes'] / GIB:.1f}.",
            "Lower the batch, or shorten and shrink the clips.",
        )
    return None


def run(stack: Installed, config: Path, options: list[str], machine: Machine) -> Rehearsed:
    """Rehearse a configuration and its KEY VALUE pairs; takes seconds, and no GPU.

    Raises NotRehearsed where that is not possible here. ``NUM_GPUS`` becomes the count of the machine.
    """
    environment = {name: value for name, value in os.environ.items() if name not in HIDDEN}
    if machine.count:
        place = fake_runtime.folder(stack)
        environment |= machine.gpu.environment(machine.count) | loaded(place)
    pairs = [*options, "NUM_GPUS", str(machine.count)]
    argv = [str(stack.python), "-s", str(PROGRAM), str(config), *pairs]
    started = time.monotonic()
    try:
        done = subprocess.run(
            argv,
            env=environment | {"OMP_NUM_THREADS": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired as error:
        raise _ended(f"It took longer than {_TIMEOUT_S} s.") from error
    output = done.stdout.decode(errors="replace").splitlines()
    try:
        report = parse_json(output[-1])
        outcome, failure = report["outcome"], report["failure"]
    except (IndexError, ValueError, TypeError, KeyError) as error:
        raise _ended(_last_words(done)) from error
    if outcome == _UNABLE:
        raise _ended(f"{failure['step']}: {failure['type']}: {failure['message']}")
    return Rehearsed(report, time.monotonic() - started)


def _ended(cause: str) -> NotRehearsed:
    hint = "The configuration may be right all the same: only the rules of config check apply."
    message = "The rehearsal could not go on."
    return NotRehearsed(message, cause, hint, code="rehearsal.unable")


def _last_words(done: subprocess.CompletedProcess[bytes]) -> str:
    if done.returncode < 0:
        return f"The program was ended by {signal.Signals(-done.returncode).name}."
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"The program ended with exit code {done.returncode}."
