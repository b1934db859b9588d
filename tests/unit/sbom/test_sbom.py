"""The SBOM: valid, complete, without duplicates, and the same bytes for the same stack."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.contents.collect import collect
from ansible_collections.slowfast.stack.plugins.module_utils._stack.contents.model import (
    Contents,
    SystemPackage,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.registry import PATCHES
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from support import small_stack
from support.small_stack import COMMIT, SITE, SmallStack, put

from slowfast_stack.sbom import components, document

SYSTEM = (
    SystemPackage(
        "deb", "libgl1", "1.6.0-1", "amd64", "library libGL.so.1", "libglvnd", ("MIT", "GPL")
    ),
    SystemPackage("rpm", "nvidia-driver", "3:580.95.05-1", "x86_64", "driver", "", ("NVIDIA",)),
)


@pytest.fixture
def stack(tmp_path: Path) -> SmallStack:
    return small_stack.make(tmp_path / "prefix")


def contents(stack: SmallStack) -> Contents:
    found = collect(Commands(), stack.home, "x86_64", digests=True)
    values = {**vars(found), "system": SYSTEM, "recorded": 1_700_000_000}
    return Contents(**values)


def made(stack: SmallStack) -> dict[str, Any]:
    text = document.text("one", stack.lock, contents(stack))
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    found: dict[str, Any] = json.loads(text)
    return found


def every(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        yield row
        yield from every(row.get("components", []))


def by_ref(stack: SmallStack) -> dict[str, dict[str, Any]]:
    return {row["bom-ref"]: row for row in made(stack)["components"] if "bom-ref" in row}


def properties(row: dict[str, Any]) -> dict[str, str]:
    return {each["name"].partition(":")[2]: each["value"] for each in row.get("properties", [])}


def test_it_is_valid_and_has_every_file_once(stack: SmallStack) -> None:
    found = made(stack)
    files = [row["name"] for row in every(found["components"]) if row["type"] == "file"]
    assert sorted(files) == [file.path for file in contents(stack).files]
    assert len(set(files)) == len(files)


def test_references_and_package_urls_are_unique(stack: SmallStack) -> None:
    rows = list(every(made(stack)["components"]))
    for key in ("bom-ref", "purl"):
        found = [row[key] for row in rows if key in row]
        assert len(found) > 5
        assert len(set(found)) == len(found)


def test_a_planted_file_is_a_component_of_its_own(stack: SmallStack) -> None:
    put(stack.home, {f"{SITE}/planted.py": "planted"})
    (planted,) = (row for row in made(stack)["components"] if row["type"] == "file")
    assert planted["name"] == f"{SITE}/planted.py"
    assert properties(planted) == {"owner": "none"}
    assert planted["hashes"][0]["alg"] == "SHA-256"


def test_equal_stacks_have_equal_sboms(stack: SmallStack) -> None:
    first = document.text("one", stack.lock, contents(stack))
    assert document.text("one", stack.lock, contents(stack)) == first
    (stack.home / SITE / "six.py").write_text("six = 7\n")
    second = json.loads(document.text("one", stack.lock, contents(stack)))
    assert second["serialNumber"] != json.loads(first)["serialNumber"]
    assert second["metadata"]["timestamp"] == "2023-11-14T22:13:20+00:00"


def test_packages_have_purl_licence_and_files(stack: SmallStack) -> None:
    found = by_ref(stack)
    six = found["package six"]
    assert six["purl"] == "pkg:pypi/six@1.17.0"
    assert six["licenses"] == [{"expression": "MIT OR Apache-2.0"}]
    assert {"env/bin/six", f"{SITE}/six.py"} <= {row["name"] for row in six["components"]}
    assert found["ffmpeg"]["purl"] == "pkg:generic/ffmpeg@7.1.2"
    assert found["python"]["purl"] == "pkg:generic/cpython@3.11.2"
    assert [row["name"] for row in found["python"]["components"]] == [
        "python/LICENSE",
        "python/bin/python3.11",
    ]
    assert {each["license"]["name"] for each in found["package old"]["licenses"]} == {
        "BSD License",
        "MIT License",
    }


def test_a_package_that_the_lock_lacks_says_so(stack: SmallStack) -> None:
    put(stack.home, {f"{SITE}/late-1.0.dist-info/RECORD": "late-1.0.dist-info/RECORD,,\n"})
    found = by_ref(stack)
    assert properties(found["package late"]) == {"locked": "no"}
    assert properties(found["package six"])["origin"] == "index"


def test_a_source_has_its_commit_and_its_patches(stack: SmallStack) -> None:
    source = by_ref(stack)["source slowfast"]
    assert source["purl"] == f"pkg:github/facebookresearch/SlowFast@{COMMIT}".lower().replace(
        COMMIT.lower(), COMMIT
    )
    assert source["pedigree"]["commits"] == [{"uid": COMMIT}]
    (patch,) = source["pedigree"]["patches"]
    (issue,) = patch["resolves"]
    assert issue["id"] == "company-imports"
    assert "https://github.com/facebookresearch/SlowFast/issues/718" in issue["references"]
    names = {row["name"] for row in source["components"]}
    # The package that is installed in place is the source.
    assert {"src/slowfast/setup.py", f"{SITE}/slowfast-1.0.dist-info/RECORD"} <= names


def test_every_issue_of_a_patch_has_an_address() -> None:
    addresses = [components._address(issue) for patch in PATCHES for issue in patch.issues]
    assert len(addresses) > 50
    assert all(address.startswith("https://github.com/") for address in addresses)


def test_native_libraries_say_what_they_load(stack: SmallStack) -> None:
    (program,) = (
        row for row in every(made(stack)["components"]) if row["name"] == "ffmpeg/bin/ffmpeg"
    )
    found = properties(program)
    assert "libc.so.6" in found["needed"].split()
    assert set(found["build_id"]) <= set("0123456789abcdef")


def test_libraries_inside_of_wheels_are_there_once_and_linked(stack: SmallStack) -> None:
    document_, rows = made(stack), by_ref(stack)
    inside = "embedded pkg:rpm/almalinux/libgomp@8.5.0"
    assert rows[inside]["purl"] == "pkg:rpm/almalinux/libgomp@8.5.0"
    assert "purl" not in rows["embedded no package URL"]
    edges = {row["ref"]: row.get("dependsOn", []) for row in document_["dependencies"]}
    assert inside in edges["package six"]
    assert inside in edges["package old"]
    assert "embedded nv-codec-headers 12.2.72.0" in edges["ffmpeg"]


def test_packages_of_the_system_have_version_architecture_and_licence(stack: SmallStack) -> None:
    found = by_ref(stack)
    deb = found["deb libgl1 amd64 1.6.0-1"]
    assert deb["purl"] == "pkg:deb/debian/libgl1@1.6.0-1?arch=amd64&distro=debian-12"
    assert properties(deb) == {"used_for": "library libGL.so.1", "source": "libglvnd"}
    rpm = found["rpm nvidia-driver x86_64 3:580.95.05-1"]
    assert "epoch=3" in rpm["purl"]
    assert "@580.95.05-1?" in rpm["purl"]
