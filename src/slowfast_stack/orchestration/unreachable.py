"""Why a host could not be reached: what ssh and Ansible say, and what to do about it."""

from __future__ import annotations

import re
from typing import NamedTuple


class _Reason(NamedTuple):
    """A sentence of ssh or Ansible, and the error that it means; ``{name}`` is the host."""

    said: re.Pattern[str]
    code: str
    hint: str


def _reason(said: str, code: str, hint: str) -> _Reason:
    return _Reason(re.compile(said), code, hint)


_TRY = "Try: ansible {name} -m ansible.builtin.ping -i INVENTORY"
# The first that is said counts; OpenSSH prints these sentences in every locale.
REASONS = (
    _reason(
        r"REMOTE HOST IDENTIFICATION HAS CHANGED!",
        "host.key-changed",
        "Was {name} installed again? Compare its key with that of its console or provider; only if they"
        " are equal, forget the old one with `ssh-keygen -R ADDRESS`.",
    ),
    _reason(
        r"Host key verification failed\.",
        "host.key-unknown",
        "Connect once with `ssh ADDRESS` and compare the key with that of its console or provider.",
    ),
    _reason(
        r"Permission denied \([a-z,-]+\)\.",
        "host.no-access",
        "Try `ssh USER@ADDRESS true`: the key or its certificate may have expired, may not be in the"
        " agent, or may belong to another `ansible_user`.",
    ),
    _reason(
        r"Could not resolve hostname ",
        "host.unknown-name",
        "Correct `ansible_host` of {name} in the inventory, or the name service of this controller.",
    ),
    _reason(
        r"No space left on device",
        "disk.full",
        "Free space in the home folder and in /tmp of {name}.",
    ),
)


def reason(name: str, said: str) -> tuple[str, str]:
    """Return the error code and the hint for what Ansible reports of the connection to a host."""
    for row in REASONS:
        if row.said.search(said):
            return row.code, row.hint.format(name=name)
    return "host.unreachable", _TRY.format(name=name)
