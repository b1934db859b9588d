"""Run a Python program in a fork of this process, which has already imported what it needs."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

_STEP_S = 0.02
KILLED = 9


def run(
    program: Path, words: list[str], *, cwd: Path, env: dict[str, str], timeout: float
) -> subprocess.CompletedProcess[str]:
    """Return what the program answered, as ``subprocess.run`` does. Raises ``TimeoutExpired``."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        sys.stdout.flush()
        sys.stderr.flush()
        child = os.fork()
        if child == 0:
            _become(program, words, cwd, env, out.fileno(), err.fileno())
        status = _ended(child, time.monotonic() + timeout)
        if status is None:
            raise subprocess.TimeoutExpired([str(program), *words], timeout)
        out.seek(0)
        err.seek(0)
        said, complained = (file.read().decode("utf-8", "replace") for file in (out, err))
    return subprocess.CompletedProcess([str(program), *words], status, said, complained)


def _ended(child: int, deadline: float) -> int | None:
    """Wait for a child and return its status; kill it at the deadline and return None."""
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            os.kill(child, KILLED)
            os.waitpid(child, 0)
            return None
        time.sleep(_STEP_S)


def _become(
    program: Path, words: list[str], cwd: Path, env: dict[str, str], out: int, err: int
) -> None:
    """Be the program: never return."""
    status = 1
    try:
        os.dup2(out, 1)
        os.dup2(err, 2)
        sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
        os.chdir(cwd)
        os.environ.clear()
        os.environ.update(env)
        sys.argv = [str(program), *words]
        sys.path[0] = str(program.parent)
        runpy.run_path(str(program), run_name="__main__")
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001  (as Python does at the end of a program)
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
