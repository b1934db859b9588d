"""The stack machine of a pickle, whose values are plain: nothing is imported or called.

Time and memory are bounded by the number of opcodes, not by the sizes that they declare.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO, Any, Callable

from ..patches.safe_globals import NESTED

Handlers = Mapping[bytes, Callable[["Machine"], None]]

LONGEST_TEXT = 256  # bytes of a name or number that is kept
_LONGEST_LINE = 1 << 10  # bytes read at once while a line is skipped
_MOST_IMPORTS = 1000
# Upstream's largest checkpoint has 60,000 opcodes; a model of 3,000 tensors with the state of its
# optimizer about 400,000.
MOST_OPCODES = 1_000_000
MOST_NESTED_BYTES = 64 << 20


class NoPickleError(ValueError):
    """Not a complete pickle; ``imports`` has the names that were asked for before it ends."""

    def __init__(self, cause: str, imports: frozenset[str] = frozenset()) -> None:
        super().__init__(cause)
        self.imports = imports


class TooLargeError(NoPickleError):
    """A pickle that is larger than that of a checkpoint."""


class _Unknown:
    """A value that is not kept, or that only unpickling would know."""

    __slots__ = ()


UNKNOWN = _Unknown()


@dataclass(eq=False, frozen=True)
class Name:
    """What unpickling would import."""

    text: str


@dataclass(eq=False)
class Call:
    """What unpickling would call, and what it would put into the result."""

    __slots__ = ("arguments", "function", "items", "state")

    function: str
    arguments: tuple[Any, ...]
    state: Any
    items: dict[Any, Any]


@dataclass(frozen=True)
class Span:
    """Bytes or UTF-8 text that are too long to keep: their place in the file."""

    offset: int
    length: int
    is_text: bool


@dataclass
class Budget:
    """What may still be read of one file, over all its pickles."""

    opcodes: int = MOST_OPCODES
    nested: int = MOST_NESTED_BYTES


@dataclass
class Machine:
    """The stack machine of pickle; a mark saves the stack below it, as in CPython."""

    file: IO[bytes]
    budget: Budget
    size: int = 0
    stack: list[Any] = field(default_factory=list)
    below: list[list[Any]] = field(default_factory=list)
    memo: dict[int, Any] = field(default_factory=dict)
    imports: set[str] = field(default_factory=set)
    nested: list[bytes] = field(default_factory=list)

    def run(self, handlers: Handlers) -> Any:  # noqa: ANN401
        place = self.file.tell()
        self.size = self.file.seek(0, os.SEEK_END)
        self.file.seek(place)
        read_, budget = self.file.read, self.budget
        while True:
            code = read_(1)
            if code == b".":
                return self.stack.pop()
            handler = handlers.get(code)
            if handler is None:
                raise NoPickleError(
                    "an unknown opcode" if code else "it ends before its last opcode"
                )
            budget.opcodes -= 1
            if budget.opcodes < 0:
                raise TooLargeError(f"it has more than {MOST_OPCODES} opcodes")
            handler(self)

    # Reading

    def number(self, size: int) -> int:
        return int.from_bytes(self.exactly(size), "little")

    def exactly(self, size: int) -> bytes:
        data = self.file.read(size)
        if len(data) != size:
            raise NoPickleError("it is truncated")
        return data

    def span(self, size: int, *, is_text: bool = False) -> Any:  # noqa: ANN401
        """Return bytes, or text, of a declared size; only their place where they are long."""
        place = self.file.tell()
        if size > self.size - place:
            raise NoPickleError("it is truncated")
        if size > LONGEST_TEXT:
            self.file.seek(size, os.SEEK_CUR)
            return Span(place, size, is_text)
        data = self.exactly(size)
        return data.decode("utf-8", "surrogatepass") if is_text else data

    def line(self) -> bytes | None:
        """Return a line without its end; None where it is too long to keep."""
        data = self.file.readline(_LONGEST_LINE)
        if data.endswith(b"\n"):
            return data[:-1]
        while data and not data.endswith(b"\n"):
            data = self.file.readline(_LONGEST_LINE << 6)
        return None

    # Acting

    def pop_mark(self) -> list[Any]:
        taken = self.stack
        self.stack = self.below.pop()
        return taken

    def take(self, count: int) -> tuple[Any, ...]:
        if len(self.stack) < count:
            raise NoPickleError("its stack is empty")
        taken = tuple(self.stack[len(self.stack) - count :])
        del self.stack[len(self.stack) - count :]
        return taken

    def importing(self, text: str) -> Name:
        """Note a name that unpickling would import."""
        if len(text) > LONGEST_TEXT:
            text = f"{text[:LONGEST_TEXT]}..."
        if len(self.imports) < _MOST_IMPORTS or text in self.imports:
            self.imports.add(text)
        else:
            self.imports.add("and more")
        return Name(text)

    def call(self, function: Any, arguments: Any) -> Call:  # noqa: ANN401
        known = arguments if isinstance(arguments, tuple) else ()
        if not isinstance(function, Name):
            # Such as an attribute of an object: unpickling fails there, or calls what is unknown.
            self.importing("a computed function")
            return Call("", known, None, {})
        if function.text == " ".join(NESTED):
            data = self.bytes_of(known[0]) if len(known) == 1 else None
            if data is None:
                self.importing(f"{function.text} of computed bytes")
            else:
                self.nested.append(data)
        return Call(function.text, known, None, {})

    def bytes_of(self, value: Any) -> bytes | None:  # noqa: ANN401
        """Return bytes that were pickled as such, or before protocol 3 as encoded text."""
        if isinstance(value, Call) and value.function == "_codecs encode":
            text, encoding = (*value.arguments, None, None)[:2]
            if encoding not in ("latin1", "latin-1"):
                return None
            found = self.bytes_of(text)
            return found if found is None else found.decode("utf-8").encode("latin-1")
        if isinstance(value, Span):
            self.budget.nested -= value.length
            if self.budget.nested < 0:
                raise TooLargeError(f"it has more than {MOST_NESTED_BYTES} bytes of other pickles")
            place = self.file.tell()
            self.file.seek(value.offset)
            data = self.exactly(value.length)
            self.file.seek(place)
            return data
        if isinstance(value, str):
            return value.encode()
        return value if isinstance(value, bytes) else None
