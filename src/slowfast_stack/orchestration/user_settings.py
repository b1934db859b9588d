"""What the user has set for Ansible, which the variables of a run would otherwise replace."""

from __future__ import annotations

import configparser
import os
from pathlib import Path


def of(variables: tuple[str, ...], keys: tuple[tuple[str, str], ...]) -> str | None:
    """Return a setting from the environment, or from the file that Ansible reads; None without one.

    ``keys`` are sections and keys of that file, of which the first that is there counts.
    """
    for name in variables:
        if name in os.environ:
            return os.environ[name]
    read = _file()
    return next((read.get(*key) for key in keys if read.has_option(*key)), None)


def _file() -> configparser.ConfigParser:
    """Return the one file that Ansible reads; empty where there is none, or a damaged one."""
    named = os.environ.get("ANSIBLE_CONFIG")
    given = Path(named).expanduser() if named else None
    if given is not None and given.is_dir():
        given /= "ansible.cfg"
    places = [Path("ansible.cfg"), Path.home() / ".ansible.cfg", Path("/etc/ansible/ansible.cfg")]
    read = configparser.ConfigParser(interpolation=None, inline_comment_prefixes=(";",))
    file = next((path for path in [*([given] if given else []), *places] if path.is_file()), None)
    try:
        read.read([file] if file else [], encoding="utf-8")
    except (OSError, ValueError, configparser.Error):  # Ansible says what is wrong with it
        return configparser.ConfigParser(interpolation=None)
    return read
