"""The cache of files that bundles are made of: downloads are resumed, verified and kept."""

from __future__ import annotations

import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import download
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.files import (
    fresh_folder,
    locked,
    replacing,
    sha256_of,
)
from slowfast_stack.bundle.wheels import UV

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.progress import (
        Progress,
    )
    from slowfast_stack.bundle.wheels import File

_AT_ONCE = 4
_ATTEMPTS = 5


def default_folder() -> Path:
    """Return the cache folder by the XDG convention."""
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "slowfast-stack" / "bundle"


class DownloadCache:
    """A folder of files, each in a folder named after the first digits of its SHA-256."""

    def __init__(self, folder: Path) -> None:
        """Use a folder, which is created when needed."""
        self.folder = folder

    def path(self, file: File) -> Path:
        """Return the path of a file once it is downloaded."""
        return self.folder / file.sha256[:16] / file.name

    def download(self, files: Iterable[File], progress: Progress) -> None:
        """Download the missing files, several at a time. Raises StackError."""
        missing = [file for file in dict.fromkeys(files) if not self.path(file).is_file()]
        missing.sort(key=lambda file: -(file.size or 0))
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            tasks = [pool.submit(self._download, file, progress) for file in missing]
            try:
                for task in tasks:
                    task.result()
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def _download(self, file: File, progress: Progress) -> None:
        if urlsplit(file.url).scheme == "file":
            self._copy(file)
            return
        wanted = download.Download(file.url, self.path(file), sha256=file.sha256)
        try:
            download.get(wanted, progress=progress, attempts=_ATTEMPTS)
        except download.MismatchError as error:
            raise _mismatch(file, error.cause) from error

    def _copy(self, file: File) -> None:
        target = self.path(file)
        with download.exclusive(target):
            if target.is_file():
                return
            with replacing(target, fresh=download.part_of(target)) as part:
                shutil.copyfile(unquote(urlsplit(file.url).path), part)
                found = sha256_of(part)
                if found != file.sha256:
                    raise _mismatch(file, f"Its SHA-256 is {found}, expected {file.sha256}.")

    def wheel_of(self, file: File) -> Path:
        """Return the wheel of a downloaded file; a source distribution is built once. Raises StackError."""
        archive = self.path(file)
        if file.is_wheel:
            return archive
        ready = archive.parent / "wheel"
        with locked(archive.parent / ".wheel.lock"):
            fresh = fresh_folder(ready)
            if ready.is_dir():
                return next(ready.glob("*.whl"))
            argv = [str(UV), "build", "--quiet", "--wheel", "--out-dir", str(fresh), str(archive)]
            done = subprocess.run(argv, capture_output=True, text=True, check=False)
            if done.returncode:
                raise StackError(
                    f"{file.name} has no wheel, and building one failed.",
                    done.stderr.strip()[-2000:],
                    "For the complete output, run: " + " ".join(argv),
                    code="wheel.build-failed",
                )
            fresh.rename(ready)
        return next(ready.glob("*.whl"))


def _mismatch(file: File, cause: str) -> StackError:
    return StackError(
        f"{file.name} is not the file that the package index describes.",
        cause,
        "It was not used. Run again, or use another package index.",
        code="download.checksum-mismatch",
    )
