"""Kill the steps that leave files behind, many times; print the disk that is used, and that of one run.

Run it as `killed_steps.py STEP FOLDER KILLS`: a step runs in a process of its own, which is killed at a
random moment with its children or alone. At the end one run completes.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import traceback
import zipfile
from collections.abc import Callable
from pathlib import Path

from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts import source_tree
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import download, scratch
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.files import sha256_of
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment.python_env import (
    Packages,
    PythonEnv,
    create,
    install,
)
from slowfast_stack.bundle import sources
from support.http import FileServer, serving

SIZE = 4 << 20
UV = str(Path(sys.executable).with_name("uv"))
VERSION = "{}.{}".format(*sys.version_info)


class Material:
    """What the steps read, made once beside the folder that they write to."""

    def __init__(self, folder: Path) -> None:
        self.repository = folder / "repository"
        self.archive = folder / "archive.tar.gz"
        self.bundle = folder / "bundle"
        self.address = ""
        content = folder / "tree"
        content.mkdir()
        for number in range(8):
            (content / str(number)).write_bytes(os.urandom(SIZE // 8))
        with tarfile.open(self.archive, "w:gz", compresslevel=1) as packed:
            packed.add(content, "tree")
        shutil.copytree(content, self.repository)
        for words in (("init", "-q"), ("add", "."), ("commit", "-qm", "one")):
            self._git(*words)
        self.commit = self._git("rev-parse", "HEAD").strip()
        (self.bundle / "wheels").mkdir(parents=True)
        self._wheel(content)

    def _git(self, *words: str) -> str:
        argv = [
            "git",
            "-C",
            str(self.repository),
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@t",
            *words,
        ]
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout

    def _wheel(self, content: Path) -> None:
        info = "small-1.0.dist-info"
        texts = {
            f"{info}/METADATA": "Metadata-Version: 2.1\nName: small\nVersion: 1.0\n",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        with zipfile.ZipFile(self.bundle / "wheels/small-1.0-py3-none-any.whl", "w") as wheel:
            names = [*texts, *(f"small/{path.name}" for path in content.iterdir())]
            for path in content.iterdir():
                wheel.write(path, f"small/{path.name}")
            for name, text in texts.items():
                wheel.writestr(name, text)
            rows = "".join(f"{name},,\n" for name in [*names, f"{info}/RECORD"])
            wheel.writestr(f"{info}/RECORD", rows)


def _clone(given: Material, folder: Path) -> None:
    source = source_tree.Source("git", url=str(given.repository), commit=given.commit)
    source_tree.place(Commands(), source, folder / "tree", uv=UV)


def _extract(given: Material, folder: Path) -> None:
    source = source_tree.Source("archive", url=str(given.archive), sha256=sha256_of(given.archive))
    source_tree.place(Commands(), source, folder / "tree", uv=UV)


def _download(given: Material, folder: Path) -> None:
    download.get(download.Download(given.address, folder / "tree"))


def _environment(given: Material, folder: Path) -> None:
    env = PythonEnv(folder / "tree", UV)
    create(Commands(), env, sys.executable, VERSION)
    install(Commands(), env, Packages(("small==1.0",), bundle=given.bundle), folder / "log")


def _pack(given: Material, folder: Path) -> None:
    place = folder / "tree"
    # From a path that is no folder, so that the repository is copied first.
    sources.pack(given.repository.as_uri(), given.commit, place)


def _scratch(_given: Material, folder: Path) -> None:
    with scratch.folder() as made:
        (made / "file").write_bytes(bytes(SIZE))
    (folder / "tree").touch()


STEPS: dict[str, Callable[[Material, Path], None]] = {
    "clone": _clone,
    "extraction": _extract,
    "download": _download,
    "environment": _environment,
    "packed source": _pack,
    "scratch": _scratch,
}


def used(folder: Path) -> int:
    """Return the bytes on disk below a folder."""
    found = {}
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            state = path.lstat()
            found[state.st_ino] = state.st_blocks * 512
    return sum(found.values())


def _start(step: Callable[[], None], folder: Path) -> int:
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.setsid()
            os.environ |= {"TMPDIR": str(folder / "tmp"), "UV_CACHE_DIR": str(folder / "uv")}
            tempfile.tempdir = None
            step()
            status = 0
        except BaseException:  # noqa: BLE001  (nothing may leave the child)
            traceback.print_exc()
        finally:
            os._exit(status)
    return child


def _complete(step: Callable[[], None], folder: Path) -> float:
    began = time.monotonic()
    assert os.waitpid(_start(step, folder), 0)[1] == 0
    return time.monotonic() - began


def _killed(step: Callable[[], None], folder: Path, after: float, *, alone: bool) -> bool:
    """Kill a run after so many seconds; return whether it was still running."""
    child = _start(step, folder)
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    if not alone:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def _emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "tmp").mkdir(parents=True)
    return folder


def _forget(folder: Path) -> None:
    """Remove the result, as if it had to be made again, and nothing else."""
    result = folder / "tree"
    shutil.rmtree(result, ignore_errors=True)
    result.unlink(missing_ok=True)
    shutil.rmtree(folder / "uv" / "archive-v0", ignore_errors=True)
    shutil.rmtree(folder / "uv" / "wheels-v8", ignore_errors=True)


def main(name: str, place: Path, kills: int) -> dict[str, int]:
    """Return the bytes that one run uses, those after all kills, and how many runs were killed."""
    given, folder = Material(place), place / "state"
    server = FileServer((given.archive).read_bytes(), block=1 << 14, pause=0.0005)
    with serving(server):
        given.address = f"{server.address}/file"

        def step() -> None:
            STEPS[name](given, folder)

        _emptied(folder)
        lasts = _complete(step, folder)
        one = used(folder)
        _emptied(folder)
        chance, killed = random.Random(name), 0
        while killed < kills:
            moment = chance.uniform(0.0, lasts)
            if _killed(step, folder, moment, alone=chance.random() < 0.5):
                killed += 1
            else:
                _forget(folder)
        _complete(step, folder)
        _forget(folder)
        _complete(step, folder)
        return {"one": one, "all": used(folder), "killed": killed}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))))
