"""The probe on recorded hosts: every file of hosts/ is one, a new one adds no code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._runner import LocalRunner
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import (
    StackError,
    Unreadable,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import (
    memory,
    model,
    nvml,
    parsers,
    probe,
)
from support.pictures import RecordedCalls

if TYPE_CHECKING:
    from collections.abc import Sequence

HOSTS = sorted((Path(__file__).parents[1] / "hosts").glob("*.json"))


LS_REMOTE = "git -c protocol.http.allow=user ls-remote"


class RecordedRunner(RecordedCalls):
    """Answers from a picture; what is not in it is absent."""

    def __init__(self, picture: dict[str, Any]) -> None:
        self.files, self.commands = picture.get("files", {}), picture.get("commands", {})
        self.urls = picture.get("urls", {})
        self.commits = picture.get("commits", {})

    def run(self, argv: Sequence[str], **_: object) -> memory.Answer:
        line = " ".join(argv).replace(parsers.PYTHON_QUESTION, "PYTHON_QUESTION")
        line = line.replace(nvml.QUESTION, "NVML_QUESTION")
        found = self.commands.get(line)
        return memory.Answer(found["rc"], found["stdout"]) if found else memory.Answer(None, "")

    def read(self, path: str) -> bytes | None:
        found = self.files.get(path)
        if isinstance(found, dict) and "error" in found:
            raise Unreadable(f"{path} cannot be read.", found["error"])
        if isinstance(found, dict):
            return bytes.fromhex(found["hex"])
        return None if found is None else found.encode()

    def reaches(self, url: str, _timeout_s: float) -> bool:
        return bool(self.urls.get(url, False))

    def has_commit(self, place: str, commit: str, _timeout_s: float) -> bool | None:
        found: bool | None = self.commits.get(f"{place}@{commit}")
        return found


@pytest.mark.parametrize("path", HOSTS, ids=lambda path: path.stem)
def test_a_recorded_host_is_read_as_it_is(path: Path) -> None:
    picture = json.loads(path.read_text(encoding="utf-8"))
    assert picture["source"]
    found = probe.probe(RecordedRunner(picture), probe.Where("/opt/slowfast-stack", {}))
    assert found.to_dict() == picture["host"]
    assert model.host(picture["host"]) == found


def test_there_are_at_least_sixty_pictures() -> None:
    assert len(HOSTS) >= 60


def test_audio_usb_and_bridges_of_a_gpu_are_no_gpus() -> None:
    for device_class in ("40300", "c0330", "c8000", "68000"):
        function = parsers.pci_function("0:0", f"PCI_ID=10DE:1AD6\nPCI_CLASS={device_class}\n")
        assert function
        assert not parsers.is_gpu(function)


def test_an_unreadable_driver_version_is_listed_and_not_absent() -> None:
    picture = {"files": {"/proc/driver/nvidia/version": "something else\n"}}
    found = probe.probe(RecordedRunner(picture), probe.Where("/opt", {}))
    assert found.driver is None
    assert {row.name for row in found.unreadable} == {"driver", "distribution"}


def test_every_endpoint_is_probed_in_its_own_way() -> None:
    endpoints = {
        "pypi": "package-index",
        "slowfast": "https://git.example/slowfast",
        "detectron2": "/srv/detectron2.git",
        "nvidia": "https://packages.example/",
        "pytorch": "https://wheels.example/",
    }
    picture = {
        "commands": {
            "git --version": {"rc": 0, "stdout": "git version 2.39.5"},
            "git -c protocol.http.allow=user ls-remote https://git.example/slowfast HEAD": {
                "rc": 128,
                "stdout": "",
            },
            "git -c protocol.http.allow=user ls-remote /srv/detectron2.git HEAD": {
                "rc": 0,
                "stdout": "02b5\tHEAD",
            },
            "/uv --directory / pip compile --no-cache --no-header -": {
                "rc": 0,
                "stdout": "iniconfig",
            },
        },
        "urls": {"https://packages.example/": True},
    }
    where = probe.Where("/opt", endpoints, "/uv")
    assert probe.network(RecordedRunner(picture), where, no_note, git=True) == {
        "pypi": True,
        "slowfast": False,
        "detectron2": True,
        "nvidia": True,
        "pytorch": False,
    }


def no_note(unknown: model.Unknown) -> None:
    raise AssertionError(unknown)


@pytest.mark.parametrize("has", [True, None, False])
def test_a_repository_without_the_commit_that_is_named_is_not_reached(*, has: bool | None) -> None:
    reached = has is not False
    place, commit = "https://git.example/slowfast", "a" * 40
    picture = {
        "commands": {
            "git --version": {"rc": 0, "stdout": "git version 2.39.5"},
            f"{LS_REMOTE} {place} HEAD": {"rc": 0, "stdout": "02b5\tHEAD"},
        },
        "commits": {f"{place}@{commit}": has},
    }
    where = probe.Where("/opt", {"slowfast": f"{place}#{commit}"})
    found = probe.probe(RecordedRunner(picture), where)
    assert found.network == {"slowfast": reached}
    lacks = [row for row in found.unreadable if row.name == "source.slowfast"]
    assert [(row.source, commit in row.reason) for row in lacks] == [(place, True)] * (not reached)


def test_a_mirror_may_be_a_path_of_the_host() -> None:
    endpoints = {"miniforge": "/srv/installer.sh", "conda-forge": "file:///srv/c/repodata.json"}
    picture = {"commands": {"test -e /srv/installer.sh": {"rc": 0, "stdout": ""}}}
    found = probe.network(
        RecordedRunner(picture), probe.Where("/opt", endpoints), no_note, git=True
    )
    assert found == {"miniforge": True, "conda-forge": False}


def test_a_toolkit_without_version_file_is_asked_through_its_compiler() -> None:
    text = "nvcc: NVIDIA (R) Cuda compiler driver\nCuda compilation tools, release 13.0, V13.0.88"
    assert parsers.toolkit("/usr/local/cuda-13.0", text) == model.Toolkit(
        "13.0", "/usr/local/cuda-13.0"
    )
    assert parsers.toolkit("/usr/local/cuda-13.0", "") is None


def test_the_toolkit_of_a_distribution_is_seen_beside_others() -> None:
    said = "Cuda compilation tools, release 11.8, V11.8.89"
    picture = {
        "files": {"/usr/local/cuda-12.8/version.json": '{"cuda": {"version": "12.8.1"}}'},
        "commands": {
            "ls -1 /usr/local": {"rc": 0, "stdout": "bin\ncuda\ncuda-12\ncuda-12.8"},
            "/usr/bin/nvcc --version": {"rc": 0, "stdout": said},
        },
    }
    found = probe.probe(RecordedRunner(picture), probe.Where("/opt", {}))
    assert found.toolkits == (
        model.Toolkit("12.8", "/usr/local/cuda-12.8"),
        model.Toolkit("11.8", "/usr"),
    )


def test_without_git_a_git_source_is_asked_over_https() -> None:
    url = "https://git.example/slowfast/info/refs?service=git-upload-pack"
    where = probe.Where("/opt", {"slowfast": "https://git.example/slowfast"})
    found = probe.network(RecordedRunner({"urls": {url: True}}), where, no_note, git=False)
    assert found["slowfast"]


def answer_of_a_python(version: str) -> dict[str, object]:
    return {"rc": 0, "stdout": json.dumps({"version": version, "headers": True, "venv": True})}


def test_pythons_of_a_user_are_found_for_series_that_the_system_lacks() -> None:
    homes = "/home/ada/.pyenv/versions", "/home/ada/.local/share/uv/python"
    versions, copied = f"{homes[0]}/3.9.18/bin", f"{homes[1]}/cpython-3.12.1-linux/bin"
    same = f"{homes[0]}/3.11.7/bin"
    listings = {
        "/usr/bin": "python3.11\nls",
        homes[0]: "3.9.18\n3.11.7",
        homes[1]: "cpython-3.12.1-linux",
        versions: "python3\npython3.9",
        same: "python3.11",
        copied: "python3.12",
    }
    commands = {f"ls -1 {path}": {"rc": 0, "stdout": text} for path, text in listings.items()}
    for path, version in (
        ("/usr/bin/python3.11", "3.11.2"),
        (f"{versions}/python3.9", "3.9.18"),
        (f"{versions}/python3", "3.9.18"),
        (f"{same}/python3.11", "3.11.7"),
        (f"{copied}/python3.12", "3.12.1"),
    ):
        commands[f"{path} -I -c PYTHON_QUESTION"] = answer_of_a_python(version)
    runner = RecordedRunner({"commands": commands})
    found = probe.probe(runner, probe.Where("/opt", {}, home="/home/ada"))
    assert [(row.version, row.path) for row in found.pythons] == [
        ("3.11.2", "/usr/bin/python3.11"),
        ("3.9.18", f"{versions}/python3.9"),
        ("3.12.1", f"{copied}/python3.12"),
    ]
    assert [row.version for row in probe.probe(runner, probe.Where("/opt", {})).pythons] == [
        "3.11.2"
    ]


def test_this_machine_can_be_probed_and_read_back() -> None:
    found = probe.probe(LocalRunner(), probe.Where("/opt/slowfast-stack", {}))
    assert model.host(found.to_dict()) == found
    assert found.cores > 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"architecture": None}, "host.architecture is None"),
        ({"gpus": [{"pci_id": "8086:1234"}]}, "NVIDIA's vendor id"),
        ({"gpus": [{"pci_id": "h100"}]}, "host.gpus[0].pci_id"),
        ({"gpus": [{"pci_id": "10de:2330", "class": "0403"}]}, "host.gpus[0].class"),
        ({"gpus": "many"}, "host.gpus is 'many'"),
        ({"driver": {"version": "new"}}, "host.driver.version is 'new'"),
        ({"driver": {"version": "580.1", "flavour": "closed"}}, "host.driver.flavour"),
        ({"cores": -1}, "host.cores is -1"),
        ({"root": "yes"}, "host.root is 'yes'"),
        ({"schema": 2}, "host.schema is 2"),
        ({"colour": "blue"}, "unknown key 'colour'"),
        ({"unfinished": {"driver": True}}, "unknown key 'unfinished'"),
        ({"unreadable": [{"what": "driver", "source": "/proc", "why": "x"}]}, "host.unreadable[0]"),
        ({"network": {"pypi": "yes"}}, "host.network.pypi is 'yes'"),
        ({"virtualization": "cloud"}, "host.virtualization"),
        ({"compilers": [{"major": 12}]}, "host.compilers[0].version"),
    ],
)
def test_malformed_facts_are_a_sentence(change: dict[str, Any], words: str) -> None:
    base = {"architecture": "x86_64", "distribution": {"id": "debian", "version": "12"}}
    with pytest.raises(StackError) as caught:
        model.host({**base, **change})
    assert words in str(caught.value)


def test_the_meta_packages_of_a_kernel_are_known_by_their_names() -> None:
    names = {
        "linux-image-aws": "installed",
        "linux-image-generic-hwe-22.04": "installed",
        "linux-image-cloud-amd64": "installed",
        "linux-image-gcp": "config-files",
        "linux-image-6.8.0-1015-aws": "installed",
        "linux-image-unsigned-6.8.0-1015-aws": "installed",
        "linux-image-extra-virtual": "installed",
        "linux-image-amd64-dbg": "installed",
        "linux-headers-aws": "installed",
    }
    text = "".join(f"{name}\t1\tUbuntu\t{state}\n" for name, state in names.items())
    assert parsers.kernel_meta(text) == tuple(list(names)[:3])


def test_absent_keys_mean_that_there_is_none_of_it() -> None:
    found = model.host({"architecture": "arm64", "distribution": {"id": "debian", "version": "12"}})
    assert found == model.Host("aarch64", model.Distribution("debian", "12", "debian", "debian 12"))
    assert "torch" not in found.to_dict()


def said(text: str, rc: int = 0) -> dict[str, object]:
    return {"rc": rc, "stdout": text}


@pytest.mark.parametrize(
    ("commands", "files", "name", "expected"),
    [
        ({}, {}, "architecture", "unknown"),
        ({"uname -mr": said("6.1.0-9 x86_64\n")}, {}, "architecture", "x86_64"),
        ({}, {}, "cores", 1),
        ({"nproc": said("\n")}, {}, "cores", 1),
        ({"nproc": said("7\n")}, {}, "cores", 7),
        ({"nproc": said("7\n", 1)}, {}, "cores", 1),
        ({"id -u": said("0\n")}, {}, "root", True),
        ({"id -u": said("1000\n")}, {}, "root", False),
        ({}, {}, "memory_mib", 0),
        ({}, {"/sys/module/nouveau/initstate": "live"}, "nouveau", True),
        ({}, {}, "nouveau", False),
        ({}, {"/run/reboot-required": ""}, "pending_reboot", True),
        ({}, {}, "pending_reboot", False),
        ({"df -Pm /opt/a": said("")}, {}, "disk", None),
        ({"df -Pm /opt/a": said("h\nd 9 1 8 1% /\n")}, {}, "disk", model.Disk("/opt/a", 8)),
        ({"df -Pm /opt": said("h\nd 9 1 7 1% /\n")}, {}, "disk", model.Disk("/opt/a", 7)),
        ({"df -Pm /": said("h\nd 9 1 6 1% /\n")}, {}, "disk", model.Disk("/opt/a", 6)),
        ({"df -Pm /dev/shm": said("h\nshm 64 0 64 0% /dev/shm\n")}, {}, "shared_memory_mib", 64),
        ({"df -Pm /dev/shm": said("", 1)}, {}, "shared_memory_mib", None),
        ({}, {"/sys/module/nvidia/version": "580.1\n"}, "driver", model.Driver("580.1", None)),
        ({}, {}, "driver", None),
        ({}, {"/proc/locks": "1: FLOCK WRITE 9 fe:01:12 0 EOF"}, "package_lock", False),
        (
            {"stat -c %i /var/lib/rpm/.rpm.lock": said("12\n")},
            {"/proc/locks": "1: FLOCK WRITE 9 fe:01:12 0 EOF"},
            "package_lock",
            True,
        ),
        (
            {"stat -c %i /var/lib/rpm/.rpm.lock": said("2\n")},
            {"/proc/locks": "1: FLOCK WRITE 9 fe:01:12 0 EOF"},
            "package_lock",
            False,
        ),
        (
            {"uname -mr": said("6.1.0-9 x86_64\n")},
            {"/lib/modules/6.1.0-9/build/Makefile": ""},
            "kernel",
            model.Kernel("6.1.0-9", headers=True),
        ),
        (
            {"uname -mr": said("6.1.0-9 x86_64\n")},
            {},
            "kernel",
            model.Kernel("6.1.0-9", headers=False),
        ),
        ({}, {"/lib/modules//build/Makefile": ""}, "kernel", model.Kernel("", headers=False)),
    ],
)
def test_one_fact_of_a_host(
    commands: dict[str, Any], files: dict[str, Any], name: str, expected: object
) -> None:
    runner = RecordedRunner({"commands": commands, "files": files})
    assert getattr(probe.probe(runner, probe.Where("/opt/a", {})), name) == expected


@pytest.mark.parametrize(("rc", "pending"), [(0, False), (1, True), (2, False)])
def test_a_red_hat_says_whether_it_waits_for_a_reboot(rc: int, *, pending: bool) -> None:
    files = {"/etc/os-release": "ID=rocky\nVERSION_ID=9.4\n"}
    runner = RecordedRunner({"files": files, "commands": {"needs-restarting -r": said("", rc)}})
    assert probe.probe(runner, probe.Where("/opt", {})).pending_reboot is pending


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/proc/driver/nvidia/version", "driver"),
        ("/etc/os-release", "distribution"),
        (probe.SECURE_BOOT, "secure_boot"),
        ("/proc/locks", "/proc/locks"),
    ],
)
def test_a_file_that_cannot_be_read_is_listed_with_its_cause(path: str, name: str) -> None:
    files = {"/etc/os-release": "ID=debian\n", path: {"error": "Permission denied."}}
    found = probe.probe(RecordedRunner({"files": files}), probe.Where("/opt", {}))
    assert model.Unknown(name, path, "Permission denied.") in found.unreadable
    assert found.driver is None


def test_a_compiler_with_cxx_is_preferred_to_one_of_the_same_release() -> None:
    toolset = f"{probe.TOOLSETS}/gcc-toolset-13/root/usr/bin"
    commands = {
        "ls -1 /usr/bin": said("gcc-12\ngcc-13\ng++-12"),
        "ls -1 /usr/local/bin": said("gcc-12\ng++-12"),
        f"ls -1 {probe.TOOLSETS}": said("gcc-toolset-13\nllvm-toolset"),
        f"ls -1 {toolset}": said("gcc\ng++"),
        "/usr/bin/gcc-12 -dumpfullversion": said("12.2.0"),
        "/usr/bin/gcc-13 -dumpfullversion": said("13.1.0"),
        "/usr/local/bin/gcc-12 -dumpfullversion": said("12.3.0"),
        f"{toolset}/gcc -dumpfullversion": said("13.3.1"),
    }
    found = probe.probe(RecordedRunner({"commands": commands}), probe.Where("/opt", {}))
    assert found.compilers == (
        model.Compiler(12, "12.2.0", "/usr/bin/gcc-12", "/usr/bin/g++-12"),
        model.Compiler(13, "13.3.1", f"{toolset}/gcc", f"{toolset}/g++"),
    )


def test_no_index_is_tried_without_uv_and_a_timeout_is_passed_on() -> None:
    asked: list[tuple[object, ...]] = []

    class Timed(RecordedRunner):
        def run(self, argv: Sequence[str], **given: object) -> memory.Answer:
            asked.append((argv[0], given.get("timeout_s", 0), given.get("text", "")))
            return memory.Answer(0, "")

        def reaches(self, url: str, timeout_s: float) -> bool:
            asked.append((url, timeout_s, ""))
            return True

    endpoints = {"pypi": probe.PACKAGE_INDEX}
    assert probe.network(Timed({}), probe.Where("/opt", endpoints), no_note, git=True) == {
        "pypi": False
    }
    assert asked == []
    where = probe.Where("/opt", endpoints, uv="/uv", timeout_s=9)
    assert probe.network(Timed({}), where, no_note, git=True) == {"pypi": True}
    where = probe.Where("/opt", {"slowfast": "https://git.example/x", "x": "https://y"})
    assert probe.network(Timed({}), where, no_note, git=True) == {"slowfast": True, "x": True}
    assert sorted(asked) == [("/uv", 9, "iniconfig"), ("git", 4, ""), ("https://y", 4, "")]
    assert probe.network(Timed({}), probe.Where("/opt", {}), no_note, git=True) == {}


def test_without_uv_the_index_is_not_reached() -> None:
    where = probe.Where("/", {})
    assert probe._reaches_index(None, where) is False  # type: ignore[arg-type]


@pytest.mark.parametrize("place", ["/srv/conda", "file:///srv/conda"])
@pytest.mark.parametrize("rc", [0, 1, None])
def test_a_place_of_this_host_is_reached_where_it_exists(place: str, rc: int | None) -> None:
    commands = {} if rc is None else {"test -e /srv/conda": {"rc": rc, "stdout": ""}}
    found = probe.network(
        RecordedRunner({"commands": commands}),
        probe.Where("/", {"miniforge": place}),
        no_note,
        git=True,
    )
    assert found == {"miniforge": rc == 0}
