#!/usr/bin/env python3
"""Compare the catalog with its machine-readable sources, and print the rows that differ.

Nothing is written: rows are added to the catalog by hand, with their source. A value that the
source does not contain is printed as ``?``; it is never guessed.

    scripts/refresh_catalog.py all --index URL [--file pci.ids]    every table, under the day
    scripts/refresh_catalog.py gpus [--file pci.ids]    pci.ids; else that of the Debian archive, through apt
    scripts/refresh_catalog.py torch|partners|compilers|toolkits|pins --index URL
    scripts/refresh_catalog.py drivers [--file FILE]    NVIDIA's releases.json; else that of its documentation
    scripts/refresh_catalog.py code --index URL [--release 2.15.0 ...]   machine code in wheels of torch

``--record DIR`` keeps what was read of the index, ``--recorded DIR`` compares with that alone.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import urllib.request
import zipfile
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "collections"), str(ROOT / "scripts")]

from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.drivers import (
    BRANCHES,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.gpus import (
    CHIPS,
    GPUS,
    LATER_IDS,
    PCI_IDS,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.torch import (
    CODE,
    RELEASES,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.architectures import (
    ARCHITECTURES,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.versions import version
from refresh_sources import PYTHON_LIBRARY, Index
from refresh_tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from http.client import HTTPResponse

JSON_INDEX = "application/vnd.pypi.simple.v1+json"
# The first Kepler id: older chips have no row.
FIRST_DEVICE = "0fa0"
RELEASES_URL = "https://docs.nvidia.com/datacenter/tesla/drivers/releases.json"
TIMEOUT_S = 60
# Functions beside the GPU, and samples (ES) of chips that are not sold.
BOARD = re.compile(r"Audio|USB|UCSI|NVSwitch|[Bb]ridge|PCIe host|Memory|Switch|-ES-")


def nvidia_devices(text: str) -> dict[str, str]:
    """Return device id and name of every device that pci.ids lists for NVIDIA."""
    found: dict[str, str] = {}
    inside = False
    for line in text.splitlines():
        if line[:4].strip() and not line.startswith(("\t", "#")):
            inside = line.startswith("10de ")
        elif inside and re.match(r"\t[0-9a-f]{4}  ", line):
            found[line[1:5]] = line[7:]
    return found


def require_newer(text: str) -> str:
    """Return the version of a pci.ids. Raise ``StackError`` for one that is older or cut off."""
    stamp = re.search(r"Version: (\d{4}\.\d\d\.\d\d)", text)
    found, ours = stamp.group(1) if stamp else "", PCI_IDS.name.split()[-1]
    if found and found >= ours and nvidia_devices(text):
        return found
    cause = f"It is of {found}, and the table is of {ours}." if found else "It names no version."
    if found >= ours:
        cause = "It lists no device of NVIDIA, so it was cut off."
    raise StackError(
        "This pci.ids is not compared with the table.",
        cause,
        "Give a newer file with --file, as https://pci-ids.ucw.cz has it.",
        code="download.unexpected-answer",
    )


def driver_rows(text: str) -> Iterator[str]:
    """Yield branches and releases of NVIDIA's releases.json that the table lacks or has otherwise."""
    try:
        branches = {
            str(branch): [str(row["release_version"]) for row in found["driver_info"]]
            for branch, found in json.loads(text).items()
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StackError(
            "This is no list of NVIDIA's driver releases.",
            f"It is cut off, or has another form: {error}.",
            "Give releases.json of NVIDIA's driver documentation with --file.",
            code="download.unexpected-answer",
        ) from error
    known = {row.branch: row for row in BRANCHES}
    for branch, releases in sorted(branches.items()):
        newest = max(releases, key=version) if releases else ""
        row = known.get(branch)
        if row is None and newest:
            yield f'+ BranchRow("{branch}", "{newest}", ?, ?, ?, ?, BRANCHES_PAGE)'
        elif row and newest and version(newest) > version(row.newest):
            yield f'~ BranchRow("{branch}"): newest {row.newest}, the source says {newest}'


def gpu_rows(devices: dict[str, str]) -> Iterator[str]:
    """Yield the rows that pci.ids would add, change or drop."""
    known = {row.device: row for row in GPUS}
    chips = {row.chip for row in CHIPS}
    for device, name in sorted(devices.items()):
        chip, product = _chip(name, chips), _product(name)
        row = known.get(device)
        if row is None and chip:
            yield f'+ GpuRow("{device}", "{chip}", "{product}", ?, ?, PCI_IDS)'
        elif row is None and device >= FIRST_DEVICE and _looks_like_a_chip(name):
            yield f'+ GpuRow("{device}", ?, "{product}", ?, ?, PCI_IDS)  # {name}: no such chip'
        elif row is not None and chip and (row.chip, row.product) != (chip, product):
            yield f'- GpuRow("{device}", "{row.chip}", "{row.product}", ...)'
            yield f'+ GpuRow("{device}", "{chip}", "{product}", ...)'
    # Rows of a later pci.ids than the table's are not compared with an earlier one.
    here = {row.device for row in GPUS if row.source != LATER_IDS}
    for device in sorted(here - set(devices)):
        yield f'- GpuRow("{device}", ...)  # not in this pci.ids'


def _chip(name: str, chips: set[str]) -> str | None:
    """Return the chip code at the start of a device name, without the form factors M, GL and GLM."""
    code = re.sub(r"(?<=\d)(GLM?|M)$", "", name.split(maxsplit=1)[0] if name.split() else "")
    return code if code in chips and not BOARD.search(name) else None


def _looks_like_a_chip(name: str) -> bool:
    """Return whether a name starts with a GPU chip code such as GR104; bridges and audio do not."""
    return bool(re.match(r"(GK|GM|GP|GV|TU|GA|AD|GH|GB|GR)\d", name)) and not BOARD.search(name)


def _product(name: str) -> str:
    """Return the product in brackets, else the text after the chip, "" where there is none."""
    match = re.search(r"\[(.*)\]", name)
    text = match.group(1) if match else name.partition(" ")[2]
    return text.replace('"', "'").strip()


def pci_ids_of_debian() -> str:
    """Return the file pci.ids of the package pci.ids in the configured Debian or Ubuntu archive."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["apt-get", "download", "pci.ids"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        packages = list(Path(folder).glob("pci.ids_*.deb"))
        if done.returncode or not packages:
            raise StackError(
                "pci.ids was not downloaded.",
                done.stderr.strip() or "apt-get left no file.",
                "Run `apt-get update` first, or give a file with --file.",
                code="download.unreachable",
            )
        command = ["dpkg-deb", "--fsys-tarfile", str(packages[0])]
        tar = subprocess.run(command, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        member = archive.extractfile("./usr/share/misc/pci.ids")
        return member.read().decode("utf-8") if member else ""


class Ranges(io.RawIOBase):
    """A remote file that is read with range requests, so that a wheel is not downloaded completely."""

    def __init__(self, size: int, piece: Callable[[int, int], bytes]) -> None:
        """Take the size, and a function that returns the bytes from a first to a last position."""
        self.size, self.piece, self.position = size, piece, 0

    def seekable(self) -> bool:
        """Return True."""
        return True

    def readable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move the position."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self.position, io.SEEK_END: self.size}[whence]
        self.position = start + offset
        return self.position

    def tell(self) -> int:
        """Return the position."""
        return self.position

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill a buffer from the current position."""
        last = min(self.position + len(buffer), self.size) - 1
        if last < self.position:
            return 0
        data = self.piece(self.position, last)
        buffer[: len(data)] = data
        self.position += len(data)
        return len(data)


def remote(url: str) -> Ranges:
    """Open a URL for range requests. Raise ``StackError`` where the server does not support them."""

    def piece(first: int, last: int) -> bytes:
        with _open(url, {"Range": f"bytes={first}-{last}"}) as answer:
            if answer.status != 206:  # noqa: PLR2004  (partial content)
                raise StackError(
                    f"{url} does not support range requests.",
                    f"The server answered {answer.status} to a range request.",
                    "Use an index that supports range requests.",
                    code="download.unexpected-answer",
                )
            return bytes(answer.read())

    with _open(url, {"Range": "bytes=0-0"}) as answer:
        size = answer.headers.get("Content-Range", "").rpartition("/")[2]
    return Ranges(int(size or 0), piece)


def _open(url: str, headers: dict[str, str]) -> HTTPResponse:
    if not url.startswith(("https://", "http://", "file://")):
        raise StackError(
            f"{url} is no address.",
            "It has no scheme.",
            "Begin it with https://.",
            code="download.invalid-url",
        )
    request = urllib.request.Request(url, headers=headers)  # noqa: S310  (checked above)
    try:
        answer: HTTPResponse = urllib.request.urlopen(request, timeout=TIMEOUT_S)  # noqa: S310
    except OSError as error:
        raise StackError(
            f"{url} is not reached.", str(error), "Check the index.", code="download.unreachable"
        ) from error
    return answer


def look_into(wheel: io.RawIOBase) -> tuple[str, str]:
    """Return METADATA of a torch wheel, and the compute capabilities its Python library names."""
    with zipfile.ZipFile(io.BufferedReader(wheel, 1 << 20)) as archive:
        library = archive.read(PYTHON_LIBRARY)
        names = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = archive.read(names[0]).decode("utf-8")
    flags = max(re.findall(rb"(?:(?:sm|compute)_\d+a? ?)+", library), key=len, default=b"")
    code = re.findall(r"sm_(\d+)", flags.decode())
    return metadata, " ".join(f"{number[:-1]}.{number[-1]}" for number in code)


def cuda_variant(metadata: str) -> str:
    """Return the CUDA variant that METADATA names through its runtime package, cpu without one."""
    for name in ("cuda-toolkit", "nvidia-cuda-runtime"):
        match = re.search(rf"^Requires-Dist: {name}\S*?==(\d+)\.(\d+)", metadata, re.MULTILINE)
        if match:
            return f"cu{match.group(1)}{match.group(2)}"
    return "?" if "nvidia" in metadata else "cpu"


def torch_rows(files: list[dict[str, Any]], releases: list[str]) -> Iterator[str]:
    """Yield the rows of the releases whose wheels differ from the catalog."""
    known = {row.torch: row for row in RELEASES}
    code = {(row.torch, row.variant, row.machine): row for row in CODE}
    for release in releases:
        for machine in ARCHITECTURES:
            wheels = [f for f in files if _is_wheel(f["filename"], release, machine)]
            if not wheels:
                continue
            pythons = sorted({_python(f["filename"]) for f in wheels}, key=version)
            span = f"{pythons[0]}-{pythons[-1]}"
            row = known.get(release)
            has = row and (row.pythons if machine == "x86_64" else row.pythons_arm)
            if row is None:
                yield f"+ ReleaseRow {release} {machine}: Pythons {span}, the rest ?"
            elif has != span:
                yield f"~ ReleaseRow {release} {machine}: Pythons {span} of torch alone, not {has}"
            metadata, sms = look_into(remote(wheels[0]["url"]))
            name = (release, cuda_variant(metadata), machine)
            old = code.get(name) or code.get((release.rpartition(".")[0], *name[1:]))
            if sms and sms != (old.sms if old else ""):
                yield f'+ CodeRow("{name[0]}", "{name[1]}", "{name[2]}", "{sms}", ?, MEASURED)'


def _is_wheel(name: str, release: str, machine: str) -> bool:
    pattern = rf"torch-{re.escape(release)}-cp3\d+-cp3\d+m?-manylinux\S*_{machine}\.whl"
    return re.fullmatch(pattern, name) is not None


def _python(name: str) -> str:
    match = re.search(r"-cp3(\d+)-", name)
    return f"3.{match.group(1)}" if match else ""


def index_files(index: str) -> list[dict[str, Any]]:
    """Return the files of torch in a package index that serves JSON. Raises ``StackError``."""
    base = f"{index.rstrip('/')}/torch/"
    with _open(base, {"Accept": JSON_INDEX}) as answer:
        text = answer.read().decode("utf-8")
    try:
        files: list[dict[str, Any]] = json.loads(text)["files"]
    except (ValueError, KeyError) as error:
        raise StackError(
            f"{base} serves no JSON.",
            "It is an older index.",
            "Give another with --index.",
            code="download.unexpected-answer",
        ) from error
    return [{**f, "url": urljoin(base, f["url"])} for f in files]


def _released(files: list[dict[str, Any]]) -> list[str]:
    names = {m.group(1) for f in files if (m := re.match(r"torch-(\d+\.\d+\.\d+)-", f["filename"]))}
    newest = max((version(row.torch) for row in RELEASES), default=version("0"))
    return sorted((name for name in names if version(name) > newest), key=version)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("what", choices=["all", "gpus", "drivers", "code", *TABLES])
    parser.add_argument("--file", type=Path, help="pci.ids, or releases.json of the drivers")
    parser.add_argument("--index", default=os.environ.get("UV_DEFAULT_INDEX"))
    parser.add_argument("--release", action="append", help="look at the code of this release")
    parser.add_argument(
        "--record", type=Path, help="keep what was read of the index in this folder"
    )
    parser.add_argument("--recorded", type=Path, help="compare with what was kept in this folder")
    return parser.parse_args()


def _gpus(file: Path | None) -> Iterator[str]:
    text = file.read_text("utf-8") if file else pci_ids_of_debian()
    require_newer(text)
    yield from gpu_rows(nvidia_devices(text))


def _drivers(file: Path | None) -> Iterator[str]:
    if file:
        text = file.read_text("utf-8")
    else:
        with _open(RELEASES_URL, {}) as answer:
            text = answer.read().decode("utf-8")
    yield from driver_rows(text)


def _index(options: argparse.Namespace) -> Index:
    if not options.index and not options.recorded:
        raise StackError(
            "No package index is given.",
            "The script has no built-in address of a package index.",
            "Name its simple API with --index, or in UV_DEFAULT_INDEX.",
            code="cli.missing-argument",
        )

    def fetch(url: str) -> str:
        with _open(url, {"Accept": JSON_INDEX}) as answer:
            return str(answer.read().decode("utf-8"))

    url = options.index or "recorded"
    return Index(fetch, remote, url, recorded=options.recorded, record=options.record)


def comparisons(options: argparse.Namespace) -> dict[str, Callable[[], Iterator[str]]]:
    """Return each table that is asked for, with its comparison. Raises ``StackError``."""
    every = options.what == "all"
    found: dict[str, Callable[[], Iterator[str]]] = {}
    if options.what == "code":
        files = index_files(options.index or "")
        found["code"] = lambda: torch_rows(files, options.release or _released(files))
    if every or options.what == "gpus":
        found["gpus"] = lambda: _gpus(options.file)
    if every or options.what == "drivers":
        found["drivers"] = lambda: _drivers(None if every else options.file)
    names = [name for name in TABLES if every or name == options.what]
    if names:
        index = _index(options)
        for name in names:
            found[name] = partial(TABLES[name], index)
        found["recording"] = partial(_saved, index)
    return found


def _saved(index: Index) -> Iterator[str]:
    index.save()
    yield from ()


def main() -> int:
    """Print the differences; exit 0 where there are none, 1 where there are, 2 where one was not compared."""
    options, rows, failed = _arguments(), 0, 0
    day = datetime.now(tz=UTC).date().isoformat()
    try:
        found = comparisons(options)
    except StackError as error:
        print(error, file=sys.stderr)
        return 2
    for name, compare in found.items():
        try:
            lines = list(compare())
        except StackError as error:
            print(f"# {day} {name}: not compared\n{error}", file=sys.stderr)
            failed += 1
            continue
        rows += len(lines)
        if name != "recording":
            print(f"# {day} {name}: {len(lines) or 'no'} differences", *lines, sep="\n")
    return 2 if failed else int(rows > 0)


if __name__ == "__main__":
    sys.exit(main())
