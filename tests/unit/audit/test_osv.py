"""Which releases a record of OSV is about, after the section "Evaluation" of its schema."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from packaging.version import Version
from support.errors import fails
from support.fuzz import examples
from support.osv_records import affected, event, record

from slowfast_stack.audit import osv
from slowfast_stack.audit.findings import Advisory
from slowfast_stack.audit.subjects import Subject

TWICE = (
    event(introduced="1.0"), event(fixed="1.5"), event(introduced="2.0rc1"), event(fixed="2.0.3"),
)  # fmt: skip
# A row of a record, a version, whether it is affected, and what ends that.
CASES: list[tuple[dict[str, Any], str, bool, list[str]]] = [
    (affected(event(introduced="0"), event(fixed="3.1.4")), "3.1.3", True, ["3.1.4"]),
    (affected(event(introduced="0"), event(fixed="3.1.4")), "3.1.4", False, []),
    (affected(event(introduced="0"), event(fixed="3.1.4")), "3.1.4rc1", True, ["3.1.4"]),
    (affected(event(introduced="0"), event(fixed="3.1.4")), "3.1.4.post1", False, []),
    (affected(event(introduced="0")), "99", True, []),
    (affected(event(introduced="0")), "0.dev0", True, []),
    (affected(event(introduced="0.0")), "0.dev0", False, []),
    (affected(*TWICE), "0.9", False, []),
    (affected(*TWICE), "1.0", True, ["1.5"]),
    (affected(*TWICE), "1.5", False, []),
    (affected(*TWICE), "2.0.dev1", False, []),
    (affected(*TWICE), "2.0rc1", True, ["2.0.3"]),
    (affected(*TWICE), "2.0.3", False, []),
    # Events come in any order.
    (affected(*reversed(TWICE)), "1.2", True, ["1.5"]),
    (affected(*reversed(TWICE)), "1.7", False, []),
    # The last affected release is affected.
    (affected(event(introduced="1"), event(last_affected="1.4")), "1.4", True, []),
    (affected(event(introduced="1"), event(last_affected="1.4")), "1.4.1", False, []),
    (affected(event(introduced="1.4"), event(last_affected="1.4")), "1.4", True, []),
    (affected(event(introduced="1.4"), event(last_affected="1.4")), "1.4.0.1", False, []),
    (affected(event(introduced="1.4"), event(fixed="1.4")), "1.4", False, []),
    # A limit ends a range, and * none.
    (affected(event(introduced="0"), event(limit="2.0")), "1.9", True, []),
    (affected(event(introduced="0"), event(limit="2.0")), "2.0", False, []),
    (affected(event(introduced="0"), event(limit="*")), "2.0", True, []),
    # A list alone, or beside a range; equal versions have several spellings.
    (affected(versions=["1.0", "1.2"]), "1.2.0", True, []),
    (affected(versions=["1.0", "1.2"]), "1.1", False, []),
    (affected(event(introduced="2"), event(fixed="3"), versions=["1.0"]), "1.0", True, ["3"]),
    (affected(versions=["2004d", "1.0"]), "1.0", True, []),
    # Epochs.
    (affected(event(introduced="0"), event(fixed="5.0")), "1!1.0", False, []),
    (affected(event(introduced="0"), event(fixed="1!2.0")), "2020.1", True, ["1!2.0"]),
    (affected(event(introduced="1!0"), event(fixed="1!2.0")), "2020.1", False, []),
    # Neither versions nor ranges.
    (affected(), "1.0", False, []),
    (affected(event(introduced="0"), kind="SEMVER"), "1.0", True, []),
]  # fmt: skip


def says(
    row: dict[str, Any], version: str, name: str = "jinja2", **more: object
) -> Advisory | None:
    return osv.advisory(osv.record(record(row, **more)), name, Version(version))


def found(row: dict[str, Any], version: str, **more: object) -> Advisory:
    said = says(row, version, **more)
    assert said is not None
    return said


def cvss(version: str, vector: str) -> dict[str, Any]:
    return {"severity": [{"type": f"CVSS_{version}", "score": vector}]}


@pytest.mark.parametrize(("row", "version", "hit", "fixed"), CASES, ids=str)
def test_which_releases_are_affected(
    row: dict[str, Any], version: str, *, hit: bool, fixed: list[str]
) -> None:
    said = says(row, version)
    assert bool(said) is hit
    assert sorted(said.fixed if said else []) == fixed
    assert not (said and said.undecided)


@pytest.mark.parametrize(
    ("row", "hit"),
    [
        (affected(event(introduced="0"), event(last_affected="2.4.1")), True),
        (affected(event(introduced="0"), event(fixed="2.4.1")), False),
        (affected(versions=["2.4.1"]), True),
    ],
)
def test_a_local_build_is_the_release_that_it_is_of(row: dict[str, Any], *, hit: bool) -> None:
    build = Subject("torch", "2.4.1+cu124", "pkg:pypi/torch@2.4.1%2Bcu124")
    assert bool(says(row, str(build.release))) is hit


@pytest.mark.parametrize("spelling", ["Jinja2", "jinja2", "JINJA2"])
def test_names_are_compared_as_pypi_does(spelling: str) -> None:
    assert says(affected(event(introduced="0"), name=spelling), "1.0")
    assert says(affected(event(introduced="0"), name="a.b_c"), "1.0", "a-b-c")
    assert not says(affected(event(introduced="0"), name="other"), "1.0")


def test_other_ecosystems_are_not_about_pypi() -> None:
    row = affected(event(introduced="0"), ecosystem="npm")
    assert not says(row, "1.0")
    assert osv.packages(osv.record(record(row))) == frozenset()


def test_a_withdrawn_record_says_nothing() -> None:
    row = affected(event(introduced="0"))
    assert says(row, "1.0", withdrawn=None)
    assert not says(row, "1.0", withdrawn="2026-01-01T00:00:00Z")


@pytest.mark.parametrize(
    "row",
    [
        affected(event(introduced="0"), event(fixed="0a1b2c"), kind="GIT"),
        affected(event(introduced="0"), event(fixed="no version")),
    ],
    ids=["commits", "words"],
)
def test_what_cannot_be_compared_is_undecided_and_not_clean(row: dict[str, Any]) -> None:
    assert found(row, "1.0").undecided
    # A list of versions decides.
    assert not says({**row, "versions": ["2.0"]}, "1.0")
    assert not found({**row, "versions": ["2.0"]}, "2.0").undecided


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({}, "unknown"),
        ({"database_specific": {"severity": "MODERATE"}}, "medium"),
        ({"database_specific": {"severity": 7}}, "unknown"),
        (cvss("V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"), "critical"),
        (cvss("V3", "CVSS:3.0/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N"), "low"),
        (cvss("V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N"), "low"),
        (cvss("V2", "AV:N/AC:L/Au:N/C:P/I:N/A:N"), "medium"),
        (cvss("V4", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"), "critical"),
        (cvss("V3", "no vector"), "unknown"),
        (cvss("V9", "high"), "unknown"),
        ({"severity": ["x", {"type": ["CVSS_V3"]}]}, "unknown"),
        ({"severity": 5}, "unknown"),
    ],
)  # fmt: skip
def test_how_severe_a_record_is(more: dict[str, Any], word: str) -> None:
    assert found(affected(event(introduced="0")), "1.0", **more).severity == word


@pytest.mark.parametrize(
    "change",
    [
        {"id": None}, {"id": 5}, {"affected": {}}, {"affected": [5]},
        {"affected": [{"package": []}]}, {"affected": [{"package": {"ecosystem": "PyPI"}}]},
        {"affected": [{**affected(), "ranges": {}}]}, {"affected": [{**affected(), "ranges": [5]}]},
        {"affected": [{**affected(), "ranges": [{"type": "ECOSYSTEM", "events": 5}]}]},
        {"affected": [{**affected(), "versions": "1.0"}]},
        {"affected": [affected(event(introduced="0"))], "aliases": 5},
    ],
    ids=json.dumps,
)  # fmt: skip
def test_a_record_of_another_form_is_refused(change: dict[str, Any]) -> None:
    with fails("data.invalid-value"):
        osv.advisory(osv.record({**record(), **change}), "jinja2", Version("1.0"))


def values(node: object) -> list[tuple[Any, Any]]:
    """Return each place of plain data, as a container and a key."""
    rows = (
        node.items()
        if isinstance(node, dict)
        else enumerate(node)
        if isinstance(node, list)
        else ()
    )
    return [place for key, each in rows for place in ((node, key), *values(each))]


def decided(data: object) -> bool:
    try:
        osv.advisory(osv.record(data), "jinja2", Version("1.2"))
    except StackError as error:
        return error.code == "data.invalid-value"
    return True


def test_a_record_made_at_random_is_decided_or_refused() -> None:
    chance = random.Random(15)
    good = record(affected(*TWICE, versions=["1.2"]), aliases=["CVE-1"], **cvss("V3", "x"))
    other = [None, 5, -1.5, "", "x", [], {}, True, [[]], {"id": 1}, "9" * 5000]
    for _example in range(examples(500)):
        data = copy.deepcopy(good)
        for _change in range(chance.randrange(1, 4)):
            container, key = chance.choice(values(data))
            container[key] = chance.choice(other)
        assert decided(data), data
