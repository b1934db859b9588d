"""Record which driver packages were installed before an installation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..host.driver_record import SCHEMA, Installed

if TYPE_CHECKING:
    from collections.abc import Mapping


def begun(record: Mapping[str, object] | None, now: Installed) -> dict[str, object]:
    """Return the record of an installation that begins.

    An interrupted installation leaves a mixture of packages; the record keeps those before it.
    """
    if record and not record["done"]:
        return dict(record)
    older = dict(record) if record else None
    return {"schema": SCHEMA, "before": now.to_dict(), "older": older, "done": False}


def ended(record: Mapping[str, Any], now: Installed) -> dict[str, object]:
    """Return the record of a complete installation.

    An installation that changed nothing keeps the older record, for example while a reboot is
    not allowed.
    """
    if record.get("older") and Installed.from_dict(record["before"]) == now:
        return dict(record["older"])
    return {"schema": SCHEMA, "before": record["before"], "done": True}
