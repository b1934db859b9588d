"""A host gets the plan that its bundle was made for, or hears what differs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import explain, planner
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import (
    from_bundle as offline_plan,
)

from .conftest import HOSTS, facts, load_host


def offline(
    bundle: dict[str, Any], request: dict[str, Any] | None = None, **change: object
) -> dict[str, Any]:
    host = load_host(network={}, **change)
    return planner.plan(host, {**(request or {}), "bundle": {"digest": "ab" * 32, **bundle}})


def test_the_same_host_gets_the_same_stack_without_a_network() -> None:
    bundle = facts()
    made = bundle["stacks"][0]["plan"]
    plan = offline(bundle)
    assert plan["status"] == "planned", explain.explain(plan)
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
        ({"pythons": []}, "this host has no Python 3.11, and the bundle brings none"),
        ({"libraries": {"libGL.so.1": False}}, "this host lacks libgl1"),
    ],
)
def test_a_host_that_the_bundle_does_not_fit_is_told_why(
    change: dict[str, object], words: str
) -> None:
    plan = offline(facts(), **change)
    assert plan["status"] == "no-plan"
    text = explain.explain(plan)
    assert words in text
    assert "slowfast-stack bundle create" in text


LACKS = {"libraries": {"libGL.so.1": False}}


def test_a_bare_host_gets_what_it_lacks_from_the_packages_of_its_release() -> None:
    bundle = facts()
    names = offline_plan.system_packages(
        planner.plan(offline_plan.bare(load_host(network={"pypi": True})))
    )
    assert {"libgl1", "libglib2.0-0"} <= set(names)
    folder = "packages/debian-12-x86_64"
    bundle["stacks"][0] |= {"system_packages": names, "packages_folder": folder}
    plan = offline(bundle, **LACKS)
    assert plan["status"] == "planned", explain.explain(plan)
    assert plan["system_packages"]
    assert plan["packages_folder"] == folder
    other = {"id": "debian", "version": "13", "family": "debian"}
    refused = offline(bundle, distribution=other, **LACKS)
    assert "this host lacks libgl1" in explain.explain(refused)


def test_what_a_new_driver_needs_beside_its_packages_has_to_be_brought_too() -> None:
    path = HOSTS / "v100-debian-13.json"
    host = json.loads(path.read_text(encoding="utf-8"))["host"]
    made = planner.plan(host)
    assert made["driver"]["action"] == "install"
    names = {*offline_plan.system_packages(made), *offline_plan.beside_driver(made, host)}
    assert "nvidia-persistenced" in names
    where = {key: host[key] for key in ("architecture", "glibc", "distribution")}
    stack = {"names": ["one"], "host": {**where, "network": host["network"]}, "plan": made}
    bundle = {"digest": "ab" * 32, "stacks": [{**stack, "request": {}}]}
    for brought in (names, names - {"nvidia-persistenced"}):
        bundle["stacks"][0]["system_packages"] = sorted(brought)
        plan = planner.plan({**host, "network": {}}, {"bundle": bundle})
        assert (plan["status"] == "planned") == (brought == names), explain.explain(plan)
    origins = {part["origin"] for part in (made["driver"], made["cuda"])}
    assert offline_plan.of_nvidia(made) <= set(offline_plan.system_packages(made))
    assert ("nvidia" in origins) == bool(offline_plan.of_nvidia(made))


def test_the_ffmpeg_of_the_bundle_is_planned_and_another_is_refused() -> None:
    whole = {"network": "full"}
    built, none = facts({**whole, "ffmpeg": "build"}), facts(whole)
    host = {"tools": dict.fromkeys(("git", "make", "nasm", "clang", "pkg-config", "zlib"), "1")}
    plan = offline(built, **host)
    assert plan["ffmpeg"] == built["stacks"][0]["plan"]["ffmpeg"], explain.explain(plan)
    assert offline(none, **host)["ffmpeg"] is None
    refused = offline(none, {"ffmpeg": "build"}, **host)
    assert "FFmpeg of the bundle: none" in explain.explain(refused)


def test_conda_without_its_packages_is_refused_and_with_them_it_gets_their_files() -> None:
    bundle = facts({"network": "full", "environment": "conda"})
    host = {"tools": {"git": "2.39.5"}}
    assert "does not bring what conda installs (python=3" in explain.explain(
        offline(bundle, **host)
    )
    files = ["linux-64/python-3.11.9-0.conda"]
    bundle["stacks"][0]["conda_packages"] = files
    plan = offline(bundle, **host)
    assert plan["status"] == "planned", explain.explain(plan)
    assert plan["environment"]["files"] == files


def test_other_sources_than_those_of_the_bundle_are_refused() -> None:
    bundle = facts()
    bundle["stacks"][0]["plan"]["sources"]["slowfast"]["sha256"] = "0" * 64
    plan = offline(bundle)
    assert plan["status"] == "no-plan"
    assert "slowfast of the bundle: 000" in explain.explain(plan)


def test_a_request_that_contradicts_the_bundle_is_refused() -> None:
    plan = offline(facts(), {"torch": "2.4.0"})
    assert plan["status"] == "no-plan"
    assert "torch of the bundle: 2.11.0; of this host: 2.4.0" in explain.explain(plan)
