"""What each opcode of a pickle does to the stack machine; ``pickletools`` describes them."""

from __future__ import annotations

import codecs
import struct
from typing import Any, Callable

from .pickle_machine import LONGEST_TEXT, UNKNOWN, Call, Handlers, Machine, Name, NoPickleError

_HIGHEST_PROTOCOL = 5


def _set_items(machine: Machine, taken: list[Any]) -> None:
    target = machine.stack[-1]
    items = target.items if isinstance(target, Call) else target
    if isinstance(items, dict):
        pairs = zip(taken[::2], taken[1::2])
        items.update((key, value) for key, value in pairs if isinstance(key, (str, int, bytes)))


def _set_item(machine: Machine) -> None:
    _set_items(machine, list(machine.take(2)))


def _dict(machine: Machine) -> None:
    taken = machine.pop_mark()
    machine.stack.append({})
    _set_items(machine, taken)


def _reduce(machine: Machine) -> None:
    function, arguments = machine.take(2)
    machine.stack.append(machine.call(function, arguments))


def _new_with_keywords(machine: Machine) -> None:
    function, arguments, _keywords = machine.take(3)
    machine.stack.append(machine.call(function, arguments))


def _object(machine: Machine) -> None:
    function, *arguments = machine.pop_mark()
    machine.stack.append(machine.call(function, tuple(arguments)))


def _global_of(machine: Machine) -> Name:
    module, name = machine.line(), machine.line()
    if module is None or name is None:
        return machine.importing("a name that is too long")
    return machine.importing(f"{module.decode('utf-8')} {name.decode('utf-8')}")


def _instance(machine: Machine) -> None:
    name, arguments = _global_of(machine), machine.pop_mark()
    machine.stack.append(machine.call(name, tuple(arguments)))


def _stack_global(machine: Machine) -> None:
    module, name = machine.take(2)
    known = isinstance(module, str) and isinstance(name, str)
    machine.stack.append(machine.importing(f"{module} {name}" if known else "a computed name"))


def _extension(size: int) -> Callable[[Machine], None]:
    def push(machine: Machine) -> None:
        machine.stack.append(machine.importing(f"copyreg extension {machine.number(size)}"))

    return push


def _build(machine: Machine) -> None:
    state = machine.take(1)[0]
    target = machine.stack[-1]
    if isinstance(target, Call):
        target.state = state
    elif isinstance(target, Name):  # it would set attributes of the import itself
        machine.importing(f"{target.text} with other attributes")


def _append(machine: Machine) -> None:
    _extend(machine, list(machine.take(1)))


def _extend(machine: Machine, taken: list[Any]) -> None:
    target = machine.stack[-1]
    if isinstance(target, list):
        target.extend(taken)


def _pop(machine: Machine) -> None:
    if machine.stack:
        machine.stack.pop()
    else:
        machine.pop_mark()


def _pop_mark(machine: Machine) -> None:
    machine.pop_mark()


def _frame(machine: Machine) -> None:
    machine.exactly(8)  # its size; the opcodes in it follow


def _mark(machine: Machine) -> None:
    machine.below.append(machine.stack)
    machine.stack = []


def _tuple_of(size: int) -> Callable[[Machine], None]:
    return lambda machine: machine.stack.append(machine.take(size))


def _collected(kind: Callable[[list[Any]], Any]) -> Callable[[Machine], None]:
    def push(machine: Machine) -> None:
        taken = machine.pop_mark()
        machine.stack.append(kind(taken))

    return push


def _put(place: Callable[[Machine], int]) -> Callable[[Machine], None]:
    def put(machine: Machine) -> None:
        machine.memo[place(machine)] = machine.stack[-1]

    return put


def _get(place: Callable[[Machine], int]) -> Callable[[Machine], None]:
    return lambda machine: machine.stack.append(machine.memo[place(machine)])


def _line_number(machine: Machine) -> int:
    return int(machine.line() or b"")


def _protocol(machine: Machine) -> None:
    number = machine.number(1)
    if number > _HIGHEST_PROTOCOL:
        raise NoPickleError(f"its protocol is {number}")


def _constant(value: object) -> Callable[[Machine], None]:
    return lambda machine: machine.stack.append(value)


def _fresh(kind: Callable[[], Any]) -> Callable[[Machine], None]:
    return lambda machine: machine.stack.append(kind())


def _fixed(size: int) -> Callable[[Machine], None]:
    return lambda machine: machine.stack.append(machine.number(size))


def _signed(machine: Machine) -> None:
    machine.stack.append(int.from_bytes(machine.exactly(4), "little", signed=True))


def _float(machine: Machine) -> None:
    machine.stack.append(struct.unpack(">d", machine.exactly(8))[0])


