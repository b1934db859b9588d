"""Read a pickle without running it: the opcodes are interpreted and nothing is imported.

A pickle is a small program. Its stack holds plain values here, and ``Call`` objects in place of what
unpickling would call, so that the keys of a dictionary and the shapes of tensors can be read from an
untrusted file.
"""

from __future__ import annotations

import pickletools
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_MARK = object()
_LONGEST_NAME = 256


@dataclass(eq=False)
class Call:
    """What unpickling would call, and what it would put into the result."""

    function: str
    arguments: tuple[Any, ...] = ()
    state: Any = None
    items: dict[Any, Any] = field(default_factory=dict)


@dataclass
class Reading:
    """The state of the stack machine, and the names that the pickle asks for."""

    stack: list[Any] = field(default_factory=list)
    memo: dict[int, Any] = field(default_factory=dict)
    imports: set[str] = field(default_factory=set)

    def pop_to_mark(self) -> list[Any]:
        """Take what was pushed since the last mark."""
        place = len(self.stack) - 1 - self.stack[::-1].index(_MARK)
        taken = self.stack[place + 1 :]
        del self.stack[place:]
        return taken

    def importing(self, name: str) -> str:
        """Note a name that unpickling would import."""
        self.imports.add(name)
        return name


def read(file: IO[bytes]) -> tuple[Any, frozenset[str]]:
    """Interpret one pickle; return its value as far as it is plain, and the names it imports.

    Raises ValueError for anything but a complete pickle, as pickletools does.
    """
    reading = Reading()
    try:
        for opcode, argument, _place in pickletools.genops(file):
            _step(reading, opcode, argument)
        return reading.stack[-1], frozenset(reading.imports)
    except (IndexError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError("not a complete pickle") from error


def mapping(value: Any) -> dict[Any, Any]:  # noqa: ANN401  (pickles hold anything)
    """Return the items of a dictionary, or of what would become one."""
    if isinstance(value, Call):
        return value.items
    return value if isinstance(value, dict) else {}


def shape(value: Any) -> tuple[int, ...] | None:  # noqa: ANN401
    """Return the shape of a tensor or an array."""
    if not isinstance(value, Call):
        return None
    if value.function.endswith(("_rebuild_tensor_v2", "_rebuild_tensor")):
        return _numbers(value.arguments[2])
    if value.function.endswith("_rebuild_parameter"):
        return shape(value.arguments[0])
    if value.function.endswith("multiarray _reconstruct") and isinstance(value.state, tuple):
        return _numbers(value.state[1])
    return None


def _numbers(value: Any) -> tuple[int, ...] | None:  # noqa: ANN401
    numbers = isinstance(value, tuple) and all(isinstance(number, int) for number in value)
    return value if numbers else None


def _step(reading: Reading, opcode: pickletools.OpcodeInfo, argument: Any) -> None:  # noqa: ANN401
    handler = _HANDLERS.get(opcode.name)
    if handler is not None:
        handler(reading, argument)
    elif opcode.name.startswith(_PLAIN):
        reading.stack.append(_short(argument))
    else:
        _generic(reading, opcode)


def _short(argument: Any) -> Any:  # noqa: ANN401
    """Keep names and numbers; the bytes of a tensor are not kept in memory."""
    long = isinstance(argument, (str, bytes)) and len(argument) > _LONGEST_NAME
    return None if long else argument


def _generic(reading: Reading, opcode: pickletools.OpcodeInfo) -> None:
    """Do what an opcode without a handler does to the depth of the stack."""
    before = opcode.stack_before
    if pickletools.markobject in before:
        reading.pop_to_mark()
        before = before[: before.index(pickletools.markobject)]
    if before:
        del reading.stack[-len(before) :]
    reading.stack += [None] * len(opcode.stack_after)


def _tuple_of(size: int) -> Callable[[Reading, Any], None]:
    def make(reading: Reading, _argument: Any) -> None:  # noqa: ANN401
        taken = tuple(reading.stack[len(reading.stack) - size :])
        del reading.stack[len(reading.stack) - size :]
        reading.stack.append(taken)

    return make


def _set_items(reading: Reading, taken: list[Any]) -> None:
    target = reading.stack[-1]
    items = target.items if isinstance(target, Call) else target
    if isinstance(items, dict):
        pairs = zip(taken[::2], taken[1::2])
        items.update((key, value) for key, value in pairs if isinstance(key, (str, int, bytes)))


def _set_item(reading: Reading, _argument: Any) -> None:  # noqa: ANN401
    taken = reading.stack[-2:]
    del reading.stack[-2:]
    _set_items(reading, taken)


def _dict(reading: Reading, _argument: Any) -> None:  # noqa: ANN401
    taken = reading.pop_to_mark()
    reading.stack.append({})
    _set_items(reading, taken)


def _reduce(reading: Reading, _argument: Any) -> None:  # noqa: ANN401
    arguments, function = reading.stack.pop(), reading.stack.pop()
    known = arguments if isinstance(arguments, tuple) else ()
    reading.stack.append(Call(_name(function), known))


def _name(function: Any) -> str:  # noqa: ANN401
    return function if isinstance(function, str) else ""


def _object(reading: Reading, _argument: Any) -> None:  # noqa: ANN401
    taken = reading.pop_to_mark()
    reading.stack.append(Call(_name(taken[0]), tuple(taken[1:])))


def _instance(reading: Reading, argument: str) -> None:
    taken = reading.pop_to_mark()
    reading.stack.append(Call(reading.importing(argument), tuple(taken)))


def _build(reading: Reading, _argument: Any) -> None:  # noqa: ANN401
    state = reading.stack.pop()
    target = reading.stack[-1]
    if isinstance(target, Call):
        target.state = state


def _stack_global(reading: Reading, _argument: Any) -> None:  # noqa: ANN401
    name, module = reading.stack.pop(), reading.stack.pop()
    reading.stack.append(reading.importing(f"{module} {name}"))


def _append(reading: Reading, _argument: Any) -> None:  # noqa: ANN401
    value = reading.stack.pop()
    if isinstance(reading.stack[-1], list):
        reading.stack[-1].append(value)


def _appends(reading: Reading, _argument: Any) -> None:  # noqa: ANN401
    taken = reading.pop_to_mark()
    if isinstance(reading.stack[-1], list):
        reading.stack[-1].extend(taken)


def _pop(reading: Reading, _argument: Any) -> None:  # noqa: ANN401
    reading.stack.pop()


def _pop_mark(reading: Reading, _argument: Any) -> None:  # noqa: ANN401
    reading.pop_to_mark()


def _memoize(reading: Reading, argument: Any) -> None:  # noqa: ANN401
    place = len(reading.memo) if argument is None else int(argument)
    reading.memo[place] = reading.stack[-1]


# Opcodes that push their argument.
_PLAIN = (
    *("INT", "BININT", "LONG", "FLOAT", "BINFLOAT", "STRING", "BINSTRING", "SHORT_BIN"),
    *("BINBYTES", "UNICODE", "BINUNICODE"),
)
_HANDLERS: dict[str, Callable[[Reading, Any], None]] = {
    "PROTO": lambda _reading, _argument: None,
    "FRAME": lambda _reading, _argument: None,
    "STOP": lambda _reading, _argument: None,
    "MARK": lambda reading, _argument: reading.stack.append(_MARK),
    "POP": _pop,
    "POP_MARK": _pop_mark,
    "DUP": lambda reading, _argument: reading.stack.append(reading.stack[-1]),
    "NONE": lambda reading, _argument: reading.stack.append(None),
    "NEWTRUE": lambda reading, _argument: reading.stack.append(True),
    "NEWFALSE": lambda reading, _argument: reading.stack.append(False),
    "EMPTY_DICT": lambda reading, _argument: reading.stack.append({}),
    "EMPTY_LIST": lambda reading, _argument: reading.stack.append([]),
    "EMPTY_TUPLE": lambda reading, _argument: reading.stack.append(()),
    "LIST": lambda reading, _argument: reading.stack.append(reading.pop_to_mark()),
    "TUPLE": lambda reading, _argument: reading.stack.append(tuple(reading.pop_to_mark())),
    "TUPLE1": _tuple_of(1),
    "TUPLE2": _tuple_of(2),
    "TUPLE3": _tuple_of(3),
    "DICT": _dict,
    "SETITEM": _set_item,
    "SETITEMS": lambda reading, _argument: _set_items(reading, reading.pop_to_mark()),
    "APPEND": _append,
    "APPENDS": _appends,
    "GLOBAL": lambda reading, name: reading.stack.append(reading.importing(name)),
    "STACK_GLOBAL": _stack_global,
    "INST": _instance,
    "OBJ": _object,
    "REDUCE": _reduce,
    "NEWOBJ": _reduce,
    "BUILD": _build,
    "PUT": _memoize,
    "BINPUT": _memoize,
    "LONG_BINPUT": _memoize,
    "MEMOIZE": _memoize,
    "GET": lambda reading, place: reading.stack.append(reading.memo[int(place)]),
    "BINGET": lambda reading, place: reading.stack.append(reading.memo[int(place)]),
    "LONG_BINGET": lambda reading, place: reading.stack.append(reading.memo[int(place)]),
}
