"""The GPU of a rehearsal: one of the catalog by its name or id, or the one of this machine."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.gpu_memory import (
    GPU_MEMORY,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.gpus import CHIPS, GPUS
from ansible_collections.slowfast.stack.plugins.module_utils._stack.cuda import fake_runtime
from slowfast_stack.exit_codes import UsageError

GIB = 1 << 30
DEFAULT = "H100 SXM5 80GB"
MEMORY = {row.product: row.gib for row in GPU_MEMORY}
_ID = re.compile(r"(?:10de:)?([0-9a-f]{4})")
_GIGABYTES = re.compile(r"(\d+)\s?GB\b")


@dataclass(frozen=True)
class RehearsedGpu:
    """What the fake runtime answers: a name, a compute capability, and memory in bytes."""

    name: str
    capability: tuple[int, int]
    memory: int

    def environment(self, count: int) -> dict[str, str]:
        """Return the variables that describe ``count`` of them to the fake runtime."""
        return fake_runtime.gpus(count, self.name, self.capability, self.memory)


def find(text: str, gib: float | None = None) -> RehearsedGpu:
    """Return a GPU of the catalog by its id or by words of its name. Raises UsageError.

    Of several that match, the one with the shortest name counts; ``gib`` overrides its memory.
    """
    capabilities = {row.chip: row.capability for row in CHIPS}
    identity = _ID.fullmatch(text.lower())
    rows = [row for row in GPUS if row.product and capabilities.get(row.chip)]
    if identity and any(row.device == identity[1] for row in rows):
        rows = [row for row in rows if row.device == identity[1]]
    else:
        words = _words(text)
        rows = [row for row in rows if words <= _words(row.product)]
    if not rows:
        raise UsageError(
            f"--gpu {text} is not in the catalog.",
            "No NVIDIA GPU has this id, or a name with all of these words.",
            "For example: --gpu 'RTX 3060', --gpu 'A100 80GB', --gpu 10de:2330",
            code="cli.unknown-value",
        )
    # "RTX 3060" is neither the Ti nor the laptop GPU.
    row = min(rows, key=lambda row: (len(_words(row.product)), memory_of(row.product) is None))
    memory = gib or memory_of(row.product)
    if memory is None:
        raise UsageError(
            f"The memory of {row.product} is not known.",
            "Its name in the catalog does not say it.",
            "Give it: --gpu-memory GIB",
            code="cli.missing-argument",
        )
    major, minor = (int(part) for part in str(capabilities[row.chip]).split("."))
    return RehearsedGpu(f"NVIDIA {row.product}", (major, minor), int(memory * GIB))


def of_machine() -> RehearsedGpu | None:
    """Return the first GPU of this machine as NVML describes it; None where there is none."""
    import pynvml  # noqa: PLC0415  (a named GPU needs no NVML)

    try:
        pynvml.nvmlInit()
        handle = pynvml.nvmlDeviceGetHandleByIndex(0)
        name = str(pynvml.nvmlDeviceGetName(handle))
        major, minor = pynvml.nvmlDeviceGetCudaComputeCapability(handle)
        return RehearsedGpu(name, (major, minor), pynvml.nvmlDeviceGetMemoryInfo(handle).total)
    except pynvml.NVMLError:
        return None


def chosen(text: str | None, gib: float | None) -> RehearsedGpu:
    """Return the GPU that the user named, or that of this machine, or an H100. Raises UsageError."""
    if text:
        return find(text, gib)
    found = of_machine() or find(DEFAULT)
    return replace(found, memory=int(gib * GIB)) if gib else found


def memory_of(product: str) -> int | None:
    """Return the memory of a product in GiB, from its name or the table; None where unknown."""
    if said := _GIGABYTES.search(product):
        return int(said[1])
    return MEMORY.get(product)


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z]+\d*[a-z]*|\d+[a-z]*", text.lower())) - {"nvidia"}
