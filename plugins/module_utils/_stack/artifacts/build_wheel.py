"""How a wheel is built: from a source tree, with the packages of an environment."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..core import validation
from ..core.construct import read
from ..core.errors import StackError
from ..core.names import is_regular
from ..symptoms.builds import OUT_OF_MEMORY
from ..symptoms.recognize import explain
from . import same_bytes
from .cache import MANIFEST

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ..core.process import Commands, Finished

_WHEEL = re.compile(r"([A-Za-z0-9_.]+)-[A-Za-z0-9_.+!]+(?:-[A-Za-z0-9_.]+){3,4}\.whl")


def _texts(value: object, where: str) -> dict[str, str]:
    return {name: str(text) for name, text in validation.mapping(value, where).items()}


@dataclass(frozen=True)
class WheelRecipe:
    """A wheel of the tree ``source``.

    ``inputs`` are what the wheel follows from; one can be empty, for example the patches of a tree that
    needs none. ``python`` is the interpreter that has torch, ``environment`` are the variables of the build.
    """

    inputs: Mapping[str, str] = read(_texts)
    uv: str = read(validation.text)
    source: Path = read(validation.path)
    python: Path = read(validation.path)
    environment: Mapping[str, str] = read(_texts)
    log: Path = read(validation.path)

    def build(self, commands: Commands, work: Path) -> Path:
        """Build on a copy of the tree, without build isolation: its setup.py imports torch.

        The same inputs give the same bytes, in whichever folder, by whichever user and whenever.
        """
        tree, ready = work / "tree", work / "ready"
        argv = [self.uv, "build", "--wheel", "--no-build-isolation", "--python", str(self.python)]
        argv += ["--out-dir", str(ready), str(tree)]
        self.log.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(work)
        shutil.copytree(self.source, tree, symlinks=True, ignore=shutil.ignore_patterns(".git"))
        same_bytes.set_modes(tree)
        folders = {tree: "/source", self.python.parents[1]: "/environment"}
        variables = same_bytes.variables(commands, self.environment, folders)
        with same_bytes.umask():
            done = commands.run(argv, environment=variables, log=self.log)
        if done.rc:
            shutil.rmtree(work)
            raise self._failure(done)
        (ready / ".gitignore").unlink(missing_ok=True)
        return ready

    def verify(self, commands: Commands, folder: Path) -> None:
        """Raise ``StackError`` where ``folder`` holds no wheel; an index would be asked for it."""
        del commands
        self.examine(folder)

    def examine(self, folder: Path) -> None:
        """Raise ``StackError`` where ``folder`` holds anything but one wheel of this source."""
        found = sorted(path.name for path in folder.iterdir() if path.name != MANIFEST)
        own = _WHEEL.fullmatch(found[0]) if len(found) == 1 else None
        name = self.source.name.replace("-", "_").lower()
        if own is None or own[1].lower() != name or not is_regular(folder / found[0]):
            raise StackError(
                f"The build of {self.source.name} has no wheel.",
                f"{folder} holds {found[:5]}.",
                f"See {self.log}.",
                code="wheel.missing",
            )

    def path(self, folder: Path) -> Path:
        """Return the file of the wheel."""
        return next(folder.glob("*.whl"), folder / f"{self.source.name}.whl")

    def _failure(self, done: Finished) -> StackError:
        found = explain(done.output)
        cause, hint = (found.cause, found.hint) if found else ("", "")
        if found and found.symptom.id == OUT_OF_MEMORY:
            jobs = self.environment.get("MAX_JOBS", "all")
            memory_mib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
            cause = f"{cause} It ran {jobs} jobs at once on {memory_mib} MiB."
        return StackError(
            f"The wheel of {self.source.name} could not be built.",
            f"{cause}\nThe build exited with {done.rc}:\n{done.tail()}\n".lstrip(),
            f"{hint} The complete output is in {self.log}.".lstrip(),
            code="wheel.build-failed",
        )
