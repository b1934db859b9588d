"""Submit the extraction to Slurm: a job array in which every task processes its part of the list."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import shell
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.files import atomic_write


def script(root: Path, tasks: int, cpus: int, options: list[str]) -> str:
    """Return the batch script; each task runs this same command on its shard.

    The tree and this environment are on a file system that all nodes share.
    """
    command = [sys.executable, "-m", "slowfast_stack", "ava", "extract", "--root", str(root)]
    command += options
    log = root / ".ava" / "slurm-%A_%a.log"
    return f"""#!/bin/sh
#SBATCH --job-name=ava-extract
#SBATCH --array=0-{tasks - 1}
#SBATCH --cpus-per-task={cpus}
#SBATCH --output={log}
exec {shell.join(command)} --jobs {cpus} --shards {tasks} --shard "$SLURM_ARRAY_TASK_ID"
"""


def options(
    videos: list[str],
    folder: Path | None,
    tools: tuple[str, str],
    *,
    replace: bool,
    disk_check: bool,
) -> list[str]:
    """Return the options of each task; ``tools`` are FFmpeg and ffprobe."""
    found = [f"--only={name}" for name in videos]
    found += [f"--videos={folder}"] if folder else []
    found += ["--replace"] if replace else []
    found += [] if disk_check else ["--skip-disk-check"]
    names = ("ffmpeg", "ffprobe")
    given = [(name, tool) for name, tool in zip(names, tools, strict=True) if tool != name]
    # A task starts in a folder that may not exist on its node.
    return [*found, *(f"--{n}-program={Path(t).absolute() if '/' in t else t}" for n, t in given)]


def submit(root: Path, text: str) -> str:
    """Write the script into the tree, submit it and return the job id of Slurm. Raises StackError."""
    return submit_file(root, root / ".ava" / "extract.sbatch", text)


def submit_file(root: Path, path: Path, text: str) -> str:
    """Write a script, submit it and return the job id of Slurm. Raises StackError.

    ``root`` is the folder that the lines for Slurm in it name.
    """
    if any(letter.isspace() or letter == "%" for letter in str(root)):
        cause = "Slurm's own lines in a script cannot name it."
        raise StackError(
            f"{root} has a space or a per cent sign.",
            cause,
            "Choose another folder.",
            code="slurm.unsupported-path",
        )
    atomic_write(path, text)
    if shutil.which("sbatch") is None:
        raise StackError(
            "There is no sbatch on this machine.",
            f"The job was not submitted; its script is {path}.",
            f"On a login node of the cluster: sbatch {path}",
            code="slurm.not-installed",
        )
    argv = ["sbatch", "--parsable", str(path)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise StackError(
            "Slurm refused the job.", done.stderr.strip(), f"Edit {path}.", code="slurm.rejected"
        )
    return done.stdout.strip().partition(";")[0]
