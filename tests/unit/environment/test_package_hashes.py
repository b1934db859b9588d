"""Pins with the SHA-256 of their files: of the catalog, a lock and an index."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from ansible_collections.slowfast.stack.plugins.filter.package_hashes import package_hashes
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog import (
    packages,
    partners,
    torch,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.package_files import (
    FILES,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment import (
    package_hashes as library,
)
from support.errors import fails
from support.plan_builder import plan_data

if TYPE_CHECKING:
    from collections.abc import Iterable

ONE, TWO, THREE = "1" * 64, "2" * 64, "3" * 64


def test_lines_are_read_as_uv_and_a_lock_write_them() -> None:
    lines = [
        "# a comment --hash=sha256:x",
        "Six.Py==1.0 \\",
        f"    --hash=sha256:{ONE} \\",
        f"    --hash=sha256:{TWO}",
        "plain==2",
        f"other_one==3+cu1 --hash=sha256:{THREE}",
    ]
    found = library.read(lines)
    assert found == {"six-py==1.0": (ONE, TWO), "other-one==3+cu1": (THREE,)}
    assert library.read(library.written(found)) == found
    assert library.bare(f"a==1 --hash=sha256:{ONE}") == library.bare(" a==1 ") == "a==1"
    assert library.pin("a @ file:///B_c") == "a @ file:///B_c"
    with fails("data.invalid-value"):
        library.read(["a==1 --hash=sha256:xyz"])


def test_of_what_an_index_serves_the_known_files_remain() -> None:
    served = {"a==1": (ONE, TWO), "b==1": (THREE,)}
    assert library.allowed(served, {"a==1": (TWO, THREE)}, "i") == {
        "a==1": (TWO,),
        "b==1": (THREE,),
    }
    with fails("packages.other-hash", "b==1"):
        library.allowed(served, {"b==1": (ONE,)}, "i")


def span(files: Iterable[str]) -> str:
    """Return the Pythons of wheels as the catalog writes them."""
    tags = {name.split("-")[2] for name in files}
    minors = sorted(int(tag[3:]) for tag in tags if re.fullmatch(r"cp3\d+", tag))
    return "any" if tags == {"py3"} else f"3.{minors[0]}-3.{minors[-1]}" if minors else ""


def test_the_catalog_has_files_of_every_pin_for_every_planned_platform() -> None:
    for row in (*packages.PINS, *packages.DEPENDENCIES):
        files = FILES[f"{row.name}=={row.version}"]
        both = {machine for machine in ("x86_64", "aarch64") for name in files if machine in name}
        anywhere = any(name.endswith(("-any.whl", ".tar.gz")) for name in files)
        assert anywhere or both == {"x86_64", "aarch64"}, row.name
        assert all(len(digest) == 64 for digest in files.values())
    for release in torch.RELEASES:
        assert any("x86_64" in name for name in FILES[f"torch=={release.torch}"])
    for partner in partners.PARTNERS:
        files = FILES[f"{partner.name}=={partner.version}"]
        assert {"x86_64": partner.pythons, "aarch64": partner.pythons_arm} == {
            machine: span(name for name in files if machine in name)
            for machine in ("x86_64", "aarch64")
        }


def test_a_plan_gets_the_files_of_its_pins() -> None:
    plan = plan_data()
    found = library.read(package_hashes(plan))
    pins = {pin for pin in plan["packages"] if "==" in pin}
    assert pins <= found.keys()
    for pin in pins:
        assert set(found[pin]) == set(FILES[pin].values())


@pytest.mark.parametrize("python", ["3.9", "3.10", "3.11", "3.12", "3.13", "3.14"])
def test_what_the_pins_need_has_files_for_each_python(python: str) -> None:
    plan = plan_data()
    plan["python"] = python
    own, tag = set(plan["packages"]), f"cp3{python.partition('.')[2]}"
    found = [package_hashes_pin(line) for line in package_hashes(plan)]
    names = [pin.partition("==")[0] for pin in found]
    assert len(names) == len(set(names))
    needed = {"click", "grpcio", "markupsafe", "protobuf", "typing-extensions", "werkzeug"}
    assert needed <= set(names) - {pin.partition("==")[0] for pin in own}
    (grpcio,) = (FILES[pin] for pin in found if pin.startswith("grpcio=="))
    assert {name.rpartition("_2_")[2].partition("_")[2] for name in grpcio if tag in name} == {
        "x86_64.whl",
        "aarch64.whl",
    }


def package_hashes_pin(line: str) -> str:
    """Return the pin of a line."""
    return line.partition(" ")[0]


def test_an_older_numpy_has_another_contourpy() -> None:
    plan = plan_data()
    plan["python"] = "3.12"
    for bound, version in (("<2", "1.3.3"), (">=2,<3", "1.4.0")):
        plan["constraints"]["numpy"] = bound
        pins = [package_hashes_pin(line) for line in package_hashes(plan)]
        assert f"contourpy=={version}" in pins


def test_a_lock_and_an_adopted_torch_decide_themselves_what_is_needed() -> None:
    plan = plan_data()
    assert any(line.startswith("click==") for line in package_hashes(plan))
    for changed in (
        {"locked": ["a==1"]},
        {"torch": {**plan["torch"], "adopted": "/usr/bin/python"}},
    ):
        assert not any(line.startswith("click==") for line in package_hashes({**plan, **changed}))


@pytest.mark.parametrize("version", ["2.11.0+cu130", "99.0"])
def test_files_of_another_index_are_not_in_the_catalog(version: str) -> None:
    plan = plan_data()
    plan["torch_wheels"]["requirements"] = [f"torch=={version}"]
    assert not [line for line in package_hashes(plan) if line.startswith("torch==")]
