"""How many hosts Ansible works on at the same time, where the user has not said it."""

from __future__ import annotations

import os
import re
from pathlib import Path

from slowfast_stack.orchestration import user_settings

# Ansible's own default, with which 100 hosts wait for each other twenty times at every task.
LEAST, MOST = 5, 100
# A worker mostly waits for its host.
_PER_CORE = 8
# The memory that a worker does not share with the others, in MiB.
_WORKER_MIB = 64


def chosen(cores: int, memory_mib: int) -> int:
    """Return the number for a controller of these cores with so much free memory."""
    return max(LEAST, min(MOST, cores * _PER_CORE, memory_mib // _WORKER_MIB))


def setting() -> dict[str, str]:
    """Return the setting for this controller; nothing where the user has made one."""
    if user_settings.of(("ANSIBLE_FORKS",), (("defaults", "forks"),)) is not None:
        return {}
    return {"ANSIBLE_FORKS": str(chosen(os.cpu_count() or 1, _free_mib()))}


def _free_mib() -> int:
    """Return the memory that programs can get, in MiB; enough for all where the system does not say."""
    try:
        text = Path("/proc/meminfo").read_text(encoding="utf-8")
    except OSError:  # no Linux
        text = ""
    found = re.search(r"^MemAvailable:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) // 1024 if found else MOST * _WORKER_MIB
