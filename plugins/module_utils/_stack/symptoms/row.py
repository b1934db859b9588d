"""A symptom: the messages of a failure as they are printed, its cause, and the command that helps.

A message is a complete line in which ``{name}`` is any text, ``{name:word}`` a package, path or
version, ``{name:number}`` digits, and ``{}`` any text or none. Cause, advice and command may name
these; a command only words and numbers, so that no log can write a command for the user.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ..core.errors import StackError

# A first character that no program takes for an option, and none that a shell would obey.
_KINDS = {
    "": re.compile(r".+"),
    "word": re.compile(r"[\w./@][\w./@:+~=,%-]*"),
    "number": re.compile(r"\d+"),
}
_SAFE = ("word", "number")
_PLACE = re.compile(r"\{(?:(?P<name>[a-z_]+)(?::(?P<kind>[a-z]+))?)?\}")
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)?")
_VARIABLE = re.compile(r"['\"\\]|  +|^[EW]: ")
_SHORTEST = 6  # characters of a text that a search for a message can begin with


class Symptom(NamedTuple):
    """One row of the table; ``code`` is that of the error where a caller has none of its own."""

    id: str
    tool: str
    messages: tuple[str, ...]
    cause: str
    command: str
    source: str
    advice: str = ""
    code: str = ""


class Message:
    """A message of the table, taken apart."""

    def __init__(self, text: str) -> None:
        """Read a message. Raises StackError where it has another form."""
        self.text = text
        self.literals: list[str] = []
        self.places: list[tuple[str, str]] = []
        end = 0
        for place in _PLACE.finditer(text):
            self.literals.append(text[end : place.start()])
            self.places.append((place["name"] or "", place["kind"] or ""))
            end = place.end()
        self.literals.append(text[end:])
        # What a quoted line and each way of writing an error of apt have, too.
        parts = [part for literal in self.literals for part in _VARIABLE.split(literal)]
        self.key = max(parts, key=len).strip()
        _require(len(self.key) >= _SHORTEST, text, f"It has no text of {_SHORTEST} characters.")
        _require(
            all(place[1] in _KINDS for place in self.places), text, "It names an unknown kind."
        )
        _require(
            not any("{" in part or "}" in part for part in self.literals), text, "A brace is open."
        )
        _require(all(self.literals[1:-1]), text, "Two places are not separated.")
        self.literals = [re.sub(r"\s+", " ", literal) for literal in self.literals]

    def match(self, line: str) -> dict[str, str] | None:
        """Return the values of a line that is this message from its beginning to its end.

        Each place ends where the next literal first occurs: the time is linear, whatever the line.
        """
        first, last = self.literals[0], self.literals[-1]
        if not self.places:
            return {} if line == first else None
        if not line.startswith(first) or not line.endswith(last):
            return None
        at, end, values = len(first), len(line) - len(last), {}
        for (name, kind), literal in zip(self.places, [*self.literals[1:-1], None]):
            found = end if literal is None else line.find(literal, at, end)
            if found < at:
                return None
            value = line[at:found]
            if name:
                if not _KINDS[kind].fullmatch(value):
                    return None
                values[name] = value
            at = found + len(literal or "")
        return values


def validated(rows: tuple[Symptom, ...]) -> tuple[Symptom, ...]:
    """Return the rows of the table. Raises StackError where one is incomplete or contradicts itself."""
    ids: set[str] = set()
    messages: set[str] = set()
    for row in rows:
        _require(bool(_ID.fullmatch(row.id)), row.id, "It is no id.")
        _require(row.id not in ids, row.id, "Two symptoms have this id.")
        ids.add(row.id)
        complete = row.tool and row.messages and row.command and row.source
        _require(bool(complete), row.id, "It needs a tool, messages, a command and a source.")
        _require(row.cause.endswith("."), row.id, "Its cause is no sentence.")
        _require(not row.advice or row.advice.endswith("."), row.id, "Its advice is no sentence.")
        for text in row.messages:
            _require(text not in messages, text, "Two symptoms have this message.")
            messages.add(text)
            places = dict(Message(text).places)
            for shown in (row.cause, row.advice):
                _require(_named(shown) <= set(places), row.id, f"{shown} names what {text} lacks.")
            safe = {name for name, kind in places.items() if kind in _SAFE}
            _require(_named(row.command) <= safe, row.id, f"A log could write: {row.command}")
    return rows


def filled(text: str, values: dict[str, str]) -> str:
    """Return a sentence or a command with the values of a message in it."""
    return _PLACE.sub(lambda place: values[place["name"]], text)


def _named(text: str) -> set[str]:
    return {place["name"] for place in _PLACE.finditer(text) if place["name"]}


def _require(right: bool, what: str, wrong: str) -> None:  # noqa: FBT001  (the condition itself)
    if not right:
        raise StackError(
            f"The table of symptoms has an error at {what}.",
            wrong,
            "Correct the row in plugins/module_utils/_stack/symptoms.",
            code="internal.bug",
        )
