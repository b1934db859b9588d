"""Derive apt sources for the distribution of a target from those of this machine."""

from __future__ import annotations

import platform
import shutil
from functools import partial
from typing import TYPE_CHECKING

from ansible_collections.slowfast.stack.plugins.module_utils._runner import LocalRunner
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.distributions import (
    CODENAMES,
    components,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import scratch
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.architectures import (
    ARCHITECTURES,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import apt_sources

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ansible_collections.slowfast.stack.plugins.module_utils._stack.host.memory import Answer
    from ansible_collections.slowfast.stack.plugins.module_utils._stack.host.model import Host

_UPDATE_S = 600
OWN_FILE = "Give a sources file of that distribution with --package-sources {}=FILE."


def release_of(host: Host) -> str:
    """Return a distribution as --os names it, such as debian-13."""
    return f"{host.distribution.id}-{host.distribution.version}"


def of(host: Host, given: Mapping[str, Path], *, drivers: bool) -> str:
    """Return the text of a sources file for the distribution of a host. Raises StackError.

    ``given`` are files by distribution; ``drivers`` adds the components that have drivers.
    """
    name, release = release_of(host), host.distribution
    if release.family != "debian" or host.architecture not in ARCHITECTURES:
        raise _refused(name, "only Debian and Ubuntu on x86_64 and aarch64 are supported")
    if shutil.which("apt-get") is None:
        raise _refused(name, "this machine has no apt")
    if name in given:
        return given[name].read_text(encoding="utf-8")
    here = platform.freedesktop_os_release()
    codename = CODENAMES.get((release.id, release.version))
    if here["ID"] != release.id or codename is None:
        raise _refused(name, f"this machine uses the archive of {here['ID']}", OWN_FILE)
    runner = LocalRunner()
    archive = components(release.id, release.version)
    if archive is None:
        raise _refused(name, "no table has the components of its archive", OWN_FILE)
    archives = _known(runner, archive.origin)
    found = apt_sources.of_suites(
        apt_sources.read(runner, ""),
        archives,
        partial(_suite, here["VERSION_CODENAME"], codename),
        archive.components if drivers else (),
    )
    if not found:
        cause = f"no apt source of this machine names {archive.origin} by a codename"
        raise _refused(name, cause, OWN_FILE)
    return found


def _known(runner: LocalRunner, origin: str) -> set[tuple[str, str]]:
    """Return the archives of an origin; lists are downloaded if this machine has none."""
    found = apt_sources.known(runner, origin)
    if found:
        return found
    with scratch.folder() as folder:
        private = _PrivateApt((f"Dir::State::lists={folder}", "APT::Sandbox::User=root"))
        # An archive that is not reached is not listed.
        private.run(("apt-get", "update"), timeout_s=_UPDATE_S)
        return apt_sources.known(private, origin)


class _PrivateApt(LocalRunner):
    """Runs apt with additional options."""

    def __init__(self, options: tuple[str, ...]) -> None:
        self._options = [part for option in options for part in ("-o", option)]

    def run(self, argv: Sequence[str], *, timeout_s: float = 10, text: str = "") -> Answer:
        """Run a command of apt."""
        return super().run((argv[0], *self._options, *argv[1:]), timeout_s=timeout_s, text=text)


def _suite(here: str, there: str, suite: str) -> str | None:
    """Return the suite of the other release, None for a suite not named after its release."""
    if here == there:
        return suite
    return suite.replace(here, there) if suite.startswith(here) else None


def _refused(name: str, cause: str, hint: str = "") -> StackError:
    message = f"The packages of {name} cannot be downloaded."
    return StackError(
        message,
        f"{cause[0].upper()}{cause[1:]}.",
        hint.format(name),
        code="bundle.no-package-sources",
    )
