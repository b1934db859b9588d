"""Look components up in records of OSV that are here: a file, a folder, or an export (ZIP)."""

from __future__ import annotations

import zipfile
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import names, zips
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import (
    StackError,
    reason,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.validation import (
    parse_json,
)
from slowfast_stack.audit import osv
from slowfast_stack.audit.findings import Advisory, Answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slowfast_stack.audit.subjects import Listed

# One record of PyPI has at most 200 KiB, their export 150 MiB in 20,000 files.
_LARGEST, _LARGEST_EXPORT, _MOST_FILES = 16 << 20, 2 << 30, 200_000
_MARK = b'"PyPI'


def look_up(listed: Listed, place: Path) -> Answer:
    """Return what the records in ``place`` say. Raises ``StackError`` where one cannot be read.

    Records of other ecosystems are not used.
    """
    wanted = {one.name for one in listed.subjects if not one.why_not}
    known: dict[str, list[osv.Record]] = defaultdict(list)
    count, newest = 0, ""
    for found in _records(place):
        about = osv.packages(found)
        count += bool(about)
        newest = max(newest, found.modified if about else "")
        for name in about & wanted:
            known[name].append(found)
    says = f"{place} (records of PyPI: {count}, the newest of {newest[:10] or 'unknown date'})"
    if not count:
        refused = dict.fromkeys(listed.subjects, "the file has no record of PyPI")
        return Answer(says, {}, refused)
    return Answer(
        says,
        {
            one: tuple(_advisories(known[one.name], one.name, one.release))
            for one in listed.subjects
            if not one.why_not
        },
        {},
    )


def _advisories(records: list[osv.Record], name: str, version: Any) -> Iterator[Advisory]:  # noqa: ANN401
    for one in records:
        found = osv.advisory(one, name, version)
        if found:
            yield found


def _records(place: Path) -> Iterator[osv.Record]:
    for name, text in _texts(place):
        if _MARK not in text:
            continue
        try:
            for row in _rows(parse_json(text)):
                yield osv.record(row)
        except (ValueError, StackError) as error:
            raise _unreadable(f"{name} in {place}" if name else str(place), error) from error


def _rows(found: Any) -> list[Any]:  # noqa: ANN401  (JSON has all types)
    """Return the records of a file: it has one, a list, or an answer of OSV."""
    if isinstance(found, dict) and isinstance(found.get("vulns"), list):
        return list(found["vulns"])
    return found if isinstance(found, list) else [found]


def _texts(place: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the JSON files at a place, each with its name there. Raises ``StackError``."""
    try:
        if place.is_dir():
            for number, path in enumerate(sorted(place.rglob("*.json"))):
                _require_few(place, number)
                yield str(path.relative_to(place)), names.read_regular(path, _LARGEST)
        elif zipfile.is_zipfile(place):
            yield from _members(place)
        else:
            yield "", names.read_regular(place, _LARGEST_EXPORT >> 3)
    except OSError as error:
        raise _unreadable(str(place), error) from error


def _members(place: Path) -> Iterator[tuple[str, bytes]]:
    with place.open("rb") as file, zips.opened(file, place.name) as archive:
        rows = [info for info in archive.infolist() if info.filename.endswith(".json")]
        _require_few(place, len(rows))
        if sum(info.file_size for info in rows) > _LARGEST_EXPORT:
            raise zipfile.BadZipFile("its files would be too large")
        for info in rows:
            text = zips.read_at_most(archive, info, _LARGEST)
            if text is None:
                raise zipfile.BadZipFile(f"{info.filename[:100]} is too large")
            yield info.filename[:200], text


def _require_few(place: Path, number: int) -> None:
    if number > _MOST_FILES:
        raise _unreadable(str(place), ValueError(f"It has more than {_MOST_FILES} files"))


def _unreadable(place: str, error: Exception) -> StackError:
    return StackError(
        f"{place} cannot be used.",
        f"It should have records of OSV. {reason(error)}",
        "Get it again: a record that cannot be read could name a vulnerability.",
        code="audit.unreadable-database",
    )
