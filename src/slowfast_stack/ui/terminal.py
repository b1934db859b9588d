"""Where text goes: the user reads the console, programs read JSON on standard output."""

from __future__ import annotations

import json
import math
import os
import sys
from typing import TYPE_CHECKING

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.display import escaped
from slowfast_stack.ui.streams import unescaped

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rich.console import Console

    from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import (
        StackError,
    )

SCHEMA = 1
PLAN_SCHEMA = 2


def print_json(result: Mapping[str, object], *, schema: int = SCHEMA) -> None:
    """Print the one JSON object of a command."""
    _print_object({"schema": schema, **result}, 2)


def print_line(result: Mapping[str, object]) -> None:
    """Print one of several JSON objects, as a line that is seen at once."""
    _print_object({"schema": SCHEMA, **result}, None)
    sys.stdout.flush()


def _print_object(shown: dict[str, object], indent: int | None) -> None:
    try:
        text = json.dumps(shown, indent=indent, allow_nan=False)
    except ValueError:
        text = json.dumps(_finite(shown), indent=indent, allow_nan=False)
    # In one piece, so that a secret and what shows that it is one are written together.
    sys.stdout.write(text + "\n")


def _finite(value: object) -> object:
    """Return data with null in place of NaN and infinity, which JSON does not have."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    return [_finite(each) for each in value] if isinstance(value, list | tuple) else value


def show(result: Mapping[str, object], lines: Iterable[str], *, as_json: bool) -> None:
    """Print the result of a command as JSON, or as lines of text."""
    if as_json:
        print_json(result)
    else:
        print("\n".join(lines))


def print_error(error: StackError) -> None:
    """Print on standard error what happened, why, and what to do next."""
    dim, reset = ("\33[2m", "\33[0m") if _coloured() else ("", "")
    lines = [f"error{dim}[{error.code}]{reset}: {_indented(error.message)}"]
    lines += [f"cause: {_indented(error.cause)}"] if error.cause else []
    lines += [f"hint:  {_indented(error.hint)}"] if error.hint else []
    print("\n".join(lines), file=unescaped(sys.stderr), flush=True)


def console(*, as_json: bool = False) -> Console:
    """Return the console of the user; it writes to standard error when JSON goes to standard output."""
    from slowfast_stack.ui.consoles import GuardedConsole  # noqa: PLC0415  (80 ms that --json need not pay)

    return GuardedConsole(stderr=as_json)


def _coloured() -> bool:
    return sys.stderr.isatty() and not os.environ.get("NO_COLOR")


def _indented(text: str) -> str:
    return escaped(text).replace("\n", "\n       ")
