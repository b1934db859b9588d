"""A Python file with its exact bytes and its syntax tree, and how to find nodes and their text."""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from bisect import bisect_right
from typing import TYPE_CHECKING, Any, TypeVar, Union

from ...core.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Iterator

Node = TypeVar("Node", bound=ast.AST)
Function = Union[ast.FunctionDef, ast.AsyncFunctionDef]
Span = tuple[int, int]

_NEWLINE = re.compile(r"\r\n|\r|\n")
_BOM = b"\xef\xbb\xbf"


class UnparsableError(StackError):
    """A file that this interpreter cannot parse as Python."""

    code = "patches.unparsable"


class Source:
    """A parsed file; positions are character offsets into ``text``.

    Line endings, tabs, byte-order mark and encoding are kept. Raises ``UnparsableError``.
    """

    def __init__(self, path: str, data: bytes) -> None:
        self.path = path
        self.data = data
        self.bom = _BOM if data.startswith(_BOM) else b""
        self.encoding = _encoding(path, data)
        try:
            self.text = data[len(self.bom) :].decode(self.encoding)
        except UnicodeDecodeError as error:
            raise _unparsable(path, str(error)) from error
        self.tree = _parse(path, self.text)
        self._starts = [0] + [match.end() for match in _NEWLINE.finditer(self.text)]

    @property
    def newline(self) -> str:
        """Return the first line ending of the file, for new lines."""
        match = _NEWLINE.search(self.text)
        return match.group() if match else "\n"

    @property
    def unit(self) -> str:
        """Return one level of indentation of this file: four spaces, a tab, ..."""
        for node in ast.walk(self.tree):
            body = getattr(node, "body", None)
            if isinstance(body, list) and isinstance(node, ast.stmt):
                inner, outer = self.indent(body[0]), self.indent(node)
                if inner is not None and outer is not None and inner.startswith(outer):
                    return inner[len(outer) :] or "    "
        return "    "

    def span(self, node: ast.AST) -> Span:
        """Return the offsets of the first character of a node and of the one after its last."""
        placed: Any = node
        return (
            self._offset(placed.lineno, placed.col_offset),
            self._offset(placed.end_lineno, placed.end_col_offset),
        )

    def code(self, node: ast.AST) -> str:
        """Return the source text of a node."""
        start, end = self.span(node)
        return self.text[start:end]

    def indent(self, statement: ast.stmt) -> str | None:
        """Return the indentation of a statement, None if it does not begin its line."""
        start, _end = self.span(statement)
        head = self.text[self._line_start(start) : start]
        return head if not head.strip(" \t\f") else None

    def line_of(self, node: ast.stmt) -> int:
        """Return the offset at which a statement's first line begins, including decorators."""
        first = [*getattr(node, "decorator_list", []), node][0]
        return self._line_start(self.span(first)[0])

    def line_after(self, node: ast.stmt) -> int:
        """Return the offset at which the line after a statement begins."""
        _start, end = self.span(node)
        index = bisect_right(self._starts, end - 1)
        return self._starts[index] if index < len(self._starts) else len(self.text)

    def _line_start(self, offset: int) -> int:
        return self._starts[bisect_right(self._starts, offset) - 1]

    def _offset(self, line: int, column: int) -> int:
        start = self._starts[line - 1]
        stop = self._starts[line] if line < len(self._starts) else len(self.text)
        line_text = self.text[start:stop]
        if line_text.isascii():
            return start + column
        return start + len(line_text.encode()[:column].decode())


def function(tree: ast.AST, name: str) -> Function | None:
    """Return the function ``name`` of a module, or ``Class.name`` of a class in it."""
    owner, _dot, last = name.rpartition(".")
    for node in getattr(tree, "body", []):
        if owner and isinstance(node, ast.ClassDef) and node.name == owner:
            return function(node, last)
        is_function = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        if not owner and is_function and node.name == last:
            return node  # type: ignore[no-any-return]
    return None


def find(node: ast.AST, kind: type[Node]) -> list[Node]:
    """Return all nodes of a type below a node, in source order."""
    found = [child for child in ast.walk(node) if isinstance(child, kind)]
    return sorted(found, key=lambda child: (getattr(child, "lineno", 0), _column(child)))


def calls(node: ast.AST, *names: str) -> list[ast.Call]:
    """Return the calls of the given dotted names below a node, in source order."""
    return [call for call in find(node, ast.Call) if dotted(call.func) in names]


def dotted(node: ast.AST | None) -> str:
    """Return ``a.b.c`` for a name or a chain of attributes, else an empty string."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        head = dotted(node.value)
        return f"{head}.{node.attr}" if head else ""
    return ""


def same(node: ast.AST | None, code: str) -> bool:
    """Return whether a node is the given expression, regardless of formatting."""
    return node is not None and ast.dump(node) == ast.dump(ast.parse(code, mode="eval").body)


def parents(tree: ast.AST, target: ast.AST) -> Iterator[ast.AST]:
    """Yield the ancestors of a node, from its parent to the module."""
    around = {id(child): node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    node = around.get(id(target))
    while node is not None:
        yield node
        node = around.get(id(node))


def statement_of(tree: ast.AST, target: ast.AST) -> ast.stmt:
    """Return the innermost statement that contains a node (the node itself if it is one)."""
    if isinstance(target, ast.stmt):
        return target
    return next(node for node in parents(tree, target) if isinstance(node, ast.stmt))


def _column(node: ast.AST) -> int:
    return int(getattr(node, "col_offset", 0))


def _encoding(path: str, data: bytes) -> str:
    try:
        name, _lines = tokenize.detect_encoding(io.BytesIO(data).readline)
    except SyntaxError as error:
        raise _unparsable(path, str(error)) from error
    return "utf-8" if name == "utf-8-sig" else name


def _parse(path: str, text: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
            compile(tree, path, "exec", dont_inherit=True)  # finds errors that the grammar allows
            return tree
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise _unparsable(path, str(error)) from error


def _unparsable(path: str, cause: str) -> UnparsableError:
    return UnparsableError(
        f"{path} cannot be parsed as Python.",
        f"The parser reports: {cause}.",
        "Correct or restore that file, then apply the patches again.",
    )
