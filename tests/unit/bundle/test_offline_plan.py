"""A host gets the plan that its bundle was made for, or hears what differs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import model
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import explain, planner
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import (
    from_bundle as offline_plan,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.plan import (
    NoPlan,
    Plan,
    from_dict,
)
from support.plan_builder import planned

from .conftest import HOSTS, facts, load_host


def shown(plan: dict[str, Any]) -> str:
    return explain.explain(from_dict(plan))


def offline(
    bundle: dict[str, Any], request: dict[str, Any] | None = None, **change: object
) -> dict[str, Any]:
    host = load_host(network={}, **change)
    wanted = {**(request or {}), "bundle": {"digest": "ab" * 32, **bundle}}
    return planner.plan(host, wanted).to_dict()


def test_the_same_host_gets_the_same_stack_without_a_network() -> None:
    bundle = facts()
    made = bundle["stacks"][0]["plan"]
    plan = offline(bundle)
    assert plan["status"] == "planned", shown(plan)
    assert plan["id"] == made["id"]
    assert plan["network"] == "offline"
    assert plan["skipped_claims"] == made["skipped_claims"]
    assert plan["reasons"][0]["because"].startswith("the bundle abababab")
    assert planner.endpoints({"bundle": {"digest": "a", "stacks": []}}) == {}


def test_of_several_stacks_the_one_that_fits_is_taken() -> None:
    first, second = facts({"torch": "2.4.0"}), facts()
    bundle = {**first, "stacks": [*first["stacks"], *second["stacks"]]}
    assert offline(bundle)["torch"]["version"] == "2.4.0"
    plan = offline(bundle, {"torch": "2.11.0"})
    assert plan["torch"]["version"] == "2.11.0"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"architecture": "aarch64"}, "the bundle is for x86_64, this host is aarch64"),
        ({"glibc": "2.31"}, "the bundle is for glibc 2.36, this host has 2.31"),
        ({"pythons": []}, "this host has no Python 3.11, and the bundle has none"),
        ({"libraries": {"libGL.so.1": False}}, "this host lacks libgl1"),
    ],
)
def test_a_host_that_the_bundle_does_not_fit_gets_the_reason(
    change: dict[str, object], words: str
) -> None:
    plan = offline(facts(), **change)
    assert plan["status"] == "no-plan"
    text = shown(plan)
    assert words in text
    assert "slowfast-stack bundle create" in text


@pytest.mark.parametrize(("copies", "words"), [(1, "it does not fit"), (2, "none of the 2 stacks")])
def test_a_refusal_says_how_many_stacks_were_tried(copies: int, words: str) -> None:
    bundle = facts()
    plan = offline({**bundle, "stacks": bundle["stacks"] * copies}, glibc="2.31")
    assert words in shown(plan)


LACKS = {"libraries": {"libGL.so.1": False}}


def test_a_bare_host_gets_what_it_lacks_from_the_packages_of_its_release() -> None:
    bundle = facts()
    host = model.host(load_host(network={"pypi": True}))
    bare = planner.plan(offline_plan.bare(host, planned(load_host(network={"pypi": True}))))
    assert isinstance(bare, Plan)
    names = offline_plan.system_packages(bare)
    assert {"libgl1", "libglib2.0-0"} <= set(names)
    folder = "packages/debian-12-x86_64"
    bundle["stacks"][0] |= {"system_packages": names, "packages_folder": folder}
    plan = offline(bundle, **LACKS)
    assert plan["status"] == "planned", shown(plan)
    assert plan["system_packages"]
    assert plan["packages_folder"] == folder
    other = {"id": "debian", "version": "13", "family": "debian"}
    refused = offline(bundle, distribution=other, **LACKS)
    assert "this host lacks libgl1" in shown(refused)


def test_a_bundle_with_the_compiler_of_pypi_lists_no_toolkit_of_nvidia_as_missing() -> None:
    path = HOSTS / "h100-not-root-ready.json"
    data = json.loads(path.read_text(encoding="utf-8"))["host"] | {"toolkits": []}
    made = planned(data)
    assert made.cuda
    assert made.cuda.origin == "pypi"
    bare = planner.plan(offline_plan.bare(model.host(data), made))
    assert isinstance(bare, Plan)
    assert bare.cuda
    assert (bare.cuda.origin, offline_plan.of_nvidia(bare)) == ("pypi", set())


def test_packages_that_a_new_driver_needs_have_to_be_in_the_bundle() -> None:
    path = HOSTS / "v100-debian-13.json"
    host = json.loads(path.read_text(encoding="utf-8"))["host"]
    made = planned(host)
    assert made.driver
    assert made.cuda
    assert made.driver.action == "install"
    names = set(offline_plan.system_packages(made))
    assert "nvidia-persistenced" in names
    where = {key: host[key] for key in ("architecture", "glibc", "distribution")}
    stack = {
        "names": ["one"],
        "host": {**where, "network": host["network"]},
        "plan": made.to_dict(),
    }
    bundle = {"digest": "ab" * 32, "stacks": [{**stack, "request": {}}]}
    for included in (names, names - {"nvidia-persistenced"}):
        bundle["stacks"][0]["system_packages"] = sorted(included)
        plan = planner.plan({**host, "network": {}}, {"bundle": bundle})
        assert isinstance(plan, Plan) == (included == names), explain.explain(plan)
    origins = {made.driver.origin, made.cuda.origin}
    assert offline_plan.of_nvidia(made) <= set(offline_plan.system_packages(made))
    assert ("nvidia" in origins) == bool(offline_plan.of_nvidia(made))


def test_the_ffmpeg_of_the_bundle_is_planned_and_another_is_refused() -> None:
    full_network = {"network": "full"}
    built, none = facts({**full_network, "ffmpeg": "build"}), facts(full_network)
    host = {"tools": dict.fromkeys(("git", "make", "nasm", "clang", "pkg-config", "zlib"), "1")}
    plan = offline(built, **host)
    assert plan["ffmpeg"] == built["stacks"][0]["plan"]["ffmpeg"], shown(plan)
    assert offline(none, **host)["ffmpeg"] is None
    refused = offline(none, {"ffmpeg": "build"}, **host)
    assert "FFmpeg of the bundle: none" in shown(refused)


def test_conda_without_its_packages_is_refused_and_with_them_it_gets_their_files() -> None:
    bundle = facts({"network": "full", "environment": "conda"})
    host = {"tools": {"git": "2.39.5"}}
    assert "does not have what conda installs (python=3" in shown(offline(bundle, **host))
    files = ["linux-64/python-3.11.9-0.conda"]
    bundle["stacks"][0]["conda_packages"] = files
    plan = offline(bundle, **host)
    assert plan["status"] == "planned", shown(plan)
    assert plan["environment"]["files"] == files


def test_other_sources_than_those_of_the_bundle_are_refused() -> None:
    bundle = facts()
    bundle["stacks"][0]["plan"]["sources"]["slowfast"]["sha256"] = "0" * 64
    plan = offline(bundle)
    assert plan["status"] == "no-plan"
    assert "slowfast of the bundle: 000" in shown(plan)


def test_a_request_that_contradicts_the_bundle_is_refused() -> None:
    plan = offline(facts(), {"torch": "2.4.0"})
    assert plan["status"] == "no-plan"
    assert "torch of the bundle: 2.11.0; of this host: 2.4.0" in shown(plan)


def test_a_bundle_without_torch_needs_a_python_that_has_it() -> None:
    bundle = {**facts(), "adopt_torch": True}
    refused = planner.plan(load_host(network={}), {"bundle": {"digest": "ab" * 32, **bundle}})
    assert isinstance(refused, NoPlan)
    assert refused.conflict.facts[0].startswith(offline_plan.NO_TORCH)
    python = load_host()["pythons"][0]["path"]
    torch = {"python": python, "version": "2.11.0", "variant": "cu130"}
    wanted = {"adopt_torch": python}
    made = facts(wanted, torch=torch)
    taken = {"digest": "ab" * 32, **made, "adopt_torch": True}
    plan = planner.plan(load_host(network={}, torch=torch), {**wanted, "bundle": taken})
    assert isinstance(plan, Plan), explain.explain(plan)
    assert plan.torch.adopted == python


def test_a_bundle_of_another_release_is_refused() -> None:
    bundle = facts()
    bundle["stacks"][0]["plan"]["schema"] = 3
    with pytest.raises(StackError) as caught:
        offline(bundle)
    assert caught.value.code == "record.unsupported-schema"
    assert caught.value.message.startswith("request.bundle.stacks[0].plan")
