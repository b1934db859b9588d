"""A hostile host in the plays of the real roles: the home of the controller's user stays as it is."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts.archive import (
    require_intact,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts.key import key_of
from support import ROOT, hostile_host, ssh_server

BACKEND = """
import os, zipfile
def build_wheel(folder, config_settings=None, metadata_directory=None):
    name = "tree-1.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as packed:
        info = "tree-1.0.dist-info/"
        packed.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: tree\\nVersion: 1.0\\n")
        packed.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\n")
        packed.writestr(info + "RECORD", "")
    return name
"""
INPUTS = {"source": "0" * 40, "arch_list": "9.0"}
KEY = key_of(INPUTS)
KEPT = [f"{KEY}.tar.gz{end}" for end in ("", ".statement", ".statement.sig")]


class Site:
    """A controller's home, and hosts that are folders of this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.environment = hostile_host.home(self.home)
        self.copies = self.home / ".cache/slowfast-stack/artifacts"
        tree = folder / "tree"
        tree.mkdir()
        (tree / "backend.py").write_text(BACKEND)
        (tree / "pyproject.toml").write_text(
            '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
            '[project]\nname = "tree"\nversion = "1.0"\n'
        )

    def host(self, name: str, python: object = sys.executable) -> dict[str, Any]:
        options = {
            "kind": "wheel",
            "inputs": INPUTS,
            "source": str(self.folder / "tree"),
            "python": sys.executable,
            "environment": {},
            "log": str(self.folder / f"{name}.log"),
        }
        return {
            "ansible_connection": "local",
            "ansible_python_interpreter": str(python),
            "shared_artifact_planned": {
                "name": "tree",
                "key": KEY,
                "shareable": True,
                "options": options,
            },
            "shared_artifact_cache": str(self.folder / name),
            "shared_artifact_uv": str(Path(sys.executable).with_name("uv")),
        }

    def play(
        self, hosts: dict[str, dict[str, Any]], *tasks: dict[str, Any], more: tuple[str, ...] = ()
    ) -> subprocess.CompletedProcess[str]:
        inventory, playbook = self.folder / "hosts.yml", self.folder / "play.yml"
        inventory.write_text(json.dumps({"all": {"hosts": hosts}}))
        play = {"hosts": "all", "gather_facts": False, "tasks": list(tasks)}
        playbook.write_text(json.dumps([play]))
        argv = [Path(sys.executable).with_name("ansible-playbook"), playbook, "-i", inventory]
        return subprocess.run(
            [*argv, *more],
            env={
                **os.environ,
                **self.environment,
                "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
            },
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
        )

    def untouched(self) -> dict[str, str]:
        """Return the home without the one folder that is for copies of artifacts."""
        cache = str(self.home / ".cache")
        found = hostile_host.picture(self.home)
        return {path: what for path, what in found.items() if not path.startswith(cache)}

    def kept(self) -> list[str]:
        assert all(path.is_file() and not path.is_symlink() for path in self.copies.iterdir())
        return sorted(path.name for path in self.copies.iterdir())


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def include(role: str, **more: str) -> dict[str, Any]:
    return {"ansible.builtin.include_role": {"name": f"slowfast.stack.{role}", **more}}


