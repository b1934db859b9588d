"""What the probe leaves out: names beside those that it looks for, and what cannot be read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import (
    Commands,
    Finished,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import (
    driver_record,
    interrupted,
    memory,
    model,
    nvml,
    parsers,
    probe,
    signing_key,
)
from support.errors import fails
from support.pictures import RecordedCalls

GPU = "PCI_ID=10DE:2330\nPCI_CLASS=30200\n"
PYTHON = {"version": "3.11.2", "headers": True, "venv": True}


class Picture(RecordedCalls):
    """A host of a few files and commands; everything else is absent."""

    def __init__(
        self, files: dict[str, str], said: dict[str, str], urls: Sequence[str] = ()
    ) -> None:
        self.files, self.said, self.urls = files, said, urls

    def run(self, argv: Sequence[str], *, timeout_s: float = 0, text: str = "") -> memory.Answer:
        assert timeout_s >= 0
        line = " ".join(argv)
        for question in ("PYTHON_QUESTION", "TORCH_QUESTION"):
            line = line.replace(getattr(parsers, question), question)
        line = line.replace(nvml.QUESTION, "NVML_QUESTION")
        known = line in self.said and not text
        return memory.Answer(0, self.said[line]) if known else memory.Answer(None, "")

    def read(self, path: str) -> bytes | None:
        return self.files[path].encode() if path in self.files else None

    def reaches(self, url: str, timeout_s: float) -> bool:
        assert timeout_s
        return url in self.urls


def seen(
    files: dict[str, str] | None = None,
    said: dict[str, str] | None = None,
    **where: Any,  # noqa: ANN401
) -> model.Host:
    return probe.probe(Picture(files or {}, said or {}), probe.Where("/opt", {}, **where))


def test_a_pci_function_that_says_nothing_is_left_out() -> None:
    files = {
        f"{probe.PCI}/0000:01:00.0/uevent": GPU,
        f"{probe.PCI}/0000:02:00.0/uevent": "DRIVER=x\n",
    }
    listed = {f"ls -1 {probe.PCI}": "0000:01:00.0\n0000:02:00.0\n0000:03:00.0\n"}
    assert [gpu.slot for gpu in seen(files, listed).gpus] == ["0000:01:00.0"]


@pytest.mark.parametrize(
    ("pages", "fabric"),
    [
        ({}, False),
        ({"mlx5_1": "ConnectX"}, False),
        ({"mlx5_0": "ConnectX", "mlx5_1": "SW_MNG"}, True),
    ],
)
def test_a_switch_of_nvlink_5_is_known_by_its_product_data(
    pages: dict[str, str],
    fabric: bool,  # noqa: FBT001
) -> None:
    files = {f"/sys/class/infiniband/{name}/device/vpd": page for name, page in pages.items()}
    files[f"{probe.PCI}/0000:01:00.0/uevent"] = GPU
    listed = {f"ls -1 {probe.PCI}": "0000:01:00.0", "ls -1 /sys/class/infiniband": "mlx5_0 mlx5_1"}
    assert seen(files, listed).nvlink5_fabric is fabric


def test_a_damaged_record_is_listed_and_the_toolkits_are_still_seen() -> None:
    files = {driver_record.PATH: "{", interrupted.TOOLKITS: "13.0\n"}
    found = seen(files)
    assert found.interrupted == model.Interrupted(toolkits=("13.0",))
    assert ("interrupted", driver_record.PATH) in [
        (one.name, one.source) for one in found.unreadable
    ]


def test_only_folders_of_a_minor_release_are_toolkits() -> None:
    names = ("cuda-12.8", "cuda-12", "cudnn-9.1")
    text = json.dumps({"cuda": {"version": "12.8.1"}})
    files = {f"/usr/local/{name}/version.json": text for name in names}
    found = seen(files, {"ls -1 /usr/local": "\n".join(names)})
    assert [one.path for one in found.toolkits] == ["/usr/local/cuda-12.8"]


def test_only_toolsets_of_gcc_and_compilers_that_answer_are_compilers() -> None:
    said = {
        f"ls -1 {probe.TOOLSETS}": "gcc-toolset-12 rh-python38",
        "ls -1 /usr/bin": "gcc gcc-13 g++-13",
    }
    for place in ("gcc-toolset-12", "rh-python38"):
        said[f"ls -1 {probe.TOOLSETS}/{place}/root/usr/bin"] = "gcc g++"
        said[f"{probe.TOOLSETS}/{place}/root/usr/bin/gcc -dumpfullversion"] = (
            "12.2.1" if place.startswith("gcc") else "9.1.1"
        )
    said["/usr/bin/gcc-13 -dumpfullversion"] = "13.2.0"
    assert {(one.major, one.cxx) for one in seen(said=said).compilers} == {
        (13, "/usr/bin/g++-13"),
        (12, f"{probe.TOOLSETS}/gcc-toolset-12/root/usr/bin/g++"),
    }


def test_an_interpreter_that_is_named_is_read_with_its_torch() -> None:
    torch = {"version": "2.9.1+cu130", "cuda": "13.0", "hip": None}
    said = {
        "/own/python -I -c PYTHON_QUESTION": json.dumps(PYTHON),
        "/own/python -I -c TORCH_QUESTION": json.dumps(torch),
        "ls -1 /usr/bin": "python3 python3.12",
        "/usr/bin/python3.12 -I -c PYTHON_QUESTION": "no answer",
    }
    found = seen(said=said, torch_python="/own/python")
    assert [one.path for one in found.pythons] == ["/own/python"]
    assert found.torch == model.Torch("/own/python", "2.9.1", "cu130")


@pytest.mark.parametrize("git", [True, False])
def test_a_source_is_asked_with_git_where_it_is_there(git: bool) -> None:  # noqa: FBT001
    said = {"git --version": "git version 2.39"} if git else {}
    said["git -c protocol.http.allow=user ls-remote https://a/slowfast HEAD"] = "1\tHEAD"
    where = probe.Where("/opt", {"slowfast": "https://a/slowfast"})
    assert probe.probe(Picture({}, said), where).network == {"slowfast": git}
    urls = ["https://a/slowfast/info/refs?service=git-upload-pack"]
    found = probe.probe(Picture({}, {"git --version": ""} if git else {}, urls), where)
    assert found.network == {"slowfast": not git}


@pytest.mark.parametrize(
    ("row", "free"),
    [("/dev/a 9 4 5", 5), ("/dev/a 9 4 5 1% /", 5), ("/dev/a 9 4", None), ("", None)],
)
def test_the_free_space_is_the_fourth_column(row: str, free: int | None) -> None:
    assert parsers.disk_free_mib(f"Filesystem\n{row}\n" if row else "") == free


class Gpg(Commands):
    """A gpg with an answer."""

    def run(self, argv: Sequence[str], **_: Any) -> Finished:  # noqa: ANN401
        return Finished(
            int("damaged" in argv[-1]), "" if "empty" in argv[-1] else "pub:u\nfpr:::::::::AB:\n"
        )


def test_a_key_counts_where_gpg_reads_the_whole_file() -> None:
    assert signing_key.fingerprints(Gpg(), Path("key"), "here") == ["AB"]
    for name in ("damaged", "empty"):
        with fails("repository.unreadable-key"):
            signing_key.fingerprints(Gpg(), Path(name), "here")


@pytest.mark.parametrize("loaded", [False, True])
def test_the_built_modules_that_apt_lists_are_asked_for_where_no_driver_is_loaded(
    *, loaded: bool
) -> None:
    files = {
        f"{probe.PCI}/0000:01:00.0/uevent": GPU,
        "/etc/os-release": "ID=ubuntu\nVERSION_ID=24.04\n",
        **({"/sys/module/nvidia/version": "580.65.06"} if loaded else {}),
    }
    said = {
        f"ls -1 {probe.PCI}": "0000:01:00.0\n",
        "uname -mr": "6.8.0-65-generic x86_64",
        "apt-cache pkgnames linux-modules-nvidia-": "linux-modules-nvidia-580-server-generic\nx\n",
    }
    found = () if loaded else ("linux-modules-nvidia-580-server-generic",)
    assert seen(files, said).kernel.modules == found
