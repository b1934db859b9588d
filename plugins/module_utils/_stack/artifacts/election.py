"""Which host builds, uploads or imports the artifact of a key, for all hosts of a play."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .key import validate_key

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

BUILD, UPLOAD, IMPORT = "build", "upload", "import"
# A copy may be damaged on the way; one that is refused twice does not run on that host.
REFUSALS = 2


@dataclass(frozen=True)
class Candidate:
    """A host that needs the artifact of ``key``.

    ``available`` says whether its cache has it, ``refused`` how many copies it has refused.
    Without ``shared`` it builds for itself alone.
    """

    key: str
    available: bool
    shared: bool = True
    refused: int = 0


def elect(hosts: Mapping[str, Candidate], copies: Collection[str]) -> dict[str, list[str]]:
    """Return what each host does next, hosts that do nothing left out.

    ``hosts`` are in the order of the play; ``copies`` are the keys that the controller has. Of the
    hosts that share a key, the first that has the artifact uploads it, else the first builds and
    uploads it; the others import the copy. Raises ``StackError`` for a key that is none.
    """
    steps: dict[str, list[str]] = {}
    importers: dict[str, list[str]] = {}
    for name, host in hosts.items():
        if host.available:
            continue
        if host.shared and host.refused < REFUSALS:
            importers.setdefault(validate_key(host.key), []).append(name)
        else:
            steps[name] = [BUILD]
    for key, names in importers.items():
        if key not in copies:
            steps.update(_provide(key, names, hosts))
        steps.update((name, [IMPORT]) for name in names if name not in steps)
    return steps


def _provide(key: str, names: list[str], hosts: Mapping[str, Candidate]) -> dict[str, list[str]]:
    for name, host in hosts.items():
        if host.key == key and host.available and host.shared:
            return {name: [UPLOAD]}
    return {names[0]: [BUILD, UPLOAD]}
