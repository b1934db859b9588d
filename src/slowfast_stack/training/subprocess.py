"""Run a program of the environment to its end, line by line, and leave no process behind."""

from __future__ import annotations

import codecs
import os
import selectors
import subprocess
from dataclasses import dataclass
from io import IncrementalNewlineDecoder
from typing import IO, TYPE_CHECKING

from slowfast_stack.orchestration import ansible, processes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from slowfast_stack.orchestration.ansible import Interrupt
    from slowfast_stack.training.installed import Installed

_POLL_S = 0.5
_BLOCK = 1 << 16
# A longer line is cut into several: a program may write for hours without an end of line.
_LINE = 1 << 20


@dataclass(frozen=True)
class Ended:
    """How a program ended; ``signal`` is the one that the user stopped it with."""

    code: int
    signal: int


def run(
    installed: Installed,
    arguments: list[str],
    folder: Path,
    listen: Callable[[str], None],
    *,
    place: str,
) -> Ended:
    """Run a program with the Python of the environment; ``listen`` gets each line it writes.

    ``place`` is what it works on: a later run on it finds the processes that a killed one left behind.
    """
    mark = processes.own_mark(processes.scope_of(place))
    with ansible.watching(mark) as watch:
        child = subprocess.Popen(
            [str(installed.python), "-u", *arguments],
            cwd=folder,
            env=_environment(installed) | {processes.VARIABLE: mark},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a Ctrl-C of the terminal reaches it once, through us
        )
        try:
            for line in _lines(child, watch):
                listen(line)
            if not watch.signal:
                child.wait()
        finally:
            processes.stop(lambda: processes.of_run(mark))
            child.wait()
            _output(child).close()
    return Ended(child.returncode, watch.signal)


def _environment(installed: Installed) -> dict[str, str]:
    """Return the variables of an activated environment."""
    path = f"{installed.python.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    own = {"PATH": path, "VIRTUAL_ENV": str(installed.python.parent.parent)}
    return {name: value for name, value in os.environ.items() if name != "PYTHONHOME"} | own


def _lines(child: subprocess.Popen[bytes], watch: Interrupt) -> Iterator[str]:
    """Yield lines until the program has ended; what it started may keep the pipe open."""
    decoder = IncrementalNewlineDecoder(
        codecs.getincrementaldecoder("utf-8")("replace"), translate=True
    )
    rest = ""
    for block in _blocks(_output(child), child, watch):
        *lines, rest = (rest + decoder.decode(block)).split("\n")
        yield from lines
        if len(rest) > _LINE:
            yield rest
            rest = ""
    if rest:
        yield rest


def _output(child: subprocess.Popen[bytes]) -> IO[bytes]:
    if child.stdout is None:
        raise RuntimeError("the program was started without a pipe")
    return child.stdout


def _blocks(pipe: IO[bytes], child: subprocess.Popen[bytes], watch: Interrupt) -> Iterator[bytes]:
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while not watch.is_final():
            if selector.select(_POLL_S):
                block = os.read(pipe.fileno(), _BLOCK)
                if not block:
                    return
                yield block
            elif child.poll() is not None:
                return
