"""Records of OSV as a file, a folder or an export: all are read, or none is believed."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
from support.errors import fails
from support.osv_records import affected, event, record, sbom

from slowfast_stack.audit import findings, osv_files, subjects

GOOD = record(affected(event(introduced="0"), event(fixed="3.1.4")), aliases=["CVE-2026-1"])
OTHER = record(affected(event(introduced="0"), name="other"), id="PYSEC-9")
NPM = record(affected(event(introduced="0"), ecosystem="npm"), id="GHSA-npm")


def audit(place: Path, *purls: str) -> findings.Audit:
    listed = subjects.of(sbom(*(purls or ("pkg:pypi/jinja2@3.1.2", "pkg:deb/debian/zlib1g@1"))))
    return findings.audit(listed, osv_files.look_up(listed, place))


def written(folder: Path, form: str, *records: dict[str, Any]) -> Path:
    texts = {f"{n}.json": json.dumps(row) for n, row in enumerate(records)}
    place = folder / f"database.{form}"
    if form == "zip":
        with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in texts.items():
                archive.writestr(name, text)
    elif form == "folder":
        for name, text in texts.items():
            (place / "PyPI").mkdir(parents=True, exist_ok=True)
            (place / "PyPI" / name).write_text(text)
    else:
        rows = list(records)
        content = {"list": rows, "answer": {"vulns": rows}, "one": rows[0]}[form]
        place.write_text(json.dumps(content))
    return place


@pytest.mark.parametrize("form", ["zip", "folder", "list", "answer", "one"])
def test_each_form_is_read(tmp_path: Path, form: str) -> None:
    found = audit(written(tmp_path, form, GOOD, OTHER, NPM))
    (finding,) = found.findings
    assert finding.ids == ("CVE-2026-1", "GHSA-0")
    assert finding.fixed == ("3.1.4",)
    assert [one.name for one in found.looked_up] == ["jinja2"]
    ((refused, why),) = found.refused
    assert refused.name == "pkg:deb/debian/zlib1g@1"
    assert why == subjects.REASONS["deb"]
    assert (
        f"records of PyPI: {1 if form == 'one' else 2}, the newest of 2026-11-01" in found.database
    )


def test_a_database_without_pypi_looks_nothing_up(tmp_path: Path) -> None:
    found = audit(written(tmp_path, "folder", NPM))
    assert not found.looked_up
    assert len(found.refused) == 2


@pytest.mark.parametrize("form", ["zip", "folder", "one"])
@pytest.mark.parametrize(
    "text", ['{"PyPI"', '{"id": "PyPI"} x', '["PyPI"]', '{"PyPI": ' + "[" * 9000], ids=range(4)
)
def test_a_damaged_record_is_refused(tmp_path: Path, form: str, text: str) -> None:
    place = written(tmp_path, form, GOOD)
    if form == "zip":
        with zipfile.ZipFile(place, "a") as archive:
            archive.writestr("bad.json", text)
    else:
        (place / "bad.json" if form == "folder" else place).write_text(text)
    with fails("audit.unreadable-database"):
        audit(place)


def test_a_pipe_and_a_link_are_refused(tmp_path: Path) -> None:
    place = written(tmp_path, "folder", GOOD)
    os.mkfifo(place / "pipe.json")
    with fails("audit.unreadable-database"):
        audit(place)
    (place / "pipe.json").unlink()
    (place / "link.json").symlink_to("/etc/passwd")
    with fails("audit.unreadable-database"):
        audit(place)


def test_a_small_export_does_not_become_a_large_one(tmp_path: Path) -> None:
    place = tmp_path / "all.zip"
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.json", b" " * (17 << 20))
    assert place.stat().st_size < 1 << 16
    with fails("archive.unreadable"):
        audit(place)


def test_an_export_with_a_second_directory_is_refused(tmp_path: Path) -> None:
    place = written(tmp_path, "zip", GOOD)
    place.write_bytes(place.read_bytes() + b"more")
    with fails("archive.unreadable"):
        audit(place)
