"""A plan as pylock.toml: uv reads it, and finds what the plan names."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

BIN = Path(sys.executable).parent
PIP_ONLY = ("--network", "pypi", "--python", "3.11", "--os", "debian-12")


def _plan(*options: str) -> str:
    argv = [str(BIN / "slowfast-stack"), "plan", *PIP_ONLY, *options]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def test_uv_installs_from_the_lock_what_the_plan_names(tmp_path: Path) -> None:
    plan = next(iter(json.loads(_plan("--json"))["hosts"].values()))
    file = tmp_path / "pylock.toml"
    file.write_text(_plan("--format", "pylock"))
    rows = tomllib.loads(file.read_text())["packages"]
    versions = {row["name"]: row["version"] for row in rows}
    for pin in (*plan["torch_wheels"]["requirements"], *plan["packages"]):
        name, version = pin.split("==")
        assert versions[name] == version
    assert versions["slowfast"] == "1.0"
    for row in rows:
        for each in (*row.get("wheels", ()), *([row["sdist"]] if "sdist" in row else [])):
            assert len(each["hashes"]["sha256"]) == 64
    subprocess.run(
        [str(BIN / "uv"), "venv", "-q", "--python", "3.11", str(tmp_path / "env")], check=True
    )
    argv = [str(BIN / "uv"), "pip", "sync", "--preview", "--dry-run", "--python"]
    argv += [str(tmp_path / "env/bin/python"), str(file)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"torch=={versions['torch']}" in done.stderr


def test_several_hosts_have_no_one_format(tmp_path: Path) -> None:
    inventory = tmp_path / "hosts.yml"
    own = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    inventory.write_text(json.dumps({"all": {"hosts": {"a": own, "b": own}}}))
    argv = [str(BIN / "slowfast-stack"), "plan", "-i", str(inventory), "--format", "pixi"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "cli.conflicting-options" in done.stderr
