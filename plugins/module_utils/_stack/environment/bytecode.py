"""Compare compiled copies of Python modules (``__pycache__``) with their source.

Python runs a copy instead of its source where two numbers in its header fit, or without any
comparison where the header says so; a planted copy is therefore compared by its code.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ..core import scratch, validation

if TYPE_CHECKING:
    from pathlib import Path

    from ..core.process import Commands

# Runs in the Python of the environment; prints the copies that are not those of their source.
# A copy of another Python is never run by this one. Equal code can be marshalled differently.
PROGRAM = r"""
import importlib.util, json, marshal, multiprocessing, os, sys
from concurrent.futures import ProcessPoolExecutor
TAG, CODE = sys.implementation.cache_tag, type(compile('', '', 'exec'))
PARTS = [name for name in dir(CODE) if name.startswith('co_') and name not in
         ('co_filename', 'co_lines', 'co_positions', 'co_branches', 'co_lnotab')]
def same(one, other):
    if type(one) is not type(other):
        return False
    if isinstance(one, CODE):
        return all(same(getattr(one, name), getattr(other, name)) for name in PARTS)
    if isinstance(one, (tuple, list)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, frozenset):
        return sorted(map(repr, one)) == sorted(map(repr, other))
    return repr(one) == repr(other)
def differs(path):
    words = os.path.basename(path).split('.')
    tags = [word for word in words[1:] if word.startswith(('cpython-', 'pypy'))]
    if tags and TAG not in tags:
        return False
    try:
        source = importlib.util.source_from_cache(path)
        level = int(words[-2][4:]) if words[-2].startswith('opt-') else 0
        with open(path, 'rb') as file:
            data = file.read()
        with open(source, 'rb') as file:
            code = compile(file.read(), source, 'exec', dont_inherit=True, optimize=level)
        return data[:4] == importlib.util.MAGIC_NUMBER and not same(marshal.loads(data[16:]), code)
    except Exception:
        return True
if __name__ == '__main__':
    with open(sys.argv[1]) as file:
        paths = json.load(file)
    fork = multiprocessing.get_context('fork')
    with ProcessPoolExecutor(min(os.cpu_count() or 1, 8), fork) as pool:
        found = list(pool.map(differs, paths, chunksize=32))
    print(json.dumps([path for path, wrong in zip(paths, found) if wrong]))
"""


def is_copy(path: str) -> bool:
    """Return whether a file is a compiled copy that Python makes again where it is missing."""
    return "/__pycache__/" in path and path.endswith(".pyc")


def unlike_source(commands: Commands, python: Path, copies: list[str]) -> list[str]:
    """Return the copies whose code is not that of their source, all where ``python`` cannot say."""
    with scratch.folder() as folder:
        listing = folder / "copies.json"
        listing.write_text(json.dumps(copies), encoding="utf-8")
        # Neither variables nor site-packages reach this Python, and it writes no copies.
        done = commands.run(
            [str(python), "-I", "-S", "-B", "-W", "ignore", "-c", PROGRAM, str(listing)]
        )
    try:
        found = validation.parse_json(done.output.strip().splitlines()[-1])
    except (ValueError, IndexError):
        return copies
    known = set(copies)
    return [path for path in found if path in known] if done.rc == 0 else copies
