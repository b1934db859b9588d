"""The compiler wheels of PyPI, where nothing else provides a CUDA toolkit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._known_files import (
    package_hashes,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog import (
    cuda,
    cuda_wheels,
    distributions,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.package_files import (
    FILES,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment import activation
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host.model import (
    host as read_host,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import (
    artifacts,
    from_bundle,
    planner,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.plan import (
    NoPlan,
    Plan,
)
from support.plan_builder import host

from slowfast_stack.bundle.wheels import requirements
from slowfast_stack.cli.up import beyond_prefix

READY = {
    "driver": {"version": "580.95.05", "flavour": "open"},
    "toolkits": [],
    "root": False,
    "network": {},
}
SYSTEMS = [
    *(
        {"id": row.id, "version": row.version, "family": row.family, "name": row.id + row.version}
        for row in distributions.DISTRIBUTIONS
    ),
    {"id": "arch", "version": "", "family": "other", "name": "Arch Linux"},
    {"id": "opensuse-leap", "version": "15.6", "family": "other", "name": "openSUSE Leap 15.6"},
]
COMPILER = {"major": 13, "version": "13.2.0", "path": "/usr/bin/gcc", "cxx": "/usr/bin/g++"}


def made(change: dict[str, Any], request: dict[str, Any] | None = None) -> Plan | NoPlan:
    there = {**host("h100-not-root-driver-535"), **READY, "compilers": [COMPILER], **change}
    return planner.plan(there, request or {})


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda row: row["name"])
@pytest.mark.parametrize(
    "change",
    [
        {"root": False},
        {"root": False, "virtualization": "container"},
        {"root": True, "network": "no NVIDIA"},
    ],
    ids=["not root", "container", "no repository"],
)
def test_every_distribution_with_a_driver_and_a_compiler_gets_a_toolkit(
    system: dict[str, str], change: dict[str, Any]
) -> None:
    if change.get("network"):
        names = ("pypi", "pytorch", "detectron2", "pytorchvideo", "slowfast", "uv-pythons")
        change = {**change, "network": {**dict.fromkeys(names, True), "nvidia": False}}
    plan = made({"distribution": system, "glibc": "2.36", **change})
    assert isinstance(plan, Plan)
    assert plan.cuda
    # Debian's archive may have an older toolkit of the same major; CUDA 13 it has not.
    assert (plan.cuda.origin, plan.cuda.toolkit, plan.cuda.repository) == ("pypi", "13.0", None)
    assert plan.build.cuda_home == "env/cuda-13.0"
    assert plan.torch_wheels.cuda == "13.0"
    # The wheels are in the environment, so the toolkit comes after it.
    order = [plan.roles.index(name) for name in ("pytorch", "cuda", "detectron2")]
    assert order == sorted(order)
    assert set(plan.cuda.packages) <= set(plan.torch_wheels.build_tools)
    assert set(plan.cuda.packages) <= set(requirements(plan, adopt_torch=False))
    known = {line.partition(" ")[0] for line in package_hashes(plan.to_dict())}
    assert set(plan.cuda.packages) <= known


def test_the_wheels_are_no_packages_of_a_distribution_and_stay_in_the_prefix() -> None:
    plan = made({})
    assert isinstance(plan, Plan)
    assert plan.cuda
    assert not set(from_bundle.system_packages(plan)) & set(plan.cuda.packages)
    assert not from_bundle.of_nvidia(plan)
    assert not any("CUDA" in change for change in beyond_prefix(plan))
    root = made({"root": True})
    assert any("CUDA" in change for change in beyond_prefix(root))


def test_one_that_is_there_or_can_be_installed_comes_first() -> None:
    there = made({"toolkits": [{"version": "13.1", "path": "/usr/local/cuda-13.1"}]})
    assert isinstance(there, Plan)
    assert there.cuda
    assert (there.cuda.action, there.cuda.toolkit) == ("keep", "13.1")
    assert there.build.cuda_home == "/usr/local/cuda-13.1"
    root = made({"root": True})
    assert isinstance(root, Plan)
    assert root.cuda
    assert root.cuda.origin == "nvidia"
    assert root.roles.index("cuda") < root.roles.index("pytorch")


@pytest.mark.parametrize("driver", ["535.183.01", "550.163.01", "575.57.08"])
def test_cuda_12_has_no_compiler_on_pypi(driver: str) -> None:
    """The wheels of nvcc for CUDA 12 have ptxas and headers, and no nvcc."""
    plan = made({"driver": {"version": driver, "flavour": "open"}})
    assert isinstance(plan, NoPlan)


def test_without_a_compiler_of_c_plus_plus_there_is_no_plan() -> None:
    assert isinstance(made({"compilers": []}), NoPlan)


def test_it_is_not_installed_among_adopted_packages() -> None:
    torch = {"version": "2.11.0", "variant": "cu130", "python": "/usr/bin/python3.10"}
    plan = made({"torch": torch}, {"adopt_torch": "/usr/bin/python3.10"})
    assert isinstance(plan, NoPlan)


@pytest.mark.parametrize("row", cuda_wheels.COMPILERS, ids=lambda row: row.cuda)
def test_every_release_has_files_for_both_machines_and_is_a_known_toolkit(
    row: cuda_wheels.CompilerRow,
) -> None:
    assert row.cuda in {toolkit.cuda for toolkit in cuda.TOOLKITS}
    assert row.nvcc.startswith(f"{row.cuda}.")
    for pin in row.requirements:
        machines = {name.rpartition("manylinux")[2] for name in FILES[pin]}
        assert any("x86_64" in one for one in machines)
        assert any("aarch64" in one for one in machines)


def test_what_is_built_finds_the_toolkit_in_the_folder_of_the_stack() -> None:
    plan = made({})
    assert isinstance(plan, Plan)
    there = read_host(host("h100-not-root-driver-535"))
    found = artifacts.planned_artifact("detectron2", plan, there, home="/p/stacks/1", jobs=1)
    environment = found.options["environment"]
    assert isinstance(environment, dict)
    assert environment["CUDA_HOME"] == "/p/stacks/1/env/cuda-13.0"
    # The key is that of other prefixes, so that builds are shared.
    assert found.inputs["cuda_home"] == "env/cuda-13.0"
    text = activation.script(Path("/p/stacks/1"), plan.to_dict())
    assert "CUDA_HOME=/p/stacks/1/env/cuda-13.0\n" in text
    assert "/p/stacks/1/env/cuda-13.0/bin" in text
