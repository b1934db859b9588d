#!/usr/bin/env python3
"""Change the product at random, one change at a time, and count how often the unit tests notice.

    scripts/mutants --seed 7 --count 75              # as many of the logic as of the tables
    scripts/mutants --seed 7 --count 75 --cells      # of the tables alone
    scripts/mutants --seed 7 --count 75 --logic --path environment

A change is made in a copy of the checkout. The tests named for the changed file in TESTS run first,
then all other unit tests, until one fails. The same seed gives the same changes on the same tree.
"""

from __future__ import annotations

import argparse
import ast
import concurrent.futures
import dataclasses
import os
import queue
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = "plugins/module_utils/_stack"
CATALOG = f"{LIBRARY}/catalog"
COPIED = ("plugins", "src", "scripts", "tests", "roles", "playbooks", "inventories", "docs")
COPIED += ("locks", "meta", "changelogs", "collections", "scaleway", "molecule")
TIMEOUT_S = 240
PROSE = 6  # a cell of more words explains, and decides nothing
# Which tests look at a folder of the library first; the longest prefix counts.
TESTS = {
    "artifacts": ("artifacts",),
    "bundle": ("bundle",),
    "catalog": ("catalog", "planner"),
    "checkpoints": ("models", "checkpoints"),
    "core": ("core", "models", "artifacts"),
    "cuda": ("cuda",),
    "datasets": ("datasets", "../integration/ava"),
    "driver": ("driver", "planner"),
    "environment": ("environment",),
    "host": ("host", "planner"),
    "patches": ("patches",),
    "planner": ("planner", "bundle"),
}


@dataclasses.dataclass(frozen=True)
class Mutant:
    """One change: the text between two offsets of a file is replaced."""

    kind: str
    path: str
    line: int
    start: int
    end: int
    old: str
    new: str

    def __str__(self) -> str:
        """Return where it is and what it changes, on one line."""
        old, new = (" ".join(text.split())[:70] for text in (self.old, self.new))
        return f"{self.path}:{self.line}: {self.kind}: {old} -> {new}"


class Text:
    """A source file, whose nodes are addressed by offsets into its bytes."""

    def __init__(self, path: Path) -> None:
        """Read and parse a file of the checkout."""
        self.path = str(path.relative_to(ROOT))
        self.data = path.read_bytes()
        self.tree = ast.parse(self.data)
        self.starts = [0]
        for line in self.data.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))

    def span(self, node: ast.AST) -> tuple[int, int]:
        """Return the offsets of a node."""
        first = self.starts[node.lineno - 1] + node.col_offset
        return first, self.starts[node.end_lineno - 1] + node.end_col_offset

    def of(self, node: ast.AST) -> str:
        """Return the text of a node."""
        start, end = self.span(node)
        return self.data[start:end].decode()

    def change(self, kind: str, node: ast.AST, new: str) -> Mutant:
        """Return the mutant that has another text for a node."""
        start, end = self.span(node)
        return Mutant(kind, self.path, node.lineno, start, end, self.of(node), new)


FLIPS = {
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.Lt: ">=",
    ast.GtE: "<",
    ast.Gt: "<=",
    ast.LtE: ">",
    ast.In: "not in",
    ast.NotIn: "in",
    ast.Is: "is not",
    ast.IsNot: "is",
}
BOUNDARIES = {ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">"}
ARITHMETIC = {ast.Add: "-", ast.Sub: "+", ast.Mult: "//", ast.FloorDiv: "*"}


def logic(text: Text) -> Iterator[Mutant]:
    """Yield the changes of a program: conditions, constants, statements, branches, values."""
    skipped = set(_not_logic(text.tree))
    for node in ast.walk(text.tree):
        if node in skipped:
            continue
        yield from _of_expression(text, node)
        yield from _of_statement(text, node)


