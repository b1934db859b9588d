"""The finished environment of a prefix, and upstream's program in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment import prefix
from slowfast_stack.config import source_tree, target
from slowfast_stack.exit_codes import UsageError

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Installed:
    """A proven stack; its folder stays the same when another one becomes the current one."""

    stack: Path

    @property
    def python(self) -> Path:
        """Return the interpreter of the environment."""
        return self.stack / "env" / "bin" / "python"

    @property
    def source(self) -> Path:
        """Return the patched source tree of SlowFast."""
        return self.stack / "src" / "slowfast"

    @property
    def program(self) -> Path:
        """Return upstream's program that trains, tests and runs the demo."""
        return self.source / "tools" / "run_net.py"


def find(folder: str | None) -> Installed:
    """Return the current stack of a prefix. Raises UsageError where there is none, or a reduced one."""
    found = current(folder)
    if found is None:
        raise UsageError(
            f"There is no finished stack in {prefix.resolve(folder)}.",
            "Training and the demo run in the environment that `up` builds and proves.",
            "Build it: slowfast-stack up. Or name its prefix: --prefix DIR.",
            code="stack.not-installed",
        )
    if not found.program.is_file():
        raise UsageError(
            "This is the reduced stack: it can neither train nor run the demo.",
            "It has SlowFast from PyPI: the library, without tools/ and configs/.",
            "Build the full one: slowfast-stack up --source slowfast=/path/of/SlowFast, "
            "or with a network that reaches GitHub.",
            code="stack.reduced",
        )
    return found


def current(folder: str | None) -> Installed | None:
    """Return the current stack of a prefix, None where there is none."""
    found = Installed((prefix.resolve(folder) / "current").resolve())
    return found if found.python.is_file() else None


def target_of(stack: Installed | None) -> target.Target:
    """Return what is known of the place where a configuration will run: its tree and this machine."""
    machine = target.this_machine()
    if stack is None:
        return target.Target(machine=machine)
    packages = (stack.stack / "env" / "lib").glob("python3*/site-packages/apex")
    return target.Target(source_tree.at(stack.source), machine, has_apex=any(packages))
