"""Symptoms of the way to a host: ssh, and what Ansible says of it."""

from __future__ import annotations

from .row import Symptom

_SSH = "OpenSSH 9.2p1, reproduced on 2026-12-01 with hosts in namespaces"

SYMPTOMS = (
    Symptom(
        "ssh.key-changed",
        "ssh",
        ("{}Host key for {host:word} has changed and you have requested strict checking.",),
        "The ssh key of this host is another than before.",
        "ssh-keygen -R {host}",
        _SSH,
        "Was the host installed again? Compare its key with that of its console or provider, and forget the old one only if they are equal.",
        "host.key-changed",
    ),
    Symptom(
        "ssh.key-unknown",
        "ssh",
        (
            "{}Host key verification failed.",
            "{}host key is known for {} and you have requested strict checking.",
        ),
        "The ssh key of this host is not known here.",
        "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub",
        _SSH,
        "Connect once with ssh, and compare the key that it shows with the one that this prints on the console of the host.",
        "host.key-unknown",
    ),
    Symptom(
        "ssh.no-access",
        "ssh",
        ("{}: Permission denied ({}).",),
        "ssh refuses the user or the key.",
        "ssh-add -l",
        _SSH,
        "The key or its certificate may have expired, may not be in the agent, or may belong to another `ansible_user`.",
        "host.no-access",
    ),
    Symptom(
        "ssh.unknown-name",
        "ssh",
        ("{}ssh: Could not resolve hostname {name:word}: {}",),
        "The name service of this controller does not know this name.",
        "getent hosts {name}",
        _SSH,
        "Correct `ansible_host` in the inventory, or the name service.",
        "host.unknown-name",
    ),
)
