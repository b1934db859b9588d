"""What is looked up, what is not, and what counts as one vulnerability."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.errors import fails
from support.osv_records import sbom

from slowfast_stack.audit import subjects
from slowfast_stack.audit.findings import UNKNOWN, Advisory, Answer, Finding, audit, merged
from slowfast_stack.audit.subjects import Subject
from slowfast_stack.ui import audits

JINJA = Subject("jinja2", "3.1.2", "pkg:pypi/jinja2@3.1.2")


@pytest.mark.parametrize(
    ("purl", "why"),
    [
        ("pkg:pypi/Jinja2@3.1.2", ""),
        ("pkg:pypi/torch@2.4.1%2Bcu124", ""),
        ("pkg:pypi/tz@2004d", "PyPI allows no such name or version"),
        ("pkg:pypi/jinja2", "PyPI allows no such name or version"),
        ("pkg:pypi/-r%20x@1", "PyPI allows no such name or version"),
        ("pkg:pypi/a%0Ab@1", "PyPI allows no such name or version"),
        ("pkg:deb/debian/zlib1g@1.3", subjects.REASONS["deb"]),
        ("pkg:rpm/almalinux/libgomp@8.5", subjects.REASONS["rpm"]),
        ("pkg:github/facebookresearch/slowfast@28", subjects.REASONS["github"]),
        ("pkg:conda/zlib@1.3", subjects.REASONS["conda"]),
        ("pkg:generic/ffmpeg@7.1", subjects.REASONS["generic"]),
        ("pkg:cargo/x@1", "the databases have no such packages"),
        ("no:url", "its package URL cannot be read"),
        ("FreeType", subjects.REASONS[""]),
    ],
)
def test_what_no_database_is_asked_says_why(purl: str, why: str) -> None:
    (found,) = subjects.of(sbom(purl)).subjects
    assert found.why_not == why


def test_components_count_once_and_files_only_as_libraries() -> None:
    library = {"name": "slowfast-stack:needed", "value": "libc.so.6"}
    rows: list[Any] = [
        {"type": "file", "name": "a.so", "properties": [library]},
        {"type": "file", "name": "a.py"},
        {"type": "data", "name": "records"},
        {"type": "library", "name": "jinja2", "purl": JINJA.purl},
    ]
    twice = {"type": "library", "name": "jinja2", "purl": JINJA.purl, "components": rows}
    document = sbom()
    document["components"] = [
        twice,
        {"type": "library", "name": "detectron2", "bom-ref": "package detectron2"},
    ]
    found = subjects.of(document)
    assert [one.name for one in found.subjects] == ["detectron2", "jinja2"]
    assert "built" in found.subjects[0].why_not
    assert found.libraries == 1


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"bomFormat": "SPDX"}', "[" * 9000, '{"bomFormat": "CycloneDX"'],
    ids=range(6),
)
def test_another_file_is_no_sbom(tmp_path: Path, content: str) -> None:
    path = tmp_path / "sbom.json"
    path.write_text(content)
    with fails("audit.unreadable-sbom"):
        subjects.read(path)


@pytest.mark.parametrize("rows", [5, {}, [5], [{"components": [[]]}]])
def test_components_of_another_form_are_refused(rows: object) -> None:
    with fails("data.invalid-value"):
        subjects.of({"bomFormat": "CycloneDX", "components": rows})


def test_an_endless_nesting_is_refused() -> None:
    row: dict[str, Any] = {"name": "x"}
    for _level in range(100):
        row = {"name": "x", "components": [row]}
    with fails("data.invalid-value"):
        subjects.of({"bomFormat": "CycloneDX", "components": [row]})


def test_aliases_make_one_finding_of_several_records() -> None:
    found = merged(
        JINJA,
        [
            Advisory(frozenset({"PYSEC-1", "CVE-2"}), "", UNKNOWN, frozenset({"3.1.10"})),
            Advisory(frozenset({"GHSA-3"}), "Other", "low"),
            Advisory(frozenset({"GHSA-1", "CVE-2"}), "A fault", "high", frozenset({"3.1.4"})),
            Advisory(frozenset({"GHSA-4", "PYSEC-1"}), "", "medium", undecided=True),
        ],
    )
    ids = ("CVE-2", "GHSA-1", "GHSA-4", "PYSEC-1")
    assert found == [
        Finding(JINJA, ids, "A fault", "high", ("3.1.4", "3.1.10"), undecided=False),
        Finding(JINJA, ("GHSA-3",), "Other", "low", (), undecided=False),
    ]


@pytest.mark.parametrize(
    ("severity", "limit", "counts"),
    [
        ("low", "low", True), ("low", "medium", False), ("medium", "high", False),
        ("critical", "critical", True), (UNKNOWN, "critical", True),
    ],
)  # fmt: skip
def test_which_findings_fail(severity: str, limit: str, *, counts: bool) -> None:
    (found,) = merged(JINJA, [Advisory(frozenset({"A"}), severity=severity)])
    assert found.at_least(limit) is counts


def test_what_was_not_looked_up_is_never_called_clean() -> None:
    listed = subjects.of(sbom(JINJA.purl, "pkg:pypi/six@1.17.0", "pkg:deb/debian/zlib1g@1"))
    asked = {one.name: one for one in listed.subjects}
    done = audit(listed, Answer("PyPI", {asked["jinja2"]: ()}, {}))
    text = "\n".join(audits.lines("one", done))
    assert "1 of 3 components" in text
    assert "six 1.17.0: the database did not answer" in text
    assert "No known vulnerability in what was looked up" in text
    nothing = audit(listed, Answer("PyPI", {}, {asked["six"]: "PyPI does not know this release"}))
    text = "\n".join(audits.lines("one", nothing))
    assert "No known vulnerability" not in text
    assert "six 1.17.0: PyPI does not know this release" in text
    assert len(json.loads(json.dumps(audits.plain(nothing)))["not_looked_up"]) == 3
