"""Versions and version specifiers, compared as numbers."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Callable, NamedTuple

from .errors import StackError

# Python refuses to make a number of some thousand digits.
_NUMBERS = r"[0-9]{1,18}(?:\.[0-9]{1,18})*"
_VERSION = re.compile(_NUMBERS)
_CLAUSE = re.compile(rf"(>=|<=|==|!=|<|>|~=)?\s*({_NUMBERS})(\.\*)?")


class Version(tuple[int, ...]):
    """Numbers of a version, without trailing zeros: 2.10 and 2.10.0 are equal."""

    __slots__ = ()

    @property
    def major(self) -> int:
        """Return the first number."""
        return self[0]


@lru_cache(maxsize=4096)
def version(text: str) -> Version:
    """Parse dotted numbers. Raises ``StackError`` for anything else."""
    if not _VERSION.fullmatch(text.strip()):
        raise StackError(
            f"{text!r} is not a version.",
            "A version is numbers with dots, such as 2.11.0.",
            "Correct it.",
            code="version.invalid",
        )
    numbers = [int(part) for part in text.strip().split(".")]
    while len(numbers) > 1 and not numbers[-1]:
        numbers.pop()
    return Version(numbers)


def release(text: str) -> Version:
    """Return the leading numbers of a version: ``2.11.0+cu130`` is 2.11; none give an empty one."""
    match = _VERSION.match(text.strip())
    return version(match.group()) if match else Version()


def dotted(number: Version) -> str:
    """Return a version as text with at least two numbers."""
    return ".".join(map(str, number if len(number) > 1 else (*number, 0)))


class Clause(NamedTuple):
    """One comparison; ``digits`` is how many numbers of the version were given."""

    operator: str
    version: Version
    digits: int


class Spec(NamedTuple):
    """A specifier such as ``>=2.0,<3``; a bare 2.10 means every 2.10.x."""

    text: str
    clauses: tuple[Clause, ...]

    def allows(self, candidate: Version) -> bool:
        """Return whether a version satisfies every clause."""
        return all(_HOLDS[clause.operator](candidate, clause) for clause in self.clauses)


@lru_cache(maxsize=1024)
def spec(text: str) -> Spec:
    """Parse a specifier. Raises ``StackError``."""
    parts = [part.strip() for part in str(text).split(",")]
    matches = [_CLAUSE.fullmatch(part) for part in parts]
    # PEP 440: what is compatible with a major version alone is not defined.
    if not all(matches) or any(
        match and match[1] == "~=" and "." not in match[2] for match in matches
    ):
        raise StackError(
            f"{text!r} is not a version specifier.",
            "It should be a version, or comparisons with commas between them.",
            'Write for example 2.11.0, 2.11 or ">=2.4,<2.12".',
            code="version.invalid-spec",
        )
    return Spec(text, tuple(_clause(*match.groups()) for match in matches if match))


def _clause(operator: str, number: str, star: str) -> Clause:
    bare = not operator or (operator == "==" and bool(star))
    return Clause("prefix" if bare else operator, version(number), len(number.split(".")))


def _prefix(candidate: Version, clause: Clause) -> bool:
    zeros = (0,) * clause.digits
    return (candidate + zeros)[: clause.digits] == (clause.version + zeros)[: clause.digits]


def _compatible(candidate: Version, clause: Clause) -> bool:
    shorter = Clause("prefix", Version(clause.version[: clause.digits - 1]), clause.digits - 1)
    return candidate >= clause.version and _prefix(candidate, shorter)


_HOLDS: dict[str, Callable[[Version, Clause], bool]] = {
    "prefix": _prefix,
    "==": lambda candidate, clause: candidate == clause.version,
    "!=": lambda candidate, clause: candidate != clause.version,
    ">=": lambda candidate, clause: candidate >= clause.version,
    "<=": lambda candidate, clause: candidate <= clause.version,
    ">": lambda candidate, clause: candidate > clause.version,
    "<": lambda candidate, clause: candidate < clause.version,
    "~=": _compatible,
}
