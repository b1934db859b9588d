"""Check the import graph: no cycle of folders or modules, and no import of a higher layer from a lower one.

    check_imports.py [ROOT]      exits 1 and lists the offending imports
    check_imports.py --edges     prints every import between two folders as "source -> target count"

Imports inside functions and under TYPE_CHECKING count too: Ansible ships what the syntax tree names.
"""

from __future__ import annotations

import argparse
import ast
import graphlib
import itertools
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# One row a layer, lowest first: a folder imports from its own layer and from those below it.
LAYERS = (
    ("_stack/core",),
    ("_stack/host", "_stack/catalog", "_stack/patches", "_stack/symptoms"),
    (
        *(
            "_stack/artifacts",
            "_stack/bundle",
            "_stack/checkpoints",
            "_stack/contents",
            "_stack/cuda",
            "_stack/datasets",
        ),
        *("_stack/driver", "_stack/environment"),
    ),
    ("_stack/planner",),
    ("module_utils", "plugin_utils"),
    ("action", "doc_fragments", "filter", "inventory", "modules"),
    ("src",),
    ("src/sbom", "src/audit"),
    ("src/config",),
    ("src/orchestration",),
    ("src/training",),
    ("src/ui",),
    ("src/bundle",),
    ("src/cli",),
    ("src/main",),
)
LEVEL = {folder: level for level, folders in enumerate(LAYERS) for folder in folders}

PLUGINS = ("ansible_collections", "slowfast", "stack", "plugins")
COMMAND = ("slowfast_stack",)
Name = tuple[str, ...]


class Import(NamedTuple):
    """One import of a module of the project: both folders, both modules, and where it is written."""

    source: str
    target: str
    importer: Name
    imported: Name
    place: str


def _modules(root: Path) -> dict[Name, Path]:
    """Return every module below plugins/ and src/ by its dotted name; a package counts under its own name."""
    modules: dict[Name, Path] = {}
    for base, prefix in ((root / "plugins", PLUGINS), (root / "src" / "slowfast_stack", COMMAND)):
        for file in sorted(base.rglob("*.py")):
            name = (*prefix, *file.relative_to(base).with_suffix("").parts)
            modules[name[:-1] if name[-1] == "__init__" else name] = file
    return modules


def _module(name: Name, modules: dict[Name, Path]) -> Name:
    """Return the name of a module, or of the module that holds an attribute; empty outside the project."""
    while name and name not in modules:
        name = name[:-1]
    return name


def _folder(name: Name, modules: dict[Name, Path]) -> str | None:
    """Return the folder of a module; None outside the project."""
    package = bool(name) and modules[name].name == "__init__.py"
    folder = name if package else name[:-1]
    if name in (COMMAND, (*COMMAND, "__main__")):
        return "src/main"
    if name[:1] == COMMAND:
        return "/".join(("src", *folder[1:2]))
    if name[:4] == PLUGINS:
        inner = folder[4:]
        return (
            "/".join(inner[1:3]) if inner[:2] == ("module_utils", "_stack") else "/".join(inner[:1])
        )
    return None


def imports(root: Path) -> Iterator[Import]:
    """Yield each import of plugins/ and src/ that names another module of the project."""
    modules = _modules(root)
    for name, file in modules.items():
        source = _folder(name, modules)
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"), str(file))):
            targets: list[Name] = []
            if isinstance(node, ast.Import):
                targets = [tuple(alias.name.split(".")) for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                package = name if file.name == "__init__.py" else name[:-1]
                base = package[: len(package) - node.level + 1] if node.level else ()
                stem = (*base, *(node.module.split(".") if node.module else ()))
                targets = [(*stem, alias.name) for alias in node.names]
            place = f"{file.relative_to(root)}:{getattr(node, 'lineno', 0)}"
            for imported in (_module(target, modules) for target in targets):
                folder = _folder(imported, modules)
                if source and folder and imported != name:
                    yield Import(source, folder, name, imported, place)


def problems(found: Iterable[Import]) -> list[str]:
    """Return one line for each import against the layers, and one for a cycle of folders or of modules."""
    edges = list(found)
    between = [edge for edge in edges if edge.source != edge.target]
    lines = [
        f"{edge.place}: {edge.source} imports {edge.target}, which is "
        + ("in no layer of LAYERS" if edge.target not in LEVEL else "in a higher layer")
        for edge in between
        if LEVEL.get(edge.target, len(LAYERS)) > LEVEL.get(edge.source, -1)
    ]
    folders = {(edge.source, edge.target): edge.place for edge in between}
    modules = {
        (".".join(edge.importer[-3:]), ".".join(edge.imported[-3:])): edge.place
        for edge in edges
        if edge.source == edge.target
    }
    return lines + _cycle(folders) + _cycle(modules)


def _cycle(places: dict[tuple[str, str], str]) -> list[str]:
    """Return one line for a cycle of a graph, whose edges are the keys; none if there is no cycle."""
    graph: dict[str, set[str]] = {}
    for source, target in places:
        graph.setdefault(source, set()).add(target)
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        cycle = error.args[1][::-1]
        written = ", ".join(places[pair] for pair in itertools.pairwise(cycle))
        return [f"cycle: {' -> '.join(cycle)} ({written})"]
    return []


def main() -> int:
    """Check the tree ROOT, or print its edges."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "root", nargs="?", type=Path, default=Path(__file__).resolve().parent.parent
    )
    parser.add_argument(
        "--edges", action="store_true", help="print the imports between folders, and check nothing"
    )
    options = parser.parse_args()
    found = list(imports(options.root.resolve()))
    between = [edge for edge in found if edge.source != edge.target]
    if options.edges:
        counts = Counter(edge[:2] for edge in between)
        print(
            "\n".join(
                f"{source} -> {target} {count}"
                for (source, target), count in sorted(counts.items())
            )
        )
        return 0
    lines = problems(found)
    print(
        "\n".join(lines)
        or f"check_imports: {len(found)} imports, {len(between)} between folders; no cycle, none upward"
    )
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
