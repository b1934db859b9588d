"""Record every file of a stack when it is proven, and find every one that differs later.

Compared are size, modification time, inode, change time and mode; a file in which one of them
differs is read, and is the same where its bytes, mode and link are. A change that sets size and
modification time back is found by its change time, which no program can set.

Compiled copies (``__pycache__``) appear whenever Python imports something. One that is new or
different counts as the same where the environment's Python compiles its source to equal code.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core import names, notices, saved, validation
from ..core.components import COMPONENTS
from ..core.display import escaped
from ..core.errors import StackError
from ..core.files import atomic_write, sha256_of
from . import bytecode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ..core.process import Commands

FILE, SCHEMA = "files.json", 1
# A stack of PyTorch has 28,000 files, 6 MB here.
LIMIT = 256 << 20  # bytes
ADDED, REMOVED, CHANGED = "added", "removed", "changed"
# Of a repository, what git runs or obeys; git itself rewrites the rest.
_OF_GIT = ("HEAD", "commondir", "config", "config.worktree", "hooks")
# Users keep their results in the source trees: of new files there, those that a program reads.
_READ = (".py", ".pyc", ".so", ".pth", ".yaml", ".yml")
# Folders in which Python looks up what a package offers, such as the plugins of torch.
_METADATA = re.compile(r"\.(egg|dist)-info/")
_SHOWN = 5
# What a Python that was killed leaves of a compiled copy; it is never imported.
_LEFT = re.compile(r"/__pycache__/[^/]+\.pyc\.[0-9]+$")
# What the environment's Python is; where it has changed, it is not asked.
PYTHON = "python"
_INTERPRETER = ("env/bin/", "env/pyvenv.cfg", f"{PYTHON}/")
# Threads that read files; SHA-256 of 5.6 GB takes 15 s on one core.
_READERS = 8

# Size, mtime_ns, inode, ctime_ns, mode, and the target of a link.
State = tuple[int, int, int, int, int, str]


class Row(NamedTuple):
    """A file: its SHA-256, empty for what was not read, and the state that it was in.

    Not read is what is no regular file, and what could not be read.
    """

    sha256: str
    state: State

    def same(self, other: Row) -> bool:
        """Return whether this is the file of another record: bytes, mode and target of the link.

        Where that one could not be read, the state decides.
        """
        if not other.sha256 and stat.S_ISREG(other.state[4]):
            return self.state == other.state
        return (self.sha256, *self.state[4:]) == (other.sha256, *other.state[4:])


class Difference(NamedTuple):
    """A file of a stack, by its path below the folder of the stack, and what happened to it."""

    path: str
    what: str


@dataclass(frozen=True)
class Files:
    """The files of a stack by path below its folder."""

    rows: Mapping[str, Row]


class Comparison(NamedTuple):
    """How files differ from a record, and the files as they are now."""

    differences: tuple[Difference, ...]
    files: Files


def load(stack: Path) -> Files | None:
    """Return the record of a stack; None where there is none, or a damaged one, which is said.

    Raises ``StackError`` for one of a newer release.
    """
    path = stack / "proof" / FILE
    try:
        found = validation.mapping(
            validation.parse_json(names.read_regular(path, LIMIT)), path.name
        )
        number = validation.count(found.get("schema"), "schema")
        rows = validation.mapping(found.get("files", {}), "files")
        files = Files({name: _row(row) for name, row in rows.items()})
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, StackError) as error:
        notices.say(saved.unreadable(path, error, saved.AGAIN))
        return None
    saved.require_known(path, number, SCHEMA)
    return files


def _row(row: Any) -> Row:  # noqa: ANN401  (it is JSON)
    sha256, size, modified, inode, changed, mode, link = row
    if len(bytes.fromhex(sha256)) not in (0, 32):
        raise ValueError("A digest is not one.")
    numbers = isinstance(size + modified + inode + changed + mode, int)
    if not numbers or not 0 <= mode < 1 << 32 or not isinstance(link, str):
        raise ValueError("The state of a file is not one.")
    return Row(sha256, (size, modified, inode, changed, mode, link))


def save(stack: Path, files: Files) -> None:
    """Write the record of a stack. Raises ``StackError``."""
    rows = {path: [row.sha256, *row.state] for path, row in files.rows.items()}
    text = json.dumps({"schema": SCHEMA, "files": rows}, separators=(",", ":"))
    atomic_write(stack / "proof" / FILE, text + "\n", mode=saved.MODE)


def remove(stack: Path) -> None:
    """Remove the record of a stack, whose files are about to change."""
    (stack / "proof" / FILE).unlink(missing_ok=True)


def taken(stack: Path, early: Files | None = None) -> Files:
    """Return the files of a stack, each read now but for those in the state that they had ``early``."""
    states, old = dict(_scanned(stack)), early.rows if early else {}
    return _read(stack, states, _still(states, old))


def compare(commands: Commands, stack: Path, recorded: Files, *, deep: bool = False) -> Comparison:
    """Compare a stack with its record; with ``deep``, read every file."""
    states, old = dict(_scanned(stack)), recorded.rows
    if not deep and states == {path: row.state for path, row in old.items()}:
        return Comparison((), recorded)
    now = _read(stack, states, {} if deep else _still(states, old))
    other = [path for path, row in now.rows.items() if path not in old or not row.same(old[path])]
    removed = [path for path in old if path not in states]
    what = {
        **{path: CHANGED if path in old else ADDED for path in other},
        **dict.fromkeys(removed, REMOVED),
    }
    copies = [path for path in other if bytecode.is_copy(path)]
    wrong = {
        path
        for path in what
        if not bytecode.is_copy(path) and (what[path] != ADDED or _counts(stack, path))
    }
    wrong |= _unlike(commands, stack, copies, wrong)
    return Comparison(tuple(Difference(path, what[path]) for path in sorted(wrong)), now)


def _still(states: Mapping[str, State], rows: Mapping[str, Row]) -> dict[str, Row]:
    """Return the files of a record that are in the same state now."""
    return {path: row for path, row in rows.items() if row.state == states.get(path)}


def described(differences: Sequence[Difference]) -> str:
    """Return the first differences and how many more there are, for a message."""
    rows = [f"{_on_one_line(row.path)} was {row.what}" for row in differences[:_SHOWN]]
    left = len(differences) - len(rows)
    return ", ".join(rows) + (f", and {left} more" if left else "")


def _on_one_line(path: str) -> str:
    """Return a path for a message: a name with an end of line must not look like another message."""
    return escaped(path).replace("\n", "\\n")


def place(stack: Path, path: str) -> Path:
    """Return where a file of a record is."""
    own = own_python(stack) if path.startswith(f"{PYTHON}/") else None
    return own / path[len(PYTHON) + 1 :] if own else stack / path


def _counts(stack: Path, path: str) -> bool:
    """Return whether a new file counts: all do, but for what users keep in the trees."""
    if not path.startswith("src/"):
        return not _LEFT.search(path)
    read = path.endswith(_READ) or "/.git/" in path or _METADATA.search(path)
    return bool(read) or _leads_to_code(place(stack, path))


def _leads_to_code(path: Path) -> bool:
    """Return whether this is a link to a folder that Python would import from."""
    if not path.is_symlink():
        return False
    if path.name == "__pycache__":
        return True
    try:
        return any(entry.name.endswith(_READ) for entry in path.iterdir())
    except OSError:  # no folder
        return False


def _unlike(commands: Commands, stack: Path, copies: list[str], wrong: set[str]) -> set[str]:
    """Return the compiled copies that are not those of their source."""
    if not copies or any(path.startswith(_INTERPRETER) for path in wrong):
        return set(copies)
    places = {str(place(stack, path)): path for path in copies}
    python = stack / "env" / "bin" / "python"
    return {places[found] for found in bytecode.unlike_source(commands, python, list(places))}


def _read(stack: Path, states: Mapping[str, State], known: Mapping[str, Row]) -> Files:
    """Return all files, of which those that are not ``known`` are read."""
    unread = {path: place(stack, path) for path in states if path not in known}

    def sha256(path: str) -> str:
        try:
            return sha256_of(unread[path]) if stat.S_ISREG(states[path][4]) else ""
        except OSError:  # it was removed meanwhile, or only its owner may read it
            return ""

    # Each thread has its share of large and of small files: to queue each one costs as much as to read it.
    readers = min(_READERS, os.cpu_count() or 1)
    ordered = sorted(unread, key=lambda path: -states[path][0])
    shares = [ordered[number::readers] for number in range(readers)]

    def read_all(share: list[str]) -> list[tuple[str, str]]:
        return [(path, sha256(path)) for path in share]

    with ThreadPoolExecutor(readers) as pool:
        digests = dict(itertools.chain.from_iterable(pool.map(read_all, shares)))
    rows = {path: known.get(path) or Row(digests[path], state) for path, state in states.items()}
    return Files(rows)


def own_python(stack: Path) -> Path | None:
    """Return the folder of the interpreter where it is one that uv put into the prefix."""
    target = Path(os.path.realpath(stack / "env" / "bin" / "python"))
    pythons = Path(os.path.realpath(stack.parent.parent / "pythons"))
    if pythons not in target.parents:
        return None
    return pythons / target.relative_to(pythons).parts[0]


def _scanned(stack: Path) -> Iterator[tuple[str, State]]:
    """Yield every file of a stack with its state."""
    for top in ("env", "ffmpeg", "activate", *(f"src/{name}" for name in COMPONENTS)):
        path = stack / top
        if path.is_symlink() or path.is_file():
            yield top, _state(str(path))
        if path.is_dir():
            yield from _below(str(path), top)
    own = own_python(stack)
    if own:
        yield from _below(str(own), PYTHON)


def _below(folder: str, name: str) -> Iterator[tuple[str, State]]:
    """Yield the files below a folder."""
    waiting = [(folder, name)]
    while waiting:
        folder, name = waiting.pop()
        of_git = name.endswith("/.git")
        with os.scandir(folder) as entries:
            for entry in entries:
                if of_git and entry.name not in _OF_GIT:
                    continue
                path = f"{name}/{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    waiting.append((entry.path, path))
                elif not entry.is_symlink():
                    yield path, _of(entry.stat(follow_symlinks=False), "")
                else:
                    yield path, _state(entry.path)
                    if _is_adopted(entry):
                        waiting.append((entry.path, path))


def _is_adopted(link: os.DirEntry[str]) -> bool:
    """Return whether this is the link of an adopted package, whose files are elsewhere."""
    path = Path(link.path)
    return (
        path.parent.name == "site-packages" and link.is_dir() and path.resolve().name == link.name
    )


def _state(path: str) -> State:
    """Return the state of a file, for a link that of its target; zeros where that is missing."""
    found, link = os.lstat(path), ""
    if stat.S_ISLNK(found.st_mode):
        link = str(Path(path).readlink())
        try:
            found = Path(path).stat()
        except OSError:
            return 0, 0, 0, 0, 0, link
        if stat.S_ISDIR(found.st_mode):  # its own times say nothing of its files
            return 0, 0, 0, 0, found.st_mode, link
    return _of(found, link)


def _of(found: os.stat_result, link: str) -> State:
    return (
        found.st_size,
        found.st_mtime_ns,
        found.st_ino,
        found.st_ctime_ns,
        found.st_mode,
        link,
    )
