"""The one error family of the library: a stable code, what happened, why, and what to do next."""

from __future__ import annotations

from .redaction import redacted


class StackError(Exception):
    """A failure that the user can act on.

    ``message`` is the sentence of the failure, ``cause`` the reason for it, ``hint`` what the
    reader should do. ``str()`` joins them; adapters print exactly that and never a traceback.
    ``code`` names the kind of failure for programs (table in `error_codes`); a subclass may set it
    for all its errors. Secrets in the texts are hidden.
    """

    code = ""

    def __init__(self, message: str, cause: str = "", hint: str = "", *, code: str = "") -> None:
        self.message, self.cause, self.hint = map(redacted, (message, cause, hint))
        super().__init__(self.message, self.cause, self.hint)
        self.code = code or self.code

    def __str__(self) -> str:
        return " ".join(part for part in (self.message, self.cause, self.hint) if part)

    def labelled(self) -> str:
        """Return all parts on lines of their own, for errors that cross Ansible as text."""
        return f"[{self.code}] {self.message}\ncause: {self.cause}\nhint: {self.hint}"

    def to_dict(self) -> dict[str, str]:
        """Return the parts of the error, as module results and ``--json`` show them."""
        parts = {"message": self.message, "cause": self.cause, "hint": self.hint}
        return {"code": self.code, **parts}


def reason(error: Exception) -> str:
    """Return as a sentence why something could not be read, without the name of a Python type."""
    if isinstance(error, KeyError):
        return f"It has no key {error}."
    if isinstance(error, StackError):
        return f"{error.message} {error.cause}"  # its hint is of another task
    text = str(getattr(error, "strerror", None) or error) or type(error).__name__
    return text if text.endswith(".") else f"{text}."


class Unreadable(StackError):
    """A source exists and could not be read or understood; absence is never this error."""


def not_writable(path: object, error: OSError) -> StackError:
    """Return the error for a file or folder that could not be written."""
    return StackError(
        f"{path} cannot be written.",
        f"{error.filename}: {error.strerror}." if error.filename else f"{error.strerror}.",
        "Free disk space there, or make the folder writable; then run the same command again.",
        code="file.not-writable",
    )
