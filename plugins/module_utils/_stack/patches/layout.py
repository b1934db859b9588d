"""Recognise which project a folder contains, and map repository paths to paths in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..core.components import MARKER_FILES
from ..core.errors import StackError

if TYPE_CHECKING:
    from .model import ReadableTree


@dataclass(frozen=True)
class Layout:
    """The component of a tree, which is a repository or only its package folder."""

    component: str
    is_package: bool

    def locate(self, path: str) -> str | None:
        """Return the path in this tree of a file of the repository; None outside the package."""
        if not self.is_package:
            return path
        inside = f"{self.component}/"
        return path[len(inside) :] if path.startswith(inside) else None


def layout_of(tree: ReadableTree, component: str | None = None) -> Layout:
    """Recognise a tree, or verify ``component``. Raises ``StackError`` if it is another project."""
    candidates = [component] if component else list(MARKER_FILES)
    found = [
        Layout(name, is_package=not prefix)
        for name in candidates
        for prefix in (f"{name}/", "")
        if tree.read(prefix + MARKER_FILES[name]) is not None
    ]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(layout.component for layout in found)
        raise StackError(
            f"This folder contains more than one project: {names}.",
            "Patches are applied to one project at a time.",
            "Name the component, or give the folder of one package.",
            code="patches.several-projects",
        )
    markers = ", ".join(f"{name}/{MARKER_FILES[name]}" for name in candidates)
    raise StackError(
        f"This folder is not a source tree of {' or '.join(candidates)}; nothing was changed.",
        f"It contains none of these files: {markers}.",
        "Give the root of a checkout, or the folder of the installed package.",
        code="patches.not-a-source-tree",
    )
