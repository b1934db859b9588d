"""`plan` and `probe` from outside: the contract, the exit codes, and a fast start."""

from __future__ import annotations

import json

import pytest

from slowfast_stack import what_if
from slowfast_stack.cli.app import run

CONTRACT = {
    *("status", "profile", "gpus", "driver", "cuda", "python", "torch", "torchvision"),
    *("torchaudio", "compiler", "constraints", "sources", "ffmpeg", "patches", "roles"),
    *("reasons", "conflict"),
}


def hypothetical(capsys, *arguments):
    code = run(["plan", *arguments, "--json"])
    out, err = capsys.readouterr()
    return code, json.loads(out), err


def test_a_machine_that_you_do_not_have_is_planned(capsys):
    gpus = ("--gpu", "10DE:2330x8", "--nvswitch", "--os", "rocky-9")
    code, printed, err = hypothetical(capsys, *gpus, "--installed-driver", "580.65.06")
    assert code == 0, err
    plan = printed["hosts"]["what-if"]
    assert set(plan) >= CONTRACT
    assert printed["schema"] == 2
    assert [gpu["pci_id"] for gpu in plan["gpus"]] == ["10de:2330"] * 8
    assert plan["status"] == "planned"
    assert plan["driver"]["fabric_manager"] is True
    assert plan["network"] == "full"


def test_no_plan_is_3_and_valid_json(capsys):
    code, printed, err = hypothetical(capsys, "--gpu", "10de:2330", "--torch", "==1.10.0")
    assert code == 3
    assert printed["hosts"]["what-if"]["status"] == "no-plan"
    assert printed["hosts"]["what-if"]["conflict"]["try"]
    assert "There is no plan for what-if" in err


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--gpu", "H100"), "VENDOR:DEVICE"),
        (("--os", "slackware-15"), "ubuntu-22.04"),
        (("--gpu", "10de:2330", "-i", "hosts.yml"), "hosts that exist"),
        (("--gpu", "10de:2330", "--preset", "fastest"), "stable"),
        (("--gpu", "10de:2330", "--torch", "new"), "version"),
        (("--colour",), ""),
    ],
)
def test_wrong_use_is_2_and_valid_json(capsys, arguments, why):
    assert run(["plan", *arguments, "--json"]) == 2
    out, err = capsys.readouterr()
    printed = json.loads(out)
    assert printed["hosts"] == {}
    assert why in printed["error"]["cause"]
    assert printed["error"]["message"] in err


def test_reasons_are_given_to_who_asks(capsys):
    machine = ["plan", "--gpu", "10de:2330", "--os", "ubuntu-22.04"]
    assert run(machine) == run([*machine, "--explain"]) == 0
    short, long = capsys.readouterr().out.split("Plan for what-if (cuda, network full")[1:]
    assert "\nWhy\n" not in short
    assert "\nWhy\n" in long
    assert "torch.variant: " in long


@pytest.mark.parametrize(
    ("system", "arch", "kernel"),
    [
        ("debian-12", "x86_64", "amd64"),
        ("debian-13", "aarch64", "arm64"),
        ("ubuntu-24.04", "x86_64", "generic"),
    ],
)
def test_headers_of_a_machine_that_is_not_there_are_a_package_of_its_distribution(
    system: str, arch: str, kernel: str
) -> None:
    machine = what_if.Machine(gpus=(), os=system, arch=arch)
    assert what_if.host(machine, []).kernel.release == kernel