def archive(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as packed:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            packed.addfile(member, io.BytesIO(content))
    return path


def test_a_host_that_names_files_of_the_controller_reaches_none(site: Site) -> None:
    secret = str(site.home / ".ssh/id_ed25519")
    facts = {
        "shared_artifact_controller": str(site.home / ".ssh"),
        "shared_artifact_planned": {"key": "../../.ssh/authorized_keys"},
        "preflight_uv": secret,
        "ansible_stack_offline": secret,
    }
    answers = {
        "*": {"ansible_facts": facts, "add_host": {"host_name": "localhost", "groups": []}},
        "artifact": {
            "path": "../../.ssh/authorized_keys",
            "key": "../../.ssh/authorized_keys",
            "refused": "No.",
            "files": {"../../.ssh/authorized_keys": "0" * 64},
            "ansible_facts": facts,
        },
    }
    evil = hostile_host.interpreter(site.folder / "evil-python", answers)
    before = site.untouched()
    hosts = {"evil": site.host("evil", evil), "one": site.host("one"), "two": site.host("two")}
    done = site.play(hosts, include("shared_artifact"))
    assert done.returncode == 2, done.stdout
    assert site.untouched() == before
    assert site.kept() == KEPT
    assert "secret" not in done.stdout + done.stderr
    # The others are not held up.
    assert list((site.folder / "one").glob(f"{KEY}/*.whl"))
    assert list((site.folder / "two").glob(f"{KEY}/*.whl"))


def test_what_a_host_uploads_is_kept_only_as_the_artifact_of_its_key(site: Site) -> None:
    sent = site.folder / "sent"
    archive(sent, {"../../.ssh/authorized_keys": b"key\n"})
    target = str(site.folder / "evil" / f"{KEY}.tar.gz")
    files = {"artifact": {target: str(sent)}}
    evil = hostile_host.interpreter(site.folder / "evil-python", {}, files)
    before = site.untouched()
    hosts = {"evil": site.host("evil", evil), "one": site.host("one")}
    done = site.play(hosts, include("shared_artifact"))
    assert done.returncode == 2, done.stdout
    assert "artifact.refused" in done.stdout
    assert site.untouched() == before
    # That of the next host.
    assert site.kept() == KEPT
    assert require_intact(site.copies / f"{KEY}.tar.gz", KEY).inputs == INPUTS
    assert list((site.folder / "one").glob(f"{KEY}/*.whl"))


def test_the_word_of_one_host_does_not_remove_the_copy_that_others_use(site: Site) -> None:
    assert site.play({"one": site.host("one")}, include("shared_artifact")).returncode == 0
    kept = hostile_host.picture(site.copies)
    answers = {"artifact": {"refused": "It is bad.", "path": None}}
    evil = hostile_host.interpreter(site.folder / "evil-python", answers)
    done = site.play({"evil": site.host("evil", evil)}, include("shared_artifact"))
    assert done.returncode == 2, done.stdout
    assert hostile_host.picture(site.copies) == kept
    assert site.play({"two": site.host("two")}, include("shared_artifact")).returncode == 0


def test_a_probe_that_names_a_file_as_its_distribution_loads_none(site: Site) -> None:
    family = os.path.relpath(site.home / "vars", ROOT / "roles/purge/vars")
    distribution = {"id": "debian", "version": "12", "family": family}
    forged = {"host": {"architecture": "x86_64", "distribution": distribution, "root": True}}
    evil = hostile_host.interpreter(site.folder / "evil-python", {"gpu_info": forged})
    hosts = {"evil": {"ansible_connection": "local", "ansible_python_interpreter": str(evil)}}
    shown = {"ansible.builtin.debug": {"msg": "{{ leaked | default('nothing') }}"}}
    parts = {**include("purge"), "vars": {"purge_parts": ["driver"]}, "ignore_errors": True}
    done = site.play(hosts, parts, shown)
    assert "data.invalid-value" in done.stdout + done.stderr
    assert "secret of a vars file" not in done.stdout + done.stderr


@pytest.fixture
def over_ssh(tmp_path: Path) -> Iterator[dict[str, Any]]:
    with ssh_server.started(tmp_path / "ssh") as variables:
        yield variables


def test_over_ssh_no_file_of_the_controller_is_copied_in_place_of_uv(
    site: Site, over_ssh: dict[str, Any]
) -> None:
    facts = {"preflight_uv": str(site.home / ".ssh/id_ed25519")}
    evil = hostile_host.interpreter(site.folder / "evil-python", {"*": {"ansible_facts": facts}})
    hosts = {"evil": {**over_ssh, "ansible_python_interpreter": str(evil)}}
    before = site.untouched()
    received = Path.home() / ".cache/slowfast-stack/uv"
    had = received.read_bytes() if received.exists() else None
    done = site.play(hosts, include("preflight", tasks_from="uv"))
    assert done.returncode == 2, done.stdout
    assert "host.forged-fact" in done.stdout
    assert site.untouched() == before
    assert (received.read_bytes() if received.exists() else None) == had
