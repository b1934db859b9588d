"""Set keys in the text of a configuration; comments and every other byte are preserved.

YAML's marks give the place of a value; the text is replaced there and parsed again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from slowfast_stack.config import content

if TYPE_CHECKING:
    from collections.abc import Mapping

_INDENT = "  "
# libyaml gives the same marks ten times as fast, and a file is parsed again for each key.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def set_values(
    text: str, values: Mapping[str, object], cause: Mapping[str, str] | None = None
) -> str:
    """Return the text with these keys set; ``cause`` becomes a comment behind the line."""
    for key, value in values.items():
        text = _set(text, key.split("."), value, (cause or {}).get(key, ""))
    return _verified(text, values)


def remove(text: str, key: str) -> str:
    """Return the text without a key, and without sections that become empty."""
    path = key.split(".")
    parents = [_mapping(text, path[:depth]) for depth in range(len(path))]
    while len(path) > 1 and (last := parents.pop()) is not None and len(last.value) == 1:
        path = path[:-1]
    holder = _mapping(text, path[:-1])
    if holder is None or holder.flow_style:
        raise _unknown_form(key)
    start, end = _lines_of(text, holder, path[-1])
    lines = text.splitlines(keepends=True)
    return "".join(lines[:start] + lines[end:])


def _set(text: str, path: list[str], value: Any, cause: str) -> str:  # noqa: ANN401  (YAML)
    holder = _mapping(text, path[:-1])
    if holder is None:
        return _with_section(text, path, value, cause)
    found = [node for node in holder.value if node[0].value == path[-1]]
    if found:
        return _replace(text, found[-1], value, cause)
    line = f"{path[-1]}: {literal(value)}"
    if holder.flow_style:
        place = holder.start_mark.index + 1
        return f"{text[:place]}{line}, {text[place:]}".replace(", }", "}")
    place = holder.start_mark.index
    indent = " " * holder.start_mark.column
    return f"{text[:place]}{line}{_comment(cause)}\n{indent}{text[place:]}"


def _replace(text: str, pair: tuple[yaml.Node, yaml.Node], value: Any, cause: str) -> str:  # noqa: ANN401
    key, node = pair
    if isinstance(node, yaml.MappingNode):
        raise _unknown_form(str(key.value))
    start, end = node.start_mark.index, node.end_mark.index
    if isinstance(node, yaml.SequenceNode) and not node.flow_style:
        start = key.end_mark.index + 1
        end = start + len(text[start:end].rstrip())
    empty = start == end
    rest = text[end:].split("\n", 1)[0].strip()
    note = _comment(cause) if not rest else ""
    gap = " " if empty or text[start - 1] == ":" else ""
    return f"{text[:start]}{gap}{literal(value)}{note}{text[end:]}"


def _with_section(text: str, path: list[str], value: Any, cause: str) -> str:  # noqa: ANN401
    """Add a key whose section does not exist yet, at the end of the nearest one that does."""
    missing = next(d for d in range(1, len(path)) if _mapping(text, path[:d]) is None)
    holder = _mapping(text, path[: missing - 1]) if missing > 1 else None
    if missing > 1 and (holder is None or holder.flow_style):
        raise _unknown_form(".".join(path))
    column = holder.start_mark.column if holder else 0
    block = [
        f"{' ' * column}{_INDENT * depth}{name}:\n"
        for depth, name in enumerate(path[missing - 1 : -1])
    ]
    depth = len(path) - missing
    last = f"{' ' * column}{_INDENT * depth}{path[-1]}: {literal(value)}{_comment(cause)}\n"
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    place = holder.start_mark.line if holder else len(lines)
    return "".join([*lines[:place], *block, last, *lines[place:]])


def _mapping(text: str, path: list[str]) -> yaml.MappingNode | None:
    """Return the mapping at a path; where a key is written twice the last one counts."""
    node = yaml.compose(text, Loader=_LOADER)
    for name in path:
        if not isinstance(node, yaml.MappingNode):
            return None
        node = next((v for k, v in reversed(node.value) if k.value == name), None)
    return node if isinstance(node, yaml.MappingNode) else None


def _lines_of(text: str, holder: yaml.MappingNode, name: str) -> tuple[int, int]:
    places = [key.start_mark.line for key, _ in holder.value]
    index = next(i for i, (key, _) in enumerate(holder.value) if key.value == name)
    key, value = holder.value[index]
    if index + 1 < len(places):
        return key.start_mark.line, places[index + 1]
    used = text[: value.end_mark.index].rstrip()
    return key.start_mark.line, used.count("\n") + 1


def literal(value: Any) -> str:  # noqa: ANN401  (YAML)
    """Write a value so that YAML, and upstream after it, read the same one."""
    if isinstance(value, str) and not value:
        return '""'
    if isinstance(value, bool | float):
        return repr(value)
    if isinstance(value, tuple):
        value = list(value)
    return (
        yaml.safe_dump(value, default_flow_style=True, width=10_000).strip().removesuffix("\n...")
    )


def _comment(cause: str) -> str:
    return f"  # {cause}" if cause else ""


def _verified(text: str, values: Mapping[str, object]) -> str:
    read = content.parse(text).values
    wrong = [key for key, value in values.items() if not _equal(read.get(key), value)]
    if wrong:
        raise _unknown_form(", ".join(wrong))
    return text


def _equal(read: Any, expected: Any) -> bool:  # noqa: ANN401
    if isinstance(expected, tuple | list):
        return isinstance(read, tuple | list) and list(read) == list(expected)
    return type(read) is type(expected) and bool(read == expected)


def _unknown_form(key: str) -> StackError:
    return StackError(
        f"{key} cannot be set in this file.",
        "It is written in a form that this program cannot edit.",
        "Write the section as one key per line, as upstream does.",
        code="config.unknown-form",
    )
