"""Several hosts of one play: one builds FFmpeg for each key, the others import what it has built."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support import ROOT, plan_builder, small_ffmpeg

HOST = plan_builder.host("cpu-debian-12")
PLAN = plan_builder.plan_data("cpu-debian-12")
PLAY = [
    {
        "hosts": "all",
        "gather_facts": False,
        "tasks": [{"ansible.builtin.include_role": {"name": "slowfast.stack.ffmpeg_cuda"}}],
    }
]


@dataclass(frozen=True)
class Fleet:
    """Hosts that are folders of this machine, and a controller's folder of builds."""

    folder: Path
    plan: dict[str, Any]
    environment: dict[str, str]

    def host(self, name: str, cc: str = "sh", **plan: object) -> dict[str, Any]:
        home = self.folder / name
        home.mkdir(exist_ok=True)
        return {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "stack_plan": {
                **PLAN,
                "ffmpeg": {**self.plan, **plan},
                "build": {**PLAN["build"], "cc": cc, "max_jobs": 1},
            },
            "stack_host": HOST,
            "stack_home": str(home),
            "stack_prefix_path": str(home),
            "stack_uv": "uv",
            "shared_artifact_controller": str(self.folder / "controller"),
        }

    def play(self, hosts: dict[str, dict[str, Any]], *more: str, expect: int = 0) -> str:
        inventory, playbook = self.folder / "hosts.yml", self.folder / "play.yml"
        inventory.write_text(json.dumps({"all": {"hosts": hosts}}))
        playbook.write_text(json.dumps(PLAY))
        done = subprocess.run(
            [Path(sys.executable).with_name("ansible-playbook"), playbook, "-i", inventory, *more],
            env={
                **os.environ,
                **self.environment,
                "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
                "XDG_STATE_HOME": str(self.folder / "state"),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == expect, done.stdout + done.stderr
        return done.stdout + done.stderr

    def built(self) -> list[str]:
        """Return the hosts that have compiled, by the logs of their builds."""
        return sorted(path.parents[1].name for path in self.folder.glob("*/logs/ffmpeg.log"))

    def runs(self, name: str) -> bool:
        program = self.folder / name / "ffmpeg/bin/ffmpeg"
        argv = [program, "-hide_banner", "-filters"]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        return "scale_cuda" in done.stdout


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Fleet(tmp_path, small_ffmpeg.plan(tmp_path), small_ffmpeg.environment(tmp_path))


def test_one_host_for_each_key_compiles_and_later_ones_compile_nothing(fleet: Fleet) -> None:
    hosts = {name: fleet.host(name) for name in ("one", "two", "three")}
    hosts["other"] = fleet.host("other", flags=["--enable-nvenc", "--enable-nvdec"])
    fleet.play(hosts)
    assert fleet.built() == ["one", "other"]
    assert all(fleet.runs(name) for name in hosts)
    said = fleet.play(hosts)
    assert said.count("changed=0") == len(hosts)
    fleet.play({"later": fleet.host("later")})
    assert fleet.built() == ["one", "other"]
    assert fleet.runs("later")
    assert not list(fleet.folder.glob("*/cache/ffmpeg/*.tar.gz*"))


def test_check_mode_predicts_one_build_and_changes_nothing(fleet: Fleet) -> None:
    hosts = {name: fleet.host(name) for name in ("one", "two")}
    before = sorted(fleet.folder.rglob("*"))
    output = fleet.play(hosts, "--check")
    made = {path.name for path in set(fleet.folder.rglob("*")) - set(before)}
    assert made == {"hosts.yml", "play.yml"}
    recap = dict(re.findall(r"^(\w+) +: ok=\d+ +changed=(\d+)", output, re.MULTILINE))
    assert recap == {"one": "1", "two": "0"}


def test_where_the_builder_fails_another_host_builds(fleet: Fleet) -> None:
    hosts = {name: fleet.host(name) for name in ("two", "three")}
    said = fleet.play({"one": fleet.host("one", cc="no-such-compiler"), **hosts}, expect=2)
    assert "cannot be built without no-such-compiler" in said
    assert fleet.built() == ["two"]
    assert fleet.runs("two")
    assert fleet.runs("three")


def test_a_copy_that_was_changed_on_its_way_is_not_used(fleet: Fleet) -> None:
    fleet.play({"one": fleet.host("one")})
    (copy,) = (fleet.folder / "controller").glob("*.tar.gz")
    copy.write_bytes(copy.read_bytes()[:-100])
    said = fleet.play({name: fleet.host(name) for name in ("two", "three")})
    assert "is not used" in said
    assert fleet.built() == ["one", "two"]
    assert fleet.runs("three")


def test_with_a_bundle_nothing_is_imported(fleet: Fleet) -> None:
    fleet.play({"one": fleet.host("one")})
    bundle = fleet.folder / "bundle"
    (bundle / "sources").mkdir(parents=True)
    for (place,) in fleet.plan["sources"].values():
        Path(place["url"]).rename(bundle / f"sources/{place['sha256']}.tar.xz")
    fleet.play({"two": {**fleet.host("two"), "stack_bundle": str(bundle)}})
    assert fleet.built() == ["one", "two"]
    assert fleet.runs("two")
