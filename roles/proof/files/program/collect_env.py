"""Parse the output of Detectron2's environment check, and report versions that disagree.

The rows are those of detectron2/utils/collect_env.py at the pinned commit; the lines below the
table are PyTorch's own summary of its build. Every finding says what disagrees and what to do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from torch_claims import covers

REBUILD = "build Detectron2 again: run `slowfast-stack up`"
REINSTALL = "install the planned PyTorch again: run `slowfast-stack up`"
DRIVER = "install the planned driver: run `slowfast-stack up --yes`"
CLEAN_PATH = (
    "remove folders with other CUDA libraries from LD_LIBRARY_PATH, and activate the stack with"
    " its script `activate`"
)
_RULE = re.compile(r"^-{4,}(?:\s+-{4,})+\s*$")
_CUDA = re.compile(r"\b(\d+\.\d+)\b")


@dataclass(frozen=True)
class Report:
    """The rows of the table by their names, and the lines of PyTorch's summary."""

    rows: dict[str, str]
    summary: str

    def get(self, name: str) -> str:
        """Return a row, empty where it was not printed."""
        return self.rows.get(name, "")


@dataclass(frozen=True)
class Gpu:
    """A GPU of the table: its name and its compute capability such as ``9.0``."""

    name: str
    capability: str


@dataclass(frozen=True)
class Expected:
    """The planned versions, and measurements that the table does not contain.

    Versions are text such as ``12.8``. ``code`` names the GPU code in the extension (sm_90,
    compute_90), ``code_missing`` the planned architectures without code; ``nvcc`` is the version
    that the compiler reports, None where the plan has no toolkit.
    """

    torch: str
    cuda: str | None
    gpu: bool
    toolkit: str | None
    cuda_home: str | None
    minimum_driver: str | None
    compiled: bool
    nvcc: str | None = None
    code: list[str] = field(default_factory=list)
    code_missing: list[str] = field(default_factory=list)


def read(text: str) -> Report:
    """Parse the table between two rules of dashes. Raise ``ValueError`` where there is none."""
    lines = text.splitlines()
    rules = [number for number, line in enumerate(lines) if _RULE.match(line)]
    if len(rules) < 2:
        raise ValueError("the environment check printed no table: " + " | ".join(lines[-3:]))
    first, last = rules[0], rules[1]
    width = len(lines[first].split(" ", 1)[0])
    rows: dict[str, str] = {}
    name = ""
    for line in lines[first + 1 : last]:
        # Further lines of a value have an empty name.
        name = line[:width].strip() or name
        value = line[width:].strip()
        rows[name] = f"{rows[name]} {value}" if name in rows else value
    return Report(rows, "\n".join(lines[last + 1 :]))


def findings(report: Report, wanted: Expected) -> list[str]:
    """Return every disagreement and what to do about it; an empty list where all versions agree."""
    found = [*_python_part(report, wanted), *_extension(report, wanted)]
    if wanted.gpu:
        found += [*_driver(report, wanted), *_toolkit(report, wanted), *_runtime(report)]
    return found


def _number(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text))


def _cuda(text: str) -> str | None:
    found = _CUDA.search(text)
    return found.group(1) if found else None


def _major(text: str) -> str:
    return text.partition(".")[0]


def _local(version: str) -> str:
    """Return the variant in a version such as ``2.4.0+cu121 @/somewhere``."""
    return version.partition(" ")[0].partition("+")[2]


def _python_part(report: Report, wanted: Expected) -> list[str]:
    found = []
    torch, vision = report.get("PyTorch"), report.get("torchvision")
    number = torch.partition(" ")[0].partition("+")[0]
    if number != wanted.torch:
        found.append(f"PyTorch is {number or 'absent'}, planned is {wanted.torch}: {REINSTALL}")
    built = _built_for(report)
    if built != wanted.cuda:
        names = (f"CUDA {text}" if text else "no CUDA" for text in (built, wanted.cuda))
        found.append("PyTorch is a build for {}, planned is {}: {}".format(*names, REINSTALL))
    # Not every wheel on PyPI has a local version; compare only where both have one.
    variants = _local(torch), _local(vision)
    if all(variants) and variants[0] != variants[1]:
        found.append(
            f"PyTorch is built for {variants[0]} and torchvision for {variants[1]}: {REINSTALL}"
        )
    return found


