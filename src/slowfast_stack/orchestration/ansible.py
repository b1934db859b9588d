"""Run a playbook with ansible-runner: its events go to a listener, its end is an outcome."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import errors, scratch
from slowfast_stack.orchestration import forks, host_keys, processes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from slowfast_stack.orchestration.run_state import Event

# The settings of ansible.cfg, for a run that starts outside of a clone.
_SETTINGS = {
    "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
    "ANSIBLE_INJECT_FACT_VARS": "false",
    "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
    "ANSIBLE_RETRY_FILES_ENABLED": "false",
    "ANSIBLE_PIPELINING": "true",
    "ANSIBLE_NOCOLOR": "true",
}
# A host that died, or lost its network, is noticed: TCP alone waits for hours.
_ALIVE = "-o ServerAliveInterval=10 -o ServerAliveCountMax=3"
# Without Ansible's -C: what is copied is compressed, or a program that takes longer to compress.
_CONNECTION = "-o ControlMaster=auto -o ControlPersist=60s"
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_CLEAN_END_S = 10.0


@dataclass(frozen=True)
class Play:
    """What to run: a playbook by its full name or path, on whom, and with which variables."""

    playbook: str
    inventory: Path
    limit: str | None = None
    variables: dict[str, object] = field(default_factory=dict)
    verbosity: int = 1

    @property
    def scope(self) -> str:
        """Return 12 digits, shared by plays that work on the same prefix of the same hosts."""
        place = f"{self.inventory.resolve()} {self.variables.get('stack_prefix', '')}"
        return processes.scope_of(place)


@dataclass(frozen=True)
class Outcome:
    """How ansible-playbook ended; ``signal`` is what stopped it, ``tail`` its last lines."""

    code: int
    signal: int
    tail: str


class Interrupt:
    """Pass a signal on to the child, which stops its workers; the second one is final."""

    def __init__(self, mark: str) -> None:
        """Watch the run of a mark."""
        self.signal = 0
        self._mark = mark
        self._since = 0.0
        self._final = False

    def __call__(self, signum: int, _frame: FrameType | None) -> None:
        """Handle a signal."""
        child = processes.children_of(os.getpid(), processes.of_run(self._mark))
        self._final = bool(self.signal) or not child
        if not self.signal:
            self.signal, self._since = signum, time.monotonic()
        processes.send(signal.SIGINT, child)

    def is_final(self) -> bool:
        """Return whether waiting for a clean end is over."""
        late = self.signal and time.monotonic() - self._since > _CLEAN_END_S
        return self._final or bool(late)


def run(
    play: Play, listen: Callable[[Event], None], cancel: threading.Event | None = None
) -> Outcome:
    """Run a playbook to its end, pass each event to ``listen``, and leave no process behind.

    Once ``cancel`` is set, the run is stopped as by Ctrl-C.
    """
    import ansible_runner  # noqa: PLC0415  (150 ms that a what-if plan need not pay)

    tail: deque[str] = deque(maxlen=30)

    def on_event(event: Event) -> bool:
        if event.get("stdout"):
            tail.append(event["stdout"])
        listen(event)
        return True  # a false value would lose the statistics

    def on_status(_status: object, **_more: object) -> None:
        # ansible-runner writes every variable of the environment there.
        for file in private.glob("artifacts/*/command"):
            file.unlink(missing_ok=True)

    def must_stop() -> bool:
        if cancel is not None and cancel.is_set() and not watch.signal:
            watch(signal.SIGINT, None)
        return watch.is_final()

    mark = processes.own_mark(play.scope)
    with scratch.folder() as private, watching(mark) as watch:
        try:
            result = ansible_runner.run(
                private_data_dir=str(private),
                playbook=play.playbook,
                inventory=str(play.inventory),
                limit=play.limit,
                extravars=play.variables,
                verbosity=play.verbosity,
                # A killed ansible-playbook leaves its folder there.
                envvars=environment(mark) | {"ANSIBLE_LOCAL_TEMP": str(private / "tmp")},
                settings={"pexpect_timeout": 1},
                event_handler=on_event,
                status_handler=on_status,
                cancel_callback=must_stop,
                quiet=True,
            )
        finally:
            processes.stop(lambda: processes.of_run(mark))
    return Outcome(result.rc, watch.signal, "\n".join(tail))


def environment(mark: str) -> dict[str, str]:
    """Return the variables of ansible-playbook: this collection and this environment come first."""
    searched = os.environ.get(
        "ANSIBLE_COLLECTIONS_PATH", "~/.ansible/collections:/usr/share/ansible/collections"
    )
    return (
        _SETTINGS
        | forks.setting()
        | host_keys.settings()
        | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "ANSIBLE_COLLECTIONS_PATH": f"{collections()}:{searched}",
            "ANSIBLE_SSH_ARGS": os.environ.get("ANSIBLE_SSH_ARGS", _CONNECTION),
            "ANSIBLE_SSH_EXTRA_ARGS": os.environ.get("ANSIBLE_SSH_EXTRA_ARGS", _ALIVE),
            processes.VARIABLE: mark,
        }
    )


def collections() -> Path:
    """Return the folder of collections from which this program was imported."""
    return Path(errors.__file__).parents[6]


@contextmanager
def watching(mark: str) -> Iterator[Interrupt]:
    """Pass signals on to the processes of a mark while the block runs.

    Only the main thread of a program gets signals; in another one they are left to the program.
    """
    watch = Interrupt(mark)
    if threading.current_thread() is not threading.main_thread():
        yield watch
        return
    before = {signum: signal.signal(signum, watch) for signum in _SIGNALS}
    try:
        yield watch
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)
