"""Explain the output of a failed program: known messages with their cause and what to do."""

from __future__ import annotations

import re
from typing import NamedTuple


class Row(NamedTuple):
    """A regular expression for a message, what it means, and what the user can do.

    Cause and hint may name groups of the expression, and facts that the caller gives, in braces.
    ``code`` is that of the error, where the caller has no code of its own.
    """

    message: str
    cause: str
    hint: str
    code: str = ""


class Explanation(NamedTuple):
    """Why a program failed, what to do, and the line of its output that says so."""

    cause: str
    hint: str
    line: str
    code: str = ""


def explain(output: str, table: tuple[Row, ...], **facts: object) -> Explanation | None:
    """Return what the first matching row of ``table`` says of an output, None where none does."""
    for row in table:
        match = re.search(row.message, output, re.MULTILINE)
        if match:
            groups = {name: text or "" for name, text in match.groupdict().items()}
            cause, hint = (text.format(**{**facts, **groups}) for text in (row.cause, row.hint))
            first = output.rfind("\n", 0, match.start()) + 1
            return Explanation(cause, hint, output[first:].partition("\n")[0].strip(), row.code)
    return None


_RESUMES = "Then run the same command again; it resumes."
_OTHER_COMPILER = "See `slowfast-stack plan --explain` for one that fits, and let `up` install it."
_TOOLKIT = "Install the planned toolkit with `slowfast-stack up --yes`."

# Messages of apt, dpkg and dnf. A full disk or a lock may also appear as a failed download.
PACKAGE_MANAGER = (
    Row(
        r"(?i)no space left|not enough free space|needs? \d+ ?\w+ more space|disk requirements",
        "A file system of this host is full.",
        f"See `df -h / /boot /var`, and remove what is not needed, such as old kernels. {_RESUMES}",
        "disk.full",
    ),
    Row(
        r"(?i)could not get lock|unable to (lock|acquire the dpkg frontend lock)|lock apt|lockfile"
        r"|waiting for (process|lock)|locked by another process",
        "Another run of the package manager did not end in time.",
        f"See `ps -e | grep -E 'apt|dpkg|dnf|unattended'`, and wait for it. {_RESUMES}",
        "packages.locked",
    ),
    Row(
        r"(?i)(linux-headers|kernel-devel)[^\n]*",
        "The package sources have no headers of the running kernel, and the module needs them.",
        f"Boot a kernel of the distribution (a newer one may wait for a reboot). {_RESUMES}",
        "packages.no-headers",
    ),
    Row(
        r"(?i)\bdkms\b",
        "dkms, which builds the kernel module, is in none of the package sources.",
        f"Enable EPEL on this host (Debian: its main archive). {_RESUMES}",
        "packages.no-dkms",
    ),
    Row(
        r"(?i)failed to fetch|could not (fetch|resolve|connect)|cannot download|unable to connect"
        r"|connection (failed|refused|timed out)|curl error|failed to update apt cache"
        r"|no longer has a release file|does not have a release file|hash sum mismatch|repomd",
        "A package source does not answer, or the transfer was interrupted.",
        "Check network and proxy of the host, or name a mirror in `nvidia_repository_base`."
        f" {_RESUMES}",
        "packages.source-unreachable",
    ),
    Row(
        r"(?i)no available installation candidate|no package\(?s?\)? matching|unable to locate"
        r"|broken groups or modules|no match for argument|nothing provides|no candidate",
        "The package sources do not have it for this distribution.",
        "See what they have (`apt-cache policy NAME`, `dnf list NAME`), then request another driver"
        " with `--driver-branch`, or another toolkit with `--cuda`.",
        "packages.not-available",
    ),
    Row(
        r"(?i)signature|gpg|no_pubkey|badsig|not signed",
        "A package source is not signed by a key that this host trusts.",
        "Nothing of it was installed. Ask its operator, or remove it if it is not needed.",
        "packages.untrusted-source",
    ),
    Row(
        r"[^\n]*\S",
        "The package manager failed.",
        f"Correct what it reports. {_RESUMES}",
        "packages.failed",
    ),
)

