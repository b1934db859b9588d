"""The catalog as plain data: every table, with the source and the date of every cell."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import TYPE_CHECKING, Any

from ansible_collections.slowfast.stack.plugins.module_utils._stack import catalog
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog import (
    package_files,
    proven,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.source import Source
from slowfast_stack.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SCHEMA = 1
# A field of this name, or PREFIX_source, is no cell: it says where cells come from.
_SOURCE = "source"
# Fields of a row that are sources themselves, and the cells that they vouch for.
_VOUCHES = {
    "packages": ("compilers", "python", "archive", "toolkit"),
    "contents": ("first_branch", "first_toolkit", "last_branch", "last_toolkit"),
}
_PROOF = "a stack that scripts/proof_matrix.py built and proved"


class _Sources:
    """The sources of all cells, each listed once."""

    def __init__(self) -> None:
        self.rows: dict[Source, int] = {}

    def number(self, source: Source) -> int:
        """Return the place of a source in the list."""
        return self.rows.setdefault(source, len(self.rows))

    def listed(self) -> list[dict[str, str]]:
        """Return all of them as plain data."""
        return [source._asdict() for source in self.rows]


def tables() -> dict[str, Sequence[Any]]:
    """Return the rows of every table by its name, such as ``gpus.chips``."""
    found: dict[str, Sequence[Any]] = {}
    for module in pkgutil.iter_modules(catalog.__path__):
        scope = vars(importlib.import_module(f"{catalog.__name__}.{module.name}"))
        for name, value in scope.items():
            if (
                name.isupper()
                and name[0] != "_"
                and _is_table(value)
                and _home(value) == scope["__name__"]
            ):
                found[f"{module.name}.{name.lower()}"] = value
    return found


def _is_table(value: object) -> bool:
    if not isinstance(value, tuple) or hasattr(value, "_fields"):
        return False
    return bool(value) and all(hasattr(row, "_fields") for row in value)


def _home(rows: Sequence[Any]) -> str:
    return str(type(rows[0]).__module__)


def export(names: Sequence[str] = ()) -> dict[str, Any]:
    """Return the tables of these names, or all.

    The source of a cell is ``sources[row["cell_sources"][FIELD]]`` where the row has that entry, and
    otherwise ``sources[row["source"]]``; each has a name, the date on which it was checked, and a
    confidence: measured, documented or uncertain.
    """
    sources, made = _Sources(), {}
    for name, rows in tables().items():
        if not names or name in names:
            made[name] = _table(rows, sources)
    if not names or FILES in names:
        made[FILES] = _files(sources)
    return {
        "schema": SCHEMA,
        "slowfast_stack": __version__,
        "checked": max((source.checked for source in sources.rows), default=None),
        "sources": sources.listed(),
        "tables": made,
    }


FILES = "package_files.files"


def _files(sources: _Sources) -> dict[str, object]:
    number = sources.number(package_files.READ)
    rows = [
        {"pin": pin, "file": file, "sha256": digest, "source": number}
        for pin, files in package_files.FILES.items()
        for file, digest in files.items()
    ]
    return {
        "about": "The SHA-256 of every file that a pin may be installed from.",
        "fields": ["pin", "file", "sha256"],
        "rows": rows,
    }


def _table(rows: Sequence[Any], sources: _Sources) -> dict[str, object]:
    kind = type(rows[0])
    fields = [name for name in kind._fields if not _names_a_source(name)]
    about = " ".join((inspect.getdoc(kind) or "").split())
    return {"about": about, "fields": fields, "rows": [_row(row, sources) for row in rows]}


def _names_a_source(field: str) -> bool:
    return field == _SOURCE or field.endswith(f"_{_SOURCE}")


def _row(row: Any, sources: _Sources) -> dict[str, object]:  # noqa: ANN401  (rows of all tables)
    cells = {
        name: _plain(value, sources)
        for name, value in row._asdict().items()
        if not _names_a_source(name)
    }
    own = {field: sources.number(source) for field, source in _cell_sources(row)}
    shown = {**cells, _SOURCE: sources.number(_source(row))}
    return {**shown, "cell_sources": own} if own else shown


def _source(row: Any) -> Source:  # noqa: ANN401  (rows of all tables)
    """Return the source of a row; a proof is its own."""
    if isinstance(row, proven.ProvenRow):
        return Source(_PROOF, row.checked, "measured")
    found = row.source
    if not isinstance(found, Source):
        message = f"{type(row).__name__} has no source"
        raise TypeError(message)
    return found


def _cell_sources(row: Any) -> Iterator[tuple[str, Source]]:  # noqa: ANN401  (rows of all tables)
    """Yield the cells that have a source of their own: X_source is that of X or of what ends in X."""
    for name, value in row._asdict().items():
        if not isinstance(value, Source) or name == _SOURCE:
            continue
        subject = name.removesuffix(f"_{_SOURCE}")
        matching = (
            field
            for field in row._fields
            if field == subject or (field.endswith(f"_{subject}") and not _names_a_source(field))
        )
        yield from ((field, value) for field in _VOUCHES.get(name, matching))


def _plain(value: object, sources: _Sources) -> object:
    """Return plain data; a row inside a row has its own source."""
    if hasattr(value, "source") and hasattr(value, "_asdict"):
        return _row(value, sources)
    if hasattr(value, "_asdict"):
        return {key: _plain(each, sources) for key, each in value._asdict().items()}
    if isinstance(value, tuple | list | frozenset):
        return [_plain(each, sources) for each in value]
    if isinstance(value, dict):
        return {str(key): _plain(each, sources) for key, each in value.items()}
    return value
