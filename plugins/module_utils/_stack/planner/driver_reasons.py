"""Why the loaded driver stays, or what speaks against it: a code, a sentence, and its source."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from . import compatibility, driver_state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..host.model import Host
    from .candidates import DriverOption
    from .constraint_model import Constraint
    from .resolver import Choice, Problem

# Which code a constraint that rejects the loaded driver has.
CODES = {"request": "requested", "gpu": "gpu", "host.interrupted_driver": "interrupted"}


class Why(NamedTuple):
    """A reason; its code is part of the data of a plan and stays the same."""

    code: str
    text: str
    source: str


def why(host: Host, given: Problem, choice: Choice) -> Why:
    """Return why a host gets the driver that was chosen for it."""
    option, loaded = choice.driver, _loaded(given)
    if option.action == "keep":
        text = f"driver {host.driver.version if host.driver else option.number} is loaded and"
        text += " drives every GPU of this host, and it is new enough for the wheel"
        return Why(driver_state.WORKS, text, host.source)
    state = driver_state.of(host)
    if state.code != driver_state.WORKS:
        return Why(state.code, _state(given, option, state), host.source)
    if host.interrupted.driver:
        text = "an earlier installation of the driver was interrupted, so it is completed"
        return Why("interrupted", text, host.source)
    if loaded is None:
        text = (
            "nouveau is loaded in place of NVIDIA's driver"
            if host.nouveau
            else "no driver is loaded"
        )
        return Why("not-loaded", text, host.source)
    return _against(given, choice, loaded)


def _state(given: Problem, option: DriverOption, state: driver_state.DriverState) -> str:
    """Return the sentence of a state; where a start is not what is planned, why it would not do."""
    started = next((one for one in given.options.driver if one.action == "restart"), None)
    refused = _rejected(given.constraints, started) if started and started != option else None
    if started is None or refused is None:
        return state.text
    return f"{state.text.partition(driver_state.OUTCOME)[0]}; a start would not do: {refused.text}"


def _loaded(given: Problem) -> DriverOption | None:
    return next((one for one in given.options.driver if one.action == "keep"), None)


def _against(given: Problem, choice: Choice, loaded: DriverOption) -> Why:
    """Return what rejects the loaded driver: a fact of the host, the wheel, or else the request."""
    asked = [one for one in given.constraints if one.id.startswith("request.")]
    facts = [one for one in given.constraints if one not in asked]
    no = compatibility.driver(choice.wheel, loaded)
    return (
        _rejected(facts, loaded)
        or (Why("too-old", no, str(choice.wheel.source)) if no else None)
        or _rejected(asked, loaded)
        or Why("requested", f"{choice.driver.name} was chosen", str(choice.wheel.source))
    )


def _rejected(constraints: Sequence[Constraint], loaded: DriverOption) -> Why | None:
    for constraint in constraints:
        check = constraint.checks.get("driver")
        no = check(loaded) if check else None
        if no:
            parts = constraint.id.split(".")
            code = CODES.get(constraint.id) or CODES.get(parts[0], constraint.id)
            return Why(code, no, constraint.source)
    return None