def _long(size: int) -> Callable[[Machine], None]:
    def push(machine: Machine) -> None:
        data = machine.span(machine.number(size))
        known = isinstance(data, bytes)
        machine.stack.append(int.from_bytes(data, "little", signed=True) if known else UNKNOWN)

    return push


def _counted(size: int, *, is_text: bool = False) -> Callable[[Machine], None]:
    return lambda machine: machine.stack.append(machine.span(machine.number(size), is_text=is_text))


def _old_counted(size: int) -> Callable[[Machine], None]:
    """Push a string of Python 2, which the loaders read as latin-1."""

    def push(machine: Machine) -> None:
        data = machine.span(machine.number(size))
        machine.stack.append(data.decode("latin-1") if isinstance(data, bytes) else UNKNOWN)

    return push


def _of_line(convert: Callable[[bytes], Any]) -> Callable[[Machine], None]:
    def push(machine: Machine) -> None:
        data = machine.line()
        known = data is not None and len(data) <= LONGEST_TEXT
        machine.stack.append(convert(data) if known and data is not None else UNKNOWN)

    return push


def _line_int(data: bytes) -> int | bool:
    return {b"00": False, b"01": True}[data] if data in (b"00", b"01") else int(data, 0)


def _line_long(data: bytes) -> int:
    return int(data[:-1] if data.endswith(b"L") else data, 0)


def _line_string(data: bytes) -> str:
    data = data.strip()
    if len(data) < 2 or data[:1] != data[-1:] or data[:1] not in (b"'", b'"'):  # noqa: PLR2004
        raise NoPickleError("a string without quotes")
    return codecs.escape_decode(data[1:-1])[0].decode("latin-1")


def _skipped_line(machine: Machine) -> None:
    machine.line()
    machine.stack.append(UNKNOWN)


def _persistent(machine: Machine) -> None:
    machine.take(1)
    machine.stack.append(UNKNOWN)


# By the byte of the opcode, in the order of pickletools.
HANDLERS: Handlers = {
    b"I": _of_line(_line_int),
    b"J": _signed,
    b"K": _fixed(1),
    b"M": _fixed(2),
    b"L": _of_line(_line_long),
    b"\x8a": _long(1),
    b"\x8b": _long(4),
    b"S": _of_line(_line_string),
    b"T": _old_counted(4),
    b"U": _old_counted(1),
    b"B": _counted(4),
    b"C": _counted(1),
    b"\x8e": _counted(8),
    b"\x96": _counted(8),
    b"\x97": _constant(UNKNOWN),
    b"\x98": lambda _machine: None,
    b"N": _constant(None),
    b"\x88": _constant(value=True),
    b"\x89": _constant(value=False),
    b"V": _of_line(lambda data: data.decode("raw-unicode-escape")),
    b"X": _counted(4, is_text=True),
    b"\x8c": _counted(1, is_text=True),
    b"\x8d": _counted(8, is_text=True),
    b"F": _of_line(float),
    b"G": _float,
    b"]": _fresh(list),
    b"a": _append,
    b"e": lambda machine: _extend(machine, machine.pop_mark()),
    b"l": _collected(list),
    b")": _constant(()),
    b"t": _collected(tuple),
    b"\x85": _tuple_of(1),
    b"\x86": _tuple_of(2),
    b"\x87": _tuple_of(3),
    b"}": _fresh(dict),
    b"d": _dict,
    b"s": _set_item,
    b"u": lambda machine: _set_items(machine, machine.pop_mark()),
    b"\x8f": _constant(UNKNOWN),
    b"\x90": lambda machine: _extend(machine, machine.pop_mark()),
    b"\x91": _collected(lambda _taken: UNKNOWN),
    b"0": _pop,
    b"2": lambda machine: machine.stack.append(machine.stack[-1]),
    b"(": _mark,
    b"1": _pop_mark,
    b"g": _get(_line_number),
    b"h": _get(lambda machine: machine.number(1)),
    b"j": _get(lambda machine: machine.number(4)),
    b"p": _put(_line_number),
    b"q": _put(lambda machine: machine.number(1)),
    b"r": _put(lambda machine: machine.number(4)),
    b"\x94": _put(lambda machine: len(machine.memo)),
    b"\x82": _extension(1),
    b"\x83": _extension(2),
    b"\x84": _extension(4),
    b"c": lambda machine: machine.stack.append(_global_of(machine)),
    b"\x93": _stack_global,
    b"R": _reduce,
    b"b": _build,
    b"i": _instance,
    b"o": _object,
    b"\x81": _reduce,
    b"\x92": _new_with_keywords,
    b"\x80": _protocol,
    b"\x95": _frame,
    b"P": _skipped_line,
    b"Q": _persistent,
}
