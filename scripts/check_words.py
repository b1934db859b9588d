"""Refuse the words of scripts/words.toml in names, code, messages, help, tasks and documentation.

check_words.py [PATH...]     lists each refused word, its place and the standard term; exits 1 if there is one
check_words.py --counts      prints the number of refused words in each folder; exits 0
"""

from __future__ import annotations

import argparse
import fnmatch
import functools
import re
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
_CASE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class Rule(NamedTuple):
    """A refused word, the standard term, and the longer texts in which the word is right."""

    word: re.Pattern[str]
    use: str
    allow: tuple[re.Pattern[str], ...]


class Finding(NamedTuple):
    """A refused word in a file; line 0 is the path itself."""

    path: str
    line: int
    word: str
    use: str


def _pattern(text: str) -> re.Pattern[str]:
    spaced = text.replace(" ", r"[\s_#-]+")
    return re.compile(rf"(?<![a-z])(?:{spaced})(?![a-z])", re.IGNORECASE)


@functools.cache
def _data() -> tuple[tuple[Rule, ...], tuple[str, ...]]:
    data = tomllib.loads((ROOT / "scripts" / "words.toml").read_text(encoding="utf-8"))
    rules = tuple(
        Rule(_pattern(row["word"]), row["use"], tuple(map(_pattern, row.get("allow", ()))))
        for row in data["refused"]
    )
    return rules, tuple(data["skip"])


def findings(path: str, text: str) -> Iterator[Finding]:
    """Yield the refused words of one file, those of its path first."""
    for first, part in ((0, path), (1, _CASE.sub("_", text))):
        for rule in _data()[0]:
            for match in rule.word.finditer(part):
                start = max(0, match.start() - 80)
                around = part[start : match.end() + 80]
                inside = (match.start() - start, match.end() - start)
                if not any(
                    found.start() <= inside[0] and inside[1] <= found.end()
                    for allowed in rule.allow
                    for found in allowed.finditer(around)
                ):
                    line = first and part.count("\n", 0, match.start()) + 1
                    yield Finding(path, line, " ".join(match[0].split()), rule.use)


def check(paths: list[str]) -> Iterator[Finding]:
    """Yield the findings of all files of the project, or of those below ``paths``."""
    listing = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *paths)
    names = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in sorted(set(filter(None, names.split("\0")))):
        file = ROOT / name
        if (
            file.is_symlink()
            or not file.is_file()
            or any(fnmatch.fnmatch(name, glob) for glob in _data()[1])
        ):
            continue
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            text = file.read_bytes().decode("latin-1")
        yield from findings(name, text)


def main() -> int:
    """Check the files below PATH, or all files of the project."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("path", nargs="*", help="files or folders, relative to the project")
    parser.add_argument(
        "--counts", action="store_true", help="print the count of each folder, and exit 0"
    )
    options = parser.parse_args()
    found = list(check(options.path))
    if options.counts:
        counts = Counter(str(Path(finding.path).parent) for finding in found)
        for folder, count in sorted(counts.items()):
            print(f"{count:5} {folder}")
        print(f"{len(found):5} refused words in all; scripts/check_words.py FOLDER lists them")
        return 0
    for finding in found:
        print(f"{finding.path}:{finding.line}: {finding.word} (use: {finding.use})")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