def _built_for(report: Report) -> str | None:
    found = re.search(r"\bCUDA_VERSION=(\d+\.\d+)", report.summary)
    return found.group(1) if found else None


def _extension(report: Report, wanted: Expected) -> list[str]:
    detectron2, broken = report.get("detectron2"), report.get("detectron2._C")
    if "failed to import" in detectron2 or "wrong installation" in detectron2:
        return [f"Detectron2 {detectron2}: {REBUILD}"]
    if wanted.compiled and broken:
        return [f"detectron2._C is {broken}: {REBUILD}"]
    if not wanted.compiled or not wanted.gpu:
        return []
    built = _cuda(report.get("CUDA compiler"))
    if built is None:
        return [f"detectron2._C was built without CUDA: {REBUILD}"]
    return [*_built_with(built, wanted), *_arch_flags(report, wanted)]


def _built_with(built: str, wanted: Expected) -> list[str]:
    if wanted.cuda and _major(built) != _major(wanted.cuda):
        other = f"PyTorch for {wanted.cuda}"
    elif wanted.toolkit and built != wanted.toolkit:
        other = f"planned is {wanted.toolkit}"
    else:
        return []
    return [f"detectron2._C was built with CUDA {built}, {other}: {REBUILD}"]


def _arch_flags(report: Report, wanted: Expected) -> list[str]:
    holds = f"its arch flags are {', '.join(wanted.code) or 'none'}: {REBUILD}"
    found = [f"detectron2._C has no code for {code}, {holds}" for code in wanted.code_missing]
    return found + [
        f"detectron2._C has no code that runs on {gpu.name} ({gpu.capability}), {holds}"
        for gpu in _gpus(report)
        if not any(covers(code, *_number(gpu.capability)) for code in wanted.code)
    ]


def _gpus(report: Report) -> list[Gpu]:
    texts = [value for name, value in report.rows.items() if re.fullmatch(r"GPU [\d,]+", name)]
    found = [re.fullmatch(r"(.*) \(arch=(\d+\.\d+)\)", text) for text in texts]
    return [Gpu(*match.groups()) for match in found if match]


def _driver(report: Report, wanted: Expected) -> list[str]:
    if report.get("GPU available") != "Yes":
        return [
            f"PyTorch sees no GPU ({report.get('GPU available') or 'no answer'}): see what"
            " `nvidia-smi` and CUDA_VISIBLE_DEVICES say; " + DRIVER
        ]
    driver = report.get("Driver version")
    if wanted.minimum_driver and driver and _number(driver) < _number(wanted.minimum_driver):
        needed = f"{wanted.minimum_driver}, which CUDA {wanted.cuda} needs"
        return [f"driver {driver} is older than {needed}: {DRIVER}"]
    return []


def _toolkit(report: Report, wanted: Expected) -> list[str]:
    found = []
    home = report.get("CUDA_HOME")
    if wanted.cuda_home and home.endswith("- invalid!"):
        found.append(
            f"CUDA_HOME is {home.partition(' ')[0]}, which is not a folder: activate the stack with"
            f" its script `activate`, which sets {wanted.cuda_home}"
        )
    elif wanted.cuda_home and home and home.rstrip("/") != wanted.cuda_home.rstrip("/"):
        found.append(
            f"CUDA_HOME is {home}, planned is {wanted.cuda_home}: activate the stack with"
            " its script `activate`"
        )
    if wanted.toolkit and wanted.nvcc and wanted.nvcc != wanted.toolkit:
        found.append(
            f"nvcc in {wanted.cuda_home} is of CUDA {wanted.nvcc}, planned is {wanted.toolkit}:"
            " install the planned toolkit: run `slowfast-stack up --yes`"
        )
    return found


def _runtime(report: Report) -> list[str]:
    """Compare the loaded CUDA runtime with the one that PyTorch was built for."""
    loaded = re.search(r"- CUDA Runtime (\d+\.\d+)", report.summary)
    built = _built_for(report)
    if loaded and built and loaded.group(1) != built:
        other = f"PyTorch was built for {built}: {CLEAN_PATH}"
        return [f"the loaded CUDA runtime is {loaded.group(1)}, {other}"]
    return []
