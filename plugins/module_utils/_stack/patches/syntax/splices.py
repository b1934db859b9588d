"""Edit a Python file by character ranges, keep every other byte, and verify the result.

A patch finds a node with ``ast`` and describes each change as a ``Splice``. ``apply`` makes the
changes and compares both syntax trees: every node outside the splices must be equal and have the
same parents (same function, same branch).
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...core.errors import StackError
from .source_file import Source, UnparsableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Place = tuple[str, ...]


class BadEditError(StackError):
    """An edit that would damage the file; nothing was written."""

    code = "patches.unknown-form"


@dataclass(frozen=True)
class Splice:
    """Replace the characters from ``start`` to ``end`` by ``text``."""

    start: int
    end: int
    text: str


def replace(source: Source, node: ast.AST, text: str) -> Splice:
    """Replace one node by ``text``, which is written as given."""
    start, end = source.span(node)
    return Splice(start, end, text)


def before(source: Source, statement: ast.stmt, lines: str) -> Splice:
    """Insert lines before a statement, at its indentation."""
    at = source.line_of(statement)
    return Splice(at, at, block(source, statement, lines))


def after(source: Source, statement: ast.stmt, lines: str) -> Splice:
    """Insert lines after a statement, at its indentation."""
    at = source.line_after(statement)
    text = block(source, statement, lines)
    ends_open = at == len(source.text) and not source.text.endswith(("\n", "\r"))
    return Splice(at, at, source.newline + text if ends_open else text)


def rewrite(source: Source, statement: ast.stmt, lines: str) -> Splice:
    """Replace a statement by lines; a comment after it is kept."""
    start, end = source.span(statement)
    text = block(source, statement, lines)
    indent = source.indent(statement) or ""
    return Splice(start, end, text[len(indent) : -len(source.newline)])


def nest(source: Source, statements: Sequence[ast.stmt], head: str, lines: str = "") -> Splice:
    """Indent statements that follow each other below ``head``, and add lines after them."""
    first, last = statements[0], statements[-1]
    strings = [node for part in statements for node in ast.walk(part) if _spans_lines(node)]
    if strings:
        raise _bad(source, f"A string of several lines would be indented (line {first.lineno})")
    start, end = source.line_of(first), source.line_after(last)
    old = source.text[start:end].splitlines(keepends=True)
    deeper = "".join(source.unit + line if line.strip() else line for line in old)
    added = block(source, first, lines) if lines else ""
    return Splice(start, end, block(source, first, head) + deeper + added)


def _spans_lines(node: ast.AST) -> bool:
    is_string = isinstance(node, ast.JoinedStr) or isinstance(getattr(node, "value", None), str)
    placed: Any = node
    return is_string and placed.lineno != placed.end_lineno


def remove(source: Source, statement: ast.stmt) -> Splice:
    """Remove a statement with its line."""
    _whole_line(source, statement)
    return Splice(source.line_of(statement), source.line_after(statement), "")


def block(source: Source, beside: ast.stmt, lines: str) -> str:
    """Return lines (four spaces per level) in the style of the file, indented like ``beside``."""
    indent, unit = _whole_line(source, beside), source.unit
    written = []
    for line in lines.lstrip("\n").removesuffix("\n").split("\n"):
        bare = line.lstrip(" ")
        steps, rest = divmod(len(line) - len(bare), 4)
        written.append(indent + unit * steps + " " * rest + bare if bare else "")
    return source.newline.join(written) + source.newline


def apply(source: Source, splices: Sequence[Splice]) -> bytes:
    """Return the content with all splices made. Raises ``BadEditError`` if it would be damaged."""
    ordered = sorted(splices, key=lambda splice: (splice.start, splice.end))
    pieces, done = [], 0
    for splice in ordered:
        if splice.start < done:
            raise _bad(source, "Two changes overlap")
        pieces += [source.text[done : splice.start], splice.text]
        done = splice.end
    text = "".join([*pieces, source.text[done:]])
    try:
        data = source.bom + text.encode(source.encoding)
        result = Source(source.path, data)
    except (UnicodeEncodeError, UnparsableError) as error:
        raise _bad(source, "The changed file would not parse") from error
    if result.text != text:
        raise _bad(source, "The changed file would be decoded differently")
    _require_equal(source, result, ordered)
    return data


def _require_equal(source: Source, result: Source, splices: Sequence[Splice]) -> None:
    present = {
        (*result.span(node), type(node)): (node, place) for node, place in _nodes(result.tree, ())
    }
    for node, place, start, end in _untouched(source, source.tree, (), splices):
        key = (_moved(start, splices), _moved(end, splices, closing=True), type(node))
        found, where = present.get(key, (None, ()))
        if found is None or where != place or ast.dump(found) != ast.dump(node):
            line = getattr(node, "lineno", 0)
            raise _bad(source, f"Code outside the edit would change (line {line})")


def _untouched(
    source: Source, node: ast.AST, place: Place, splices: Sequence[Splice]
) -> Iterator[tuple[ast.AST, Place, int, int]]:
    """Yield the largest nodes that no splice touches, with their parents and offsets."""
    for child, way in _children(node, place):
        start, end = source.span(child) if hasattr(child, "lineno") else (0, len(source.text))
        if hasattr(child, "lineno") and not any(_touches(s, start, end) for s in splices):
            yield child, way, start, end
        else:
            yield from _untouched(source, child, way, splices)


def _nodes(node: ast.AST, place: Place) -> Iterator[tuple[ast.AST, Place]]:
    for child, way in _children(node, place):
        if hasattr(child, "lineno"):
            yield child, way
        yield from _nodes(child, way)


def _children(node: ast.AST, place: Place) -> Iterator[tuple[ast.AST, Place]]:
    if isinstance(node, ast.JoinedStr):  # positions inside are wrong before Python 3.12
        return
    for field, value in ast.iter_fields(node):
        way = (*place, f"{type(node).__name__} {getattr(node, 'name', '')} {field}")
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield child, way


def _touches(splice: Splice, start: int, end: int) -> bool:
    if splice.start == splice.end:
        return start < splice.start < end
    return splice.start < end and start < splice.end


def _moved(offset: int, splices: Sequence[Splice], *, closing: bool = False) -> int:
    moved = [
        len(s.text) - (s.end - s.start)
        for s in splices
        if s.end < offset or (s.end == offset and not (closing and s.start == s.end))
    ]
    return offset + sum(moved)


def _whole_line(source: Source, statement: ast.stmt) -> str:
    indent = source.indent(statement)
    if indent is None:
        raise _bad(source, f"Line {statement.lineno} has more than one statement")
    return indent


def _bad(source: Source, message: str) -> BadEditError:
    return BadEditError(
        f"{message} in {source.path}; nothing was changed.",
        "The edit was not written for this form of the code.",
        "Compare the file with a clean checkout, or leave this patch out.",
    )
