#!/usr/bin/env python3
"""Compare the modules of a package on PyPI with those of the pinned commit, and write what it lacks.

    scripts/upload_modules.py slowfast=REPOSITORY           writes _stack/catalog/upload_modules.py
    scripts/upload_modules.py --check slowfast=REPOSITORY   exits 1 where it is not as written

REPOSITORY is a local copy of the repository that has the pinned commit. The package is read from PyPI,
by the SHA-256 of the catalog.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tarfile
import urllib.request
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "collections"))

from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.sources import (
    TREES,
    UPLOADS,
)
from slowfast_stack.bundle import wheels

TARGET = ROOT / "plugins/module_utils/_stack/catalog/upload_modules.py"


def uploaded(requirement: str, sha256: str) -> list[str]:
    """Return the files of a source distribution on PyPI, without its first folder."""
    url = wheels.sdist(requirement, sha256).url
    with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310
        data = answer.read()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise SystemExit(f"{requirement} does not have the SHA-256 of the catalog")
    with tarfile.open(fileobj=BytesIO(data)) as archive:
        return [path.partition("/")[2] for path in archive.getnames()]


def committed(repository: str, commit: str) -> list[str]:
    """Return the files of a commit."""
    argv = ["git", "-C", repository, "ls-tree", "-r", "--name-only", commit]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.splitlines()


def modules(paths: list[str], package: str) -> set[str]:
    """Return the modules of a package among files."""
    return {path for path in paths if path.startswith(f"{package}/") and path.endswith(".py")}


def text(name: str, repository: str) -> str:
    """Return the table: modules of the commit, and those of them that the package lacks."""
    upload = next(row for row in UPLOADS if row.name == name)
    tree = next(row for row in TREES if row.name == name)
    ours = modules(committed(repository, tree.commit), name)
    theirs = modules(uploaded(upload.requirement, upload.sha256), name)
    lacks = "\n".join(f'    "{path}",' for path in sorted(ours - theirs))
    day = datetime.now(tz=UTC).date().isoformat()
    return f'''"""Modules that packages on PyPI lack, written by `scripts/upload_modules.py`."""

from __future__ import annotations

from .source import Source

FILES = Source(
    "files of {upload.filename} on PyPI against those of commit {tree.commit[:12]}",
    "{day}",
    "measured",
)
# Modules of the package at the pinned commit.
OF_SLOWFAST = {len(ours)}
SLOWFAST_LACKS = (
{lacks}
)
'''


def main() -> int:
    """Write the table, or compare it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("repository", metavar="slowfast=REPOSITORY")
    options = parser.parse_args()
    name, _equals, place = options.repository.partition("=")
    made = text(name, place)
    if options.check:
        # The day is when it was read, not what was read.
        old = TARGET.read_text(encoding="utf-8")
        same = made.partition("# Modules")[2] == old.partition("# Modules")[2]
        print(f"{TARGET.name} is {'as' if same else 'not as'} PyPI and the commit are")
        return 0 if same else 1
    TARGET.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
