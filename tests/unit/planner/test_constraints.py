"""Each constraint of a request, a host and a network: which constraints there are, and what each rejects."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.versions import version
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import model
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import (
    candidates,
    constraints,
    network,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.constraint_model import (
    Constraint,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.request import request
from support.plan_builder import host

UBUNTU, CPU, ARCH, RHEL = "h100-ubuntu-22.04", "cpu-debian-12", "a100-arch-linux", "cpu-rhel-9"
TREES = ("slowfast", "detectron2", "pytorchvideo")
REACHED = dict.fromkeys(
    ("pypi", *TREES, "pytorch", "nvidia", "uv-pythons", "miniforge", "conda-forge"), True
)
WHEEL = candidates.wheels("x86_64", "newest", gpu=True)[0][0]
DRIVER = candidates.DriverOption(
    "install", candidates.branch("580"), "580", version("580.65.06"), "open", "nvidia"
)
TOOLKIT = candidates.ToolkitOption("install", version("13.0"), "13.0", 15, None, origin="nvidia")
GCC = candidates.CompilerOption(12, None)
HERE = model.Python("3.11.2", "/usr/bin/python3.11", headers=True, venv=True)
PYTHON = candidates.PythonOption(version("3.11"), "3.11.2", HERE, "host")
OPTIONS = {
    "wheel": WHEEL,
    "driver": DRIVER,
    "toolkit": TOOLKIT,
    "compiler": GCC,
    "python": PYTHON,
}


def found(
    name: str, asked: dict[str, Any] | None = None, **change: object
) -> dict[str, Constraint]:
    there = model.host(host(name, **{"virtualization": None, **change}))
    wanted = request(asked)
    reached = network.decide(there, wanted).value
    return {one.id: one for one in constraints.constraints(there, wanted, reached)}


def rejected(constraint: Constraint, dimension: str, **change: Any) -> bool:  # noqa: ANN401
    option: Any = OPTIONS[dimension]
    said = constraint.checks[dimension](option._replace(**change))
    assert said is None or said
    return said is not None


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({}, []),
        ({"torch": "2.4"}, ["request.torch"]),
        ({"cuda": "12.1"}, ["request.cuda"]),
        ({"python": "3.11"}, ["request.python"]),
        ({"environment": "uv"}, ["request.environment"]),
        ({"conda_packages": ["mkl=2024.0"]}, ["request.conda-package"]),
        ({"driver_branch": "580"}, ["request.driver-branch"]),
        ({"gpu_required": True}, ["request.gpu_required"]),
        ({"gpu_required": False, "conda_packages": []}, []),
        ({"sources": {"slowfast": {"url": "/x"}}}, ["request.source.slowfast"]),
        ({"sources": {"ffmpeg": {"url": "/x"}}}, []),
        (
            {"sources": {"conda-forge": {"url": "/x"}, "miniforge": {"url": "/y"}}},
            ["request.source.miniforge", "request.source.conda-forge"],
        ),
        ({"adopt_torch": "/usr/bin/python3"}, ["request.adopt_torch"]),
    ],
)
def test_a_request_is_a_constraint_of_its_own_before_those_of_the_host(
    asked: dict[str, Any], names: list[str]
) -> None:
    assert list(found(CPU, asked)) == [
        *names,
        "host.architecture",
        "host.glibc",
        "host.distribution",
        "host.network",
    ]


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"glibc": None}, []),
        ({"root": False}, ["host.root"]),
        ({"virtualization": "container"}, ["host.container"]),
        ({"virtualization": "vm"}, []),
        ({"driver": {"version": "580.1"}}, ["host.foreign_driver"]),
        (
            {
                "driver": {"version": "580.1"},
                "driver_packages": [{"name": "nvidia-open", "version": "580.1"}],
            },
            [],
        ),
        ({"interrupted": {"driver": True}}, ["host.interrupted_driver"]),
    ],
)
def test_what_a_host_is_adds_constraints(change: dict[str, Any], names: list[str]) -> None:
    usual = {"host.architecture", "host.glibc", "host.distribution", "host.network"}
    expected = {*usual, *names} - ({"host.glibc"} if "glibc" in change else set())
    assert set(found(CPU, **change)) == expected


TABLE: list[tuple[str, dict[str, Any], str, str, dict[str, Any], bool]] = [
    # host, request, constraint, dimension, change of the option, rejected
    (CPU, {"torch": WHEEL.row.torch}, "request.torch", "wheel", {}, False),
    (CPU, {"torch": WHEEL.row.torch}, "request.torch", "wheel", {"torch": version("1.0")}, True),
    (CPU, {"cuda": "12.1"}, "request.cuda", "wheel", {"cuda": version("12.1")}, False),
    (CPU, {"cuda": "12.1"}, "request.cuda", "wheel", {"cuda": version("12.4")}, True),
    (CPU, {"cuda": "12.1"}, "request.cuda", "wheel", {"cuda": None}, True),
    (CPU, {"cuda": "12.1"}, "request.cuda", "toolkit", {"cuda": version("12.1")}, False),
    (CPU, {"cuda": "12.1"}, "request.cuda", "toolkit", {}, True),
    (CPU, {"cuda": "12.1"}, "request.cuda", "toolkit", {"action": "none"}, False),
    (CPU, {"python": "3.11"}, "request.python", "python", {}, False),
    (CPU, {"python": "3.11.2"}, "request.python", "python", {}, False),
    (CPU, {"python": "3.11.3"}, "request.python", "python", {}, True),
    (CPU, {"python": "3.11"}, "request.python", "python", {"host": None, "name": "3.11"}, False),
    (CPU, {"python": "3.12"}, "request.python", "python", {"host": None, "name": "3.11"}, True),
    # The series says nothing of an interpreter that is there.
    (CPU, {"python": "3.12"}, "request.python", "python", {"series": version("3.12")}, True),
    (CPU, {"environment": "uv"}, "request.environment", "python", {}, False),
    (CPU, {"environment": "uv"}, "request.environment", "python", {"origin": "uv"}, False),
    (CPU, {"environment": "uv"}, "request.environment", "python", {"origin": "conda"}, True),
    (CPU, {"environment": "conda"}, "request.environment", "python", {"origin": "conda"}, False),
    (CPU, {"environment": "conda"}, "request.environment", "python", {"origin": "uv"}, True),
    (CPU, {"environment": "conda"}, "request.environment", "python", {}, True),
    (CPU, {"conda_packages": ["a"]}, "request.conda-package", "python", {"origin": "conda"}, False),
    (CPU, {"conda_packages": ["a"]}, "request.conda-package", "python", {"origin": "uv"}, True),
    (CPU, {"driver_branch": "580"}, "request.driver-branch", "driver", {}, False),
    (CPU, {"driver_branch": "570"}, "request.driver-branch", "driver", {}, True),
    (CPU, {"driver_branch": "580"}, "request.driver-branch", "driver", {"action": "none"}, True),
    (CPU, {"driver_branch": "580", "ffmpeg": "none"}, "request.driver-branch", "driver",
     {"action": "none"}, True),
    (CPU, {"driver_branch": "580", "ffmpeg": "build"}, "request.driver-branch", "driver",
     {"action": "none"}, False),
    (CPU, {"gpu_required": True}, "request.gpu_required", "driver", {}, False),
    (CPU, {"gpu_required": True}, "request.gpu_required", "driver", {"action": "none"}, True),
    (CPU, {"sources": {"miniforge": {"url": "/x"}}}, "request.source.miniforge", "python",
     {"origin": "conda"}, False),
    (CPU, {"sources": {"miniforge": {"url": "/x"}}}, "request.source.miniforge", "python",
     {"origin": "uv"}, True),
    (CPU, {}, "host.architecture", "wheel", {}, False),
    (CPU, {}, "host.architecture", "wheel", {"machine": "aarch64"}, True),
    (UBUNTU, {}, "host.distribution", "driver", {}, False),
    (UBUNTU, {}, "host.distribution", "driver", {"number": "100"}, True),
    (UBUNTU, {}, "host.distribution", "driver", {"number": "100", "action": "keep"}, False),
    (UBUNTU, {}, "host.distribution", "driver", {"origin": "distribution"}, False),
    (UBUNTU, {}, "host.distribution", "driver", {"origin": "distribution", "number": "599"}, True),
    (ARCH, {}, "host.distribution", "driver", {}, True),
    (ARCH, {}, "host.distribution", "driver", {"action": "none"}, False),
    (UBUNTU, {}, "host.distribution", "compiler", {}, False),
    (UBUNTU, {}, "host.distribution", "compiler", {"major": 99}, True),
    (UBUNTU, {}, "host.distribution", "compiler", {"major": 0}, False),
    (UBUNTU, {}, "host.distribution", "compiler", {"major": 99, "host": "there"}, False),
    (ARCH, {}, "host.distribution", "compiler", {}, True),
    (ARCH, {}, "host.distribution", "compiler", {"host": "there"}, False),
    (UBUNTU, {}, "host.distribution", "toolkit", {}, False),
    (UBUNTU, {}, "host.distribution", "toolkit", {"cuda": version("11.6")}, True),
    (UBUNTU, {}, "host.distribution", "toolkit", {"cuda": version("11.7")}, False),
    (UBUNTU, {}, "host.distribution", "toolkit", {"cuda": version("9"), "action": "keep"}, False),
    (UBUNTU, {}, "host.distribution", "toolkit", {"cuda": version("9"), "origin": "distribution"},
     False),
    (ARCH, {}, "host.distribution", "toolkit", {}, True),
    (CPU, {}, "host.distribution", "python", {}, False),
    (CPU, {}, "host.distribution", "python", {"host": HERE.__class__("3.11.2", "/x")}, False),
    (CPU, {}, "host.distribution", "python",
     {"host": HERE.__class__("3.12.2", "/x"), "series": version("3.12")}, True),
    (CPU, {}, "host.distribution", "python", {"host": None, "series": version("3.12")}, False),
    (ARCH, {}, "host.distribution", "python", {"host": HERE.__class__("3.11.2", "/x")}, True),
]  # fmt: skip


@pytest.mark.parametrize(("name", "asked", "constraint", "dimension", "change", "no"), TABLE)
def test_what_a_constraint_rejects(
    name: str,
    asked: dict[str, Any],
    constraint: str,
    dimension: str,
    change: dict[str, Any],
    *,
    no: bool,
) -> None:
    assert rejected(found(name, asked)[constraint], dimension, **change) == no


@pytest.mark.parametrize(
    ("constraint", "dimension", "option", "no"),
    [
        ("host.root", "driver", {}, True),
        ("host.root", "driver", {"action": "upgrade"}, True),
        ("host.root", "driver", {"action": "keep"}, False),
        ("host.root", "driver", {"action": "none"}, False),
        ("host.root", "compiler", {}, True),
        ("host.root", "compiler", {"major": 0}, False),
        ("host.root", "compiler", {"host": "there"}, False),
        ("host.root", "toolkit", {}, True),
        ("host.root", "toolkit", {"action": "keep"}, False),
        ("host.root", "toolkit", {"action": "none"}, False),
        ("host.root", "python", {}, False),
        ("host.root", "python", {"host": model.Python("3.11.2", "/x")}, True),
        ("host.root", "python", {"host": None}, False),
        ("host.container", "driver", {}, True),
        ("host.container", "driver", {"action": "keep"}, False),
        ("host.container", "driver", {"action": "none"}, False),
        ("host.foreign_driver", "toolkit", {}, False),
        ("host.foreign_driver", "toolkit", {"origin": "distribution"}, True),
        ("host.interrupted_driver", "driver", {"action": "keep"}, True),
        ("host.interrupted_driver", "driver", {}, False),
        ("host.interrupted_driver", "driver", {"action": "none"}, False),
    ],
)
def test_what_a_host_without_rights_or_packages_rejects(
    constraint: str, dimension: str, option: dict[str, Any], *, no: bool
) -> None:
    change: dict[str, object] = {"root": False, "virtualization": "container"}
    change |= {"driver": {"version": "580.1"}, "interrupted": {"driver": True}}
    assert rejected(found(CPU, **change)[constraint], dimension, **option) == no


def test_headers_of_python_do_not_count_where_nothing_is_compiled() -> None:
    names = found(CPU, {"network": "pypi"}, root=False)
    for name in ("host.root", "host.distribution"):
        assert set(names[name].checks) == {"driver", "compiler", "toolkit"}
        assert "python" in found(CPU, root=False)[name].checks


@pytest.mark.parametrize(
    ("missing", "dimension", "option", "no"),
    [
        ((), "wheel", {"pypi": False}, False),
        (("pytorch",), "wheel", {"pypi": False}, True),
        (("pytorch",), "wheel", {"pypi": True}, False),
        ((), "driver", {}, False),
        (("nvidia",), "driver", {}, True),
        (("nvidia",), "driver", {"origin": "distribution"}, False),
        (("nvidia",), "driver", {"action": "keep"}, False),
        ((), "toolkit", {}, False),
        (("nvidia",), "toolkit", {}, True),
        (("nvidia",), "toolkit", {"origin": "distribution"}, False),
        ((), "python", {"origin": "uv"}, False),
        (("uv-pythons",), "python", {"origin": "uv"}, True),
        (("uv-pythons",), "python", {"origin": "conda"}, False),
        (("uv-pythons",), "python", {}, False),
        ((), "python", {"origin": "conda"}, False),
        (("miniforge",), "python", {"origin": "conda"}, True),
        (("conda-forge",), "python", {"origin": "conda"}, True),
        (("conda-forge",), "python", {"origin": "uv"}, False),
    ],
)
def test_what_a_network_does_not_reach_is_rejected(
    missing: tuple[str, ...], dimension: str, option: dict[str, Any], *, no: bool
) -> None:
    there = {**REACHED, **dict.fromkeys(missing, False)}
    assert rejected(found(UBUNTU, network=there)["host.network"], dimension, **option) == no


@pytest.mark.parametrize(
    ("reached", "asked", "no"),
    [
        ({}, {}, False),
        ({"slowfast": False}, {}, True),
        ({"detectron2": False}, {}, True),
        ({}, {"network": "pypi"}, True),
        ({"slowfast": False}, {"network": "full"}, False),
    ],
)
def test_a_tree_that_is_named_is_built_and_never_comes_from_the_index(
    reached: dict[str, bool], asked: dict[str, Any], *, no: bool
) -> None:
    sources = {"slowfast": {"url": "/x", "commit": "1" * 40}}
    names = found(CPU, {"sources": sources, **asked}, network={**REACHED, **reached})
    one = names["request.source.slowfast"]
    assert rejected(one, "wheel") == no
    assert f"/x@{'1' * 40}" in one.text
    said = one.checks["wheel"](WHEEL) or ""
    assert ("--network pypi" in said) == (asked.get("network") == "pypi")
    missed = ", ".join(name for name in TREES if name in reached)
    assert f"unreached: {missed}" in said or not missed or not no


TORCH = {"python": HERE.path, "version": WHEEL.row.torch, "variant": WHEEL.variant}


@pytest.mark.parametrize(
    ("torch", "wheel", "python"),
    [
        (TORCH, False, False),
        ({**TORCH, "version": "1.0"}, True, False),
        ({**TORCH, "variant": "cpu"}, True, False),
        ({**TORCH, "python": "/other"}, False, True),
        (None, True, True),
    ],
)
def test_what_is_adopted_is_the_torch_of_its_interpreter(
    torch: dict[str, str] | None, *, wheel: bool, python: bool
) -> None:
    one = found(CPU, {"adopt_torch": HERE.path}, torch=torch)["request.adopt_torch"]
    assert rejected(one, "wheel") == wheel
    assert rejected(one, "python") == python
    assert rejected(one, "python", host=None)
    shown = f"torch {torch['version']} ({torch['variant']})" if torch else "no readable torch"
    assert one.text.endswith(f"which has {shown}")


@pytest.mark.parametrize(
    ("pci", "dimension", "option", "no"),
    [
        # H100, 9.0, a range without a last branch
        ("2330", "wheel", {"code": (version("9.0"),)}, False),
        ("2330", "wheel", {"code": (version("8.0"),)}, True),
        ("2330", "wheel", {"code": (), "jit": version("9.0")}, False),
        ("2330", "wheel", {"code": (), "jit": version("8.0")}, False),
        ("2330", "wheel", {"code": (), "jit": version("10.0")}, True),
        ("2330", "driver", {}, False),
        ("2330", "driver", {"branch": None}, True),
        ("2330", "driver", {"version": version("525.60.13")}, False),
        ("2330", "driver", {"version": version("525.60.12")}, True),
        ("2330", "driver", {"flavour": "proprietary"}, False),
        ("2330", "toolkit", {"driver": "999"}, False),
        ("2330", "toolkit", {}, False),
        # V100: only the proprietary module, up to 580
        ("1db1", "driver", {"flavour": "proprietary"}, False),
        ("1db1", "driver", {}, True),
        ("1db1", "toolkit", {"driver": "580"}, False),
        ("1db1", "toolkit", {"driver": "590"}, True),
        # B200: only the open module
        ("2901", "driver", {}, False),
        ("2901", "driver", {"flavour": "proprietary"}, True),
        # K40, 3.5: not in cuDNN 9
        ("1023", "wheel", {"code": (version("3.5"),)}, True),
        ("3fff", "wheel", {"code": (version("9.0"),)}, True),
    ],
)
def test_what_a_gpu_rejects(pci: str, dimension: str, option: dict[str, Any], *, no: bool) -> None:
    (one,) = (
        one
        for name, one in found(UBUNTU, gpus=[{"pci_id": f"10de:{pci}"}]).items()
        if name == f"gpu.10de:{pci}"
    )
    assert rejected(one, dimension, **option) == no


def test_cudnn_9_has_no_code_below_5_0() -> None:
    (k40, maxwell) = (
        found(UBUNTU, gpus=[{"pci_id": f"10de:{pci}"}])[f"gpu.10de:{pci}"]
        for pci in ("1023", "13c2")
    )
    for major, no in (("8.9", False), ("9.1", True), ("", False)):
        row = WHEEL.row._replace(cudnn=major)
        assert rejected(k40, "wheel", code=(version("3.5"),), row=row) == no
        assert not rejected(maxwell, "wheel", code=(version("5.2"),), row=row)


@pytest.mark.parametrize(
    ("bound", "slots"),
    [
        ([None, None], None),
        (["nvidia", "vfio-pci"], "0000:02"),
        (["vfio-pci", "vfio-pci"], "0000:01, 0000:02"),
    ],
)
def test_a_gpu_of_a_virtual_machine_gets_no_driver(
    bound: list[str | None], slots: str | None
) -> None:
    gpus = [
        {"pci_id": "10de:2330", "slot": f"0000:0{number}", "kernel_driver": name}
        for number, name in enumerate(bound, 1)
    ]
    names = found(UBUNTU, gpus=gpus)
    assert ("host.vfio" in names) == (slots is not None)
    if slots:
        assert rejected(names["host.vfio"], "driver", action="keep")
        assert f"at {slots} " in names["host.vfio"].text


def test_each_kind_of_gpu_is_one_constraint_in_the_order_of_ids() -> None:
    gpus = [{"pci_id": f"10de:{pci}"} for pci in ("2901", "2330", "2330", "1db1")]
    names = [name for name in found(UBUNTU, gpus=gpus) if name.startswith("gpu.")]
    assert names == ["gpu.10de:1db1", "gpu.10de:2330", "gpu.10de:2901"]