# Messages of GCC, nvcc, ld, and of the headers and build scripts of PyTorch.
BUILD = (
    Row(
        r"No space left on device|Disk quota exceeded",
        "The disk is full.",
        "Free disk space for the log and the cache, then run again; it resumes.",
    ),
    Row(
        r"Killed signal terminated program|: Killed \(program|died due to signal 9|^Killed$"
        r"|virtual memory exhausted|memory exhausted|out of memory allocating|std::bad_alloc"
        r"|[Cc]annot allocate memory|terminated with signal 9",
        "The compiler ran out of memory: {jobs} jobs at once on {memory_mib} MiB.",
        "Lower the jobs, for example `detectron2_jobs: 1` in the inventory, end other programs, or"
        " add memory or swap; then run again.",
    ),
    Row(
        r"unsupported GNU version! gcc versions later than (?P<limit>\d+)",
        "The compiler is too new for the CUDA toolkit, which supports GCC up to {limit}.",
        _OTHER_COMPILER,
    ),
    Row(
        r"than the maximum required version by CUDA (?P<limit>[\d.]+)",
        "The compiler is too new for CUDA {limit}.",
        _OTHER_COMPILER,
    ),
    Row(
        r"than the minimum required version by CUDA (?P<limit>[\d.]+)",
        "The compiler is too old for CUDA {limit}.",
        _OTHER_COMPILER,
    ),
    Row(
        r"You need (?P<limit>C\+\+\d+) to compile PyTorch"
        r"|(?:unrecognized|unknown).*option.*-std=(?P<standard>[a-z+]+\d+)"
        r"|(?P<needed>C\+\+\d+) or later compatible compiler is required",
        "The compiler is too old for the headers of PyTorch ({limit}{standard}{needed}).",
        _OTHER_COMPILER,
    ),
    Row(
        r"detected CUDA version \((?P<limit>[\d.]+)\) mismatches",
        "The toolkit is CUDA {limit}, and PyTorch is a build for another major version.",
        _TOOLKIT,
    ),
    Row(
        r"Unsupported gpu architecture '(?P<limit>\w+)'",
        "The toolkit makes no code for {limit}.",
        _TOOLKIT,
    ),
    Row(
        r"(?P<limit>Python\.h): No such file",
        "The headers of Python are missing ({limit}).",
        "Install the development package of this Python, then run again.",
    ),
    Row(
        r"fatal error: (?P<limit>cu\w+\.h): No such file",
        "The toolkit is incomplete: {limit} is missing.",
        _TOOLKIT,
    ),
)

# Messages of uv.
INSTALLER = (
    Row(
        r"No space left on device",
        "The disk is full.",
        "Free disk space for the environment and uv's cache, then run again; it resumes.",
        "disk.full",
    ),
    Row(
        r"Hash mismatch",
        "A file is not the pinned one and was not used.",
        "Look for the proxy or index that changed it.",
    ),
    Row(
        r"[^\n]*\S",
        "uv could not install the packages.",
        "Check that PyPI is reachable (proxy, certificates, index), then run again; it resumes.",
    ),
)

# Messages of SlowFast and of PyTorch while it trains.
TRAINING = (
    Row(
        r"OutOfMemoryError|out of memory",
        "The memory of the GPU is too small for the batch.",
        "Use fewer clips (TRAIN.BATCH_SIZE) or shorter ones (DATA.NUM_FRAMES).",
    ),
    Row(
        r"empty of batches",
        "The data set is smaller than one batch.",
        "Use a TRAIN.BATCH_SIZE that the data can fill.",
    ),
    Row(
        r"Cuda is not available|Found no NVIDIA driver|more GPU devices than available",
        "The configuration asks for more GPUs than this machine has.",
        "Set NUM_GPUS to what this machine has; NUM_GPUS 0 runs on the CPU.",
    ),
    Row(
        r"Got NaN losses|Loss explosion",
        "The training diverged.",
        "Use a lower SOLVER.BASE_LR.",
    ),
    Row(
        r"gave no batch|found <class 'NoneType'>|Failed to load images|failed loading",
        "Data that the configuration names cannot be read, or not any more.",
        "See what is missing: slowfast-stack config check, with the same KEY VALUE pairs.",
    ),
    Row(
        r"keep random values",
        "The checkpoint has another number of classes.",
        "Set MODEL.NUM_CLASSES to the number of the checkpoint.",
    ),
    Row(
        r"Bus error|insufficient shared memory|DataLoader worker .* is killed",
        "The shared memory of the machine is full.",
        "Use fewer loaders (DATA_LOADER.NUM_WORKERS), or give the machine more shared memory.",
    ),
    Row(
        r"No space left on device",
        "The disk is full.",
        "Free disk space, then run the same command again; it resumes.",
    ),
    Row(
        r"addr.* already in use|EADDRINUSE",
        "Another run on several GPUs uses the port.",
        "Wait until it has ended.",
    ),
)
