"""What a driver plan has for the roles: packages, their release, the repository and the services."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.distributions import (
    DISTRIBUTIONS,
    DistributionRow,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.drivers import (
    HOLDS,
    NAMES,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import model
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import (
    candidates,
    ffmpeg,
    network,
    planner,
    resolver,
    system_packages,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.request import (
    request as read_request,
)
from support import plan_builder

HOSTS = Path(__file__).parent.parent / "hosts"


DKMS = {"driver_build": "dkms"}


def driver(host: str, request: dict[str, Any] | None = None, **change: object) -> dict[str, Any]:
    plan = planner.plan(plan_builder.host(host, **change), request or {}).to_dict()
    found: dict[str, Any] = plan["driver"]
    return found


KERNEL = {"release": "5.15.0-105-generic", "headers": False, "meta": ["linux-image-generic"]}


def test_headers_of_the_kernel_and_of_kernels_to_come_are_installed_with_the_driver() -> None:
    found = driver("h100-ubuntu-22.04", DKMS, kernel=KERNEL)
    assert found["packages"] == [
        "nvidia-open-580=580.*",
        "nvidia-dkms-580-open=580.*",
        "linux-headers-5.15.0-105-generic",
        "linux-headers-generic",
    ]
    assert found["release"] == "580.*"
    assert found["services"] == ["nvidia-persistenced"]


def test_prebuilt_signed_modules_need_no_headers_and_change_with_their_kernel() -> None:
    found = driver("h100-ubuntu-22.04", kernel=KERNEL, secure_boot=True)
    assert found["origin"] == "distribution"
    assert found["packages"] == [
        "linux-modules-nvidia-580-server-open-generic",
        "nvidia-driver-580-server-open",
    ]
    assert found["repository"] == {
        "origin": "distribution",
        "archive": "Ubuntu",
        "components": ["restricted"],
    }
    assert found["unattended"][-2:] == ["linux-image-", "linux-modules-"]
    assert "nvidia-persistenced" in found["unpinned"]
    assert found["mok"] is False


def test_a_module_that_is_built_here_is_signed_with_a_key_of_the_owner() -> None:
    found = driver("h100-rocky-9", secure_boot=True)
    assert found["mok"] is True
    assert found["packages"][-2:] == ["openssl", "mokutil"]


@pytest.mark.parametrize(
    ("host", "packages"),
    [
        ("h100x8-nvswitch-ubuntu-22.04", ["nvidia-fabricmanager=580.95.05-*"]),
        ("a100x8-nvswitch-rocky-9", ["nvidia-fabric-manager-580.95.05"]),
    ],
)
def test_beside_a_kept_driver_fabric_manager_has_its_exact_version(
    host: str, packages: list[str]
) -> None:
    loaded = {"version": "580.95.05", "flavour": "open"}
    found = driver(host, driver=loaded, driver_packages=[])
    assert found["action"] == "keep"
    assert found["packages"] == []
    assert found["fabric_packages"] == packages
    assert found["repository"]["origin"] == "nvidia"


def test_only_the_driver_of_a_rebuild_needs_epel() -> None:
    assert driver("h100-rocky-9")["repository"]["packages"] == ["epel-release"]
    assert "packages" not in driver("rtx2080ti-rhel-9")["repository"]


def test_every_naming_and_family_of_the_distributions_has_its_rows() -> None:
    assert {row.naming for row in DISTRIBUTIONS} == {row.naming for row in NAMES}
    assert {row.family for row in DISTRIBUTIONS} == set(HOLDS)


@pytest.mark.parametrize("row", DISTRIBUTIONS, ids=lambda row: f"{row.id}-{row.version}")
def test_the_short_id_of_a_key_ends_its_fingerprint(row: DistributionRow) -> None:
    assert len(row.key.fingerprint) == 40
    assert row.key.fingerprint.endswith(row.key.file.removesuffix(".pub").upper())


DEBIAN_PIN = [
    "*nvidia*",
    "cuda-drivers*",
    "libcuda1",
    "libcudadebugger1",
    "libnvcuvid1",
    "libnvoptix1",
    "libnvsdm*",
    "libxnvctrl*",
]
REDHAT_PIN = [
    "nvidia-driver*",
    "nvidia-kmod-common",
    "nvidia-persistenced",
    "nvidia-modprobe",
    "nvidia-settings",
    "nvidia-xconfig",
    "nvidia-imex",
    "nvidia-fabric-manager",
    "nvidia-libXNVCtrl*",
    "nvidia-open*",
    "cuda-drivers*",
    "kmod-nvidia*",
    "libnvidia-cfg",
    "libnvidia-fbc",
    "libnvidia-gpucomp",
    "libnvidia-ml",
    "libnvidia-nscq",
    "libnvsdm",
    "xorg-x11-nvidia",
]
V100 = "10de:1db1"


def of(distribution: str, gpu: str, branch: str, **change: object) -> dict[str, Any]:
    """Return the driver of a host with one GPU, an unknown kernel and nothing installed."""
    name, _, version = distribution.partition("-")
    family = "debian" if name in ("debian", "ubuntu") else "redhat"
    facts = json.loads((HOSTS / "h100-ubuntu-22.04.json").read_text(encoding="utf-8"))["host"]
    return driver(
        "h100-ubuntu-22.04",
        {"driver_branch": branch, **DKMS},
        distribution={"id": name, "version": version, "family": family, "name": distribution},
        gpus=[{**facts["gpus"][0], "pci_id": gpu}],
        kernel=None,
        glibc="2.39",
        **change,
    )


@pytest.mark.parametrize(
    ("distribution", "branch", "open_", "proprietary", "beside"),
    [
        ("ubuntu-24.04", "580", "nvidia-open-580=580.* nvidia-dkms-580-open=580.*",
         "cuda-drivers-580=580.* nvidia-dkms-580=580.*", ""),
        ("debian-12", "580", "nvidia-open=580.* nvidia-kernel-open-dkms=580.*",
         "cuda-drivers=580.* nvidia-kernel-dkms=580.*", "nvidia-persistenced"),
        ("rhel-9", "580", "@nvidia-driver:580-open", "@nvidia-driver:580-dkms",
         "kernel-devel kernel-headers nvidia-persistenced python3-dnf-plugin-versionlock"),
        ("rhel-10", "580", "nvidia-open-580", "cuda-drivers-580",
         "kernel-devel kernel-headers nvidia-persistenced python3-dnf-plugin-versionlock"),
    ],
)  # fmt: skip
def test_each_repository_names_both_modules_in_its_own_way(
    distribution: str, branch: str, open_: str, proprietary: str, beside: str
) -> None:
    assert of(distribution, "10de:2330", branch)["packages"] == [*open_.split(), *beside.split()]
    assert of(distribution, V100, branch)["packages"] == [*proprietary.split(), *beside.split()]


@pytest.mark.parametrize(
    ("distribution", "packages"),
    [
        ("ubuntu-24.04", ["nvidia-open=595.*", "nvidia-dkms-open=595.*"]),
        (
            "debian-12",
            ["nvidia-open=595.*", "nvidia-kernel-open-dkms=595.*", "nvidia-persistenced"],
        ),
    ],
)
def test_from_590_on_names_are_without_the_branch(distribution: str, packages: list[str]) -> None:
    found = of(distribution, "10de:2330", "595")
    assert found["packages"] == packages
    assert found["release"] == "595.*"


@pytest.mark.parametrize(
    ("distribution", "branch", "package"),
    [
        ("ubuntu-22.04", "570", "nvidia-fabricmanager-570"),
        ("ubuntu-22.04", "580", "nvidia-fabricmanager"),
        ("ubuntu-22.04", "595", "nvidia-fabricmanager"),
        ("debian-12", "570", "nvidia-fabricmanager-570"),
        ("debian-12", "580", "nvidia-fabricmanager"),
        ("rhel-9", "570", "nvidia-fabric-manager-570.*"),
        ("rhel-10", "580", "nvidia-fabric-manager-580.*"),
    ],
)
def test_fabric_manager_is_installed_with_the_driver(
    distribution: str, branch: str, package: str
) -> None:
    found = of(distribution, "10de:2330", branch, nvswitches=["10de:22a3"])
    assert found["fabric_packages"] == [package]
    assert found["services"] == ["nvidia-persistenced", "nvidia-fabricmanager"]


def test_what_is_held_and_what_unattended_upgrades_skip() -> None:
    debian, redhat = of("debian-12", V100, "580"), of("rhel-9", V100, "580")
    assert debian["pin"] == DEBIAN_PIN
    assert redhat["pin"] == REDHAT_PIN
    assert debian["unattended"] == [
        "nvidia-",
        "libnvidia-",
        "libcuda",
        "cuda-drivers",
        "linux-modules-nvidia-",
    ]
    assert redhat["unattended"] == redhat["unpinned"] == debian["unpinned"] == []
    assert redhat["stream"] == "nvidia-driver:580-dkms"
    assert debian["stream"] is None


def needs(
    name: str, request: dict[str, Any] | None = None, major: int | None = None, **change: object
) -> list[str]:
    """Return the packages of what is missing, with another compiler to install."""
    facts = json.loads((HOSTS / f"{name}.json").read_text(encoding="utf-8"))["host"]
    asked = read_request({"network": "full", **(request or {})})
    base, there = model.host(facts), model.host({**facts, **change})
    reached = network.decide(there, asked).value
    choice = resolver.solve(resolver.problem(base, asked, reached))
    assert choice
    option = candidates.CompilerOption(major, None) if major is not None else choice.compiler
    choice = choice._replace(
        compiler=option,
        python=choice.python._replace(host=there.pythons[0] if there.pythons else None),
    )
    video = ffmpeg.Ffmpeg(None, (), ("nasm",))
    return list(system_packages.system_packages(there, choice, reached, video).value)


GIT = {"tools": {"git": "2"}, "libraries": {}}
HEADERS = [{"version": "3.11.2", "path": "/usr/bin/python3.11", "headers": True}]
DEBIAN, ROCKY, FEWER = "cpu-debian-12", "cpu-rhel-9", [{**HEADERS[0], "headers": False}]


@pytest.mark.parametrize(
    ("name", "request_", "major", "change", "packages"),
    [
        (DEBIAN, {}, 0, {}, []),
        (DEBIAN, {}, 0, {"tools": {}}, ["git"]),
        (DEBIAN, {"network": "pypi"}, 0, {"tools": {}}, []),
        (DEBIAN, {}, 12, {}, ["gcc-12", "g++-12"]),
        (DEBIAN, {}, 11, {}, ["gcc-11", "g++-11"]),
        (ROCKY, {}, 11, {}, ["gcc", "gcc-c++"]),
        (ROCKY, {}, 13, {}, ["gcc-toolset-13-gcc", "gcc-toolset-13-gcc-c++"]),
        (DEBIAN, {}, 0, {"pythons": FEWER}, ["python3.11-dev"]),
        (DEBIAN, {"network": "pypi"}, 0, {"pythons": FEWER}, []),
        (DEBIAN, {}, 0, {"libraries": {"libGL.so.1": True}}, []),
        (DEBIAN, {}, 0, {"libraries": {"libGL.so.1": False}}, ["libgl1", "libglib2.0-0"]),
    ],
)
def test_what_is_missing_is_installed_and_nothing_else(
    name: str, request_: dict[str, Any], major: int, change: dict[str, Any], packages: list[str]
) -> None:
    found = needs(name, request_, major, **{**GIT, "pythons": HEADERS, **change})
    assert found == [*packages, "nasm"]
