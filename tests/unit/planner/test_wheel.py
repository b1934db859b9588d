"""The machine code of extensions, and what is installed of PyTorch beside them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.versions import (
    dotted,
    version,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import model
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import (
    network,
    resolver,
    wheel,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.request import request
from support.plan_builder import host

GPU, CPU = "h100-ubuntu-22.04", "cpu-debian-12"


@pytest.mark.parametrize(
    ("torch", "capability", "accepted"),
    [
        ("1.5", "8.0", False),
        ("1.6", "8.0", True),
        ("1.7", "8.6", True),
        ("1.6", "8.6", False),
        ("2.6", "10.1", False),
        ("2.7", "10.1", True),
        ("2.8.1", "10.1", True),
        ("2.9", "10.1", False),
        ("2.15", "10.1", False),
        ("2.15", "3.5", True),
        ("2.15", "12.1", True),
    ],
)
def test_which_code_torch_accepts_in_the_list(
    torch: str, capability: str, *, accepted: bool
) -> None:
    found = {dotted(one) for one in wheel._accepted(version(torch))}
    assert (capability in found) == accepted


def solved(name: str, asked: dict[str, Any] | None = None) -> tuple[model.Host, resolver.Choice]:
    there, wanted = model.host(host(name)), request(asked)
    found = resolver.solve(resolver.problem(there, wanted, network.decide(there, wanted).value))
    assert found
    return there, found


@pytest.mark.parametrize(
    ("gpus", "jit", "listed"),
    [
        (["2330"], None, "9.0"),
        (["2330", "2330"], None, "9.0"),
        (["2330", "1db1", "2204"], None, "7.0;8.6;9.0"),
        (["2330"], "8.0", "9.0;8.0+PTX"),
        # Of a GPU whose capability is not known there is no code.
        (["3fff"], None, None),
        (["3fff", "2330"], None, "9.0"),
        (["3fff"], "9.0", "9.0+PTX"),
        ([], None, None),
    ],
)
def test_the_architectures_of_extensions(
    gpus: list[str], jit: str | None, listed: str | None
) -> None:
    _there, choice = solved(GPU, {"torch": "2.4.0"})
    there = model.host(host(GPU, gpus=[{"pci_id": f"10de:{one}"} for one in gpus]))
    chosen = choice.wheel._replace(jit=version(jit) if jit else None)
    assert wheel.arch_list(there, choice._replace(wheel=chosen)) == listed
    none = chosen._replace(toolkit=None)
    assert wheel.arch_list(there, choice._replace(wheel=none)) is None


def test_the_oldest_driver_is_that_of_the_toolkit_or_of_its_release() -> None:
    _there, choice = solved(GPU)
    toolkit = choice.wheel.toolkit
    assert toolkit
    toolkit = toolkit._replace(minimum_driver="1.1", release_driver="2.2")
    found = choice.wheel._replace(toolkit=toolkit, jit=None)
    assert wheel._minimum_driver(found) == "1.1"
    assert wheel._minimum_driver(found._replace(jit=version("9.0"))) == "2.2"
    assert wheel._minimum_driver(found._replace(driver=None)) is None
    assert wheel._minimum_driver(found._replace(toolkit=None)) is None


@pytest.mark.parametrize(
    ("pypi", "asked", "audio", "expected"),
    [
        (True, {}, "2.11.0", ["torch==2.11.0", "torchvision==1", "torchaudio==2.11.0"]),
        (
            False,
            {},
            "2.11.0",
            ["torch==2.11.0+cu1", "torchvision==1+cu1", "torchaudio==2.11.0+cu1"],
        ),
        (True, {}, None, ["torch==2.11.0", "torchvision==1"]),
        (True, {"adopt_torch": "/python"}, None, ["torchvision==1"]),
    ],
)
def test_what_is_installed_of_pytorch(
    asked: dict[str, str], audio: str | None, expected: list[str], *, pypi: bool
) -> None:
    _there, choice = solved(GPU)
    one = choice.wheel
    beside = {"vision": one.vision._replace(row=one.vision.row._replace(version="1"))}
    if audio is None:
        beside["audio"] = one.audio._replace(row=None)
    chosen = one._replace(variant="cu1", pypi=pypi, cuda=version("13"), **beside)
    pins = ("numpy==2", "setuptools==80", "ninja==1", "wheel==3", "wheels==1")
    found = wheel.wheels(request(asked), choice._replace(wheel=chosen), pins)
    assert list(found.requirements) == expected
    assert found.build_tools == ("setuptools==80", "ninja==1", "wheel==3")
    assert found.cuda == "13.0"
    cpu = choice._replace(wheel=chosen._replace(cuda=None))
    assert wheel.wheels(request(asked), cpu, pins).cuda is None
