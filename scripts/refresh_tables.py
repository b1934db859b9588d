"""Compare tables of the catalog with what the index says; each comparison yields rows that differ."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog import (
    cuda,
    cuda_wheels,
    packages,
    partners,
    torch,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.versions import version
from refresh_sources import MACHINES
from slowfast_stack.bundle.target import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from refresh_sources import Index

FIRST = {"torch": "1.8.0", "torchvision": "0.9.0", "torchaudio": "0.8.0"}
GLIBC = {"manylinux1": "2.17", "manylinux2014": "2.17"}
PINNED_FOR = "2.28"  # the glibc that the pins were resolved for
PIN = re.compile(r"nvidia-(?:cuda-)?(nvcc|crt|nvvm|cccl|runtime)==([0-9.]+?)(?:\.\*)?[; ]")
Wheels = dict[tuple[str, str], list[dict[str, str]]]


def torch_rows(index: Index) -> Iterator[str]:
    """Yield what differs of every release of torch: days, Pythons, C library, CUDA, cuDNN, NumPy."""
    there = _by_release(index, "torch")
    known = {row.torch: row for row in torch.RELEASES}
    for release in sorted({name for name, _machine in there} | set(known), key=version):
        x86, arm = there.get((release, "x86_64"), []), there.get((release, "aarch64"), [])
        row = known.get(release)
        if row is None:
            yield f'+ ReleaseRow("{release}", "{_day(x86)}", "{_span(x86)}", "{_span(arm)}", ...)'
            continue
        says = {
            "uploaded": _day(x86),
            "pythons": _span(x86),
            "pythons_arm": _span(arm),
            "glibc": _glibc(x86),
            "glibc_arm": _glibc(arm) or row.glibc_arm,
            "pypi": _variant(index.metadata(x86[0])) if x86 else "",
            "cudnn": _cudnn(index.metadata(x86[0])) if x86 else "",
            "numpy": _numpy(row.numpy, knows_2=index.knows_numpy_2(x86[0])) if x86 else "",
        }
        yield from _differences("ReleaseRow", release, row, says)


def partner_rows(index: Index) -> Iterator[str]:
    """Yield what differs of every release of torchvision and torchaudio."""
    for name in ("torchvision", "torchaudio"):
        there = _by_release(index, name)
        known = {row.version: row for row in partners.PARTNERS if row.name == name}
        for release in sorted({key for key, _machine in there} | set(known), key=version):
            x86, arm = there.get((release, "x86_64"), []), there.get((release, "aarch64"), [])
            asked = {_torch_of(index.metadata(files[0])) for files in (x86, arm) if files} - {""}
            says = {
                "torch": next(iter(asked)) if len(asked) == 1 else " or ".join(sorted(asked)),
                "uploaded": _day([*x86, *arm]),
                "pythons": _span(x86),
                "pythons_arm": _span(arm),
            }
            row = known.get(release)
            if row is None:
                yield (
                    f'+ PartnerRow("{name}", "{release}", '
                    + ", ".join(f'"{value}"' for value in says.values())
                    + ")"
                )
            else:
                yield from _differences("PartnerRow", f"{name} {release}", row, says)


def compiler_rows(index: Index) -> Iterator[str]:
    """Yield what differs of the compilers on PyPI: the newest cuda-toolkit of each CUDA decides."""
    newest: dict[str, dict[str, str]] = {}
    wheels = [
        one for one in index.wheels("cuda-toolkit") if re.fullmatch(r"13[0-9.]+", one["version"])
    ]
    for wheel in sorted(wheels, key=lambda one: version(one["version"])):
        newest[".".join(wheel["version"].split(".")[:2])] = wheel
    known = {row.cuda: row for row in cuda_wheels.COMPILERS}
    for release in sorted({*newest, *known}, key=version):
        if release not in newest:
            yield f'- CompilerRow("{release}", ...)  # the index has none'
            continue
        pins = dict(PIN.findall(index.metadata(newest[release])))
        row = known.get(release)
        if row is None:
            yield f'+ CompilerRow("{release}", {pins})'
        else:
            yield from _differences("CompilerRow", release, row, pins)


def toolkit_rows(index: Index) -> Iterator[str]:
    """Yield what differs of toolkits: releases, and the newest GCC in crt/host_config.h."""
    known = {row.cuda: row for row in cuda.TOOLKITS}
    projects = ("nvidia-cuda-nvcc-cu11", "nvidia-cuda-nvcc-cu12", "nvidia-cuda-crt")
    for project in projects:
        newest: dict[str, dict[str, str]] = {}
        wheels = [
            one
            for one in index.wheels(project)
            if one["machine"] == "x86_64" and re.fullmatch(r"[0-9.]+", one["version"])
        ]
        for wheel in sorted(wheels, key=lambda one: version(one["version"])):
            newest[".".join(wheel["version"].split(".")[:2])] = wheel
        for release, wheel in newest.items():
            gcc = str(index.newest_gcc(wheel))
            row = known.get(release)
            if row is None:
                yield f'+ ToolkitRow("{release}", ?, ?, {gcc}, ?, HEADER)'
            elif str(row.max_gcc) != gcc:
                yield f'~ ToolkitRow("{release}"): max_gcc {row.max_gcc}, {wheel["file"]} says {gcc}'


def pin_rows(index: Index) -> Iterator[str]:
    """Yield pins that no wheel of the index serves on one of their Pythons: removed, or withdrawn."""
    for row in packages.PINS:
        if row.name in packages.SDISTS:
            continue
        files = index.wheels_of(row.name, row.version)
        first, last = (int(text.partition(".")[2]) for text in row.pythons.split("-"))
        lacks = [
            f"3.{minor} on {machine}"
            for minor in range(first, last + 1)
            for machine in MACHINES
            if Target(f"3.{minor}", machine, PINNED_FOR).best(files) is None
        ]
        if lacks:
            yield f'- PinRow("{row.name}", "{row.version}", ...)  # no wheel for {", ".join(lacks)}'


TABLES: dict[str, Callable[[Index], Iterator[str]]] = {
    "torch": torch_rows,
    "partners": partner_rows,
    "compilers": compiler_rows,
    "toolkits": toolkit_rows,
    "pins": pin_rows,
}


def _by_release(index: Index, name: str) -> Wheels:
    found: Wheels = defaultdict(list)
    for wheel in index.wheels(name):
        numbers = re.fullmatch(r"\d+\.\d+(\.\d+)?", wheel["version"])
        if numbers and version(wheel["version"]) >= version(FIRST[name]):
            found[wheel["version"], wheel["machine"]].append(wheel)
    return found


def _differences(kind: str, name: str, row: object, says: dict[str, str]) -> Iterator[str]:
    for field, value in says.items():
        has = getattr(row, field) or ""
        if has != value:
            yield f'~ {kind}("{name}"): {field} {has or "none"}, the source says {value or "none"}'


def _day(wheels: Iterable[dict[str, str]]) -> str:
    return min((wheel["uploaded"] for wheel in wheels), default="")


def _span(wheels: Iterable[dict[str, str]]) -> str:
    pythons = {wheel["python"] for wheel in wheels}
    if "py3" in pythons:
        return "any"
    minors = sorted(int(python[3:]) for python in pythons if python.startswith("cp3"))
    return f"3.{minors[0]}-3.{minors[-1]}" if minors else ""


def _glibc(wheels: list[dict[str, str]]) -> str:
    """Return the C library of the first wheel, as its platform names it."""
    platform = wheels[0]["platform"] if wheels else ""
    number = re.search(r"manylinux_(\d+)_(\d+)", platform)
    if number:
        return max(f"{number.group(1)}.{number.group(2)}", "2.17")
    return next((glibc for name, glibc in GLIBC.items() if name in platform), "")


def _variant(metadata: str) -> str:
    for name in ("cuda-toolkit", "nvidia-cuda-runtime"):
        match = re.search(rf"^Requires-Dist: {name}\S*? ?\(?==(\d+)\.(\d+)", metadata, re.MULTILINE)
        if match:
            return f"cu{match.group(1)}{match.group(2)}"
    # Before 1.13 the libraries were inside of the wheel, which says nothing of them.
    return "cu102"


def _cudnn(metadata: str) -> str:
    match = re.search(r"^Requires-Dist: nvidia-cudnn-cu\d+ ?\(?==([0-9.]+)", metadata, re.MULTILINE)
    return match.group(1) if match else ""


def _numpy(bound: str, *, knows_2: bool) -> str:
    """Return the bound, or the one that the headers of NumPy allow; upper bounds were measured."""
    return bound if bound.startswith(">=2") == knows_2 else (">=2" if knows_2 else "<2")


def _torch_of(metadata: str) -> str:
    match = re.search(r"^Requires-Dist: torch ?\(?([^);\n]*)\)?$", metadata, re.MULTILINE)
    return match.group(1).strip() if match else ""
