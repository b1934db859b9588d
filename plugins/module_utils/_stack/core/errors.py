"""The one error family of the library: what happened, why, and what to do next."""

from __future__ import annotations


class StackError(Exception):
    """A failure that a person can act on.

    ``what`` is the sentence of the failure, ``why`` the fact behind it, ``hint`` what the
    reader should do. ``str()`` joins them; adapters print exactly that and never a traceback.
    """

    def __init__(self, message: str, cause: str = "", hint: str = "") -> None:
        super().__init__(message, cause, hint)
        self.message = message
        self.cause = cause
        self.hint = hint

    def __str__(self) -> str:
        return " ".join(part for part in (self.message, self.cause, self.hint) if part)


class Unreadable(StackError):
    """A source exists and could not be read or understood; absence is never this error."""
