"""Several hosts of one play: one build for each key, the others import its wheel."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts.key import key_of
from support import ROOT, ssh_server

# Notes each build; BUILD_FAILS stands for a compiler that was killed.
BACKEND = """
import os, zipfile
def build_wheel(folder, config_settings=None, metadata_directory=None):
    with open(os.environ["BUILDS"], "a") as count:
        count.write(os.environ["BUILDER"] + "\\n")
    if os.environ.get("BUILD_FAILS"):
        raise SystemExit("c++: fatal error: Killed signal terminated program cc1plus")
    name = "tree-1.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as packed:
        info = "tree-1.0.dist-info/"
        packed.writestr(zipfile.ZipInfo("tree.py"), "BUILDER = %r" % os.environ["BUILDER"])
        text = "Metadata-Version: 2.1\\nName: tree\\nVersion: 1.0\\n"
        packed.writestr(zipfile.ZipInfo(info + "METADATA"), text)
        text = "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\n"
        packed.writestr(zipfile.ZipInfo(info + "WHEEL"), text)
        packed.writestr(zipfile.ZipInfo(info + "RECORD"), "")
    return name
"""
PLAY = [
    {
        "hosts": "all",
        "gather_facts": False,
        "tasks": [
            {"ansible.builtin.include_role": {"name": "slowfast.stack.shared_artifact"}},
            {
                "ansible.builtin.copy": {
                    "content": "{{ shared_artifact_result | to_json }}",
                    "dest": "{{ shared_artifact_cache }}/ready.json",
                    "mode": "0644",
                }
            },
        ],
    }
]


@dataclass(frozen=True)
class Fleet:
    """Hosts that are folders of this machine, and a controller's folder of wheels."""

    folder: Path

    def host(self, name: str, capability: str, **environment: str) -> dict[str, Any]:
        inputs = {"source": "0" * 40, "arch_list": capability}
        builds = {"BUILDS": str(self.folder / "builds"), "BUILDER": name}
        options = {
            "kind": "wheel",
            "inputs": inputs,
            "source": str(self.folder / "tree"),
            "python": sys.executable,
            "environment": {**builds, **environment},
            "log": str(self.folder / f"{name}.log"),
        }
        return {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "shared_artifact_planned": {
                "name": "tree",
                "key": key_of(inputs),
                "shareable": True,
                "options": options,
            },
            "shared_artifact_cache": str(self.folder / name),
            "shared_artifact_uv": str(Path(sys.executable).with_name("uv")),
            "shared_artifact_controller": str(self.folder / "controller"),
        }

    def play(
        self, hosts: dict[str, dict[str, Any]], **variables: object
    ) -> subprocess.CompletedProcess[str]:
        inventory, playbook = self.folder / "hosts.yml", self.folder / "play.yml"
        inventory.write_text(json.dumps({"all": {"hosts": hosts}}))
        playbook.write_text(json.dumps(PLAY))
        return subprocess.run(
            [
                *(Path(sys.executable).with_name("ansible-playbook"), playbook, "-i", inventory),
                *("-e", json.dumps(variables)),
            ],
            env={
                **os.environ,
                "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
                "XDG_STATE_HOME": str(self.folder / "state"),
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def builds(self) -> list[str]:
        return sorted((self.folder / "builds").read_text().split())

    def ready(self, name: str) -> dict[str, Any]:
        result: dict[str, Any] = json.loads((self.folder / name / "ready.json").read_text())
        return result

    def sha256(self, name: str) -> str:
        (digest,) = self.ready(name)["files"].values()
        return str(digest)


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "backend.py").write_text(BACKEND)
    (tree / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "tree"\nversion = "1.0"\n'
    )
    (tmp_path / "builds").touch()
    return Fleet(tmp_path)


@pytest.fixture(params=["local", "ssh"])
def connection(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """How the hosts are reached: in this machine itself, or through a real server of ssh."""
    if request.param == "local":
        yield {}
        return
    with ssh_server.started(tmp_path / "ssh") as variables:
        yield variables


def test_one_host_for_each_key_builds_and_later_ones_build_nothing(
    fleet: Fleet, connection: dict[str, Any]
) -> None:
    hosts = {name: fleet.host(name, "9.0") | connection for name in ("one", "two", "three")}
    hosts["other"] = fleet.host("other", "8.0") | connection
    done = fleet.play(hosts)
    assert done.returncode == 0, done.stdout
    assert fleet.builds() == ["one", "other"]
    shared = {fleet.sha256(name) for name in ("one", "two", "three")}
    assert len(shared) == 1
    assert fleet.sha256("other") not in shared
    distributed = re.search(
        r"TASK \[[^]]*Distribute the copy\] \*+\n(.*?)\n\n", done.stdout, re.DOTALL
    )
    assert distributed
    assert set(re.findall(r"^changed: \[(\w+)\]", distributed[1], re.MULTILINE)) == {"two", "three"}
    later = fleet.play({"later": fleet.host("later", "9.0") | connection})
    assert later.returncode == 0, later.stdout
    assert fleet.builds() == ["one", "other"]
    assert fleet.sha256("later") in shared


def test_beside_a_bundle_no_wheel_of_the_controller_or_of_another_host_is_taken(
    fleet: Fleet,
) -> None:
    assert fleet.play({"one": fleet.host("one", "9.0")}).returncode == 0
    copies = sorted((fleet.folder / "controller").rglob("*"))
    offline = {"stack_bundle": str(fleet.folder / "bundle")}
    hosts = {name: fleet.host(name, "9.0") | offline for name in ("two", "three")}
    done = fleet.play(hosts)
    assert done.returncode == 0, done.stdout
    assert fleet.builds() == ["one", "three", "two"]
    assert sorted((fleet.folder / "controller").rglob("*")) == copies
    # What a host built before is its own.
    assert fleet.play(hosts).returncode == 0
    assert fleet.builds() == ["one", "three", "two"]


def failing(fleet: Fleet, *names: str) -> dict[str, dict[str, Any]]:
    return {name: fleet.host(name, "9.0", BUILD_FAILS="1") for name in names}


def test_where_the_builder_fails_another_host_builds(fleet: Fleet) -> None:
    hosts = failing(fleet, "one") | {name: fleet.host(name, "9.0") for name in ("two", "three")}
    done = fleet.play(hosts)
    assert done.returncode == 2, done.stdout
    assert "cc1plus" in done.stdout
    assert {"two", "one"} == set(fleet.builds())
    assert fleet.sha256("two") == fleet.sha256("three")
    assert not (fleet.folder / "one" / "ready.json").exists()


def test_only_a_few_builders_are_tried(fleet: Fleet) -> None:
    hosts = failing(fleet, "one", "two", "three") | {"four": fleet.host("four", "9.0")}
    done = fleet.play(
        {name: {**host, "shared_artifact_builders": 2} for name, host in hosts.items()}
    )
    assert done.returncode == 2, done.stdout
    assert set(fleet.builds()) == {"one", "two"}
    assert "tree is not available on this host. 2 hosts tried" in done.stdout


def test_a_host_that_can_use_no_copy_builds_for_itself(fleet: Fleet) -> None:
    hosts = {name: fleet.host(name, "9.0") for name in ("one", "two")}
    # Its archive cannot be unpacked: a folder is in the way.
    key = hosts["two"]["shared_artifact_planned"]["key"]
    staging = fleet.folder / "two" / f"{key}.tar.gz.unpacked"
    staging.parent.mkdir()
    staging.write_text("a file")
    done = fleet.play(hosts)
    assert done.returncode == 0, done.stdout
    assert fleet.builds() == ["one", "two"]


def test_a_copy_that_was_changed_on_its_way_is_not_used(fleet: Fleet) -> None:
    assert fleet.play({"one": fleet.host("one", "9.0")}).returncode == 0
    (copy,) = (fleet.folder / "controller").glob("*.tar.gz")
    content = bytearray(copy.read_bytes())
    content[len(content) // 2] ^= 0xFF
    copy.write_bytes(content)
    hosts = {name: fleet.host(name, "9.0") for name in ("two", "three")}
    done = fleet.play(hosts)
    assert done.returncode == 0, done.stdout
    assert "is not used" in done.stdout + done.stderr
    assert fleet.builds() == ["one", "two"]
    assert fleet.sha256("two") == fleet.sha256("three")
    assert not list(fleet.folder.glob("t*/*.tar.gz*"))


def test_a_copy_that_this_controller_did_not_receive_is_not_used(
    fleet: Fleet, tmp_path: Path
) -> None:
    evil = Fleet(tmp_path / "evil")
    evil.folder.mkdir()
    shutil.copytree(fleet.folder / "tree", evil.folder / "tree")
    (evil.folder / "builds").touch()
    assert evil.play({"evil": evil.host("evil", "9.0")}).returncode == 0
    assert fleet.play({"one": fleet.host("one", "9.0")}).returncode == 0
    copies = fleet.folder / "controller"
    names = sorted(path.name for path in copies.iterdir())
    assert [name.partition(".")[2] for name in names] == [
        "tar.gz",
        "tar.gz.statement",
        "tar.gz.statement.sig",
    ]
    said = json.loads((copies / names[1]).read_text())["provenance"]
    assert said["runDetails"]["builder"] == {"id": "one"}
    assert said["buildDefinition"]["externalParameters"]["arch_list"] == "9.0"
    assert said["runDetails"]["byproducts"][0]["digest"] == {"sha256": fleet.sha256("one")}
    # Complete in itself, of the same key; at first under the statement of the other one.
    for taken, reason in ((names[:1], "SHA-256"), (names, "may not sign")):
        for name in taken:
            shutil.copy(evil.folder / "controller" / name, copies / name)
        host = f"after{len(taken)}"
        done = fleet.play({host: fleet.host(host, "9.0")})
        assert done.returncode == 0, done.stdout
        assert reason in done.stdout + done.stderr
        assert fleet.builds().count(host) == 1
        assert fleet.sha256(host) != evil.sha256("evil")


def test_a_host_that_builds_again_need_not_believe_the_builder(fleet: Fleet) -> None:
    hosts = {"one": fleet.host("one", "9.0"), "two": fleet.host("two", "9.0", BUILDER="one")}
    done = fleet.play(hosts, stack_rebuild=True)
    assert done.returncode == 0, done.stdout
    assert fleet.builds() == ["one", "one", "one"]
    assert not list(fleet.folder.glob("*/*.again"))
    done = fleet.play({"three": fleet.host("three", "9.0")}, stack_rebuild=True)
    assert done.returncode == 2
    assert "artifact.not-reproduced" in done.stdout
    assert fleet.sha256("one") in done.stdout
    assert not (fleet.folder / "three" / "ready.json").exists()
