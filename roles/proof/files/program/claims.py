"""A claim of the proof: what was expected, what was measured, and how long it took."""

from __future__ import annotations

import time
import traceback
from dataclasses import dataclass
from typing import Callable


@dataclass(frozen=True)
class Claim:
    """A claim of the proof.

    ``check`` returns (ok, measured text). ``ok`` is None where the check finds that the claim does
    not apply to this host; ``measured`` then gives the reason.
    """

    id: str
    expected: str
    check: Callable[[], "tuple[bool | None, str]"]

    def make(self) -> dict[str, object]:
        """Run the check; an exception makes the claim fail and does not end the proof."""
        started = time.monotonic()
        try:
            ok, measured = self.check()
        except Exception as error:  # noqa: BLE001 - whatever the stack raises is the measurement
            where = traceback.extract_tb(error.__traceback__)[-1]
            ok = False
            measured = f"{type(error).__name__}: {error} ({where.filename}:{where.lineno})"
        return {
            "id": self.id,
            "ok": None if ok is None else bool(ok),
            "expected": self.expected,
            "measured": measured,
            "seconds": round(time.monotonic() - started, 2),
        }


def failed(claim_id: str, expected: str, measured: str, seconds: float) -> dict[str, object]:
    """Return the result of a claim whose process ended."""
    return {
        "id": claim_id,
        "ok": False,
        "expected": expected,
        "measured": measured,
        "seconds": round(seconds, 2),
    }


def skipped(claim_id: str, because: str) -> dict[str, object]:
    """Return the result of a claim that does not apply to this plan."""
    return {
        "id": claim_id,
        "ok": None,
        "expected": "not claimed",
        "measured": f"skipped: {because}",
        "seconds": 0.0,
    }
