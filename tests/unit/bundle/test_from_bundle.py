"""What a bundle asks of the planner for a host, and which of its stacks the host gets."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import model
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import from_bundle
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.plan import (
    Conflict,
    CudaPlan,
    EnvironmentPlan,
    FfmpegPlan,
    NoPlan,
    Plan,
)
from support.errors import fails
from support.plan_builder import from_case, plan

from .conftest import facts, load_host

DIGEST = "ab" * 32
NONE = NoPlan("cpu", "full", (), None, Conflict(("one", "two"), (), ()))


def bundle_of(*stacks: dict[str, Any], adopt_torch: bool = False) -> from_bundle.Bundle:
    rows = [{**facts()["stacks"][0], **stack} for stack in stacks or ({},)]
    data = {"digest": DIGEST, "stacks": rows, "adopt_torch": adopt_torch, "other": 1}
    return from_bundle.read(data, "bundle")


def choose(
    found: Plan | NoPlan | None,
    bundle: from_bundle.Bundle,
    request: dict[str, object] | None = None,
    **change: object,
) -> tuple[Plan | NoPlan, list[Any]]:
    """Return what is chosen and what was planned; without ``found`` each stack's own plan is found."""
    asked: list[Any] = []
    made = iter([stack.plan for stack in bundle.stacks])

    def planner(host: object, wanted: object) -> Plan | NoPlan:
        asked.append((host, wanted))
        own = next(made)
        return own if found is None else found

    host = model.host(load_host(network={}, **change))
    return from_bundle.choose(planner, host, {"bundle": 1, **(request or {})}, bundle), asked


def test_the_stack_is_planned_by_its_request_its_releases_and_then_the_new_request() -> None:
    bundle = bundle_of({"request": {"preset": "newest", "ffmpeg": "build"}})
    made = bundle.stacks[0].plan
    result, ((host, wanted),) = choose(None, bundle, {"gpu_required": True, "torch": "2"})
    assert wanted == {
        "preset": "newest",
        "ffmpeg": "none",
        "torch": "2",
        "python": made.python,
        "gpu_required": True,
    }
    # The network is that of the place where the bundle was made.
    assert host.network == {"pypi": True}
    assert isinstance(result, Plan)
    assert result.network == "offline"


def test_a_stack_without_a_recorded_network_is_planned_without_one() -> None:
    where = {**facts()["stacks"][0]["host"], "network": None}
    _, ((host, _),) = choose(None, bundle_of({"host": where}))
    assert host.network == {}


@pytest.mark.parametrize("recorded", [None, {}, {"pypi": True, "nvidia": True}])
def test_a_stack_with_the_compilers_of_pypi_is_planned_without_nvidias_repository(
    recorded: dict[str, bool] | None,
) -> None:
    compilers = CudaPlan("install", "13.0", "pypi", ("nvidia-cuda-nvcc==13.0.88",), None)
    made = dataclasses.replace(plan("cpu-debian-12"), cuda=compilers)
    where = {**facts()["stacks"][0]["host"], "network": recorded}
    _, ((host, _),) = choose(made, bundle_of({"host": where, "plan": made.to_dict()}))
    assert host.network["nvidia"] is False
    assert host.network["pypi"] is True
    # What was not probed counts as reached, as it does elsewhere.
    assert host.network.get("slowfast", bool(recorded)) is True


@pytest.mark.parametrize(("name", "kind"), [("h100-x8-fabric", "build"), ("cpu-pypi-only", "none")])
def test_the_releases_of_a_plan_are_the_request_for_another_host(name: str, kind: str) -> None:
    made = from_case(name)
    assert isinstance(made, Plan)
    expected = {"torch": f"=={made.torch.version}", "python": made.python, "ffmpeg": kind}
    assert from_bundle.pins(made) == expected


def test_the_plan_that_is_taken_says_so_first_and_says_no_other_network() -> None:
    bundle = bundle_of(
        {"packages_folder": "packages/debian-12-x86_64", "conda_packages": ["a.conda"]}
    )
    made = bundle.stacks[0].plan
    result, _ = choose(None, bundle)
    assert isinstance(result, Plan)
    assert (result.reasons[0].choice, result.reasons[0].source) == ("network", "the bundle")
    others = tuple(row for row in made.reasons if row.choice != "network")
    assert result.reasons[1:] == others
    assert len(others) == len(made.reasons) - 1
    assert result.packages_folder == "packages/debian-12-x86_64"
    # uv has no use for packages of conda.
    assert result.environment == made.environment


