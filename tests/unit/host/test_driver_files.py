"""What is on disk beside a loaded driver, and what NVML says: read, or left out where it is forged."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import (
    driver_files,
    model,
    nvml,
    parsers,
)

SLOT = "0000:10:00.0"
GPU = model.Gpu(SLOT, "10de:2330", "0302", "nvidia")


def said(status: int = 0, *rows: Any) -> str:  # noqa: ANN401
    return json.dumps({"status": status, "gpus": list(rows)})


def row(slot: object = "00000000:10:00.0", capability: object = "9.0", mig: object = None) -> Any:  # noqa: ANN401
    return {"slot": slot, "capability": capability, "mig": mig}


@pytest.mark.parametrize(
    ("text", "gpu"),
    [
        (said(0, row()), nvml.Row(SLOT, "9.0", None)),
        (said(0, row(mig=0)), nvml.Row(SLOT, "9.0", 0)),
        (said(0, row(mig=7)), nvml.Row(SLOT, "9.0", 7)),
        (said(0, row(capability=None)), nvml.Row(SLOT, None, None)),
        # Forged.
        (said(0, row(slot="../../etc/passwd")), None),
        (said(0, row(slot=7)), None),
        (said(0, row(slot=["0000:10:00.0"])), None),
        (said(0, row(capability="9.0; reboot")), nvml.Row(SLOT, None, None)),
        (said(0, row(capability=9.0)), nvml.Row(SLOT, None, None)),
        (said(0, row(mig=-1)), nvml.Row(SLOT, "9.0", None)),
        (said(0, row(mig=10**9)), nvml.Row(SLOT, "9.0", None)),
        (said(0, row(mig=True)), nvml.Row(SLOT, "9.0", None)),
        (said(0, "text", None, 3), None),
    ],
)
def test_what_nvml_says_of_a_gpu_is_read(text: str, gpu: nvml.Row | None) -> None:
    found = nvml.parse(text)
    assert found.error is None
    assert found.gpus == ({gpu.slot: gpu} if gpu else {})


@pytest.mark.parametrize("text", ["", "no", "[]", "null", "{}", '{"gpus": {"a": 1}}', '"x"'])
def test_what_has_another_form_was_not_said(text: str) -> None:
    assert nvml.parse(text) == nvml.Said(None, None)


@pytest.mark.parametrize(
    ("status", "error"), [(18, nvml.MISMATCH), (0, None), (9, None), ("18", None), (None, None)]
)
def test_only_a_mismatch_of_library_and_module_is_an_error(
    status: object, error: str | None
) -> None:
    assert nvml.parse(json.dumps({"status": status})).error == error


@pytest.mark.parametrize(
    ("text", "every", "gpu"),
    [
        (said(0, row()), True, {"compute_capability": "9.0"}),
        (said(0, row(capability=None)), True, {"listed": True}),
        (said(0, row(mig=2)), True, {"compute_capability": "9.0", "mig": 2}),
        (said(0, row(slot="00000000:20:00.0")), True, {"listed": False}),
        # A container, or a user, may be shown a part of the GPUs.
        (said(0, row(slot="00000000:20:00.0")), False, {}),
        ("{}", True, {}),
    ],
)
def test_a_gpu_gets_what_nvml_says_of_it(text: str, gpu: dict[str, Any], *, every: bool) -> None:
    found = driver_files.measured(GPU, nvml.parse(text), every=every)
    expected = {"compute_capability": None, "listed": None, "mig": None, **gpu}
    assert {key: getattr(found, key) for key in expected} == expected
    data = model.Host(
        "x86_64", model.Distribution("debian", family="debian", name="Debian"), gpus=(found,)
    ).to_dict()
    assert model.host(data).gpus == (found,)


LDCONFIG = """
\tlibnvidia-ml.so.1 (libc6,x86-64) => /usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1
\tlibnvidia-ml.so.1 (libc6) => /usr/lib/i386-linux-gnu/libnvidia-ml.so.1
\tlibnvidia-ml.so.1 (libc6,AArch64) => /usr/lib/aarch64-linux-gnu/libnvidia-ml.so.1
\tlibnvidia-ml.so (libc6,x86-64) => /opt/other/libnvidia-ml.so
"""


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_library_of_the_machine_is_the_one_that_the_loader_finds(machine: str) -> None:
    path = parsers.library_path(LDCONFIG, "libnvidia-ml.so.1", machine)
    assert path == f"/usr/lib/{machine}-linux-gnu/libnvidia-ml.so.1"
    assert parsers.library_path("", "libnvidia-ml.so.1", machine) is None


@pytest.mark.parametrize(
    ("answers", "module", "library"),
    [
        ({"nvidia": "550.107.02\n", "link": "/usr/lib/libnvidia-ml.so.550.90.07\n"},
         "550.107.02", "550.90.07"),
        ({"nvidia-current": "535.261.03"}, "535.261.03", None),
        # Both can be installed; the alternatives of Debian choose one.
        ({"nvidia-current": "535.261.03", "nvidia-tesla-470": "470.256.02"}, "470.256.02", None),
        ({"nvidia": "1.2; rm -rf /", "link": "/usr/lib/libnvidia-ml.so.1"}, None, None),
        ({"nvidia": "x" * 5000, "link": "/x/libnvidia-ml.so.550.1.evil"}, None, None),
        ({}, None, None),
    ],
)  # fmt: skip
def test_the_releases_on_disk_are_read(
    answers: dict[str, str], module: str | None, library: str | None
) -> None:
    def output(*argv: str) -> str:
        return answers.get(argv[-1], "")

    def real(_path: str) -> str | None:
        return answers.get("link")

    nothing = nvml.Said(None, None)
    there = driver_files.Seen("470.256.02", "6.1.0", LDCONFIG, "x86_64", nothing, fabric=False)
    found = driver_files.installed(output, lambda _path: None, real, there)
    assert (found.module, found.library, found.nvml_error) == (module, library, None)


PIN = """# Written by slowfast.stack
Package: nvidia-modprobe
Pin: version *
Pin-Priority: 500

