"""The one error family of the library: what happened, why, and what to do next."""

from __future__ import annotations


class StackError(Exception):
    """A failure that a person can act on.

    ``what`` is the sentence of the failure, ``why`` the fact behind it, ``next_step`` what the
    reader should do. ``str()`` joins them; adapters print exactly that and never a traceback.
    """

    def __init__(self, what: str, why: str = "", next_step: str = "") -> None:
        super().__init__(what, why, next_step)
        self.what = what
        self.why = why
        self.next_step = next_step

    def __str__(self) -> str:
        return " ".join(part for part in (self.what, self.why, self.next_step) if part)


class Unreadable(StackError):
    """A source exists and could not be read or understood; absence is never this error."""
