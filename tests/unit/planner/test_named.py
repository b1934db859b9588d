"""What is asked for by name is had, or there is no plan: nothing else takes its place."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.sources import TREES
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.construct import plain
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment.lock import (
    FORMAT,
    SCHEMA,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import planner
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.plan import NoPlan, Plan
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.request import (
    SOURCES,
    Request,
)
from support.plan_builder import host, plan

from slowfast_stack import what_if

GPU, CPU = "h100-ubuntu-22.04", "cpu-debian-12"
URL, COMMIT = "https://git.example.org/slowfast", "a" * 40
REACHED = dict.fromkeys(planner.endpoints(), True)
PYPI = {"network": {**REACHED, "slowfast": False}}
NO_ROOT = {"root": False, "toolkits": [{"version": "12.9", "path": "/usr/local/cuda-12.9"}]}
PACKAGED = {
    "driver": {"version": "580.159.03", "flavour": "open"},
    "driver_packages": [
        {"name": "linux-modules-nvidia-580-server-open-generic", "version": "1", "origin": None}
    ],
    "virtualization": "container",
}


def _lock() -> dict[str, Any]:
    return {
        "format": FORMAT,
        "schema": SCHEMA,
        "plan": plan(CPU).to_dict(),
        "packages": [],
        "files": {},
    }


# Per field of the request: what is asked for, and a host that cannot have it.
CASES: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("torch", GPU, {"torch": "9.9"}, {}),
    ("cuda", GPU, {"cuda": "11.0"}, {}),
    ("cuda", GPU, {"cuda": "12.8"}, NO_ROOT),
    ("python", GPU, {"python": "3.8"}, {}),
    ("python", GPU, {"python": "3.11.77"}, {}),
    ("driver_branch", GPU, {"driver_branch": "555"}, {}),
    ("driver_branch", GPU, {"driver_branch": "595"}, {"virtualization": "container"}),
    ("driver_branch", CPU, {"driver_branch": "580"}, {}),
    ("driver_build", "h100-debian-12", {"driver_build": "prebuilt"}, {}),
    ("driver_build", GPU, {"driver_build": "prebuilt"}, {"kernel": {"release": "6.8.0-custom"}}),
    ("driver_build", "rtx5090-debian-12", {"driver_build": "prebuilt"}, {"secure_boot": True}),
    ("driver_build", GPU, {"driver_build": "dkms"}, {"network": {**REACHED, "nvidia": False}}),
    ("driver_build", GPU, {"driver_build": "dkms"}, PACKAGED),
    ("driver_build", CPU, {"driver_build": "dkms"}, {}),
    ("network", GPU, {"network": "pypi", "torch": "2.4.0", "cuda": "11.8"}, {}),
    ("gpu_required", CPU, {"gpu_required": True}, {}),
    ("ffmpeg", GPU, {"ffmpeg": "static"}, {"network": {}, "architecture": "riscv64"}),
    ("nv_codec_headers", GPU, {"nv_codec_headers": "n13.0.19.0", "ffmpeg": "static"}, {}),
    ("nv_codec_headers", GPU, {"nv_codec_headers": "n13.0.19.0", "driver_branch": "550"}, {}),
    ("environment", CPU, {"environment": "conda"}, {"network": {**REACHED, "miniforge": False}}),
    ("conda_packages", CPU, {"conda_packages": ["mkl=2024.0"], "environment": "uv"}, {}),
    ("adopt_torch", CPU, {"adopt_torch": "/opt/python"}, {}),
    ("adopt_torch", CPU, {"adopt_torch": "/opt/python", "torch": "2.9"}, {}),
    ("bundle", CPU, {"bundle": {"digest": "0" * 64, "stacks": []}}, {}),
    ("locked", GPU, {"locked": _lock()}, {}),
    ("locked", CPU, {"locked": _lock(), "sources": {"slowfast": {"commit": COMMIT}}}, {}),
    ("locked", CPU, {"locked": _lock(), "torch": "2.4.0"}, {}),
    ("planned", GPU, {"planned": _lock()["plan"]}, {}),
]
# Each name of a source, with everything but its own place in reach.
CASES += [
    (
        "sources",
        CPU,
        {"sources": {tree.name: {"url": URL}}},
        {"network": {**REACHED, tree.name: False}},
    )
    for tree in TREES
]
LACKS = {"name": "source.slowfast", "source": URL, "reason": f"It has no commit {COMMIT}."}
CASES += [
    # It is reached, and does not have the commit; also where the network is not asked.
    (
        "sources",
        CPU,
        {"sources": {"slowfast": {"url": URL, "commit": COMMIT}}, **network},
        {"network": {**REACHED, "slowfast": False}, "unreadable": [LACKS]},
    )
    for network in ({}, {"network": "full"})
]
CASES += [
    # Another source is out of reach, and both would be replaced.
    ("sources", CPU, {"sources": {"slowfast": {"url": URL}}}, {"network": {**REACHED, "detectron2": False}}),
    ("sources", CPU, {"sources": {"slowfast": {"commit": COMMIT}}}, PYPI),
    ("sources", CPU, {"sources": {"slowfast": {"url": URL, "commit": COMMIT}}, "network": "pypi"}, {}),
    ("sources", CPU, {"sources": {"ffmpeg": {"url": URL}}, "ffmpeg": "none"}, {}),
    ("sources", GPU, {"sources": {"ffmpeg": {"url": URL}}, "ffmpeg": "distribution"}, {}),
    (
        "sources",
        GPU,
        {"sources": {"ffmpeg": {"url": URL}}},
        {"network": {**REACHED, "ffmpeg": False}},
    ),
    (
        "sources",
        GPU,
        {"sources": {"nv-codec-headers": {"url": URL}}},
        {"network": {**REACHED, "nv-codec-headers": False}},
    ),
    ("sources", CPU, {"sources": {"miniforge": {"url": URL}}, "environment": "uv"}, {}),
    (
        "sources",
        CPU,
        {"sources": {"conda-forge": {"url": URL}}},
        {"network": {**REACHED, "conda-forge": False}},
    ),
]  # fmt: skip


def decided(there: Any, request: dict[str, Any]) -> Plan | NoPlan:  # noqa: ANN401
    """Return the plan, or that there is none."""
    try:
        return planner.plan(there, request)
    except StackError as error:
        assert error.code == "planner.no-ffmpeg"  # noqa: PT017
        return planner.plan(host(CPU), {"torch": "9.9"})


@pytest.mark.parametrize(
    ("field", "name", "request_", "change"), CASES, ids=[f"{n}-{r}"[:90] for _f, n, r, _c in CASES]
)
def test_what_is_asked_for_and_cannot_be_had_is_refused(
    field: str, name: str, request_: dict[str, Any], change: dict[str, Any]
) -> None:
    assert field in request_
    if "bundle" in request_:
        request_ = {"bundle": _bundle()}
        change = {"architecture": "aarch64"}
    assert isinstance(decided(host(name, **change), request_), NoPlan)


def _bundle() -> dict[str, Any]:
    there = host(CPU)
    made = {"host": there, "request": {}, "plan": plan(CPU).to_dict(), "system_packages": []}
    return {"digest": "0" * 64, "stacks": [made]}


def test_every_field_of_a_request_and_every_source_is_in_the_table() -> None:
    # A preset is an order of preference, and names nothing that has to be had.
    assert {field for field, *_ in CASES} == {field.name for field in fields(Request)} - {"preset"}
    assert {name for row in CASES for name in row[2].get("sources", {})} == set(SOURCES)


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_that_is_named_and_reached_is_the_one_that_is_used(name: str) -> None:
    made = planner.plan(host(GPU), {"sources": {name: {"url": URL}}})
    assert isinstance(made, Plan)
    places = {each: [source.url] for each, source in made.sources.items() if source}
    assert made.ffmpeg
    places |= {each: [one.url for one in row] for each, row in made.ffmpeg.sources.items()}
    places |= {"miniforge": [made.environment.url], "conda-forge": [made.environment.channel]}
    assert places[name] == [URL]


def test_headers_that_are_named_are_built() -> None:
    made = planner.plan(host(GPU), {"nv_codec_headers": "n12.1.14.0"})
    assert isinstance(made, Plan)
    assert made.ffmpeg
    assert (made.ffmpeg.origin, made.ffmpeg.nv_codec_headers) == ("build", "n12.1.14.0")


def test_a_machine_of_what_if_options_refuses_the_same() -> None:
    request = {"sources": {"slowfast": {"url": URL}}}
    machine = what_if.host(what_if.Machine(gpus=["10de:2330"]), list(planner.endpoints(request)))
    assert isinstance(planner.plan(machine, request), Plan)
    for refused in (
        planner.plan(machine, {**request, "network": "pypi"}),
        planner.plan(replace(machine, network={**REACHED, "slowfast": False}), request),
    ):
        assert isinstance(refused, NoPlan)
        assert f"--source slowfast={URL}" in str(plain(refused.conflict))


def test_a_lock_keeps_other_sources_of_the_request() -> None:
    request = {"locked": _lock(), "sources": {"ffmpeg": {"url": URL}}}
    made = planner.plan(host(CPU), request)
    assert isinstance(made, Plan)
    assert made.ffmpeg
    assert [place.url for place in made.ffmpeg.sources["ffmpeg"]] == [URL]
