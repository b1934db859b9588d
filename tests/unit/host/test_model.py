"""What a host has whose data say nothing, and what its plain data leave out."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import model
from support.errors import fails

DEBIAN = {"id": "debian"}
NOTHING: dict[str, Any] = {
    "schema": 1,
    "architecture": "x86_64",
    "distribution": {"id": "debian", "version": "", "family": "debian", "name": "debian"},
    "kernel": {"release": "", "headers": False},
    "gpus": [],
    "nvswitches": [],
    "nvlink5_fabric": False,
    "driver": None,
    "driver_packages": [],
    "toolkits": [],
    "compilers": [],
    "pythons": [],
    "tools": {},
    "libraries": {},
    "secure_boot": None,
    "nouveau": False,
    "virtualization": "none",
    "pending_reboot": False,
    "package_lock": False,
    "root": False,
    "cores": 1,
    "memory_mib": 0,
    "glibc": None,
    "disk": None,
    "network": {},
    "unreadable": [],
}

COMPLETE: dict[str, dict[str, object]] = {
    "distribution": DEBIAN,
    "kernel": {"release": "6.1.0-37-amd64", "headers": True, "meta": ["linux-image-amd64"]},
    "driver": {"version": "580.65.06", "flavour": "open"},
    "disk": {"path": "/opt", "free_mib": 1},
    "interrupted": {"driver": True, "toolkits": ["13.0"], "packages": ["libc6"]},
    "torch": {"python": "/p", "version": "2.9.1", "variant": "cu130"},
    "gpus": {"slot": "0000:01:00.0", "pci_id": "10de:2330", "subsystem": "10de:16c1"},
    "driver_packages": {"name": "nvidia-open", "version": "580.65.06-1", "origin": "nvidia"},
    "toolkits": {"version": "13.0", "path": "/usr/local/cuda-13.0"},
    "compilers": {"major": 12, "version": "12.2.0", "path": "/usr/bin/gcc"},
    "pythons": {"version": "3.11.2", "path": "/usr/bin/python3"},
    "unreadable": {"name": "driver", "source": "/proc", "reason": "It is damaged."},
}


def made(**given: object) -> dict[str, object]:
    return model.host({"architecture": "amd64", "distribution": DEBIAN, **given}).to_dict()


def test_a_host_of_which_nothing_is_said_has_nothing() -> None:
    assert made() == NOTHING


@pytest.mark.parametrize(
    ("key", "given", "read"),
    [
        (
            "gpus",
            [{"pci_id": "10DE:2330"}],
            [
                {
                    "slot": "unknown",
                    "pci_id": "10de:2330",
                    "class": "0302",
                    "kernel_driver": None,
                    "subsystem": None,
                    "compute_capability": None,
                }
            ],
        ),
        ("kernel", {"meta": ["linux-aws"]}, {"release": "", "headers": False, "meta": ["linux-aws"]}),
        ("driver", {"version": "580.65.06"}, {"version": "580.65.06", "flavour": None}),
        (
            "driver_packages",
            [{"name": "nvidia-open", "version": "580"}],
            [{"name": "nvidia-open", "version": "580", "origin": None}],
        ),
        (
            "compilers",
            [{"major": 12, "version": "12.2.0", "path": "/usr/bin/gcc"}],
            [{"major": 12, "version": "12.2.0", "path": "/usr/bin/gcc", "cxx": None}],
        ),
        (
            "pythons",
            [{"version": "3.11.2", "path": "/usr/bin/python3"}],
            [{"version": "3.11.2", "path": "/usr/bin/python3", "headers": False, "venv": False}],
        ),
        ("interrupted", {"packages": ["a"]}, {"driver": False, "toolkits": [], "packages": ["a"]}),
        (
            "torch",
            {"python": "/p", "version": "2.9.1", "variant": "cu130"},
            {"python": "/p", "version": "2.9.1", "variant": "cu130"},
        ),
        ("source", "a what-if", "a what-if"),
    ],
)  # fmt: skip
def test_a_part_that_is_given_is_written_with_its_defaults(
    key: str, given: object, read: object
) -> None:
    assert made(**{key: given}) == {**NOTHING, key: read}


def test_what_was_written_is_read_as_the_same_host() -> None:
    read_back = model.host(made())
    assert read_back.to_dict() == NOTHING
    assert read_back.source == model.PROBE
    assert read_back.interrupted == model.Interrupted()


def test_only_the_schema_of_this_release_is_read() -> None:
    assert made(schema=1)["schema"] == 1
    with fails("data.invalid-value", "host.schema"):
        made(schema=2)


@pytest.mark.parametrize(
    ("key", "given", "where"),
    [
        ("gpus", [{"pci_id": "2330"}], "host.gpus[0].pci_id"),
        ("gpus", [{"pci_id": "10de:2330:1"}], "host.gpus[0].pci_id"),
        ("gpus", [{"pci_id": "1002:2330"}], "host.gpus[0].pci_id"),
        ("nvswitches", ["22a3"], "host.nvswitches"),
        ("glibc", "two", "host.glibc"),
        ("interrupted", {"toolkits": ["new"]}, "host.interrupted"),
    ],
)
def test_a_value_of_another_form_is_refused_by_its_place(
    key: str, given: object, where: str
) -> None:
    with fails("data.invalid-value", where):
        made(**{key: given})


@pytest.mark.parametrize(
    "part",
    [
        "distribution", "kernel", "driver", "disk", "interrupted", "torch", "gpus",
        "driver_packages", "toolkits", "compilers", "pythons", "unreadable",
    ],
)  # fmt: skip
def test_a_key_that_is_not_known_is_refused_at_every_depth(part: str) -> None:
    value: object = {**COMPLETE[part], "colour": "green"}
    listed = isinstance(NOTHING.get(part), list)
    with fails("data.unknown-key", f"host.{part}"):
        made(**{part: [value] if listed else value})


@pytest.mark.parametrize("part", list(COMPLETE))
def test_a_complete_part_is_read(part: str) -> None:
    listed = isinstance(NOTHING.get(part), list)
    made(**{part: [COMPLETE[part]] if listed else COMPLETE[part]})


@pytest.mark.parametrize(
    ("key", "given", "where"),
    [
        ("kernel", {"release": "6.8.0; reboot"}, "host.kernel.release"),
        ("kernel", {"release": "6.8.0\n"}, "host.kernel.release"),
        ("kernel", {"meta": ["linux-image-$(id)"]}, "host.kernel.meta"),
        ("distribution", {"id": "ubuntu noble"}, "host.distribution.id"),
        ("distribution", {"id": "ubuntu", "version": "../24"}, "host.distribution.version"),
        ("distribution", {"id": "ubuntu", "family": "bsd"}, "host.distribution.family"),
        ("gpus", [{"pci_id": "10de:2330", "subsystem": "16c1"}], "host.gpus[0].subsystem"),
        ("gpus", [{"pci_id": "10de:2330", "class": "0200"}], "host.gpus[0].class"),
        ("gpus", [{"pci_id": "10de:2330", "compute_capability": "ninety"}], "host.gpus[0]"),
        ("gpus", [{"pci_id": "10de:2330", "slot": "a b"}], "host.gpus[0].slot"),
        ("gpus", [{"pci_id": "10de:2330", "slot": "0000:01:00.0"}] * 2, "host.gpus"),
        ("driver", {"version": "new"}, "host.driver.version"),
        ("driver", {"version": "580.1", "flavour": "free"}, "host.driver.flavour"),
        ("driver_packages", [{"name": "a b", "version": "1"}], "host.driver_packages[0].name"),
        ("driver_packages", [{"name": "a", "version": "$1"}], "host.driver_packages[0].version"),
        ("driver_packages", [{"name": "a", "version": "1", "origin": "x"}], "host.driver_packages"),
        ("toolkits", [{"version": "13.0", "path": "cuda"}], "host.toolkits[0].path"),
        ("compilers", [{"major": 13, "version": "12.2.0", "path": "/gcc"}], "host.compilers[0]"),
        ("pythons", [{"version": "3", "path": ""}], "host.pythons[0].path"),
        ("torch", {"python": "/p", "version": "2.9.1", "variant": "rocm"}, "host.torch.variant"),
        ("disk", {"path": "/opt", "free_mib": -1}, "host.disk.free_mib"),
        ("cores", 0, "host.cores"),
        ("cores", 2.5, "host.cores"),
        ("cores", True, "host.cores"),
        ("memory_mib", -1, "host.memory_mib"),
        ("memory_mib", "64 GiB", "host.memory_mib"),
        ("secure_boot", "on", "host.secure_boot"),
        ("virtualization", "cloud", "host.virtualization"),
        ("network", {"pypi": "yes"}, "host.network.pypi"),
        ("root", 1, "host.root"),
        ("schema", True, "host.schema"),
        ("schema", "1", "host.schema"),
    ],
)
def test_an_impossible_value_is_refused_by_its_place(key: str, given: object, where: str) -> None:
    with fails("data.invalid-value", where):
        made(**{key: given})


def test_a_version_belongs_to_the_series_of_its_major_and_minor() -> None:
    assert model.series("3.11.2") == (3, 11)


@pytest.mark.parametrize(
    ("key", "given", "where"),
    [
        *[("distribution", {"id": name, "family": family}, "host.distribution.family")
          for name, family in (("ubuntu", "redhat"), ("ubuntu", "other"), ("debian", "redhat"),
                               ("rocky", "debian"), ("ol", "other"), ("fedora", "debian"))],
        ("gpus", [{"pci_id": "10de:2330", "mig": 99}], "host.gpus[0].mig"),
        ("gpus", [{"pci_id": "10de:2330"}] * 60_000, "host.gpus"),
        ("pythons", [{"version": "3.11", "path": "/p"}] * 60_000, "host.pythons"),
        ("kernel", {"meta": ["linux-image-amd64"] * 60_000}, "host.kernel.meta"),
        ("nvswitches", ["1002:2684"], "host.nvswitches"),
        ("nvswitches", ["10de:2330"], "host.nvswitches"),
        *[("kernel", {"release": release}, "host.kernel.release")
          for release in ("6.1.0-40-arm64", "6.1.0-40-cloud-arm64", "6.8.0-1021-nvidia-64k",
                          "5.14.0-570.el9_6.aarch64+64k", "5.14.0-570.el9_6.aarch64",
                          "6.12.0-100.el10uek.aarch64", "6.12.0-1.16k")],
        ("cores", 10**9, "host.cores"),
        ("memory_mib", 10**4000, "host.memory_mib"),
        ("shared_memory_mib", 10**20, "host.shared_memory_mib"),
        ("disk", {"path": "/opt", "free_mib": 10**20}, "host.disk.free_mib"),
        ("source", "one line\nand another", "host.source"),
        ("source", "x" * 300, "host.source"),
        ("distribution", {"id": "debian", "name": "Debian\n  driver: keep"}, "host.distribution.name"),
        ("tools", {"git": "2.39\n1"}, "host.tools.git"),
        ("libraries", {"libGL.so.1": "yes"}, "host.libraries.libGL.so.1"),
    ],
)  # fmt: skip
def test_what_no_machine_has_is_refused_in_a_short_message(
    key: str, given: object, where: str
) -> None:
    with fails("data.invalid-value", where) as raised:
        made(**{key: given})
    assert len(str(raised.value)) < 600
    assert "\n" not in raised.value.message


@pytest.mark.parametrize(
    ("architecture", "kernel", "virtualization"),
    [
        ("x86_64", "6.1.0-40-amd64", "none"),
        ("aarch64", "6.1.0-40-arm64", "none"),
        ("aarch64", "6.8.0-1021-nvidia-64k", "none"),
        ("aarch64", "5.14.0-570.el9_6.aarch64+64k", "vm"),
        ("x86_64", "6.12.0-55.el10_0.x86_64_v2", "none"),
        ("x86_64", "6.12.0-mine", "none"),
        # A container may emulate another machine, and a 64-bit kernel runs 32-bit programs.
        ("x86_64", "6.1.0-40-arm64", "container"),
        ("i686", "6.1.0-40-amd64", "none"),
    ],
)
def test_a_kernel_that_a_machine_can_have_is_read(
    architecture: str, kernel: str, virtualization: str
) -> None:
    found = made(
        architecture=architecture, kernel={"release": kernel}, virtualization=virtualization
    )
    assert found["kernel"] == {"release": kernel, "headers": False}


@pytest.mark.parametrize(
    ("name", "like", "family"),
    [
        ("ubuntu", [], "debian"),
        ("rocky", ["debian"], "redhat"),
        ("linuxmint", ["ubuntu"], "debian"),
        ("mine", ["rhel", "centos"], "redhat"),
        ("mine", [], "other"),
    ],
)
def test_a_family_that_is_not_said_is_that_of_the_distribution(
    name: str, like: list[str], family: str
) -> None:
    found = model.host({"architecture": "x86_64", "distribution": {"id": name, "like": like}})
    assert found.distribution.family == family


@pytest.mark.parametrize("part", ["tools", "libraries"])
def test_a_tool_or_library_that_no_probe_asks_for_is_refused(part: str) -> None:
    with fails("data.unknown-key", f"host.{part}"):
        made(**{part: {"foo": None}})


def test_why_something_is_unknown_is_read_as_one_line() -> None:
    row = {"name": "driver", "source": "/proc", "reason": "first\nsecond \x1b[2J"}
    found = made(unreadable=[row])
    assert found["unreadable"] == [{**row, "reason": "first second \\x1b[2J"}]
