"""Which candidates there are, and in which order: best first."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.presets import MEASURED
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.versions import (
    dotted,
    version,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import model
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import candidates
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.distribution import (
    distribution,
)
from support.plan_builder import host

UBUNTU = "h100-ubuntu-22.04"


def release(torch: str, machine: str, preset: str = "stable", *, gpu: bool) -> list[str]:
    """Return the wheels of a release for a machine; * is on PyPI, + through PTX."""
    found = candidates.wheels(machine, preset, gpu=gpu)
    (rows,) = (row for row in found if row[0].row.torch == torch)
    return [
        f"{one.variant}{'*' * one.pypi}{'+' * bool(one.jit)}"
        for one in rows
        if one.machine == machine
    ]


@pytest.mark.parametrize(
    ("torch", "machine", "preset", "gpu", "variants"),
    [
        ("2.11.0", "x86_64", "stable", True, ["cu130*", "cu128", "cu126"]),
        ("2.11.0", "x86_64", "stable", False, ["cpu", "cu130*"]),
        ("2.11.0", "aarch64", "stable", True, ["cu130*"]),
        ("2.11.0", "aarch64", "stable", False, ["cpu", "cu130*"]),
        ("2.10.0", "aarch64", "stable", False, ["cpu*"]),
        ("2.4.0", "x86_64", "stable", True, ["cu121*", "cu124", "cu118"]),
        ("2.4.0", "x86_64", "guide-2024", True, ["cu121*", "cu124", "cu118"]),
        ("1.9.1", "aarch64", "stable", False, ["cpu"]),
    ],
)
def test_the_wheels_of_a_release(
    torch: str, machine: str, preset: str, variants: list[str], *, gpu: bool
) -> None:
    native = [one for one in release(torch, machine, preset, gpu=gpu) if "+" not in one]
    assert native == variants


@pytest.mark.parametrize(
    ("machine", "torch", "pythons", "glibc", "gcc"),
    [
        ("x86_64", "1.10.2", ["3.9"], "2.17", 5),
        ("aarch64", "1.10.2", ["3.9", "3.10"], "2.17", 5),
        ("aarch64", "1.9.0", ["3.9"], "2.17", 5),
        ("aarch64", "1.8.0", [], "2.17", 5),
        ("x86_64", "2.6.0", ["3.9", "3.10", "3.11", "3.12", "3.13"], "2.17", 8),
        ("aarch64", "2.6.0", ["3.9", "3.10", "3.11", "3.12", "3.13"], "2.28", 8),
        ("x86_64", "2.15.0", ["3.11", "3.12", "3.13", "3.14", "3.15"], "2.28", 11),
    ],
)
def test_a_wheel_is_that_of_its_machine(
    machine: str, torch: str, pythons: list[str], glibc: str, gcc: int
) -> None:
    found = candidates.wheels("x86_64", "stable", gpu=False)
    wheel = next(
        one for row in found for one in row if (one.machine, one.row.torch) == (machine, torch)
    )
    assert [dotted(one) for one in wheel.pythons] == pythons
    assert (dotted(wheel.glibc), wheel.oldest_gcc, wheel.driver) == (glibc, gcc, None)
    assert wheel.name == f"torch {torch} ({wheel.variant})"


def test_wheels_of_this_machine_come_first_in_each_release() -> None:
    for machine in ("x86_64", "aarch64"):
        for row in candidates.wheels(machine, "stable", gpu=False):
            machines = [one.machine for one in row]
            assert machines == sorted(machines, key=lambda name: name != machine)
            assert set(machines) == {"x86_64", "aarch64"}


@pytest.mark.parametrize(
    ("preset", "first"),
    [
        ("stable", ["2.11.0", "2.10.0", "2.9.1"]),
        ("newest", ["2.15.0", "2.14.1", "2.14.0"]),
        ("guide-2024", ["2.4.0", "2.4.1", "2.5.1"]),
    ],
)
def test_the_order_of_releases(preset: str, first: list[str]) -> None:
    found = [row[0].row.torch for row in candidates.wheels("x86_64", preset, gpu=True)]
    assert found[:3] == first
    numbers = [version(one) for one in found]
    older = sorted((one for one in numbers if one < numbers[0]), reverse=True)
    newer = sorted((one for one in numbers if one > numbers[0]), reverse=True)
    # A series that was proven comes before one that was not.
    proven = {version(torch)[:2] for torch in MEASURED}
    newer.sort(key=lambda one: one[:2] if preset == "guide-2024" else (one[:2] not in proven,))
    rest = [*newer, *older] if preset == "guide-2024" else [*older, *newer]
    assert numbers == [numbers[0], *rest]


@pytest.mark.parametrize(
    ("text", "python", "inside"),
    [
        ("3.9-3.12", "3.9", True),
        ("3.9-3.12", "3.12", True),
        ("3.9-3.12", "3.8", False),
        ("3.9-3.12", "3.13", False),
        ("", "3.9", False),
    ],
)
def test_a_range_of_pythons_has_both_its_ends(text: str, python: str, *, inside: bool) -> None:
    assert candidates.within(text, version(python)) == inside


LOADED = {"version": "580.95.05", "flavour": "open"}
INSTALLED = [{"name": "nvidia-open", "version": "580.95.05", "origin": "nvidia"}]


@pytest.mark.parametrize(
    ("change", "actions"),
    [
        ({}, {"install"}),
        ({"driver": {"version": "100.1"}}, {"keep", "upgrade"}),
        ({"driver": {"version": "999.1"}}, {"keep", "switch"}),
        ({"driver_packages": INSTALLED}, {"switch"}),
        ({"driver": LOADED, "interrupted": {"driver": True}}, {"keep", "install"}),
        ({"gpus": []}, {"none"}),
    ],
)
def test_the_step_to_a_driver_follows_from_what_is_installed(
    change: dict[str, Any], actions: set[str]
) -> None:
    found = candidates.drivers(model.host(host(UBUNTU, **change)), "stable")
    assert {one.action for one in found} == actions


def test_a_driver_of_the_same_version_is_switched_and_an_older_one_upgraded() -> None:
    newest = candidates.branch("580")
    assert newest
    for number, action in ((newest.newest, "switch"), ("580.0", "upgrade")):
        there = model.host(host(UBUNTU, driver={"version": number, "flavour": "open"}))
        kept, first, *_rest = candidates.drivers(there, "stable")
        assert (kept.action, dotted(kept.version)) == ("keep", dotted(version(number)))
        assert (first.number, first.action) == ("580", action)


@pytest.mark.parametrize(
    ("packages", "origin"),
    [([], None), (INSTALLED, "nvidia"), ([{**INSTALLED[0], "origin": None}, *INSTALLED], "nvidia")],
)
def test_a_driver_that_is_loaded_comes_first_with_its_origin(
    packages: list[dict[str, Any]], origin: str | None
) -> None:
    there = model.host(host(UBUNTU, driver=LOADED, driver_packages=packages))
    kept = candidates.drivers(there, "stable")[0]
    assert (kept.action, kept.number, kept.flavour, kept.origin) == ("keep", "580", "open", origin)
    assert kept.branch == candidates.branch("580")
    assert kept.name == "driver 580 (open)"
    assert kept._replace(flavour=None).name == "driver 580"


ORDER = ["580", "595", "620", "615", "570", "550", "535", "610", "470"]
FLAVOURS = {
    "620": ("open",),
    "580": ("open", "proprietary"),
    "550": ("proprietary", "open"),
    "470": ("proprietary",),
}


@pytest.mark.parametrize(
    ("name", "change", "first"),
    [
        (UBUNTU, {"secure_boot": True}, "distribution"),
        (UBUNTU, {"secure_boot": False}, "distribution"),
        (UBUNTU, {"secure_boot": None}, "distribution"),
        (UBUNTU, {"driver_packages": INSTALLED}, "nvidia"),
        (UBUNTU, {"driver_packages": INSTALLED, "secure_boot": True}, "distribution"),
        ("h100-debian-12", {"secure_boot": True}, "distribution"),
        ("h100-debian-12", {"secure_boot": False}, "nvidia"),
        ("h100-rocky-9", {"secure_boot": False}, "nvidia"),
    ],
)
def test_drivers_of_each_branch_with_the_better_place_and_module_first(
    name: str, change: dict[str, Any], first: str
) -> None:
    there = model.host(host(name, **change))
    found = candidates.drivers(there, "stable", distribution(there))
    rows = [(one.number, one.origin, one.flavour) for one in found]
    assert list(dict.fromkeys(row[0] for row in rows)) == ORDER
    places = sorted(["distribution", "nvidia"], key=lambda place: place != first)
    for number, flavours in FLAVOURS.items():
        expected = [(number, place, flavour) for place in places for flavour in flavours]
        assert [row for row in rows if row[0] == number] == expected


def python(number: str) -> dict[str, Any]:
    return {"version": number, "path": f"/usr/bin/python{number}", "headers": True, "venv": True}


@pytest.mark.parametrize(
    ("preset", "first"),
    [
        ("stable", ["host 3.12.3", "host 3.12.1", "host 3.10.2", "uv 3.11", "uv 3.12"]),
        ("newest", ["host 3.12.3", "host 3.12.1", "host 3.10.2", "uv 3.13", "uv 3.12"]),
        ("guide-2024", ["uv 3.9", "conda 3.9", "host 3.10.2", "uv 3.10", "conda 3.10"]),
    ],
)
def test_the_order_of_pythons(preset: str, first: list[str]) -> None:
    there = [python(number) for number in ("3.10.2", "3.12.1", "3.12.3", "3.6.8")]
    found = candidates.pythons(model.host(host(UBUNTU, pythons=there)), preset)
    names = [f"{one.origin} {one.name}" for one in found]
    assert names[:5] == first
    assert not any("3.6" in name for name in names)
    assert sum(name.startswith("uv ") for name in names) == 6
    assert sum(name.startswith("conda ") for name in names) == 6


def gcc(major: int, *, cxx: bool = True) -> dict[str, Any]:
    path = f"/usr/bin/gcc-{major}"
    return {"major": major, "version": f"{major}.1", "path": path, "cxx": "/g++" if cxx else None}


def test_compilers_of_the_host_come_first_and_the_default_before_all() -> None:
    there = [gcc(9), gcc(13), gcc(11), gcc(14, cxx=False)]
    found = candidates.compilers(model.host(host(UBUNTU, compilers=there)), needed=True, default=11)
    assert [one.major for one in found if one.host] == [11, 13, 9]
    fresh = [one.major for one in found if not one.host]
    assert fresh[0] == 11
    assert fresh[1:] == sorted(candidates.GCC_MAJORS - {11}, reverse=True)
    assert all(one.host for one in found[:3])
    (none,) = candidates.compilers(model.host(host(UBUNTU)), needed=False, default=11)
    assert (none.major, none.host) == (0, None)


def test_toolkits_of_the_host_come_first_then_older_ones_then_that_of_the_archive() -> None:
    there = [
        {"version": number, "path": f"/opt/cuda-{number}"} for number in ("13.0", "12.2", "12.4")
    ]
    interrupted = {"toolkits": ["12.4"]}
    found_host = model.host(host("h100-debian-12", toolkits=there, interrupted=interrupted))
    row = distribution(found_host)
    assert row
    assert row.toolkit
    found = candidates.toolkits(found_host, needed=True, archive=row.toolkit)
    kept = [one for one in found if one.action == "keep"]
    assert [(one.name, one.home) for one in kept] == [
        ("12.2", "/opt/cuda-12.2"),
        ("13.0", "/opt/cuda-13.0"),
    ]
    assert list(found[:2]) == kept
    wheels = [one for one in found if one.origin == "pypi"]
    assert [one.name for one in wheels] == ["13.0", "13.1", "13.2", "13.3", "13.4", "13.5"]
    assert list(found[-len(wheels) :]) == wheels
    fresh = found[2 : -len(wheels) - 1]
    assert [one.cuda for one in fresh] == sorted(one.cuda for one in fresh)
    assert {one.origin for one in fresh} == {"nvidia"}
    one = next(one for one in fresh if one.name == "12.4")
    assert (one.home, one.packages, one.driver) == (
        "/usr/local/cuda-12.4",
        ("cuda-toolkit-12-4",),
        "",
    )
    own = found[-len(wheels) - 1]
    assert (own.name, own.origin, own.home) == ("11.8", "distribution", "/usr")
    assert (own.packages, own.driver) == (("nvidia-cuda-toolkit",), "535")
    others = {one.origin for one in candidates.toolkits(found_host, needed=True)}
    assert others == {None, "nvidia", "pypi"}
    (none,) = candidates.toolkits(found_host, needed=False)
    assert (none.action, none.name, none.host) == ("none", "", None)


@pytest.mark.parametrize(
    ("number", "most"),
    [("9.0", 8), ("10.1", 8), ("11.0", 9), ("11.0.3", 9), ("12.0", 12), ("99.0", 16)],
)
def test_an_unknown_toolkit_takes_the_compilers_of_the_one_before_it(
    number: str, most: int
) -> None:
    there = [{"version": number, "path": "/opt/cuda"}]
    found = candidates.toolkits(model.host(host(UBUNTU, toolkits=there)), needed=True)[0]
    assert (found.name, found.max_gcc) == (number, most)


@pytest.mark.parametrize(("pinned", "major"), [("9.1.0.70", 9), ("8.9", 8), ("", 0)])
def test_the_cudnn_of_a_wheel(pinned: str, major: int) -> None:
    wheel = candidates.wheels("x86_64", "stable", gpu=True)[0][0]
    assert wheel._replace(row=wheel.row._replace(cudnn=pinned)).cudnn == major


def test_a_wheel_with_ptx_is_also_that_of_newer_gpus_for_drivers_of_its_release() -> None:
    found = [one for row in candidates.wheels("x86_64", "stable", gpu=True) for one in row]
    through = [one for one in found if one.jit]
    assert through
    for one in through:
        native = next(
            each
            for each in found
            if (each.machine, each.row, each.variant, each.jit)
            == (one.machine, one.row, one.variant, None)
        )
        assert one.toolkit
        assert one.toolkit.release_driver
        assert one.driver == version(one.toolkit.release_driver)
        assert native.driver == version(one.toolkit.minimum_driver)
        assert one._replace(jit=None, driver=None) == native._replace(driver=None)
        assert one.jit in one.code
    assert not any(
        one.jit for row in candidates.wheels("x86_64", "stable", gpu=False) for one in row
    )


@pytest.mark.parametrize(
    ("number", "first"), [("559", "proprietary"), ("560", "open"), ("561", "open")]
)
def test_the_open_module_comes_first_from_a_branch_on(number: str, first: str) -> None:
    row = candidates.branch("580")
    assert row
    assert candidates._flavours(row._replace(branch=number))[0] == first
