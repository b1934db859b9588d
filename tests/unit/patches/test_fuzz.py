"""Random damage: a patch succeeds or raises one error, and never breaks a file.

FUZZ_CASES sets the number of cases (10,000 for the acceptance), FUZZ_FILES a checkout of SlowFast
whose files are then mutated beside the small trees.
"""

from __future__ import annotations

import ast
import os
import random
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches import engine
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.registry import PATCHES
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.syntax.source_file import (
    Source,
    UnparsableError,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.syntax.source_tree import (
    MemoryTree,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.syntax.splices import (
    BadEditError,
    Splice,
    apply,
)
from support import small_trees

CASES = int(os.environ.get("FUZZ_CASES", "400"))
BITS = (b"\t", b"\r\n", b"\r", b"\x0c", b"(", b")", b'"""', b"#", b":", b"\xff", b"\xc5\xbe")
BITS += (b"else:\n", b"\\\n", b"; ", b"if x:\n", b"lambda: ", b"async ", b"\x00", b" ", b"@a\n")


def real_files() -> dict[str, dict[str, bytes]]:
    """Return, for each patch of SlowFast, the files that it looks at."""
    root = os.environ.get("FUZZ_FILES")
    trees = {r.id: small_trees.files(r.id, r.component) for r in PATCHES}
    for patch in PATCHES if root else ():
        paths = [site.path for site in patch.sites if (Path(root or "") / site.path).is_file()]
        if patch.component == "slowfast" and paths:
            mark = {small_trees.MARK["slowfast"]: b"# mark\n"}
            read = {path: (Path(root or "") / path).read_bytes() for path in paths}
            trees[f"{patch.id} (real)"] = {**mark, **read}
    return trees


def mutate(data: bytes, chance: random.Random) -> bytes:
    """Damage a file in one to four places, or in all of its lines."""
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1)
        to = min(len(data), at + chance.choice((1, 3, 20, 200)))
        lines = data.splitlines(keepends=True)
        line = chance.randrange(len(lines)) if lines else 0
        data = chance.choice(
            (
                data[:at] + data[to:],
                data[:at] + chance.choice(BITS) + data[at:],
                data[:at] + data[at:to] * 2 + data[to:],
                b"".join(lines[:line] + lines[line + 1 :]),
                b"".join(lines[:line] + lines[line : line + 1] * 2 + lines[line + 1 :]),
                b"".join(lines[:line] + lines[line:][::-1]),
                data.replace(b"\n", b"\r\n"),
                data.replace(b"    ", b"\t"),
                data[:at],
                b"".join(b"    " + text for text in [b"if x:\n", *lines])[4:],
            )
        )
    return data


@pytest.mark.filterwarnings("ignore::SyntaxWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("part", range(4))
def test_a_damaged_tree_is_patched_or_left_unchanged(part: int) -> None:
    trees = real_files()
    for case in range(part, CASES, 4):
        chance = random.Random(case)
        name = chance.choice(sorted(trees))
        mark = [path for path in trees[name] if path in small_trees.MARK.values()]
        path = chance.choice([p for p in trees[name] if p not in mark] or mark)
        files = {**trees[name], path: mutate(trees[name][path], chance)}
        tree = MemoryTree(files)
        ids = [name.split()[0]] if chance.random() < 0.5 else None
        try:
            done = engine.apply_patches(tree, ids)
        except StackError:
            assert tree.files == files, case
            continue
        for change in done.changes:
            compile(change.after or b"", change.path, "exec", dont_inherit=True)
        assert engine.apply_patches(tree, ids).changes == (), case
        engine.undo(tree)
        assert tree.files == files, case


@pytest.mark.parametrize("part", range(4))
def test_a_random_splice_is_exact_or_refused(part: int) -> None:
    trees = real_files()
    texts = [data for files in trees.values() for data in files.values()]
    for case in range(part, CASES, 4):
        chance = random.Random(case)
        data = chance.choice(texts)
        try:
            source = Source("f.py", mutate(data, chance) if chance.random() < 0.5 else data)
        except UnparsableError:
            continue
        splices = [_random_splice(source, chance) for _ in range(chance.randint(1, 3))]
        try:
            result = apply(source, splices)
        except BadEditError:
            continue
        _require_exact(source, splices, result)


def _random_splice(source: Source, chance: random.Random) -> Splice:
    nodes = [node for node in ast.walk(source.tree) if hasattr(node, "lineno")]
    start, end = source.span(chance.choice(nodes)) if nodes else (0, 0)
    if chance.random() < 0.3:
        start = end = chance.randrange(len(source.text) + 1)
    text = chance.choice(("x", "f(0)", "(y)", "", "pass\n", "if a:\n    b()", '"""', "# ", "\n"))
    return Splice(start, end, text)


def _require_exact(source: Source, splices: list[Splice], result: bytes) -> None:
    """Require that every character outside the splices is kept, in order, and the result parses."""
    text = Source("f.py", result).text
    at = done = 0
    for splice in sorted(splices, key=lambda splice: (splice.start, splice.end)):
        kept = source.text[done : splice.start] + splice.text
        assert text[at : at + len(kept)] == kept
        at, done = at + len(kept), splice.end
    assert text[at:] == source.text[done:]
