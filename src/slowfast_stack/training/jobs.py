"""A configuration with its KEY VALUE pairs, ready to run, and its output folder."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ansible_collections.slowfast.stack.plugins.module_utils._stack.checkpoints import formats
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import files
from slowfast_stack.config import content, validate
from slowfast_stack.exit_codes import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from slowfast_stack.config.content import Content
    from slowfast_stack.config.findings import Finding
    from slowfast_stack.config.target import Target

_LOCK = ".slowfast-stack.lock"
_PARTS = ("TRAIN", "TEST", "DEMO")


@dataclass(frozen=True)
class Job:
    """What to run: a file, the pairs that override it, and the folder where it starts."""

    config: Path
    options: tuple[str, ...]
    start: Path
    read: Content

    @property
    def output(self) -> Path:
        """Return the folder that upstream writes to."""
        return self.start / str(self.read.get("OUTPUT_DIR"))

    @property
    def parts(self) -> list[str]:
        """Return what the configuration enables: TRAIN, TEST, DEMO."""
        return [part for part in _PARTS if self.read.get(f"{part}.ENABLE")]

    def findings(self, target: Target) -> list[Finding]:
        """Return the findings of a validation for what will run it."""
        return validate.check(self.read, self.start, target)


def job(config: Path, options: list[str], start: Path) -> Job:
    """Read a configuration and the pairs. Raises UsageError where they are not pairs."""
    if len(options) % 2:
        cause = f"{options[-1]} has no value."
        raise UsageError(
            "KEY and VALUE come in pairs.",
            cause,
            "Example: TRAIN.BATCH_SIZE 4",
            code="cli.invalid-value",
        )
    strange = [key for key in options[::2] if key.startswith("-")]
    if strange:
        raise UsageError(
            f"{strange[0]} is neither an option nor a key.",
            "Keys of SlowFast do not begin with a dash.",
            "See --help.",
            code="cli.invalid-value",
        )
    if not start.is_dir():
        raise UsageError(
            f"--from {start} is not a folder.",
            "Relative paths of the configuration begin there.",
            "Give another --from.",
            code="cli.missing-folder",
        )
    read = content.with_options(content.load(config), options)
    return Job(config.absolute(), tuple(options), start.absolute(), read)


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Lock a folder for one run; the lock ends with the process."""
    with contextlib.ExitStack() as lock:
        try:
            lock.enter_context(files.locked(folder / _LOCK, wait=False))
        except OSError as error:
            raise UsageError.not_writable(folder, error, "Give another OUTPUT_DIR.") from error
        except files.Busy as error:
            message = f"Another run is writing to {folder}."
            cause = "Two would overwrite each other's checkpoints."
            raise UsageError(
                message,
                cause,
                "Wait for it, or give another OUTPUT_DIR.",
                code="training.folder-in-use",
            ) from error
        yield


def set_damaged_aside(folder: Path) -> list[Path]:
    """Move the newest checkpoints aside that a killed run left incomplete; return their new paths.

    Upstream resumes from the last file by name, complete or not, and fails on an incomplete one.
    """
    moved = []
    for path in sorted((folder / "checkpoints").glob("*checkpoint*"), reverse=True):
        if formats.of_file(path).type != formats.DAMAGED:
            break
        aside = folder / "damaged" / path.name
        aside.parent.mkdir(exist_ok=True)
        path.replace(aside)
        moved.append(aside)
    return moved


def last_checkpoint(folder: Path) -> Path | None:
    """Return the checkpoint that upstream would resume from."""
    return max((folder / "checkpoints").glob("*checkpoint*"), default=None)
