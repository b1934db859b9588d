"""`plan --host`: recorded hosts in every form, their names, and what is refused."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from slowfast_stack import plan, recorded_hosts
from slowfast_stack.cli.app import run
from slowfast_stack.exit_codes import Exit, UsageError

FIXTURES = Path(__file__).parents[1] / "hosts"
NAMES = ("h100-ubuntu-22.04", "h100-rocky-9", "cpu-debian-12")
HOSTS = {name: json.loads((FIXTURES / f"{name}.json").read_text())["host"] for name in NAMES}
H100 = HOSTS["h100-ubuntu-22.04"]


def probed(**hosts: object) -> str:
    return json.dumps({"schema": 1, "hosts": hosts, "errors": {}}, indent=1)


def wrote(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text)
    return str(folder / name)


def test_each_form_gives_the_hosts_with_their_names(tmp_path: Path) -> None:
    lines = "\n".join(map(json.dumps, HOSTS.values())) + "\n\n"
    wrote(tmp_path, "b.json", probed(one=H100, two=HOSTS["h100-rocky-9"]))
    wrote(tmp_path, "a.json", json.dumps(H100))
    wrote(tmp_path, "c.jsonl", lines)
    wrote(tmp_path, "readme.txt", "no host")
    found = recorded_hosts.read([str(tmp_path), str(FIXTURES / "cpu-debian-12.json")])
    assert list(found) == ["a", "one", "two", "c:1", "c:2", "c:3", "cpu-debian-12"]
    assert found["a"] == found["one"] == found["c:1"]
    assert found["c:3"] == found["cpu-debian-12"]


def test_lines_of_a_stream_may_be_answers_of_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [json.dumps({"schema": 1, "hosts": {name: HOSTS[name]}}) for name in NAMES]
    stream = io.TextIOWrapper(io.BytesIO("\n".join(lines).encode()))
    monkeypatch.setattr(sys, "stdin", stream)
    assert tuple(recorded_hosts.read(["-"])) == NAMES


def test_the_same_name_in_two_files_begins_with_that_of_the_file(tmp_path: Path) -> None:
    first = wrote(tmp_path, "lab.json", probed(localhost=H100))
    second = wrote(tmp_path, "desk.json", probed(localhost=H100, other=H100))
    assert list(recorded_hosts.read([first, second])) == [
        "lab/localhost",
        "desk/localhost",
        "other",
    ]


def test_one_file_twice_is_refused(tmp_path: Path) -> None:
    file = wrote(tmp_path, "lab.json", json.dumps(H100))
    with pytest.raises(UsageError) as error:
        recorded_hosts.read([file, file])
    assert error.value.code == "cli.invalid-value"


def gpu(pci_id: str, *, loaded: bool = True, **more: object) -> dict[str, Any]:
    """Return a host whose driver says this of its GPU."""
    driver = {"version": "535.104.05"} if loaded else None
    return {**H100, "driver": driver, "gpus": [{**H100["gpus"][0], "pci_id": pci_id, **more}]}


@pytest.mark.parametrize(
    ("text", "code", "named"),
    [
        ("", "file.unreadable", "no host"),
        (" \n\n", "file.unreadable", "no host"),
        (json.dumps(H100)[:-1] + ', "cores": 4}', "file.unreadable", "h.json"),
        (json.dumps(H100)[:-1] + ', "memory_mib": NaN}', "file.unreadable", "h.json"),
        (json.dumps({**H100, "network": {"pypy": True}}), "data.unknown-key", "'pypy'"),
        (json.dumps({"hosts": {"one": H100}, "errors": ["one"]}), "data.invalid-value", "errors"),
        (json.dumps({"hosts": {}, "errors": {"one": "no"}}), "data.invalid-value", "errors.one"),
        (probed(one=gpu("10de:2330", compute_capability="7.5")), "data.invalid-value", "host one"),
        (
            probed(one=gpu("10de:2330", loaded=False, compute_capability="9.0")),
            "data.invalid-value",
            "one",
        ),
        (probed(one=gpu("10de:1b06", mig=1)), "data.invalid-value", "gpus[0].mig"),
        (json.dumps({**H100, "driver": {"version": "5"}}), "data.invalid-value", "host.driver"),
        (json.dumps({**H100, "driver": {"version": "580"}}), "data.invalid-value", "host.driver"),
        (
            json.dumps({**H100, "disk": {"path": "/", "free_mib": "1.0"}}),
            "data.invalid-value",
            "disk",
        ),
        ("{", "file.unreadable", "h.json"),
        ("[" * 100_000, "file.unreadable", "h.json"),
        ("[]", "data.invalid-value", "host"),
        ("5", "data.invalid-value", "host"),
        ("{}", "data.invalid-value", "host.architecture"),
        (probed(), "file.unreadable", "no host"),
        (json.dumps({"schema": 2, "hosts": {"one": H100}}), "data.invalid-value", "schema is 2"),
        (json.dumps({"schema": 1, "hosts": [H100]}), "data.invalid-value", "hosts"),
        (json.dumps({"hosts": {"one": H100}, "more": 1}), "data.unknown-key", "more"),
        (json.dumps({"hosts": {"one/../two": H100}}), "data.invalid-value", "name of a host"),
        (json.dumps({**H100, "schema": 99}), "data.invalid-value", "host.schema is 99"),
        (json.dumps({**H100, "gpu": []}), "data.unknown-key", "'gpu'"),
        (json.dumps({**H100, "cores": 0}), "data.invalid-value", "host.cores"),
        (probed(one={**H100, "memory_mib": -5}), "data.invalid-value", "host one"),
        (f"{json.dumps(H100)}\n{{\n", "file.unreadable", "line 2"),
        (f"{json.dumps(H100)}\n[]\n", "data.invalid-value", "line 2"),
        (json.dumps({**H100, "source": [[1]] * 9}), "data.invalid-value", "host.source"),
    ],
)
def test_what_is_no_recorded_host_is_wrong_use(
    text: str, code: str, named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = wrote(tmp_path, "h.json", text)
    assert run(["plan", "--host", file, "--json"]) == Exit.USAGE
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == code
    assert file in error["message"]
    assert named in error["message"]


def test_every_host_fixture_is_planned_as_from_its_data(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "--host", str(FIXTURES), "--json"]) == Exit.NO_PLAN
    printed = json.loads(capsys.readouterr().out)
    assert list(printed["hosts"]) == [path.stem for path in sorted(FIXTURES.iterdir())]
    one = plan(recorded=[str(FIXTURES / "h100-rocky-9.json")]).values["h100-rocky-9"]
    assert printed["hosts"]["h100-rocky-9"] == json.loads(json.dumps(one))


def edited(name: str, **change: object) -> dict[str, object]:
    found: dict[str, object] = json.loads((FIXTURES / f"{name}.json").read_text())["host"]
    return {**found, **change}


def release(text: str) -> dict[str, object]:
    return {"release": text, "headers": False}


UBUNTU, ROCKY = "h100-pcie-ubuntu-24.04", "h100-rocky-9"
MINT = {"id": "linuxmint", "version": "22", "family": "debian", "name": "Linux Mint 22"}
ORACLE = {"id": "ol", "version": "9", "family": "redhat", "name": "Oracle Linux 9"}
SLES = {"id": "sles", "version": "15.6", "family": "other", "name": "SLES 15 SP6"}
LIKE = {"id": "mine", "version": "24.04", "family": "debian", "like": ["ubuntu"]}
# A host, and a package of its driver or a text of its conflict.
EXAMPLES = {
    "hwe": (
        edited(UBUNTU, kernel=release("6.14.0-27-generic"), secure_boot=True),
        "linux-modules-nvidia-580-server-open-generic-hwe-24.04",
    ),
    "nvidia-64k": (
        edited("gh200-aarch64-ubuntu-22.04", kernel=release("5.15.0-1060-nvidia-64k")),
        "linux-modules-nvidia-580-server-open-nvidia-64k",
    ),
    "64k": (
        edited(ROCKY, kernel=release("5.14.0-570.el9_6.aarch64+64k"), architecture="aarch64"),
        "kernel-64k-devel-5.14.0-570.el9_6.aarch64",
    ),
    "rt": (
        edited(ROCKY, kernel=release("5.14.0-570.el9_6.x86_64+rt")),
        "kernel-rt-devel-5.14.0-570.el9_6.x86_64",
    ),
    "uek": (
        edited(ROCKY, kernel=release("5.15.0-300.163.18.el9uek.x86_64"), distribution=ORACLE),
        "kernel-uek-devel-5.15.0-300.163.18.el9uek.x86_64",
    ),
    "mint": (
        edited(UBUNTU, distribution=MINT, kernel=release("6.8.0-65-generic")),
        "linux-modules-nvidia-580-server-open-generic",
    ),
    "k80": (edited("k80-ubuntu-22.04"), "nvidia-driver-470-server"),
    "custom": (edited(UBUNTU, kernel=release("6.9.0-mine")), "6.9.0-mine"),
    "sles": (edited(UBUNTU, distribution=SLES), "zypper"),
    "like": (edited(UBUNTU, distribution=LIKE), "which release"),
    "wsl": (edited(UBUNTU, kernel=release("5.15.167.4-microsoft-standard-WSL2")), "Windows"),
    "jetson": (
        edited("cpu-aarch64-debian-13", platform={"kind": "tegra", "name": "tegra234"}),
        "Jetson Orin",
    ),
}


def test_a_stream_of_edited_hosts_is_planned_one_by_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [json.dumps({"hosts": {name: host}}) for name, (host, _text) in EXAMPLES.items()]
    file = wrote(tmp_path, "examples.jsonl", "\n".join(lines))
    assert run(["plan", "--host", file, "--json"]) == Exit.NO_PLAN
    plans = json.loads(capsys.readouterr().out)["hosts"]
    for name, (_host, text) in EXAMPLES.items():
        plan = plans[name]
        said = plan["conflict"] or {"packages": plan["driver"]["packages"]}
        assert any(text in each for rows in said.values() for each in rows), (name, said)
        assert "kernel-devel-generic" not in json.dumps(plan)
