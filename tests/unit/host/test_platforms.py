"""Machines whose GPU is no PCI function: what the probe finds of them, and what the planner says."""

from __future__ import annotations

import ctypes
import json
import re
from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import (
    memory,
    model,
    nvml,
    parsers,
    platforms,
    probe,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import (
    gpu_specs,
    planner,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.plan import NoPlan, Plan
from support.pictures import RecordedCalls
from support.plan_builder import host as recorded

UBUNTU = "ID=ubuntu\nVERSION_ID=24.04\nPRETTY_NAME='Ubuntu 24.04.3 LTS'\n"
PYTHON = json.dumps({"version": "3.12.3", "headers": True, "venv": True})
WSL = "5.15.167.4-microsoft-standard-WSL2"
TEGRA = "5.15.148-tegra"


class Picture(RecordedCalls):
    """A host of a few files and commands; everything else is absent."""

    def __init__(self, files: dict[str, str], said: dict[str, str]) -> None:
        self.files, self.said = files, said

    def run(self, argv: Any, *, timeout_s: float = 0, text: str = "") -> memory.Answer:  # noqa: ANN401
        line = " ".join(argv).replace(parsers.PYTHON_QUESTION, "PYTHON")
        line = line.replace(nvml.QUESTION, "NVML")
        known = line in self.said and timeout_s >= 0 and not text
        return memory.Answer(0, self.said[line]) if known else memory.Answer(None, "")

    def read(self, path: str) -> bytes | None:
        return self.files[path].encode() if path in self.files else None

    def reaches(self, url: str, timeout_s: float) -> bool:
        return bool(url and timeout_s)

    def has_commit(self, place: str, commit: str, timeout_s: float) -> bool | None:
        return bool(place and commit and timeout_s)


def seen(
    release: str,
    machine: str = "x86_64",
    *,
    answer: object = None,
    files: dict[str, str] | None = None,
    **said: str,
) -> model.Host:
    lines = {
        "uname -mr": f"{release} {machine}",
        "ls -1 /usr/bin": "python3.12\ngcc-13\ng++-13\n",
        "/usr/bin/python3.12 -I -c PYTHON": PYTHON,
        "/usr/bin/gcc-13 -dumpfullversion": "13.3.0\n",
        "getconf GNU_LIBC_VERSION": "glibc 2.39\n",
        "git --version": "git version 2.43.0",
        "id -u": "0\n",
        "nproc": "8\n",
        **{key.replace("_", " "): value for key, value in said.items()},
    }
    if answer is not None:
        lines["/usr/bin/python3.12 -I -c NVML"] = json.dumps(answer)
    found = probe.probe(
        Picture({"/etc/os-release": UBUNTU, **(files or {})}, lines), probe.Where("/opt", {})
    )
    # What was read is validated without a change.
    assert model.host(json.loads(json.dumps(found.to_dict()))) == found
    return found


def said(device: str = "2684", capability: str = "8.9", driver: str = "580.97") -> dict[str, Any]:
    row = {
        "slot": "00000000:01:00.0",
        "capability": capability,
        "mig": None,
        "id": f"10de:{device}",
    }
    return {"status": 0, "gpus": [row], "driver": driver}


def wsl(answer: object = None, libraries: str = "libcuda.so.1\nlibnvidia-ml.so.1\n") -> model.Host:
    lines = {"ls -1 /usr/lib/wsl/lib": libraries, "systemd-detect-virt": "wsl\n"}
    return seen(WSL, answer=answer, **{k: v for k, v in lines.items() if v})


def test_wsl2_has_the_gpus_and_the_driver_that_nvml_says() -> None:
    found = wsl(said())
    assert found.platform == model.Platform("wsl", "", driver=True)
    assert found.driver == model.Driver("580.97", None)
    (gpu,) = found.gpus
    assert (gpu.slot, gpu.pci_id, gpu.compute_capability) == ("0000:01:00.0", "10de:2684", "8.9")
    plan = planner.plan(found)
    assert isinstance(plan, Plan)
    assert plan.driver
    assert (plan.driver.action, plan.driver.packages, plan.driver.reboot) == ("keep", (), False)
    assert plan.gpus[0].name == "NVIDIA GeForce RTX 4090"
    assert plan.cuda
    assert plan.cuda.origin == "nvidia"
    assert "host.platform" in {reason.choice for reason in plan.reasons}


@pytest.mark.parametrize("root", [True, False])
def test_a_linux_driver_is_never_installed_in_wsl2(*, root: bool) -> None:
    old = json.loads(json.dumps(wsl(said(driver="470.10")).to_dict()))
    plan = planner.plan({**old, "root": root}, {"torch": "2.11"})
    assert isinstance(plan, NoPlan)
    assert any("Windows" in because for because in plan.conflict.because)
    assert any("in Windows" in remedy for remedy in plan.conflict.remedies)


def test_wsl2_without_a_driver_of_nvidia_is_planned_for_the_cpu_and_says_so() -> None:
    found = wsl(libraries="")
    assert found.platform == model.Platform("wsl", "", driver=False)
    plan = planner.plan(found)
    assert isinstance(plan, Plan)
    assert plan.profile == "cpu"
    (reason,) = [reason for reason in plan.reasons if reason.choice == "host.platform"]
    assert "none of NVIDIA" in reason.because


@pytest.mark.parametrize(
    "facts",
    [
        {"platform": {"kind": "wsl", "driver": True}},
        {"kernel": {"release": WSL}},
        {"kernel": {"release": TEGRA}},
        {"platform": {"kind": "tegra"}},
    ],
)
def test_a_machine_with_an_unseen_gpu_is_not_one_without(facts: dict[str, Any]) -> None:
    plan = planner.plan(recorded("cpu-ubuntu-24.04-bare", **facts))
    assert isinstance(plan, NoPlan)
    assert not any("pci" in fact.lower() for fact in plan.conflict.facts)


@pytest.mark.parametrize("facts", [{"platform": {"kind": "wsl"}}, {"kernel": {"release": WSL}}])
def test_a_gpu_without_its_driver_in_wsl2_gets_no_linux_driver(facts: dict[str, Any]) -> None:
    plan = planner.plan(recorded("rtx4090-ubuntu-24.04", **facts))
    assert isinstance(plan, NoPlan)
    assert plan.driver is None
    assert any("Windows" in because for because in plan.conflict.because)


@pytest.mark.parametrize(
    ("compatible", "name"),
    [
        ("nvidia,p3450-0000\0nvidia,jetson-nano\0nvidia,tegra210\0", "Jetson Nano"),
        ("nvidia,quill\0nvidia,tegra186\0", "Jetson TX2"),
        ("nvidia,p2972-0000\0nvidia,tegra194\0", "Jetson Xavier"),
        ("nvidia,p3737-0000+p3701-0005\0nvidia,tegra234\0", "Jetson Orin"),
        ("nvidia,p3971-0050\0nvidia,tegra264\0", "Jetson Thor"),
        ("nvidia,new\0nvidia,tegra999\0", "tegra999"),
    ],
)
def test_a_jetson_is_named_and_sent_to_its_own_wheels(compatible: str, name: str) -> None:
    found = seen("6.8.12", "aarch64", files={platforms.COMPATIBLE: compatible})
    assert found.platform
    assert found.platform.kind == "tegra"
    plan = planner.plan(found)
    assert isinstance(plan, NoPlan)
    assert any(name in fact for fact in plan.conflict.facts)
    assert any("JetPack" in remedy for remedy in plan.conflict.remedies)


@pytest.mark.parametrize(
    ("release", "files"),
    [(TEGRA, {}), ("5.10.1", {platforms.TEGRA_RELEASE: "# R36 (release), REVISION: 4.3\n"})],
)
def test_each_sign_of_a_tegra_counts(release: str, files: dict[str, str]) -> None:
    found = seen(release, "aarch64", files=files)
    assert found.platform == model.Platform("tegra", "", driver=False)
    assert isinstance(planner.plan(found), NoPlan)


def test_a_thor_whose_driver_lists_its_gpu_is_planned_on_top_of_it() -> None:
    files = {platforms.COMPATIBLE: "nvidia,p3971-0050\0nvidia,tegra264\0"}
    found = seen("6.8.12-tegra", "aarch64", files=files, answer=said("2b00", "11.0", "580.65.06"))
    plan = planner.plan(found)
    assert isinstance(plan, Plan)
    assert plan.driver
    assert plan.driver.action == "keep"
    assert plan.torch.arch_list == "11.0"


def test_a_container_with_devices_alone_has_the_gpus_that_nvml_lists() -> None:
    lines = {"ls -1 /dev": "null\nnvidia0\nnvidiactl\n", "systemd-detect-virt": "docker\n"}
    found = seen("6.8.0-65-generic", answer=said("26b9", "8.9", "580.65.06"), **lines)
    assert found.virtualization == "container"
    assert found.driver == model.Driver("580.65.06", None)
    plan = planner.plan(found)
    assert isinstance(plan, Plan)
    assert plan.driver
    assert (plan.driver.action, plan.gpus[0].name) == ("keep", "NVIDIA L40S")


def test_a_container_without_nvml_has_the_gpus_of_the_drivers_files() -> None:
    slot = "0000:17:00.0"
    files = {
        f"{platforms.PROC_GPUS}/{slot}/information": "Model: \t\t NVIDIA L40S\nIRQ:   \t 120\n",
        "/proc/driver/nvidia/version": (
            "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build\n"
        ),
    }
    lines = {"ls -1 /dev": "nvidia0\n", f"ls -1 {platforms.PROC_GPUS}": f"{slot}\n"}
    found = seen("6.8.0-65-generic", files=files, **lines)
    (gpu,) = found.gpus
    assert (gpu.slot, gpu.pci_id, gpu.model) == (slot, model.UNKNOWN_GPU, "NVIDIA L40S")
    plan = planner.plan(found)
    assert isinstance(plan, Plan)
    assert plan.gpus[0].compute_capability == "8.9"
    assert plan.driver
    assert plan.driver.action == "keep"


def test_a_device_file_alone_is_a_gpu_without_a_name() -> None:
    found = seen("6.8.0-65-generic", **{"ls -1 /dev": "nvidia0\n"})
    assert [gpu.pci_id for gpu in found.gpus] == [model.UNKNOWN_GPU]
    assert isinstance(planner.plan(found), NoPlan)
    assert seen("6.8.0-65-generic", **{"ls -1 /dev": "nvidia-caps\nnvidiactl\n"}).gpus == ()


@pytest.mark.parametrize(
    ("name", "chip"),
    [
        ("NVIDIA L40S", "8.9"),
        ("NVIDIA GeForce RTX 4090", "8.9"),
        ("NVIDIA H100 80GB HBM3", "9.0"),
        ("NVIDIA A100-SXM4-80GB", "8.0"),
        ("Tesla V100-SXM2-16GB", "7.0"),
        ("Tesla T4", "7.5"),
        ("NVIDIA Unheard Of", None),
    ],
)
def test_the_name_of_a_driver_gives_a_gpu_where_it_is_of_one_chip(
    name: str, chip: str | None
) -> None:
    found = gpu_specs.spec_of(model.Gpu("0000:01:00.0", model.UNKNOWN_GPU, model=name))
    assert found.capability_text == chip


@pytest.mark.parametrize(
    "row",
    [
        {"id": "10de:26g9"},
        {"id": "1002:26b9"},
        {"id": 7},
        {},
    ],
)
def test_what_nvml_says_in_another_form_was_not_said(row: dict[str, Any]) -> None:
    one = {"slot": "00000000:01:00.0", "capability": "8.9", "mig": None, **row}
    for driver in ("580.1; id", 5, None):
        answer = nvml.parse(json.dumps({"status": 0, "gpus": [one], "driver": driver}))
        assert answer.driver is None
        assert answer.gpus
        assert answer.gpus["0000:01:00.0"].pci_id is None


def test_the_id_is_at_its_place_in_the_structure_of_nvml() -> None:
    class Pci(ctypes.Structure):
        _fields_ = (
            ("busIdLegacy", ctypes.c_char * 16),
            ("domain", ctypes.c_uint),
            ("bus", ctypes.c_uint),
            ("device", ctypes.c_uint),
            ("pciDeviceId", ctypes.c_uint),
            ("pciSubSystemId", ctypes.c_uint),
            ("busId", ctypes.c_char * 32),
        )

    places = [(int(a), int(b)) for a, b in re.findall(r"pci\.raw\[(\d+):(\d+)\]", nvml.QUESTION)]
    fields = [Pci.pciDeviceId, Pci.busId]
    assert sorted(places) == sorted((field.offset, field.offset + field.size) for field in fields)
