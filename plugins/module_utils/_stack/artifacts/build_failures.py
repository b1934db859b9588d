"""Why an extension did not compile, read from what was printed, and what to do about it."""

from __future__ import annotations

import re
from typing import NamedTuple


class Cause(NamedTuple):
    """What the output of a build holds when this is why; both sentences know {jobs}, {memory}."""

    found: str
    cause: str
    hint: str


OTHER_COMPILER = "See what fits with `slowfast-stack plan --explain`, and let `up` install it."
# The words of GCC, nvcc, ld, of the headers and build scripts of PyTorch; first match wins.
CAUSES = (
    Cause(
        r"No space left on device|Disk quota exceeded",
        "The disk is full.",
        "Free some room where the log and the cache lie, then run again: it goes on from here.",
    ),
    Cause(
        r"Killed signal terminated program|: Killed \(program|died due to signal 9|^Killed$"
        r"|virtual memory exhausted|memory exhausted|out of memory allocating|std::bad_alloc"
        r"|[Cc]annot allocate memory|terminated with signal 9",
        "Memory ran out in the compile: {jobs} jobs at once on {memory} MiB.",
        "Lower the jobs, for example `detectron2_jobs: 1` in the inventory, end other programs, or"
        " add memory or swap; then run again.",
    ),
    Cause(
        r"unsupported GNU version! gcc versions later than (?P<limit>\d+)",
        "The compiler is too new for the CUDA toolkit: it takes GCC up to {limit}.",
        OTHER_COMPILER,
    ),
    Cause(
        r"than the maximum required version by CUDA (?P<limit>[\d.]+)",
        "The compiler is too new for CUDA {limit}.",
        OTHER_COMPILER,
    ),
    Cause(
        r"than the minimum required version by CUDA (?P<limit>[\d.]+)",
        "The compiler is too old for CUDA {limit}.",
        OTHER_COMPILER,
    ),
    Cause(
        r"You need (?P<limit>C\+\+\d+) to compile PyTorch"
        r"|(?:unrecognized|unknown).*option.*-std=(?P<standard>[a-z+]+\d+)"
        r"|(?P<needed>C\+\+\d+) or later compatible compiler is required",
        "The compiler is too old for the headers of PyTorch ({limit}{standard}{needed}).",
        OTHER_COMPILER,
    ),
    Cause(
        r"detected CUDA version \((?P<limit>[\d.]+)\) mismatches",
        "The toolkit is CUDA {limit}, and PyTorch is a build for another major version.",
        "Install the planned toolkit with `slowfast-stack up --yes`.",
    ),
    Cause(
        r"Unsupported gpu architecture '(?P<limit>\w+)'",
        "The toolkit makes no code for {limit}.",
        "Install the planned toolkit with `slowfast-stack up --yes`.",
    ),
    Cause(
        r"(?P<limit>Python\.h): No such file",
        "The headers of Python are missing ({limit}).",
        "Install the development package of this Python, then run again.",
    ),
    Cause(
        r"fatal error: (?P<limit>cu\w+\.h): No such file",
        "The toolkit is not whole: {limit} is missing.",
        "Install the planned toolkit with `slowfast-stack up --yes`.",
    ),
)


def explain(output: str, *, jobs: str, memory_mib: int) -> tuple[str, str]:
    """Return why a build failed and what to do, both empty where the output does not tell."""
    for known in CAUSES:
        match = re.search(known.found, output, re.MULTILINE)
        if match:
            told = {name: text or "" for name, text in match.groupdict().items()}
            facts = {"jobs": jobs, "memory": memory_mib, **told}
            return known.cause.format(**facts), known.hint
    return "", ""