def _not_logic(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield annotations, docstrings, messages and declarations: a test need not notice those."""
    for node in ast.walk(tree):
        parts: list[ast.AST | None] = []
        if isinstance(node, (ast.arg, ast.AnnAssign)):
            parts = [node.annotation]
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            parts = [node.returns, *node.decorator_list]
        elif (
            isinstance(node, ast.JoinedStr)
            or (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test))
            or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        ):
            parts = [node]
        for part in parts:
            if part is not None:
                yield from ast.walk(part)


def _of_expression(text: Text, node: ast.AST) -> Iterator[Mutant]:
    if isinstance(node, ast.Compare):
        yield from _of_comparison(text, node)
    elif isinstance(node, ast.BoolOp):
        word = " or " if isinstance(node.op, ast.And) else " and "
        yield text.change("boolean", node, f"({word.join(f'({text.of(v)})' for v in node.values)})")
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield text.change("boolean", node, f"bool({text.of(node.operand)})")
    elif isinstance(node, ast.IfExp):
        body, test, other = (text.of(part) for part in (node.body, node.test, node.orelse))
        yield text.change("branch", node, f"({other} if {test} else {body})")
    elif isinstance(node, ast.BinOp):
        yield from _of_arithmetic(text, node)
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield text.change("constant", node, str(not node.value))
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        yield text.change("constant", node, str(node.value + 1))


def _of_comparison(text: Text, node: ast.Compare) -> Iterator[Mutant]:
    if len(node.ops) > 1:
        return
    left, right, operator = text.of(node.left), text.of(node.comparators[0]), type(node.ops[0])
    yield text.change("comparison", node, f"({left} {FLIPS[operator]} {right})")
    if operator in BOUNDARIES:
        yield text.change("boundary", node, f"({left} {BOUNDARIES[operator]} {right})")
    for side in (node.left, node.comparators[0]):
        if isinstance(side, ast.Constant) and isinstance(side.value, str):
            yield text.change("constant", side, repr(f"{side.value}~"))


def _of_arithmetic(text: Text, node: ast.BinOp) -> Iterator[Mutant]:
    left, right = text.of(node.left), text.of(node.right)
    # Texts and paths are joined by the same signs, and a change of those is no change of a number.
    numbers = not any(quote in left[:2] + right[:2] for quote in "\"'")
    if numbers and type(node.op) in ARITHMETIC:
        yield text.change("arithmetic", node, f"({left} {ARITHMETIC[type(node.op)]} {right})")


def _of_statement(text: Text, node: ast.AST) -> Iterator[Mutant]:
    if isinstance(node, (ast.If, ast.While)):
        yield text.change("condition", node.test, f"(not ({text.of(node.test)}))")
    if isinstance(node, ast.comprehension):
        for test in node.ifs:
            yield text.change("condition", test, "True")
    if isinstance(node, (ast.Expr, ast.AugAssign)) and not isinstance(
        getattr(node, "value", None), (ast.Constant, ast.Yield, ast.YieldFrom, ast.Await)
    ):
        yield text.change("removed", node, "pass")
    if isinstance(node, (ast.Raise, ast.Continue, ast.Break)):
        yield text.change("removed", node, "pass")
    given = getattr(node, "value", None) if isinstance(node, ast.Return) else None
    if given is not None and not (isinstance(given, ast.Constant) and given.value is None):
        yield text.change("returned", given, "None")


def cells(text: Text) -> Iterator[Mutant]:
    """Yield the changes of the tables: each cell of each row of a module's constants.

    Left out is what only says where a fact comes from: sources, and prose.
    """
    for statement in text.tree.body:
        if isinstance(statement, (ast.Assign, ast.AnnAssign)) and statement.value is not None:
            for node in _values(statement.value):
                value = node.value
                if value is not Ellipsis and len(str(value).split()) <= PROSE:
                    yield text.change("cell", node, _other(value))


def _values(node: ast.AST) -> Iterator[ast.Constant]:
    if isinstance(node, ast.Constant):
        yield node
    elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Source":
        return
    else:
        for field, child in ast.iter_fields(node):
            if field in ("func", "annotation", "ctx"):
                continue
            for part in child if isinstance(child, list) else [child]:
                if isinstance(part, ast.keyword) and part.arg == "source":
                    continue
                if isinstance(part, ast.AST):
                    yield from _values(part)


def _other(value: object) -> str:
    """Return the source text of another value that could stand in the same cell."""
    if isinstance(value, bool):
        return repr(not value)
    if isinstance(value, (int, float)):
        return repr(value + 1)
    if value is None:
        return repr("0")
    text = str(value)
    for at, letter in reversed(list(enumerate(text))):
        if letter.isdigit():
            return repr(f"{text[:at]}{(int(letter) + 1) % 10}{text[at + 1 :]}")
    return repr(f"{text}x" if text else "1")


def candidates(*, of_cells: bool, below: str) -> list[Mutant]:
    """Return all changes of one kind, in the order of files and lines."""
    found: list[Mutant] = []
    for path in sorted((ROOT / LIBRARY).rglob("*.py")):
        name = str(path.relative_to(ROOT))
        if name.startswith(CATALOG) is of_cells and below in name:
            found += (cells if of_cells else logic)(Text(path))
    unique = {(mutant.path, mutant.start, mutant.end, mutant.new): mutant for mutant in found}
    return sorted(unique.values(), key=lambda m: (m.path, m.start, m.end, m.new))


def chosen(mutants: list[Mutant], count: int, seed: int, *, by_file: bool) -> list[Mutant]:
    """Return ``count`` changes by chance.

    ``by_file`` draws a file first, so that one long table does not crowd out all others.
    """
    dice = random.Random(seed)  # noqa: S311  (no secret)
    if not by_file:
        return dice.sample(mutants, min(count, len(mutants)))
    files: dict[str, list[Mutant]] = {}
    for mutant in mutants:
        files.setdefault(mutant.path, []).append(mutant)
    for some in files.values():
        dice.shuffle(some)
    found: list[Mutant] = []
    while files and len(found) < count:
        path = dice.choice(sorted(files))
        found.append(files[path].pop())
        if not files[path]:
            del files[path]
    return found


class Tree:
    """A copy of the checkout in a folder of its own, in which one worker changes files."""

    def __init__(self, folder: Path) -> None:
        """Copy what the tests read."""
        self.folder = folder
        for name in COPIED:
            if (ROOT / name).is_dir():
                ignored = shutil.ignore_patterns("__pycache__", ".cache")
                shutil.copytree(ROOT / name, folder / name, symlinks=True, ignore=ignored)
        for path in ROOT.iterdir():
            if path.is_file() or (path.is_symlink() and not path.is_dir()):
                shutil.copy2(path, folder / path.name)

    def run(self, *targets: str, last: tuple[str, ...] = ()) -> bool:
        """Return whether these tests pass."""
        argv = [sys.executable, "-B", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
        argv += [f"--basetemp={self.folder}.tmp", *targets]
        argv += [f"--ignore={name}" for name in last]
        environment = {**os.environ, "PYTHONPATH": "", "HYPOTHESIS_STORAGE_DIRECTORY": "/dev/null"}
        try:
            done = subprocess.run(
                argv,
                cwd=self.folder,
                env=environment,
                capture_output=True,
                timeout=TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return False  # an endless loop is noticed
        finally:
            shutil.rmtree(f"{self.folder}.tmp", ignore_errors=True)
        return done.returncode == 0

    def notices(self, mutant: Mutant, *, everything: bool) -> bool:
        """Return whether a test fails with this change."""
        path = self.folder / mutant.path
        whole = path.read_bytes()
        path.write_bytes(whole[: mutant.start] + mutant.new.encode() + whole[mutant.end :])
        try:
            compile(path.read_bytes(), str(path), "exec")
            first = self.first(mutant)
            if not self.run(*first):
                return True
            return everything and not self.run("tests/unit", last=first)
        finally:
            path.write_bytes(whole)

    def first(self, mutant: Mutant) -> tuple[str, ...]:
        """Return the tests that look at the changed file first."""
        subject = mutant.path.removeprefix(f"{LIBRARY}/").partition("/")[0]
        named = [f"tests/unit/{name}" for name in TESTS.get(subject, ())]
        places = [os.path.normpath(name) for name in named if (self.folder / name).exists()]
        return tuple(places) or ("tests/unit",)


def tried(mutants: list[Mutant], jobs: int, *, everything: bool) -> list[tuple[Mutant, bool]]:
    """Try every change, ``jobs`` at a time, and return which were noticed."""
    trees: queue.SimpleQueue[Tree] = queue.SimpleQueue()
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        for number in range(jobs):
            trees.put(Tree(Path(folder) / str(number)))

        def attempt(mutant: Mutant) -> tuple[Mutant, bool]:
            tree = trees.get()
            try:
                noticed = tree.notices(mutant, everything=everything)
            finally:
                trees.put(tree)
            print("." if noticed else "S", end="", flush=True, file=sys.stderr)
            return mutant, noticed

        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            return list(pool.map(attempt, mutants))


def main() -> int:
    """Run what the command line asks for; the exit code is 1 where a change was not noticed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--count", type=int, default=75, help="changes of each kind")
    parser.add_argument("--logic", action="store_true", help="no tables")
    parser.add_argument("--cells", action="store_true", help="tables alone")
    parser.add_argument("--path", default="", help="only files whose path contains this")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument(
        "--first-only", action="store_true", help="not all unit tests after the named"
    )
    parser.add_argument("--list", action="store_true", help="print the changes and try none")
    options = parser.parse_args()
    survived = False
    for name, of_cells in (("logic", False), ("cells", True)):
        if (options.cells and not of_cells) or (options.logic and of_cells):
            continue
        mutants = candidates(of_cells=of_cells, below=options.path)
        some = chosen(mutants, options.count, options.seed, by_file=of_cells)
        if options.list:
            print(*some, sep="\n")
            continue
        results = tried(some, options.jobs, everything=not options.first_only)
        noticed = sum(ok for _, ok in results)
        share = 100 * noticed / max(1, len(results))
        print(f"\n{name}: {noticed} of {len(results)} noticed, {share:.1f} %", end=" ")
        print(f"(seed {options.seed}, {len(mutants)} possible)")
        for mutant in sorted((m for m, ok in results if not ok), key=str):
            survived = True
            print(f"  survived: {mutant}")
    return int(survived)


if __name__ == "__main__":
    sys.exit(main())
