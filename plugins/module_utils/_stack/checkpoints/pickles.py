"""Read a pickle without running it: the opcodes are interpreted and nothing is imported.

A pickle is a small program. Its stack holds plain values here, and ``Call`` objects in place of what
unpickling would call, so that the keys of a dictionary and the shapes of tensors can be read from an
untrusted file.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import IO, Any

from .pickle_machine import Budget, Call, Machine, NoPickleError
from .pickle_opcodes import HANDLERS


@dataclass(frozen=True)
class Pickle:
    """The value of a pickle as far as it is plain, the names it imports, the pickles inside."""

    value: Any
    imports: frozenset[str]
    nested: tuple[bytes, ...] = ()


def read(file: IO[bytes], budget: Budget | None = None) -> Pickle:
    """Interpret one pickle from the place of a seekable file; leave the file after its end.

    Raises ``NoPickleError`` for anything but a complete pickle.
    """
    machine = Machine(file, budget or Budget())
    try:
        value = machine.run(HANDLERS)
        return Pickle(value, frozenset(machine.imports), tuple(machine.nested))
    except NoPickleError as error:
        error.imports = frozenset(machine.imports)
        raise
    except (IndexError, KeyError, TypeError, ValueError, struct.error) as error:
        raise NoPickleError("not a complete pickle", frozenset(machine.imports)) from error


def mapping(value: Any) -> dict[Any, Any]:  # noqa: ANN401  (pickles hold anything)
    """Return the items of a dictionary, or of what would become one."""
    if isinstance(value, Call):
        return value.items
    return value if isinstance(value, dict) else {}


def shape(value: Any) -> tuple[int, ...] | None:  # noqa: ANN401
    """Return the shape of a tensor or an array."""
    if isinstance(value, Call) and value.function.endswith("_rebuild_parameter"):
        value = value.arguments[0] if value.arguments else None
    if not isinstance(value, Call):
        return None
    if value.function.endswith(("_rebuild_tensor_v2", "_rebuild_tensor")):
        return _numbers(value.arguments, 2)
    if value.function.endswith("multiarray _reconstruct"):
        return _numbers(value.state, 1)
    return None


def _numbers(values: Any, place: int) -> tuple[int, ...] | None:  # noqa: ANN401
    if not isinstance(values, tuple) or len(values) <= place:
        return None
    value = values[place]
    numbers = isinstance(value, tuple) and all(isinstance(number, int) for number in value)
    return value if numbers else None
