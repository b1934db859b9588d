"""What a node answers: data of another machine, validated here alone."""

from __future__ import annotations

import contextlib
import ipaddress
import re
from dataclasses import dataclass
from typing import IO, Any

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.display import escaped
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.validation import (
    parse_json,
)

# Bytes of a line, and characters of a reason that is shown; a node may write without end.
LINE, SHOWN = 1 << 16, 200
_MBIT, _SECONDS = 1e7, 1e11
_PORTS = range(1, 1 << 16)
# As the kernel has it: no separator of a path, no space.
_INTERFACE = re.compile(r"[A-Za-z0-9_.:@-]{1,15}")
_STACK = re.compile(r"[0-9a-f]{12}")


@dataclass(frozen=True)
class Said:
    """The facts of a node; what it has not, or what cannot be, is None."""

    interface: str | None
    address: str | None
    port: int | None
    stack: str | None
    program: bool
    time: float | None
    speed_mbit: int | None


def facts(output: str) -> Said | None:
    """Return the last facts in an output, None where it has none."""
    for line in reversed(output.splitlines()):
        given = mapping(line)
        if {"stack", "time", "address"} <= given.keys():
            speed = _number(given.get("speed_mbit"), _MBIT)
            return Said(
                _text(given.get("interface"), _INTERFACE),
                _address(given.get("address")),
                port(given),
                _text(given.get("stack"), _STACK),
                given.get("program") is True,
                _number(given.get("time"), _SECONDS),
                int(speed) if speed else None,
            )
    return None


def read(stream: IO[bytes] | None) -> dict[str, Any]:
    """Return the next answer of a node; what is none, or is too long, counts as an empty one."""
    return mapping(stream.readline(LINE).decode("utf-8", "replace")) if stream else {}


def mapping(line: str) -> dict[str, Any]:
    """Return a line of JSON as a mapping, an empty one where it is none."""
    with contextlib.suppress(ValueError):
        answer: Any = parse_json(line[:LINE])
        return answer if isinstance(answer, dict) else {}
    return {}


def port(answer: dict[str, Any]) -> int | None:
    """Return the port of an answer."""
    given = answer.get("port")
    return given if type(given) is int and given in _PORTS else None


def mbit(answer: dict[str, Any]) -> float | None:
    """Return the speed of an answer."""
    return _number(answer.get("mbit"), _MBIT)


def reason(answer: dict[str, Any]) -> str:
    """Return why an answer has no speed, as text that may be shown."""
    given = answer.get("error")
    return escaped(given[:SHOWN]) if isinstance(given, str) and given else "no answer"


def _text(value: object, form: re.Pattern[str]) -> str | None:
    return value if isinstance(value, str) and form.fullmatch(value) else None


def _address(value: object) -> str | None:
    with contextlib.suppress(ValueError):
        return str(ipaddress.IPv4Address(value)) if isinstance(value, str) else None
    return None


def _number(value: object, most: float) -> float | None:
    """Return a number above zero, None for another value."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if 0 < value < most else None
