"""Single facts of plans that no case of plans/ depends on."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog import (
    ffmpeg,
    miniforge,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.sources import TREES
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.versions import version
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment.lock import (
    FORMAT,
    SCHEMA,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import model
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import (
    candidates,
    gpu_constraints,
    host_constraints,
    planner,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.plan import Plan
from support.errors import fails
from support.plan_builder import from_case, host, plan

URL = "/srv/mirror"
COMMIT = "a" * 40


def commit_of(name: str) -> str:
    """Return the commit of the catalog."""
    return next(tree.commit for tree in TREES if tree.name == name)


PYTHON = "/usr/bin/python3.12"


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("slowfast", f"{URL}#{commit_of('slowfast')}"),
        ("miniforge", URL),
        ("ffmpeg", URL),
        ("conda-forge", f"{URL}/noarch/repodata.json"),
    ],
)
def test_the_place_that_is_named_is_what_has_to_be_reached(name: str, own: str) -> None:
    assert planner.endpoints({"sources": {name: {"url": URL}}})[name] == own


def test_the_commit_that_is_named_has_to_be_there() -> None:
    asked = {
        "sources": {"slowfast": {"url": URL, "commit": COMMIT}, "detectron2": {"commit": COMMIT}}
    }
    places = planner.endpoints(asked)
    own = next(tree.url for tree in TREES if tree.name == "detectron2")
    assert places["slowfast"] == f"{URL}#{COMMIT}"
    assert places["detectron2"] == f"{own}#{COMMIT}"
    assert "#" not in places["pytorchvideo"]


@pytest.mark.parametrize("kind", ["locked", "planned"])
def test_the_sources_of_a_lock_have_to_be_there(kind: str) -> None:
    made = plan(
        "cpu-debian-12", {"sources": {"slowfast": {"url": URL, "commit": COMMIT}}}
    ).to_dict()
    lock = {"format": FORMAT, "schema": SCHEMA, "plan": made, "packages": []}
    given = {kind: lock if kind == "locked" else made}
    places = planner.endpoints(given)
    assert places["slowfast"] == f"{URL}#{COMMIT}"
    assert places["detectron2"].endswith(f"#{commit_of('detectron2')}")
    other = {"sources": {"slowfast": {"url": "/srv/other"}}}
    assert planner.endpoints({**given, **other})["slowfast"] == f"/srv/other#{COMMIT}"


def test_without_own_places_the_public_ones_have_to_be_reached() -> None:
    places = planner.endpoints()
    assert places["pypi"] == "package-index"
    assert places["miniforge"] == miniforge.INSTALLERS[0].url
    assert places["conda-forge"].startswith("https://conda.anaconda.org/conda-forge/")
    assert "ffmpeg" not in places


def test_without_a_network_nothing_has_to_be_reached() -> None:
    assert planner.endpoints({"network": "offline"}) == {}
    # What the request says of the network is not asked of hosts.
    assert planner.endpoints({"network": "full"}) == {}
    assert list(planner.endpoints({"network": "pypi"})) == ["nvidia"]
    own = {"network": "full", "sources": {"slowfast": {"url": URL}}}
    assert list(planner.endpoints(own)) == ["slowfast"]


def test_a_python_without_headers_does_not_serve_who_cannot_install_them() -> None:
    gcc = {"major": 12, "version": "12.2.0", "path": "/usr/bin/gcc", "cxx": "/usr/bin/g++"}
    bare = {"version": "3.11.2", "path": "/usr/bin/python3.11", "headers": False, "venv": True}
    there = {"root": False, "compilers": [gcc], "libraries": {}, "network": {}}
    for headers, origin in ((False, "uv"), (True, "host")):
        made = plan("cpu-debian-12", {}, pythons=[{**bare, "headers": headers}], **there)
        assert made.python_interpreter.origin == origin


def test_a_driver_of_a_branch_that_is_not_known_stays_with_that_reason() -> None:
    loaded = {"version": "999.1", "flavour": "open"}
    made = plan("h100-driver-550", {}, driver=loaded, driver_packages=[])
    assert made.driver
    assert made.driver.action == "keep"
    said = next(row.because for row in made.reasons if row.choice == "driver.branch")
    assert "no table knows branch 999" in said


@pytest.mark.parametrize("torch", ["2.11.0", "2.9.1"])
def test_the_torch_that_is_adopted_is_the_one_that_is_there(torch: str) -> None:
    there = {"python": PYTHON, "version": torch, "variant": "cu130"}
    made = plan("h100-driver-580-toolkit-13.0", {"adopt_torch": PYTHON}, torch=there)
    assert (made.torch.version, made.torch.variant, made.torch.adopted) == (torch, "cu130", PYTHON)


def test_the_interpreter_of_the_torch_that_is_adopted_is_used_though_another_comes_first() -> None:
    own = {"version": "3.11.9", "path": "/opt/own/python", "headers": True, "venv": True}
    first = {**own, "version": "3.12.3", "path": PYTHON}
    there = {"python": "/opt/own/python", "version": "2.11.0", "variant": "cpu"}
    made = plan("cpu-debian-12", {"adopt_torch": own["path"]}, torch=there, pythons=[first, own])
    assert made.python_interpreter.path == "/opt/own/python"


@pytest.mark.parametrize(("here", "other"), [("x86_64", "aarch64"), ("aarch64", "x86_64")])
def test_another_processor_is_what_helps(here: str, other: str) -> None:
    remedy = host_constraints.machine("a probe", here).remedy
    assert other in remedy
    assert here not in remedy


@pytest.mark.parametrize("name", ["h100-fresh", "k80-debian-12-with-a-toolkit"])
def test_the_branch_of_a_driver_has_the_source_of_its_own_row(name: str) -> None:
    made = from_case(name)
    assert isinstance(made, Plan)
    assert made.driver
    row = candidates.branch(made.driver.branch or "")
    assert row
    sources = {reason.source for reason in made.reasons if reason.choice == "driver.branch"}
    assert sources == {str(row.source)}


@pytest.mark.parametrize(("jit", "fits"), [("9.1", False), ("9.0", True), ("8.0", True)])
def test_ptx_serves_its_own_capability_and_every_newer_one(jit: str, fits: bool) -> None:  # noqa: FBT001
    there = model.host(host("h100-ubuntu-22.04"))
    wheel = candidates.wheels("x86_64", "newest", gpu=True)[0][0]._replace(
        code=(), jit=version(jit)
    )
    refusals = [one.checks["wheel"](wheel) for one in gpu_constraints.of(there)]
    assert (refusals == [None]) == fits


@pytest.mark.parametrize(
    ("own", "url", "commit"),
    [
        ({"url": URL}, URL, None),
        ({"commit": "1" * 40}, ffmpeg.HEADERS_URL, "1" * 40),
        ({"url": URL, "commit": "1" * 40}, URL, "1" * 40),
    ],
)
def test_own_headers_are_a_place_or_a_commit_or_both(
    own: dict[str, str], url: str, commit: str | None
) -> None:
    request: dict[str, Any] = {"ffmpeg": "build", "sources": {"nv-codec-headers": own}}
    made = plan("cpu-debian-12", request).ffmpeg
    assert made
    (row,) = [row for row in ffmpeg.HEADERS if row.tag == made.nv_codec_headers]
    (place,) = made.sources["nv-codec-headers"]
    assert (place.url, place.commit) == (url, commit or row.commit)


def test_a_driver_that_is_older_than_all_headers_has_no_build() -> None:
    with fails("planner.no-ffmpeg", "nv-codec-headers"):
        plan("cpu-debian-12", {"ffmpeg": "build", "network": "full", "driver_branch": "450"})
