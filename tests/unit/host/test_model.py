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
    "distribution": {"id": "debian", "version": "", "family": "other", "name": "debian"},
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


def test_a_distribution_may_have_further_keys() -> None:
    data = {"architecture": "amd64", "distribution": {**DEBIAN, "codename": "trixie"}}
    assert model.host(data).distribution.id == "debian"


def test_a_version_belongs_to_the_series_of_its_major_and_minor() -> None:
    assert model.series("3.11.2") == (3, 11)
