"""Which keys a record has when it is written with nothing but what it must have."""

from __future__ import annotations

import dataclasses
import importlib

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils import _stack
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.construct import plain

HOST = (
    "architecture distribution kernel gpus nvswitches nvlink5_fabric driver driver_packages "
    "toolkits compilers pythons tools libraries secure_boot nouveau virtualization "
    "pending_reboot package_lock root cores memory_mib glibc disk network unreadable"
)
# Of each class, the keys that are there always, and those that are left out.
KEYS = {
    "environment.lock.Package": (
        "name version origin", "content tree file sha256 inputs hashes",
    ),
    "planner.plan.RepositoryPlan": (
        "origin", "base directory key fingerprint packages archive components",
    ),
    "planner.plan.EnvironmentPlan": ("manager", "version url sha256 channel packages files"),
    "planner.plan.TorchPlan": ("version variant index arch_list minimum_driver", "adopted"),
    "planner.plan.SourcePlan": ("origin commit", "url requirement sha256"),
    "planner.plan.DownloadPlan": ("origin", "url commit requirement package suite sha256"),
    "datasets.ava.results.Result": (
        "name state message cause hint code", "bytes frames complaints sha256 part",
    ),
    "datasets.ava.results.Summary": ("changed ok results", "lists"),
    "host.model.Kernel": ("release headers", "meta"),
    "host.model.Host": (HOST, "torch interrupted source"),
    "core.first_downloads.Recorded": ("size sha256", "url file type"),
    "contents.model.Embedded": ("name", "version purl"),
    "contents.model.Part": (
        "id kind name", "version expression licenses embedded origin sha256",
    ),
    "contents.model.Library": ("", "soname needed build_id"),
    "contents.model.SystemPackage": ("manager name version architecture why", "source licenses"),
}  # fmt: skip


@pytest.mark.parametrize("name", KEYS)
def test_a_key_is_left_out_where_its_value_is_the_default(name: str) -> None:
    always, left_out = (words.split() for words in KEYS[name])
    module, _dot, last = name.rpartition(".")
    kind = getattr(importlib.import_module(f"{_stack.__name__}.{module}"), last)
    required = [
        each.name for each in dataclasses.fields(kind) if each.default is dataclasses.MISSING
    ]
    made = kind(**dict.fromkeys(required, "x"))
    assert set(plain(made)) == set(always)
    full = dataclasses.replace(made, **dict.fromkeys(left_out, "x"))
    assert set(plain(full)) == {*always, *left_out}
