"""Package indexes and wheels as sources of the catalog, read over the network or recorded."""

from __future__ import annotations

import json
import re
import zipfile
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Callable
    from io import RawIOBase

PYTHON_LIBRARY = "torch/lib/libtorch_python.so"
NUMPY_2 = b"numpy._core._multiarray_umath"
MACHINES = ("x86_64", "aarch64")
# What is compared of METADATA; the rest is text for readers.
_LINES = re.compile(r"(Version|Requires-Dist): .*")
_HEADER = re.compile(r"GNUC__ > (\d+)")
_WHEEL = re.compile(
    r"(?P<name>[A-Za-z0-9_.]+)-(?P<version>[^-]+)-(?:\d\w*-)?(?P<python>[\w.]+)-(?P<abi>\w+)-(?P<platform>\S+)\.whl"
)


class Index:
    """A package index that serves JSON, and the wheels that it lists.

    With ``recorded`` everything comes from that folder, and nothing else is asked. With ``record``
    what was read is written there, so that a test compares the same again.
    """

    def __init__(
        self,
        fetch: Callable[[str], str],
        open_wheel: Callable[[str], RawIOBase],
        url: str,
        *,
        recorded: Path | None = None,
        record: Path | None = None,
    ) -> None:
        """Take how text and wheels are read, and the address of the simple API."""
        self.fetch, self.open_wheel, self.url = fetch, open_wheel, url.rstrip("/")
        self.recorded, self.record = recorded, record
        self.seen: dict[str, Any] = self._load() if recorded else {}

    def wheels(self, project: str) -> list[dict[str, str]]:
        """Return the Linux wheels of a project: name, version, python, machine, uploaded, url.

        Withdrawn files are left out. Raises ``StackError`` for an answer that is cut off.
        """
        files = self._read(f"files {project}", lambda: self._files(project))
        rows = [row for file in files if (row := _wheel(file))]
        if not rows:
            raise _unexpected(f"{self.url}/{project}/", "It lists no wheel for Linux.")
        return rows

    def wheels_of(self, project: str, release: str) -> list[str]:
        """Return the names of the Linux wheels of one release, without those withdrawn."""

        def read() -> list[str]:
            rows = [row for file in self._files(project) if (row := _wheel(file))]
            return [row["file"] for row in rows if row["version"] == release]

        return list(self._read(f"wheels {project} {release}", read))

    def metadata(self, wheel: dict[str, str]) -> str:
        """Return the lines of METADATA of a wheel that are compared."""

        def read() -> str:
            with zipfile.ZipFile(BufferedReader(self.open_wheel(wheel["url"]), 1 << 17)) as archive:
                names = [one for one in archive.namelist() if one.endswith(".dist-info/METADATA")]
                text = archive.read(names[0]).decode("utf-8")
            return "\n".join(line for line in text.splitlines() if _LINES.fullmatch(line))

        return str(self._read(f"metadata {wheel['file']}", read))

    def newest_gcc(self, wheel: dict[str, str]) -> int:
        """Return the newest GCC that crt/host_config.h of a wheel accepts."""

        def read() -> int:
            with zipfile.ZipFile(BufferedReader(self.open_wheel(wheel["url"]), 1 << 17)) as archive:
                (name,) = (n for n in archive.namelist() if n.endswith("crt/host_config.h"))
                text = archive.read(name).decode("utf-8", "replace")
            return max(int(number) for number in _HEADER.findall(text))

        return int(self._read(f"gcc {wheel['file']}", read))

    def knows_numpy_2(self, wheel: dict[str, str]) -> bool:
        """Return whether torch was compiled with headers of NumPy 2, which name its new core."""

        def read() -> bool:
            with zipfile.ZipFile(BufferedReader(self.open_wheel(wheel["url"]), 1 << 20)) as archive:
                return NUMPY_2 in archive.read(PYTHON_LIBRARY)

        return bool(self._read(f"numpy {wheel['file']}", read))

    def save(self) -> None:
        """Write what was read, where it is recorded."""
        if self.record:
            self.record.mkdir(parents=True, exist_ok=True)
            text = json.dumps(self.seen, indent=0, sort_keys=True)
            (self.record / "index.json").write_text(text + "\n", encoding="utf-8")

    def _load(self) -> dict[str, Any]:
        path = Path(self.recorded or "") / "index.json"
        try:
            found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise _unexpected(str(path), str(error)) from error
        return found

    def _read(self, key: str, read: Callable[[], object]) -> Any:  # noqa: ANN401  (JSON)
        if key not in self.seen:
            if self.recorded:
                raise _unexpected(str(self.recorded), f"The recording has no {key}.")
            self.seen[key] = read()
        return self.seen[key]

    def _files(self, project: str) -> list[list[str]]:
        base = f"{self.url}/{project}/"
        text = self.fetch(base)
        try:
            files = json.loads(text)["files"]
            rows = [
                [file["filename"], file["upload-time"], urljoin(base, file["url"])]
                for file in files
                if _is_read(file["filename"]) and not file.get("yanked")
            ]
        except (ValueError, KeyError, TypeError) as error:
            raise _unexpected(
                base, f"It is no JSON of a package index, or was cut off: {error}"
            ) from error
        return rows


def _is_read(name: str) -> bool:
    match = _WHEEL.fullmatch(name)
    if not match:
        return False
    python, abi, platform = match["python"], match["abi"], match["platform"]
    minor = re.fullmatch(r"cp3(\d+)", python)
    # Wheels of the stable interface serve newer Pythons than they name.
    wanted = python.startswith("py") or abi == "abi3" or (minor and int(minor.group(1)) >= 9)  # noqa: PLR2004
    glibc = "linux" in platform and "musllinux" not in platform
    linux = platform == "any" or (glibc and platform.endswith(MACHINES))
    return bool(wanted and linux and not abi.endswith("t"))


def _wheel(file: list[str]) -> dict[str, str] | None:
    name, uploaded, url = file
    match = _WHEEL.fullmatch(name)
    if not match:
        return None
    platform = match["platform"]
    machine = next((one for one in MACHINES if platform.endswith(one)), "any")
    return {
        "file": name,
        "version": match["version"],
        "python": match["python"],
        "platform": platform,
        "machine": machine,
        "uploaded": uploaded[:10],
        "url": url,
    }


def _unexpected(place: str, cause: str) -> StackError:
    return StackError(
        f"{place} is not what is expected.",
        cause,
        "Nothing was compared. Try it again, or give another index.",
        code="download.unexpected-answer",
    )
