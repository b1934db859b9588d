"""Decide on the Python of the environment, and on what makes the environment: uv or conda."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..catalog.miniforge import CHANNEL, INSTALLER_NAME, INSTALLERS
from .decision import REQUEST, Decided, decision
from .plan import EnvironmentPlan, InterpreterPlan
from .request import CHANNEL as MIRROR
from .request import INSTALLER

if TYPE_CHECKING:
    from ..host.model import Host
    from .request import Request
    from .resolver import Choice


def interpreter(choice: Choice) -> Decided[InterpreterPlan]:
    """Return the interpreter; one that uv or conda provides has no path yet."""
    option = choice.python
    plan = InterpreterPlan(option.origin, option.name, option.host.path if option.host else None)
    where = f"the host has no suitable one, so {option.origin} provides it"
    if option.host:
        where = f"the host has {option.host.path}"
    text = f"{choice.wheel.name} has a wheel for {option.name}, and {where}"
    return Decided(plan, (decision("python", text, choice.wheel.row.source),))


def environment(host: Host, request: Request, choice: Choice) -> Decided[EnvironmentPlan]:
    """Return uv, or conda with its installer and packages."""
    if choice.python.origin != "conda":
        text = "uv has every requested package, so conda is not needed"
        return Decided(EnvironmentPlan("uv"), (decision("environment", text, REQUEST),))
    row = next(row for row in INSTALLERS if row.machine == host.architecture)
    own = request.source(INSTALLER)
    url = own.url or row.url
    # The file name of an installer says its release, where it is not that of the catalog.
    named = INSTALLER_NAME.search(url) if own.sha256 else None
    plan = EnvironmentPlan(
        "conda",
        version=named.group(1) if named else row.version,
        url=url,
        sha256=own.sha256 or row.sha256,
        channel=request.source(MIRROR).url or CHANNEL,
        packages=(f"python={choice.python.name}", *request.conda_packages),
    )
    cause = _why_conda(request, choice)
    return Decided(plan, (decision("environment", cause, row.source),))


def _why_conda(request: Request, choice: Choice) -> str:
    if request.environment:
        return "conda is requested"
    if request.conda_packages:
        return f"only conda installs {', '.join(request.conda_packages)}"
    named = [name for name in (INSTALLER, MIRROR) if name in request.sources]
    if named:
        return f"--source {' and '.join(named)} was given, which only conda uses"
    return f"Python {choice.python.name} is needed, and the Python builds of uv are unreachable"
