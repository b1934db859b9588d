"""Make this process safe for root: its umask, its environment, and the folders of a module."""

from __future__ import annotations

import os
import pwd
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._stack.core import notices, ownership

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, MutableMapping

_PLACES = ("HOME", "TMPDIR", "TEMP", "TMP", "VIRTUAL_ENV", "GNUPGHOME", "LD_LIBRARY_PATH")
# Folders and files of programs that this project starts; with sudo they may be those of its caller.
_FAMILIES = ("XDG_", "UV_", "PIP_", "PYTHON", "CONDA", "MAMBA_", "GIT_", "TORCH_", "CCACHE_")


def prepare(environment: MutableMapping[str, str]) -> None:
    """Make what this process and its children write and read private to root.

    As root, files are writable by root alone and readable by everyone, whatever the umask was; a
    variable is removed, and that is said, where it names a place that another user can change. For
    other users only write permission for everyone is taken away.
    """
    before = os.umask(0o022)
    if not ownership.is_root():
        os.umask(before | 0o002)
        return
    # Who can change this program needs no plugins of Ansible; they may be in the same clone.
    families = _FAMILIES if _weakness(__file__) else (*_FAMILIES, "ANSIBLE_")
    for name in sorted(environment):
        if name != "PATH" and (name in _PLACES or name.startswith(families)):
            _examine(environment, name)
    if "PATH" in environment:
        own = str(Path(sys.executable).parent)
        places = environment["PATH"].split(os.pathsep)
        kept = [each for each in places if each == own or (each and not _weakness(each))]
        environment["PATH"] = os.pathsep.join(kept)


def _examine(environment: MutableMapping[str, str], name: str) -> None:
    scratch = name in ("TMPDIR", "TEMP", "TMP")
    for place in filter(None, environment[name].split(os.pathsep)):
        found = _weakness(place, scratch=scratch) if place.startswith("/") else ""
        if found:
            notices.say(ownership.untrusted(f"The variable {name}", found))
            del environment[name]
            if name == "HOME":
                environment[name] = pwd.getpwuid(ownership.ROOT).pw_dir
            return


def _weakness(place: str, *, scratch: bool = False) -> str:
    return ownership.weakness_of(Path(place), scratch=scratch)


def leave_folder() -> None:
    """As root, leave a working folder that another user can change; programs read files there."""
    if ownership.is_root() and ownership.weakness_of(Path.cwd()):
        os.chdir("/")


def require_places(
    spec: Mapping[str, Mapping[str, Any]], params: Mapping[str, Any], others: tuple[str, ...]
) -> None:
    """As root, raise ``StackError`` where another user can change a path among the parameters.

    ``others`` names the parameters that are data, which may belong to anyone.
    """
    for place in _paths(spec, params, others):
        ownership.require_private(place)


def _paths(
    spec: Mapping[str, Mapping[str, Any]], params: Mapping[str, Any], others: tuple[str, ...]
) -> Iterator[Path]:
    for name, row in spec.items():
        if row.get("type") == "path" and name not in others and params[name]:
            yield Path(params[name])
