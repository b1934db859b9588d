"""Construct a dataclass from plain data, and turn it into plain data again."""

from __future__ import annotations

import ast
import sys
from collections.abc import Mapping
from dataclasses import MISSING, Field, field, fields, is_dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, TypeVar, cast

from . import validation

if TYPE_CHECKING:
    from collections.abc import Hashable

    T = TypeVar("T")

Reader = Callable[[Any, str], Any]
READ, KEY, OMIT = "read", "key", "omit"


def read(
    reader: Reader | None = None,
    *,
    default: Any = MISSING,  # noqa: ANN401  (as dataclasses.field)
    default_factory: Any = MISSING,  # noqa: ANN401
    key: str | None = None,
    omit: bool = False,
) -> Any:  # noqa: ANN401
    """Return a field of a dataclass with a ``reader`` of its own, or another ``key`` in the data.

    ``omit`` leaves the key out of the plain data where the value is the default.
    """
    metadata = {READ: reader, KEY: key, OMIT: omit}
    # It is called where a dataclass declares its fields.
    # pylint: disable-next=invalid-field-call
    return field(default=default, default_factory=default_factory, metadata=metadata)


def construct(cls: type[T], value: object, where: str, *, ignore_unknown: bool = False) -> T:
    """Return a dataclass made of a mapping; a key that is absent or null gets its default.

    Field types may be ``str``, ``int``, ``bool``, ``Any``, ``object``, dataclasses, ``X | None``,
    ``tuple[X, ...]`` and ``dict[str, X]``. Raises ``StackError`` that names the path of a value of
    another type, a key that is missing, or one that is not known.
    """
    data, known = validation.mapping(value, where), _columns(cast("Hashable", cls))
    if not ignore_unknown:
        validation.only_keys(data, where, tuple(column.key for column in known))
    found = {}
    for column in known:
        given = data.get(column.key)
        if given is not None or not column.optional:
            found[column.name] = column.read(given, f"{where}.{column.key}")
    return cls(**found)


def plain(value: object) -> Any:  # noqa: ANN401  (it is plain data)
    """Return dicts, lists and scalars for a dataclass, and for what is inside of it."""
    if is_dataclass(value):
        rows = (
            (column, getattr(value, column.name))
            for column in _columns(cast("Hashable", type(value)))
        )
        return {
            column.key: plain(each)
            for column, each in rows
            if not (column.omit and each == column.default)
        }
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    return value


class _Column(NamedTuple):
    """A field as plain data has it."""

    name: str
    key: str
    read: Reader
    optional: bool
    omit: bool
    default: object


@lru_cache(maxsize=128)
def _columns(cls: type) -> tuple[_Column, ...]:
    names = vars(sys.modules[cls.__module__])
    return tuple(_column(each, names) for each in fields(cls))


def _column(one: Field[Any], names: Mapping[str, object]) -> _Column:
    optional = one.default is not MISSING or one.default_factory is not MISSING
    return _Column(
        one.name,
        one.metadata.get(KEY) or one.name,
        one.metadata.get(READ)
        or _reader(ast.parse(cast("str", one.type), mode="eval").body, names),
        optional,
        one.metadata.get(OMIT, False),
        one.default,
    )


# Annotations are read as text, because Python 3.9 cannot evaluate ``str | None``.
def _reader(node: ast.expr, names: Mapping[str, Any]) -> Reader:
    if isinstance(node, ast.BinOp):
        inner = _reader(node.left, names)
        return lambda value, where: None if value is None else inner(value, where)
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple):
        first, last = node.slice.elts
        if cast("ast.Name", node.value).id == "tuple":
            return _items(_reader(first, names))
        return _values(_reader(last, names))
    name = cast("ast.Name", node).id
    return _BASIC.get(name) or _nested(names[name])


def _items(inner: Reader) -> Reader:
    return lambda value, where: tuple(
        inner(each, f"{where}[{n}]") for n, each in enumerate(validation.items(value, where))
    )


def _values(inner: Reader) -> Reader:
    return lambda value, where: {
        key: inner(each, validation.below(where, key))
        for key, each in validation.mapping(value, where).items()
    }


def _nested(cls: type) -> Reader:
    if hasattr(cls, "from_dict"):
        return cast("Reader", cls.from_dict)
    return lambda value, where: construct(cls, value, where, ignore_unknown=True)


_BASIC: dict[str, Reader] = {
    "str": validation.text,
    "int": validation.count,
    "bool": validation.flag,
    "Any": lambda value, _: value,
    "object": lambda value, _: value,
}
