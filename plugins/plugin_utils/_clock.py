"""Whether the clock of a host agrees with that of the controller."""

from __future__ import annotations

import math

from ..module_utils._stack.core.errors import StackError

# Certificates of package indexes, signatures and apt's lists are refused once a clock is further off.
TOLERANCE_S = 300


def difference(answer: object, before: float, after: float) -> str:
    """Return a warning where a host's time is outside of that of the controller; else nothing.

    ``answer`` is what a host answered between ``before`` and ``after``, in seconds since 1970.
    """
    if (
        isinstance(answer, bool)
        or not isinstance(answer, (int, float))
        or not math.isfinite(answer)
    ):
        return ""
    off = answer - after if answer > after else min(answer - before, 0)
    if abs(off) <= TOLERANCE_S:
        return ""
    error = StackError(
        f"The clock of this host is {_span(abs(off))} {'ahead' if off > 0 else 'behind'}.",
        "It is compared with the clock of the controller.",
        "Set whichever is wrong, such as with `timedatectl set-ntp true`; certificates and apt's lists are"
        " refused until then.",
        code="host.clock-wrong",
    )
    return f"[{error.code}] {error}"


def _span(seconds: float) -> str:
    hours = seconds / 3600
    if hours < 1:
        return f"{round(seconds / 60)} minutes"
    return f"{round(hours)} hours" if hours < 48 else f"{round(hours / 24)} days"  # noqa: PLR2004
