"""Find known symptoms in output of any size, and name the most specific cause."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple, TextIO

from .lines import messages, parts, plain, wrapped
from .row import Message, Symptom, filled, validated
from .table import SYMPTOMS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

BLOCK = 1 << 18  # characters that are searched at once; a longer line is cut
_SHOWN = 500  # characters of a line


class Finding(NamedTuple):
    """A symptom in a text: its first line with the number, and how many lines have it."""

    symptom: Symptom
    values: dict[str, str]
    line: str
    number: int
    times: int = 1

    @property
    def cause(self) -> str:
        """Return why it failed, with the values of the message."""
        return filled(self.symptom.cause, self.values)

    @property
    def command(self) -> str:
        """Return the command that helps, or that shows more."""
        return filled(self.symptom.command, self.values)

    @property
    def advice(self) -> str:
        """Return what to do beside the command; nothing where that says it all."""
        return filled(self.symptom.advice, self.values)

    @property
    def hint(self) -> str:
        """Return the advice and the command as sentences."""
        return f"{self.advice} Run: {self.command}".strip()


class _Table(NamedTuple):
    """The messages by the text that a search for them begins with, and the rank of each symptom."""

    by_key: dict[str, list[tuple[Message, Symptom]]]
    ranks: dict[str, int]


@functools.cache
def _table() -> _Table:
    """Return the table, validated and taken apart when something has failed, not before."""
    by_key: dict[str, list[tuple[Message, Symptom]]] = {}
    for symptom in validated(SYMPTOMS):
        for message in map(Message, symptom.messages):
            by_key.setdefault(message.key, []).append((message, symptom))
    return _Table(by_key, {symptom.id: rank for rank, symptom in enumerate(SYMPTOMS)})


def explain(*texts: str) -> Finding | None:
    """Return the most specific symptom of texts, None where they have no known one."""
    found = findings(text for each in texts for text in (each, "\n"))
    return found[0] if found else None


def chunks(stream: TextIO) -> Iterator[str]:
    """Yield what a file has, a block at a time."""
    return iter(lambda: stream.read(BLOCK), "")


def findings(text: Iterable[str]) -> list[Finding]:
    """Return the known symptoms of a text that comes in chunks, the most specific one first.

    Only a block and one finding for each symptom are kept in memory.
    """
    found: dict[str, Finding] = {}
    for number, block in _blocks(text):
        seen: set[tuple[int, str]] = set()
        for offset, line in _candidates(plain(block)):
            for part in parts(line):
                match = _of_line(part)
                if match is None or (offset, match[0].id) in seen:
                    continue
                symptom, values = match
                seen.add((offset, symptom.id))
                known = found.get(symptom.id)
                if known:
                    found[symptom.id] = known._replace(times=known.times + 1)
                else:
                    shown = part.strip()[:_SHOWN]
                    found[symptom.id] = Finding(symptom, values, shown, number + offset)
    ranks = _table().ranks
    return sorted(found.values(), key=lambda each: ranks[each.symptom.id])


def _blocks(chunks: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Yield complete lines, a block at a time, each with the number of its first line."""
    number, rest = 1, ""
    for chunk in chunks:
        for begin in range(0, len(chunk), BLOCK):
            rest += chunk[begin : begin + BLOCK]
            if len(rest) >= BLOCK:
                end = rest.rfind("\n") + 1 or len(rest)
                yield number, rest[:end]
                number += rest.count("\n", 0, end)
                rest = rest[end:]
    if rest:
        yield number, rest


def _candidates(block: str) -> Iterator[tuple[int, str]]:
    """Yield the lines with a text that some message has, and how many lines are before each."""
    places: dict[int, list[str]] = {}
    for key in _table().by_key:
        at = block.find(key)
        while at >= 0:
            begin, end = block.rfind("\n", 0, at) + 1, block.find("\n", at)
            end = len(block) if end < 0 else end
            places.setdefault(begin, [block[begin:end]])
            at = block.find(key, end)
    for begin, line in wrapped(block):
        places.setdefault(begin, []).append(line)
    counted, at = 0, 0
    for begin, lines in sorted(places.items()):
        counted += block.count("\n", at, begin)
        at = begin
        yield from ((counted, line) for line in lines)


def _of_line(line: str) -> tuple[Symptom, dict[str, str]] | None:
    """Return the most specific symptom of a line."""
    best: tuple[Symptom, dict[str, str]] | None = None
    by_key, ranks = _table()
    for text in messages(line):
        for key, rows in by_key.items():
            if key not in text:
                continue
            for message, symptom in rows:
                if best and ranks[symptom.id] >= ranks[best[0].id]:
                    continue
                values = message.match(text)
                if values is not None:
                    best = symptom, values
    return best
