"""Which project a folder holds, and where the project's files are in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..core.errors import StackError

if TYPE_CHECKING:
    from .model import ReadableTree

# A file of the package that the other two never had; scripts/patch_history.py relies on it.
MARKS = {
    "slowfast": "datasets/decoder.py",
    "detectron2": "layers/roi_align.py",
    "pytorchvideo": "data/encoded_video.py",
}


@dataclass(frozen=True)
class Layout:
    """A component and its shape: a repository root, or the package folder alone."""

    component: str
    is_package: bool

    def place(self, path: str) -> str | None:
        """Return where a path of the repository is in this tree; None if it has no place."""
        if not self.is_package:
            return path
        inside = f"{self.component}/"
        return path[len(inside) :] if path.startswith(inside) else None


def layout_of(tree: ReadableTree, component: str | None = None) -> Layout:
    """Recognise a tree. Raises ``StackError`` for the tree of another project."""
    candidates = [component] if component else list(MARKS)
    found = [
        Layout(name, is_package=not prefix)
        for name in candidates
        for prefix in (f"{name}/", "")
        if tree.read(prefix + MARKS[name]) is not None
    ]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(layout.component for layout in found)
        raise StackError(
            f"This folder holds more than one project: {names}.",
            "One patch works on one tree.",
            "Name the component, or give the folder of one package.",
        )
    looked = ", ".join(f"{name}/{MARKS[name]}" for name in candidates)
    raise StackError(
        f"This folder is no source tree of {', '.join(candidates)}; nothing was changed.",
        f"It has none of {looked}.",
        "Give the root of a checkout, or the folder of the installed package.",
    )
