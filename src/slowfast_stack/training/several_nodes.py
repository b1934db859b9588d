"""Train on several nodes with torchrun, restart after a loss, and merge what all ranks write."""

from __future__ import annotations

import contextlib
import hashlib
import os
import queue
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from slowfast_stack.exit_codes import Interrupted
from slowfast_stack.orchestration import ansible, processes
from slowfast_stack.orchestration.logs import Log
from slowfast_stack.training import log_parser, node_answers, node_checks, torchrun
from slowfast_stack.training.run_state import Progress

if TYPE_CHECKING:
    from slowfast_stack.orchestration.ansible import Interrupt
    from slowfast_stack.orchestration.nodes import Node
    from slowfast_stack.training.jobs import Job
    from slowfast_stack.training.node_checks import Facts
    from slowfast_stack.training.runner import Screen
    from slowfast_stack.training.torchrun import Wanted

BEAT_S, ENDING_S, POLL_S = 5.0, 20.0, 0.5
# The exit code of ssh is 255 where it lost the node; a program that was killed, with 128 and the signal.
_LOST, _KILLED = 255, 128
_QUEUED = 10_000
CONTINUE = "continue"


@dataclass
class Run:
    """A training over several nodes, as far as it came."""

    job: Job
    progress: Progress = field(default_factory=Progress)
    nodes: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    starts: int = 0
    seconds: float = 0.0
    log: Path = Path()

    def as_dict(self) -> dict[str, object]:
        """Return everything as plain data."""
        return {
            "config": str(self.job.config),
            "output_dir": str(self.job.output),
            "nodes": self.nodes,
            "lost": self.lost,
            "starts": self.starts,
            "log": str(self.log),
            "seconds": round(self.seconds, 1),
            **self.progress.as_dict(),
        }


def train(job: Job, nodes: list[Node], wanted: Wanted, screen: Screen) -> Run:
    """Train to the end. Raises StackError where it failed, and Interrupted where it was stopped."""
    done, log, started = Run(job), Log("train"), time.monotonic()
    done.log = log.path
    mark = processes.own_mark(processes.scope_of(f"{job.output} {[n.name for n in nodes]}"))
    try:
        with (
            screen.follow(done.progress, "train") as show,
            # A signal is not passed on: a node ends its processes before it ends its connection.
            ansible.watching("") as watch,
        ):
            left = nodes
            while True:
                found = _usable(left, wanted, done, screen, watch)
                left = [row.node for row in found]
                done.starts, done.nodes = done.starts + 1, [row.node.name for row in found]
                ended = _Attempt(job, found, wanted, mark, watch).follow(
                    lambda name, line: _line(done, log, show, name, line)
                )
                _stop_if_asked(watch)
                if not any(ended.values()):
                    return done
                lost = [name for name, code in ended.items() if code >= _KILLED or code < 0]
                if not lost or done.starts > wanted.restarts:
                    raise _failure(done, ended)
                done.lost += lost
                screen.print(f"Lost {', '.join(lost)}; start {done.starts + 1} follows.")
    finally:
        processes.stop(lambda: processes.of_run(mark))
        done.seconds = time.monotonic() - started
        log.close()
        screen.print(f"Log: {log.path}")


def _stop_if_asked(watch: Interrupt) -> None:
    if watch.signal:
        hint = "Run the same command again: it resumes from the last checkpoint."
        raise Interrupted(
            watch.signal, "The nodes that answer have ended all processes of it.", hint
        )


def _line(done: Run, log: Log, show: object, name: str, line: str) -> None:
    """Take a line of a node; torchrun writes the rank on the node before it."""
    rank, said = torchrun.of_line(line)
    log.write(f"{name}{f'/{rank}' if rank is not None else ''}: {said}")
    text = log_parser.feed(done.progress, said)
    if callable(show):
        show(text)


