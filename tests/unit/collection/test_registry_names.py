"""No file names the host of a package registry: users have mirrors, and the tools know their own."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[3]
# Put together here, or this file would name them.
HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("deb", "debian", "org"),
        ("archive", "ubuntu", "com"),
        ("registry", "npmjs", "org"),
    )
]


def test_no_file_names_a_registry() -> None:
    named = [argument for host in HOSTS for argument in ("-e", host)]
    argv = ["git", "grep", "--fixed-strings", "--line-number", *named]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
