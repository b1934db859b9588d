#!/usr/bin/env python3
"""Apply every patch to the commits of local git repositories, and print the status of each.

    scripts/patch_history.py slowfast=~/SlowFast detectron2=~/detectron2 --since 2022-11-22

Commits are read from git, nothing is checked out; a folder without git counts as one commit. For every
state of the files that a patch examines: the status is not unknown, the patched file compiles, applying
the patch again changes nothing, and undo restores every byte. Exits with 1 if one of these fails.
Commits that have a syntax error of their own count as unknown.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "collections"))

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.components import (
    MARKER_FILES,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches import engine
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.model import (
    AFFECTED,
    ALREADY_APPLIED,
    APPLIED,
    FIXED_DIFFERENTLY,
    NOT_APPLICABLE,
    UNKNOWN,
    Patch,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.registry import PATCHES
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.syntax.source_file import (
    Source,
    UnparsableError,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.syntax.source_tree import (
    MemoryTree,
)

COLUMNS = (AFFECTED, ALREADY_APPLIED, FIXED_DIFFERENTLY, NOT_APPLICABLE, UNKNOWN)
Files = dict[str, str]  # path -> id of its blob


class Repository:
    """A local git repository, read through one running ``git cat-file``."""

    def __init__(self, path: Path) -> None:
        """Open the repository, read-only."""
        self.path = path
        self._blobs: dict[str, bytes] = {}
        self._reader = subprocess.Popen(
            ["git", "-C", path, "cat-file", "--batch"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def commits(self, since: str | None, references: str) -> list[tuple[str, str]]:
        """Return (commit, date) of all ancestors of the references, oldest first."""
        wanted = [f"--since={since}"] if since else []
        lines = self._git("log", "--reverse", "--format=%H %as", *wanted, references).splitlines()
        return [(line.split()[0], line.split()[1]) for line in lines]

    def files(self, commit: str, paths: list[str]) -> Files:
        """Return the blobs of those paths that a commit has."""
        lines = self._git("ls-tree", "-r", commit, "--", *paths).splitlines()
        return {line.split("\t")[1]: line.split()[2] for line in lines}

    def read(self, blob: str) -> bytes:
        """Return the content of a blob."""
        if blob not in self._blobs:
            self._blobs[blob] = self._fetch(blob)
        return self._blobs[blob]

    def _fetch(self, blob: str) -> bytes:
        stdin, stdout = self._reader.stdin, self._reader.stdout
        if stdin is None or stdout is None:
            raise RuntimeError("git cat-file has no pipes.")
        stdin.write(f"{blob}\n".encode())
        stdin.flush()
        size = int(stdout.readline().split()[2])
        return stdout.read(size + 1)[:-1]

    def _git(self, *arguments: str) -> str:
        argv = ["git", "-C", str(self.path), *arguments]
        return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


class Folder:
    """A project outside git, such as a package from PyPI."""

    def __init__(self, path: Path, component: str) -> None:
        """Open the folder of the package, or the one that contains it."""
        inside = (path / component).is_dir()
        self._path, self._prefix = path, "" if inside else f"{component}/"

    def commits(self, *_: object) -> list[tuple[str, str]]:
        """Return the only state."""
        return [("folder", "")]

    def files(self, _: str, paths: list[str]) -> Files:
        """Return those of the paths that exist."""
        places = {path: path.removeprefix(self._prefix) for path in paths}
        return {path: place for path, place in places.items() if (self._path / place).is_file()}

    def read(self, place: str) -> bytes:
        """Return the content of a file."""
        return (self._path / place).read_bytes()


@dataclass
class Row:
    """The statuses of one patch in one repository."""

    found: Counter[str] = field(default_factory=Counter)
    dates: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def history(
    component: str, repository: Repository | Folder, commits: list[tuple[str, str]]
) -> dict[str, Row]:
    """Try the patches of a component on all commits, each state of the files once."""
    patches = [patch for patch in PATCHES if patch.component == component]
    mark = f"{component}/{MARKER_FILES[component]}"
    paths = sorted({path for patch in patches for path in _paths(patch)} | {mark})
    rows: dict[str, Row] = defaultdict(Row)
    tried: dict[tuple[str, ...], tuple[str, str]] = {}
    for commit, date in commits:
        files = repository.files(commit, paths)
        if mark not in files:
            continue
        for patch in [None, *patches]:
            name = patch.id if patch else "(all together)"
            seen = [*_paths(patch), mark] if patch else paths
            key = (name, *(files.get(path, "") for path in seen))
            if key not in tried:
                state = {path: repository.read(files[path]) for path in seen if path in files}
                tried[key] = trial(component, patch, state)
                if tried[key][1]:
                    rows[name].problems.append(f"{commit[:10]} {date}: {tried[key][1]}")
            rows[name].found[tried[key][0]] += 1
            rows[name].dates += [date] if tried[key][0] == AFFECTED else []
    return rows


def trial(component: str, patch: Patch | None, files: dict[str, bytes]) -> tuple[str, str]:
    """Apply, apply again and undo; return the status and the problem, if any."""
    tree, ids = MemoryTree(files), [patch.id] if patch else None
    if not all(_parses(path, data) for path, data in files.items() if path.endswith(".py")):
        return UNKNOWN, ""  # a syntax error of the commit itself is no problem of the patch
    try:
        outcomes = engine.examine(tree, ids, component=component).outcomes
        statuses = {outcome.status for outcome in outcomes}
        status = next(status for status in COLUMNS[::-1] if status in statuses) if patch else ""
        changes = engine.apply_patches(tree, ids, component=component).changes
        for change in changes:
            compile(change.after or b"", change.path, "exec", dont_inherit=True)
        again = engine.apply_patches(tree, ids, component=component)
        if again.changes or APPLIED in {outcome.status for outcome in again.outcomes}:
            return status, "applying it again changes something"
        engine.undo(tree, component=component)
    except (StackError, SyntaxError) as error:
        return UNKNOWN, str(error)
    same = tree.files == files
    return status or (
        AFFECTED if changes else ALREADY_APPLIED
    ), "" if same else "undo does not restore the files"


def _opened(path: Path, component: str) -> Repository | Folder:
    is_git = (path / ".git").exists() or (path / "HEAD").is_file()
    return Repository(path) if is_git else Folder(path, component)


def _parses(path: str, data: bytes) -> bool:
    try:
        Source(path, data)
    except UnparsableError:
        return False
    return True


def table(name: str, rows: dict[str, Row]) -> str:
    """Return the rows as a Markdown table."""
    lines = [f"### {name}", "", "| patch | " + " | ".join(COLUMNS) + " | affected from | to |"]
    lines += ["|---|" + "--:|" * len(COLUMNS) + "---|---|"]
    for patch, row in rows.items():
        counts = " | ".join(str(row.found[status] or "") for status in COLUMNS)
        first, last = (min(row.dates), max(row.dates)) if row.dates else ("", "")
        lines.append(f"| {patch} | {counts} | {first} | {last} |")
    return "\n".join([*lines, ""])


def _paths(patch: Patch) -> list[str]:
    beside = [beside.path for site in patch.sites for beside in site.beside]
    sites = [path for site in patch.sites for path in (site.path, site.lacks) if path]
    return list(dict.fromkeys([*sites, *beside]))


def main() -> int:
    """Read the arguments, print one table for each repository."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repository", nargs="+", help="COMPONENT=FOLDER, or COMPONENT:NAME=FOLDER")
    parser.add_argument("--since", help="only commits after this date")
    parser.add_argument("--all", action="store_true", help="every reference, not only HEAD")
    options = parser.parse_args()
    failed = False
    for given in options.repository:
        label, _, folder = given.partition("=")
        component, _, name = label.partition(":")
        repository = _opened(Path(folder).expanduser(), component)
        commits = repository.commits(options.since, "--all" if options.all else "HEAD")
        rows = history(component, repository, commits)
        print(table(f"{name or component}, {len(commits)} commits", rows))
        problems = [f"{patch}: {text}" for patch, row in rows.items() for text in row.problems]
        print("\n".join(problems), file=sys.stderr)
        failed = failed or bool(problems) or not rows
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main())
