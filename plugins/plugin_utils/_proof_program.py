"""The files of the proof program, which the role `proof` runs on a host."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

ROLE = Path(__file__).parents[2] / "roles" / "proof"
# The reader of GPU code and the fake runtime are one file each for modules, command line and proof.
_LIBRARY = Path(__file__).parents[1] / "module_utils" / "_stack"
_FILES = (
    (ROLE / "files" / "program", "*.py"),
    (ROLE / "files" / "rehearsal", "*"),
    (_LIBRARY / "cuda", "cubin.py"),
    (_LIBRARY / "cuda", "fake_runtime.py"),
)


@lru_cache(maxsize=1)
def program() -> dict[str, str]:
    """Return the text of each file by its name, without white space at its end."""
    files = [path for folder, pattern in _FILES for path in folder.glob(pattern) if path.is_file()]
    return {path.name: path.read_text(encoding="utf-8").rstrip() for path in sorted(files)}