@pytest.mark.parametrize("files", [[], ["linux-64/python-3.11.9-0.conda", "noarch/six.conda"]])
def test_conda_needs_its_packages_and_no_python_of_the_host(files: list[str]) -> None:
    conda = EnvironmentPlan("conda", packages=("python=3.11", "mkl=2024.0"))
    made = dataclasses.replace(plan("cpu-debian-12"), environment=conda, ffmpeg=None)
    bundle = bundle_of({"plan": made.to_dict(), "conda_packages": files})
    result, _ = choose(made, bundle, pythons=[], tools={"git": "2"})
    assert isinstance(result, Plan if files else NoPlan)
    if isinstance(result, Plan):
        assert result.environment == dataclasses.replace(conda, files=tuple(files))
    else:
        (fact,) = result.conflict.facts
        assert "(python=3.11, mkl=2024.0)" in fact


@pytest.mark.parametrize(
    ("pythons", "fits"),
    [(["3.11.2"], True), (["3.11"], True), (["3.1.1", "3.110.0", "3.12.1"], False), ([], False)],
)
def test_the_host_has_the_python_of_the_stack(pythons: list[str], *, fits: bool) -> None:
    rows = [{"version": one, "path": f"/{one}", "headers": True, "venv": True} for one in pythons]
    assert bundle_of().stacks[0].plan.python == "3.11"
    assert isinstance(choose(None, bundle_of(), pythons=rows)[0], Plan) == fits


@pytest.mark.parametrize(
    ("glibc", "fits"),
    [("2.36", True), ("2.37", True), ("2.35", False), (None, False), ("2.4", False)],
)
def test_the_host_has_the_c_library_of_the_stack_or_a_newer_one(
    glibc: str | None, *, fits: bool
) -> None:
    assert bundle_of().stacks[0].host.glibc == "2.36"
    assert isinstance(choose(None, bundle_of(), glibc=glibc)[0], Plan) == fits


@pytest.mark.parametrize("asked", [None, "/usr/bin/python3"])
def test_a_bundle_without_torch_is_for_a_python_that_has_it(asked: str | None) -> None:
    request = {"adopt_torch": asked} if asked else {}
    result, _ = choose(None, bundle_of(adopt_torch=True), request)
    assert isinstance(result, Plan if asked else NoPlan)
    if isinstance(result, NoPlan):
        assert result.conflict.facts == (f"{from_bundle.NO_TORCH} [the bundle]",)


def test_the_refusal_is_that_of_the_nearest_stack() -> None:
    bundle = bundle_of({}, {}, {})
    host = {"glibc": "2.31", "architecture": "aarch64"}
    near = bundle_of({}, {"host": {**facts()["stacks"][0]["host"], "architecture": "aarch64"}}, {})
    refused, _ = choose(None, near, **host)
    assert isinstance(refused, NoPlan)
    (fact,) = refused.conflict.facts
    assert fact.startswith("the bundle is for glibc 2.36, this host has 2.31")
    assert refused.conflict.remedies == (from_bundle.REMEDY,)
    assert refused.network == "offline"
    assert refused.conflict.because == ("none of the 3 stacks fits this host",)
    # Of several that are equally near, the first.
    refused, asked = choose(None, bundle, **host)
    assert isinstance(refused, NoPlan)
    assert len(refused.conflict.facts) == 2
    assert len(asked) == 3


def test_a_host_without_a_plan_hears_its_own_conflict() -> None:
    refused, _ = choose(NONE, bundle_of())
    assert isinstance(refused, NoPlan)
    assert refused.conflict.facts == ("one [the bundle]", "two [the bundle]")
    assert refused.conflict.because == ("it does not fit this host",)


@pytest.mark.parametrize("part", ["origin", "version", "nv_codec_headers"])
def test_another_ffmpeg_than_that_of_the_bundle_is_refused(part: str) -> None:
    own = FfmpegPlan("build", "7.1.5", "n13.0.19.0", ("--one",), {}, {})
    made = dataclasses.replace(bundle_of().stacks[0].plan, ffmpeg=own)
    other = dataclasses.replace(own, **{part: "1"})
    bundle = bundle_of({"plan": made.to_dict()})
    for found, fits in ((own, True), (dataclasses.replace(own, flags=()), True), (other, False)):
        result, _ = choose(dataclasses.replace(made, ffmpeg=found), bundle)
        assert isinstance(result, Plan) == fits
    # A host that needs none takes no part of the bundle.
    assert isinstance(choose(dataclasses.replace(made, ffmpeg=None), bundle)[0], Plan)


