"""What the source tree that will run knows and does: names, keys, and breakages that remain.

Nothing is imported from the tree: its files are parsed, so a newer upstream is judged by its own
registries, and each breakage is asked of its patch.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches import engine, model
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.syntax.source_tree import (
    FolderTree,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

DEFAULTS = "slowfast/config/defaults.py"


@dataclass(frozen=True)
class SourceTree:
    """The source tree of SlowFast that a configuration will run in; PyTorchVideo's is beside it."""

    root: Path
    pytorchvideo: Path | None = None

    @cached_property
    def keys(self) -> frozenset[str]:
        """Return the keys of its defaults; none where they cannot be read."""
        targets = (
            ast.unparse(node.targets[0])
            for node in ast.walk(self.parsed(DEFAULTS))
            if isinstance(node, ast.Assign)
        )
        return frozenset(name.partition(".")[2] for name in targets if name.startswith("_C."))

    @cached_property
    def _statuses(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for component, root in (("slowfast", self.root), ("pytorchvideo", self.pytorchvideo)):
            if root is None:
                continue
            try:
                report = engine.examine(FolderTree(str(root)), component=component)
            except StackError:
                continue
            found |= {outcome.id: outcome.status for outcome in report.outcomes}
        return found

    def status(self, patch: str) -> str:
        """Return what a patch finds in this tree."""
        return self._statuses.get(patch, model.UNKNOWN)

    def parsed(self, path: str) -> ast.Module:
        """Return the syntax tree of a file, an empty one where it cannot be read."""
        if path not in self._files:
            try:
                text = (self.root / path).read_text(encoding="utf-8")
                self._files[path] = ast.parse(text)
            except (OSError, SyntaxError, ValueError):
                self._files[path] = ast.Module([], [])
        return self._files[path]

    @cached_property
    def _files(self) -> dict[str, ast.Module]:
        return {}

    @cached_property
    def _answers(self) -> dict[object, frozenset[str | int]]:
        return {}

    def once(
        self,
        question: object,
        answer: Callable[[SourceTree], frozenset[str] | frozenset[str | int]],
    ) -> frozenset[str | int]:
        """Return what the tree answers to a question; it is read once."""
        if question not in self._answers:
            self._answers[question] = frozenset(answer(self))
        return self._answers[question]

    def registered(self, folder: str, registry: str) -> frozenset[str]:
        """Return the names of what the files of a folder register."""
        decorator = f"{registry}.register()"
        return frozenset(
            node.name
            for path in sorted((self.root / folder).glob("*.py"))
            for node in ast.walk(self.parsed(f"{folder}/{path.name}"))
            if isinstance(node, ast.ClassDef | ast.FunctionDef)
            and any(ast.unparse(given) == decorator for given in node.decorator_list)
        )

    def keys_of(self, path: str, name: str) -> frozenset[str | int]:
        """Return the keys of a dictionary that is assigned to a name."""
        return frozenset(
            key.value
            for node in ast.walk(self.parsed(path))
            if isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Dict)
            and ast.unparse(node.targets[0]) == name
            for key in node.value.keys
            if isinstance(key, ast.Constant) and isinstance(key.value, str | int)
        )

    def functions(self, path: str, prefix: str) -> frozenset[str]:
        """Return what follows a prefix in the names of functions."""
        return frozenset(
            node.name.removeprefix(prefix)
            for node in self.parsed(path).body
            if isinstance(node, ast.FunctionDef) and node.name.startswith(prefix)
        )

    def compared(self, path: str, scope: str, expression: str) -> frozenset[str]:
        """Return the texts that a function or class compares an expression with."""
        return frozenset(
            text
            for holder in ast.walk(self.parsed(path))
            if isinstance(holder, ast.ClassDef | ast.FunctionDef) and holder.name == scope
            for node in ast.walk(holder)
            if isinstance(node, ast.Compare) and ast.unparse(node.left) == expression
            for text in _texts(node.comparators[0])
        )


def _texts(node: ast.expr) -> Iterator[str]:
    found = node.elts if isinstance(node, ast.Set | ast.List | ast.Tuple) else [node]
    for part in found:
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


def at(root: Path) -> SourceTree | None:
    """Return the tree in a folder, None where there is none."""
    beside = root.parent / "pytorchvideo"
    known = (root / DEFAULTS).is_file()
    return SourceTree(root, beside if beside.is_dir() else None) if known else None
