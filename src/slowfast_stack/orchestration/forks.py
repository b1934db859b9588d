"""How many hosts Ansible works on at the same time, where the user has not said it."""

from __future__ import annotations

import configparser
import os
import re
from pathlib import Path

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
    if "ANSIBLE_FORKS" in os.environ or _is_configured():
        return {}
    number = chosen(os.cpu_count() or 1, _free_mib())
    return {"ANSIBLE_FORKS": str(number)}


def _free_mib() -> int:
    """Return the memory that programs can get, in MiB; enough for all where the system does not say."""
    try:
        text = Path("/proc/meminfo").read_text(encoding="utf-8")
    except OSError:  # no Linux
        text = ""
    found = re.search(r"^MemAvailable:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) // 1024 if found else MOST * _WORKER_MIB


def _is_configured() -> bool:
    """Return whether the file that Ansible reads, the first of these, has a number of forks."""
    named = os.environ.get("ANSIBLE_CONFIG")
    given = Path(named).expanduser() if named else None
    if given is not None and given.is_dir():
        given /= "ansible.cfg"
    places = [Path("ansible.cfg"), Path.home() / ".ansible.cfg", Path("/etc/ansible/ansible.cfg")]
    file = next((path for path in [*([given] if given else []), *places] if path.is_file()), None)
    if file is None:
        return False
    read = configparser.ConfigParser(interpolation=None, inline_comment_prefixes=(";",))
    try:
        read.read(file, encoding="utf-8")
    except (OSError, ValueError, configparser.Error):  # Ansible says what is wrong with it
        return False
    return read.has_option("defaults", "forks")
