"""Several hosts of one play: one build for each key, the others take its wheel."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
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
        packed.writestr("tree.py", "BUILDER = %r" % os.environ["BUILDER"])
        packed.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: tree\\nVersion: 1.0\\n")
        packed.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\n")
        packed.writestr(info + "RECORD", "")
    return name
"""
PLAY = [
    {
        "hosts": "all",
        "gather_facts": False,
        "tasks": [
            {"ansible.builtin.include_role": {"name": "slowfast.stack.wheel"}},
            {
                "ansible.builtin.copy": {
                    "content": "{{ wheel_ready | to_json }}",
                    "dest": "{{ wheel_cache }}/ready.json",
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
        return {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "wheel_source": str(self.folder / "tree"),
            "wheel_cache": str(self.folder / name),
            "wheel_facts": {"commit": "0" * 40, "arch_list": capability},
            "wheel_python": sys.executable,
            "wheel_uv": str(Path(sys.executable).with_name("uv")),
            "wheel_log": str(self.folder / f"{name}.log"),
            "wheel_controller": str(self.folder / "controller"),
            "wheel_environment": {
                "BUILDS": str(self.folder / "builds"),
                "BUILDER": name,
                **environment,
            },
        }

    def play(self, hosts: dict[str, dict[str, Any]]) -> subprocess.CompletedProcess[str]:
        inventory, playbook = self.folder / "hosts.yml", self.folder / "play.yml"
        inventory.write_text(json.dumps({"all": {"hosts": hosts}}))
        playbook.write_text(json.dumps(PLAY))
        return subprocess.run(
            [Path(sys.executable).with_name("ansible-playbook"), playbook, "-i", inventory],
            env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections")},
            capture_output=True,
            text=True,
            check=False,
        )

    def builds(self) -> list[str]:
        return sorted((self.folder / "builds").read_text().split())

    def ready(self, name: str) -> dict[str, Any]:
        told: dict[str, Any] = json.loads((self.folder / name / "ready.json").read_text())
        return told


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
    shared = {fleet.ready(name)["sha256"] for name in ("one", "two", "three")}
    assert len(shared) == 1
    assert fleet.ready("other")["sha256"] not in shared
    brought = re.search(r"TASK \[[^]]*Bring the copy\] \*+\n(.*?)\n\n", done.stdout, re.DOTALL)
    assert brought
    assert set(re.findall(r"^changed: \[(\w+)\]", brought[1], re.MULTILINE)) == {"two", "three"}
    later = fleet.play({"later": fleet.host("later", "9.0") | connection})
    assert later.returncode == 0, later.stdout
    assert fleet.builds() == ["one", "other"]
    assert fleet.ready("later")["sha256"] in shared


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


def test_where_the_builder_fails_another_host_takes_over(fleet: Fleet) -> None:
    hosts = {name: fleet.host(name, "9.0") for name in ("one", "two", "three")}
    hosts["one"]["wheel_environment"]["BUILD_FAILS"] = "1"
    done = fleet.play(hosts)
    assert done.returncode == 2, done.stdout
    assert "cc1plus" in done.stdout
    assert {"two", "one"} == set(fleet.builds())
    assert fleet.ready("two")["sha256"] == fleet.ready("three")["sha256"]
    assert not (fleet.folder / "one" / "ready.json").exists()


def test_a_copy_that_was_changed_on_its_way_is_not_used(fleet: Fleet) -> None:
    assert fleet.play({"one": fleet.host("one", "9.0")}).returncode == 0
    copy = next((fleet.folder / "controller").glob("*/*.whl"))
    copy.write_bytes(copy.read_bytes()[:-1] + b"x")
    hosts = {name: fleet.host(name, "9.0") for name in ("two", "three")}
    done = fleet.play(hosts)
    assert done.returncode == 0, done.stdout
    assert "is not what its record says" in done.stdout + done.stderr
    assert fleet.builds() == ["one", "two"]
    assert fleet.ready("two")["sha256"] == fleet.ready("three")["sha256"]
    assert not list(fleet.folder.glob("*/arriving-*"))
