"""The guard of the unit tests: none of them starts Ansible or the command line."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROGRAMS = ("ansible", "slowfast-stack")
PACKAGES = ("ansible", "slowfast_stack")


def forbidden(argv: list[str]) -> bool:
    """Return whether a command line starts Ansible or the command of this project."""
    names = [Path(word).name for word in argv[:1]]
    if names and names[0].startswith("python"):
        # An interpreter that runs an installed script, or a package with -m.
        script = next((word for word in argv[1:] if not word.startswith("-")), "")
        names.append(Path(script).name)
        if "-m" in argv[:-1]:
            return argv[argv.index("-m") + 1].partition(".")[0] in PACKAGES
    return any(name.startswith(PROGRAMS) for name in names)


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    if not guarded or event != "subprocess.Popen":
        return
    argv = arguments[1]
    words = [argv] if isinstance(argv, (str, bytes, os.PathLike)) else list(argv)  # type: ignore[call-overload]
    if forbidden([os.fsdecode(word) for word in words]):
        pytest.fail(f"A unit test starts {words[0]!s}; it belongs into tests/integration.")


guarded = False
sys.addaudithook(_refuse)


@pytest.fixture(autouse=True)
def _no_ansible_and_no_command_line() -> Iterator[None]:
    """Fail a unit test that starts Ansible or slowfast-stack as a process."""
    global guarded  # noqa: PLW0603  (an audit hook cannot be removed, so it is switched)
    guarded = True
    yield
    guarded = False
