"""What ssh says of a host that it does not reach becomes one error with one remedy."""

from __future__ import annotations

import pytest

from slowfast_stack.orchestration import unreachable

SENT = 'Task failed: Data could not be sent to remote host "h". Make sure this host can be reached over ssh: '
# As OpenSSH 9 prints them.
SAID = {
    "the key of the host is another": (
        (
            "@@@@@@@@@@@\r\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\r\n@@@@@@@@@@@\r\n"
            "IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!\r\nHost key verification failed."
        ),
        "host.key-changed",
        "ssh-keygen -R",
    ),
    "the key of the host is not known": (
        (
            "No ED25519 host key is known for h and you have requested strict checking.\r\n"
            "Host key verification failed."
        ),
        "host.key-unknown",
        "compare the key",
    ),
    "the key of the user is refused": (
        "root@h: Permission denied (publickey).",
        "host.no-access",
        "expired",
    ),
    "another way to log in is refused": (
        "ubuntu@h: Permission denied (publickey,keyboard-interactive).",
        "host.no-access",
        "ansible_user",
    ),
    "the name is not known": (
        "ssh: Could not resolve hostname h: Name or service not known",
        "host.unknown-name",
        "ansible_host",
    ),
    "the disk is full": (
        "Failed to create temporary directory. mkdir: cannot create directory: No space left on device",
        "disk.full",
        "Free space",
    ),
    "nothing answers": (
        "ssh: connect to host h port 22: Connection timed out",
        "host.unreachable",
        "ping",
    ),
    "nothing listens": (
        "ssh: connect to host h port 22: Connection refused",
        "host.unreachable",
        "ping",
    ),
    "a file may not be read there": (
        "cat: /etc/shadow: Permission denied",
        "host.unreachable",
        "ping",
    ),
    "no reason": ("", "host.unreachable", "ping"),
}


@pytest.mark.parametrize("what", SAID)
def test_the_reason_is_understood_where(what: str) -> None:
    said, code, hint = SAID[what]
    found = unreachable.reason("h", SENT + said)
    assert found[0] == code
    assert hint in found[1]
    assert "{" not in found[1]
