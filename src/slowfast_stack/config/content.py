"""Read a configuration file as upstream does, and list what upstream refuses.

Upstream reads YAML and then takes each text for a Python literal where it is one: ``(3, 7, 7)`` is
a tuple and ``1e-4`` a number, though YAML calls both text. A file may name another with ``_BASE_``.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import (
    Unreadable,
    reason,
)
from slowfast_stack.config.defaults import DEFAULTS, KEYS, SECTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

BASE = "_BASE_"
# Upstream's largest configuration has 3 KB and 120 values.
LARGEST = 1 << 18  # bytes
MOST_VALUES = 20_000


@dataclass(frozen=True)
class Problem:
    """An error of the file itself: upstream refuses it, or a key is written twice."""

    key: str
    message: str
    fatal: bool
    value: Any = None
    mistyped: bool = False


@dataclass(frozen=True)
class Content:
    """The values that a file sets, by dotted key; ``get`` falls back on upstream's default."""

    values: dict[str, Any]
    problems: tuple[Problem, ...] = ()

    def get(self, key: str) -> Any:  # noqa: ANN401  (YAML has all types)
        """Return the value, or upstream's default where there is none."""
        value = self.values.get(key)
        return DEFAULTS.get(key) if value is None else value

    @property
    def empty(self) -> list[str]:
        """Return the keys that are written without a value and have a default."""
        return [
            key
            for key, value in self.values.items()
            if value is None and DEFAULTS.get(key) is not None
        ]


def load(path: Path, above: tuple[Path, ...] = ()) -> Content:
    """Read a file and what it is based on; ``above`` are the files that are based on it."""
    place = path.resolve()
    if place in above:
        raise Unreadable(
            f"{path} is based on itself.",
            f"Its key {BASE} leads back to it.",
            f"Remove {BASE} from one of the files.",
            code="config.unreadable",
        )
    content = parse(_text_of(path), str(path))
    base = content.values.pop(BASE, None)
    if base is None:
        return content
    below = load(path.parent / str(base), (*above, place))
    return Content(below.values | content.values, below.problems + content.problems)


def _text_of(path: Path) -> str:
    text = ""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
        text = data.decode("utf-8-sig")
        cause = "" if len(data) <= LARGEST else f"It is larger than {LARGEST} bytes."
    except (OSError, ValueError) as error:
        cause = getattr(error, "strerror", None) or "It is not text in UTF-8."
    if cause:
        raise Unreadable(
            f"{path} cannot be read.", cause, "Name a YAML file.", code="config.unreadable"
        )
    return text


def with_options(read: Content, options: Sequence[str]) -> Content:
    """Override a configuration with KEY VALUE pairs, as upstream's command line does."""
    given = dict(zip(options[::2], map(decoded, options[1::2]), strict=True))
    problems = (*_unknown(given), *_mistyped(given))
    wrong = {row.key for row in problems if row.mistyped or row.key not in DEFAULTS}
    taken = {key: value for key, value in given.items() if key not in wrong}
    return Content(read.values | taken, (*read.problems, *problems))


def parse(text: str, source: str = "the configuration") -> Content:
    """Read the text of a file."""
    twice: list[str] = []
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        _require_small(node)
        tree = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise _not_yaml(source, _place(error)) from error
    except RecursionError as error:
        raise _not_yaml(source, "It is nested too deep.") from error
    # What the parser raises for a value that does not fit its type, such as !!int x.
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
        raise _not_yaml(source, reason(error)) from error
    if tree is not None and not isinstance(tree, dict):
        raise Unreadable(
            f"{source} is not a configuration.",
            f"It holds a {type(tree).__name__}, not keys with values.",
            "Name a YAML file such as configs/Kinetics/SLOWFAST_8x8_R50.yaml.",
            code="config.unreadable",
        )
    _find_twice(node, "", twice)
    values = _flat(tree or {})
    mistyped = _mistyped(values)
    problems = (*_unknown(values), *mistyped, *map(_written_twice, twice))
    wrong = {problem.key for problem in mistyped}
    return Content({key: values[key] for key in values if key not in wrong}, problems)


def _not_yaml(source: str, cause: str) -> Unreadable:
    return Unreadable(
        f"{source} is not YAML.",
        cause,
        "Fix the line; indent consistently with spaces.",
        code="config.unreadable",
    )


def _require_small(node: yaml.Node | None) -> None:
    """Raise ``ValueError`` where aliases make a few lines large, or a value contains itself."""
    sizes: dict[int, int] = {}

    def size(node: yaml.Node) -> int:
        known = sizes.get(id(node))
        if known is None:
            sizes[id(node)] = MOST_VALUES + 1  # until it is known: inside of itself it is endless
            inner = node.value if isinstance(node, yaml.CollectionNode) else []
            parts = [
                part for item in inner for part in (item if isinstance(item, tuple) else [item])
            ]
            known = sizes[id(node)] = 1 + sum(map(size, parts))
        return known

    if node is not None and size(node) > MOST_VALUES:
        raise ValueError(f"It has more than {MOST_VALUES} values.")


def decoded(value: Any) -> Any:  # noqa: ANN401  (YAML has all types)
    """Return the Python literal that a text is, or the text."""
    if not isinstance(value, str):
        return value
    try:
        return ast.literal_eval(value)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return value


def _flat(tree: dict[Any, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            flat |= _flat(value, f"{name}.")
        else:
            flat[name] = decoded(value)
    return flat


def _unknown(values: dict[str, object]) -> list[Problem]:
    known = KEYS | {BASE}
    return [
        Problem(key, f"{key} needs keys below it.", fatal=True)
        if key in SECTIONS
        else Problem(
            key, f"{key} is not a key of upstream, which refuses the file.", fatal=True, value=value
        )
        for key, value in values.items()
        if key not in known
    ]


def _mistyped(values: dict[str, object]) -> list[Problem]:
    """List values that upstream refuses for their type; it accepts no 1 for 1.0 or for True."""
    return [
        Problem(key, _type_message(key, value), fatal=True, value=value, mistyped=True)
        for key, value in values.items()
        if key in DEFAULTS and value is not None and not is_like(value, key)
    ]


def is_like(value: Any, key: str) -> bool:  # noqa: ANN401  (YAML has all types)
    """Return whether upstream takes a value of this type for a key."""
    lists, default = (list, tuple), DEFAULTS[key]
    if default is None:  # upstream takes any type
        return True
    if value is None:
        return isinstance(default, (str, *lists))
    return type(value) is type(default) or (isinstance(value, lists) and isinstance(default, lists))


def _type_message(key: str, value: Any) -> str:  # noqa: ANN401  (YAML has all types)
    expected = type(DEFAULTS[key]).__name__
    return f"{key} is {value!r}; upstream expects a {expected} such as {DEFAULTS[key]!r}."


def _written_twice(key: str) -> Problem:
    return Problem(key, f"{key} is written twice; the last one counts.", fatal=False)


def _find_twice(node: yaml.Node | None, prefix: str, found: list[str]) -> None:
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[str] = set()
    for key, value in node.value:
        name = f"{prefix}{key.value}"
        if name in seen:
            found.append(name)
        seen.add(name)
        _find_twice(value, f"{name}.", found)


def _place(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    return f"Line {mark.line + 1}: {problem}." if mark else f"{problem}."
