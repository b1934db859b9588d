"""Say in sentences why a package manager failed, and what to do: its own words, read by a table."""

from __future__ import annotations

import re
from typing import NamedTuple


class FailureRow(NamedTuple):
    """Words of apt or dnf, the reason that they stand for, and the next step."""

    words: re.Pattern[str]
    cause: str
    hint: str


def _row(words: str, cause: str, hint: str) -> FailureRow:
    return FailureRow(re.compile(words, re.IGNORECASE), cause, hint)


AGAIN = "Then run the same command again: it goes on from here."
# The first row that matches speaks; a full disk or a lock may show as a failed download, too.
FAILURES = (
    _row(
        r"no space left|not enough free space|needs? \d+ ?\w+ more space|disk requirements",
        "A file system of this host is full.",
        f"See `df -h / /boot /var`, and remove what is not needed, such as old kernels. {AGAIN}",
    ),
    _row(
        r"could not get lock|unable to (lock|acquire the dpkg frontend lock)|lock apt|lockfile"
        r"|waiting for (process|lock)"
        r"|locked by another process",
        "Another run of the package manager did not end in time.",
        f"See `ps -e | grep -E 'apt|dpkg|dnf|unattended'`, and let it end. {AGAIN}",
    ),
    _row(
        r"(linux-headers|kernel-devel)[^\n]*",
        "The package sources have no headers of the running kernel, and the module needs them.",
        f"Start a kernel of the distribution (a newer one may wait for a reboot). {AGAIN}",
    ),
    _row(
        r"\bdkms\b",
        "dkms, which builds the kernel module, is in none of the package sources.",
        f"Make EPEL known to this host (Debian: its main archive). {AGAIN}",
    ),
    _row(
        r"failed to fetch|could not (fetch|resolve|connect)|cannot download|unable to connect"
        r"|connection (failed|refused|timed out)|curl error|failed to update apt cache"
        r"|no longer has a release file|does not have a release file|hash sum mismatch|repomd",
        "A package source does not answer, or broke off in the middle.",
        "Check network and proxy of the target, or name a mirror in `nvidia_repository_base`."
        f" {AGAIN}",
    ),
    _row(
        r"no available installation candidate|no package\(?s?\)? matching|unable to locate"
        r"|broken groups or modules|no match for argument|nothing provides|no candidate",
        "The package sources do not have it for this distribution.",
        "Ask for what they have (`apt-cache policy NAME`, `dnf list NAME`): another driver with"
        " `--driver-branch`, another toolkit with `--cuda`.",
    ),
    _row(
        r"signature|gpg|no_pubkey|badsig|not signed",
        "A package source is not signed by the key that this host trusts.",
        "Nothing of it was installed. Ask who runs the source, or remove it if it is not needed.",
    ),
)
OTHERWISE = FailureRow(
    re.compile(""), "The package manager stopped.", f"Patch what it says. {AGAIN}"
)


# The command that failed names packages, which say nothing of the failure.
_COMMAND = re.compile(r"'/\S*(?:apt-get|aptitude) .*?' failed: ", re.DOTALL)


def sentences(said: str) -> str:
    """Return why and what next, with the first words of the package manager itself."""
    said = _COMMAND.sub("", said)
    row = next((row for row in FAILURES if row.words.search(said)), OTHERWISE)
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    quoted = next((line for line in lines if row.words.search(line)), lines[0] if lines else "")
    own = f" It said: {quoted}" if quoted else ""
    return f"{row.cause} {row.hint}{own}"