def _usable(
    nodes: list[Node], wanted: Wanted, done: Run, screen: Screen, watch: Interrupt
) -> list[Facts]:
    """Return the nodes that answer. Waits for the others, or leaves them out, as asked."""
    said: set[str] = set()
    while True:
        answers: list[Facts] = []
        for node in nodes:
            try:
                answers.append(node_checks.fact(node, nodes, wanted.stack, wanted.interface))
            except node_checks.Unreachable as error:
                _stop_if_asked(watch)
                if not done.starts:
                    raise
                if node.name not in said:
                    said.add(node.name)
                    screen.print(f"{error.message} As asked: {wanted.on_node_lost}.")
        if len(answers) == len(nodes) or (wanted.on_node_lost == CONTINUE and answers):
            return answers
        time.sleep(BEAT_S)
        _stop_if_asked(watch)


def _failure(done: Run, ended: dict[str, int]) -> StackError:
    ends = ", ".join(f"{name} with {code}" for name, code in ended.items())
    tail = "\n".join(list(done.progress.tail)[-8:])
    return StackError(
        f"Training over {len(ended)} nodes failed after {done.starts} starts.",
        f"Ended: {ends}.\n{tail}",
        f"Read the log: {done.log}; or check the links: slowfast-stack train --nodes GROUP --check-only",
        code="training.failed",
    )


class _Attempt:
    """One start of torchrun on all nodes."""

    def __init__(
        self, job: Job, found: list[Facts], wanted: Wanted, mark: str, watch: Interrupt
    ) -> None:
        self._watch = watch
        self._lines: queue.Queue[tuple[str, str | None]] = queue.Queue(maxsize=_QUEUED)
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        for place, row in enumerate(found):
            spec: dict[str, object] = {
                "argv": torchrun.arguments(job, found, place, wanted),
                "environment": torchrun.environment(row.interface),
                "folder": str(job.start),
                "config": job.config.read_text(),
                "config_file": torchrun.config_file(job),
                "mark": hashlib.sha256(f"{job.output} {row.node.name}".encode()).hexdigest()[:16],
            }
            self._children[row.node.name] = subprocess.Popen(
                node_checks.command(row.node, wanted.stack, "run", spec),
                env={**os.environ, processes.VARIABLE: mark},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        for name, child in self._children.items():
            threading.Thread(target=self._read, args=(name, child), daemon=True).start()

    def _read(self, name: str, child: subprocess.Popen[bytes]) -> None:
        with child.stdout or contextlib.nullcontext() as stream:
            # A node may write without end, or faster than it is read here.
            while line := stream.readline(node_answers.LINE) if stream else b"":
                self._lines.put((name, line.decode("utf-8", "replace").rstrip("\r\n")))
        self._lines.put((name, None))

    def follow(self, listen: object) -> dict[str, int]:
        """Pass lines on until all have ended; after the first failure the others get some seconds."""
        left, beat, failed_at = set(self._children), 0.0, None
        try:
            while left and not self._watch.signal:
                now = time.monotonic()
                if failed_at and now - failed_at > ENDING_S:
                    break
                if now - beat > BEAT_S:
                    beat = now
                    self._beat()
                with contextlib.suppress(queue.Empty):
                    name, line = self._lines.get(timeout=POLL_S)
                    if line is not None and callable(listen):
                        listen(name, line)
                    elif line is None:
                        left.discard(name)
                        if self._children[name].wait() and failed_at is None:
                            failed_at = now
        finally:
            stopped = self._stop()
        return {
            name: 1 if name in stopped else child.returncode
            for name, child in self._children.items()
        }

    def _beat(self) -> None:
        for child in self._children.values():
            with contextlib.suppress(OSError, ValueError):
                if child.stdin:
                    child.stdin.write(b"\n")
                    child.stdin.flush()

    def _stop(self) -> list[str]:
        """End what still runs: a node stops its processes when its standard input ends."""
        running = [name for name, child in self._children.items() if child.poll() is None]
        for child in self._children.values():
            with contextlib.suppress(OSError):
                if child.stdin:
                    child.stdin.close()
        deadline = time.monotonic() + ENDING_S
        for name in running:
            child = self._children[name]
            try:
                child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.send_signal(signal.SIGKILL)
                child.wait()
        return running