Package: *nvidia* cuda-drivers*
Pin: version 580.*
Pin-Priority: 1001

Package: *nvidia* cuda-drivers*
Pin: version /^[0-9][0-9][0-9]\\./
Pin-Priority: -1
"""
LOCK = """other-1.0-*
# BEGIN slowfast.stack (role nvidia_driver): the driver changes with its reboot, or not at all
nvidia-driver*-580.95.05-*
kmod-nvidia*-580.95.05-*
# END slowfast.stack (role nvidia_driver): the driver changes with its reboot, or not at all
"""


@pytest.mark.parametrize(
    ("files", "held"),
    [
        ({driver_files.PREFERENCES: PIN, driver_files.UNATTENDED: "//"}, "580.*"),
        ({driver_files.PREFERENCES: PIN.replace("580.*", "580.95.05-*"),
          driver_files.UNATTENDED: ""}, "580.95.05-*"),
        # Half of it holds nothing.
        ({driver_files.PREFERENCES: PIN}, None),
        ({driver_files.UNATTENDED: "//"}, None),
        ({driver_files.VERSION_LOCK: LOCK}, "580.95.05"),
        ({driver_files.VERSION_LOCK: "other-1.0-*\n"}, None),
        ({driver_files.PREFERENCES: "Pin: version $(reboot)\nPin-Priority: 1001\n",
          driver_files.UNATTENDED: ""}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_what_holds_a_driver_is_read(files: dict[str, str], held: str | None) -> None:
    assert driver_files.held(files.get) == held


@pytest.mark.parametrize("said_by", ["Fabric Manager version is : 580.95.05\n", "", "none"])
def test_fabric_manager_is_asked_where_there_are_switches(said_by: str) -> None:
    def output(*argv: str) -> str:
        return said_by if argv == ("nv-fabricmanager", "--version") else ""

    for fabric in (True, False):
        there = driver_files.Seen("580.95.05", "6.1.0", "", "x86_64", nvml.Said(None, None), fabric)
        found = driver_files.installed(output, lambda _path: None, lambda _path: None, there)
        assert found.fabric_manager == ("580.95.05" if fabric and "580" in said_by else None)


@pytest.mark.parametrize(
    "forged",
    [
        {"fabric_manager": "latest"},
        {"held": "a\nb"},
        {"module": "550; reboot"},
        {"library": ["550.1"]},
        {"nvml_error": "x" * 300},
        {"nvml_error": "\x1b[2J"},
        {"nvml_error": 18},
    ],
)
def test_a_forged_record_of_what_is_installed_is_refused(forged: dict[str, object]) -> None:
    data = {"architecture": "x86_64", "distribution": {"id": "debian"}, "installed_driver": forged}
    with pytest.raises(StackError):
        model.host(data)


@pytest.mark.parametrize("forged", [{"listed": "yes"}, {"mig": -1}, {"mig": "2"}])
def test_a_forged_gpu_is_refused(forged: dict[str, object]) -> None:
    gpu = {"slot": SLOT, "pci_id": "10de:2330", **forged}
    data = {"architecture": "x86_64", "distribution": {"id": "debian"}, "gpus": [gpu]}
    with pytest.raises(StackError):
        model.host(data)