@pytest.mark.parametrize("key", ["id", "version"])
@pytest.mark.parametrize("same", [False, True])
def test_packages_count_for_their_release_alone(key: str, *, same: bool) -> None:
    made = dataclasses.replace(bundle_of().stacks[0].plan, system_packages=("libgl1", "make"))
    where = facts()["stacks"][0]["host"]
    release = {**where["distribution"], **({} if same else {key: "99"})}
    stack = {"plan": made.to_dict(), "host": {**where, "distribution": release}}
    bundle = bundle_of({**stack, "system_packages": ["make", "libgl1", "other"]})
    result, _ = choose(made, bundle)
    assert isinstance(result, Plan) == same
    if isinstance(result, NoPlan):
        (fact,) = result.conflict.facts
        assert fact.startswith("this host lacks libgl1, make, ")


def test_the_packages_of_driver_and_toolkit_count_with_their_origin() -> None:
    made = from_case("h100-x8-fabric-dkms")
    assert isinstance(made, Plan)
    assert made.driver
    assert made.cuda
    assert made.driver.fabric_packages
    vendor = (*made.driver.packages, *made.driver.fabric_packages, *made.cuda.packages)
    assert from_bundle.system_packages(made) == [*made.system_packages, *vendor]
    assert from_bundle.of_nvidia(made) == set(vendor)
    other = dataclasses.replace(made.driver, origin="distribution")
    mixed = dataclasses.replace(made, driver=other)
    assert from_bundle.of_nvidia(mixed) == set(made.cuda.packages)
    neither = dataclasses.replace(made, driver=None, cuda=None)
    assert from_bundle.system_packages(neither) == list(made.system_packages)
    assert from_bundle.of_nvidia(neither) == set()


def test_a_bare_host_has_its_driver_and_pythons_without_headers_and_nothing_else() -> None:
    host = model.host(load_host(root=False, driver={"version": "580.1"}))
    assert host.tools
    assert host.pythons[0].headers
    found = from_bundle.bare(host, plan("cpu-debian-12"))
    assert (found.root, found.tools, found.compilers) == (True, {}, ())
    assert [(row.path, row.headers) for row in found.pythons] == [
        (row.path, False) for row in host.pythons
    ]
    assert found.libraries
    assert not any(found.libraries.values())
    assert found.driver == host.driver


@pytest.mark.parametrize(
    ("stack", "valid"),
    [
        ({"packages_folder": None}, True),
        ({"packages_folder": "../packages"}, False),
        ({"packages_folder": "/packages"}, False),
        ({"conda_packages": ["a/b.conda"]}, True),
        ({"conda_packages": ["../b.conda"]}, False),
        ({"conda_packages": "b.conda"}, False),
        ({"names": "one"}, False),
        ({"unknown": 1}, True),
        ({"host": {"architecture": "x86_64"}}, False),
    ],
)
def test_which_manifest_is_read(stack: dict[str, Any], *, valid: bool) -> None:
    if valid:
        assert len(bundle_of(stack).stacks) == 1
        return
    with fails("data.invalid-value"):
        bundle_of(stack)


@pytest.mark.parametrize(
    ("case", "driver", "asked"),
    [
        ("h100-fresh", None, {"driver_build": "prebuilt"}),
        ("h100-fresh-dkms", None, {"driver_build": "dkms"}),
        ("h100-fresh-dkms", {"version": "580.65.06"}, {}),
        ("cpu-pypi-only", None, {}),
    ],
)
def test_the_modules_of_a_driver_come_about_as_in_the_bundle(
    case: str, driver: dict[str, str] | None, asked: dict[str, str]
) -> None:
    made = from_case(case)
    assert isinstance(made, Plan)
    _, ((_, wanted),) = choose(None, bundle_of({"plan": made.to_dict()}), driver=driver)
    assert {key: wanted[key] for key in wanted if key == "driver_build"} == asked
