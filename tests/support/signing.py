"""Real keys of ssh-keygen, files of allowed signers, and what a hostile maker does to a signed file."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

NEEDS_TOOL = pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="needs ssh-keygen")


def make_key(folder: Path, name: str = "key") -> Path:
    """Make an ed25519 key without a passphrase; return its private half."""
    path = folder / name
    argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(path)]
    subprocess.run(argv, check=True)
    return path


def public(key: Path) -> str:
    """Return the type and the public half of a key."""
    return " ".join(key.with_suffix(".pub").read_text().split()[:2])


def allow(store: Path, key: Path, *, signer: str = "ann@example.org", options: str = "") -> Path:
    """Add a signer to a file of allowed signers; return that file."""
    store.parent.mkdir(parents=True, exist_ok=True)
    with store.open("a") as file:
        file.write(" ".join(part for part in (signer, options, public(key)) if part) + "\n")
    return store
