"""``slowfast-stack ava`` and the role: words, JSON, exit codes, other hosts, Slurm."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from support import ROOT
from support.ava_trees import GOOD, NUMBERS, Tree
from support.http import FileServer

from slowfast_stack.cli.app import run

NUMBER_OPTIONS = ["--start", str(NUMBERS.cut_s), "--frames", str(NUMBERS.frames)]


class Command:
    """The command line in this process, and what it says."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: object) -> tuple[int, str, str]:
        code = run(["ava", *map(str, arguments)])
        said = self._capsys.readouterr()
        return code, said.out, said.err

    def json(self, *arguments: object) -> tuple[int, dict[str, Any]]:
        code, out, _ = self(*arguments, "--json")
        result: dict[str, Any] = json.loads(out)
        return code, result["ava"]


@pytest.fixture
def ava(capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(capsys)


def test_all_steps_end_with_what_is_missing_and_exit_code_1(
    ava: Command, tree: Tree, server: FileServer
) -> None:
    root = tree.layout.root
    code, result = ava.json("download", "--root", root, "--mirror", server.address, *NUMBER_OPTIONS)
    assert (code, result["ok"], result["changed"]) == (1, False, True)
    code, out, err = ava("extract", "--root", root)
    assert code == 1
    assert f"{root}: 4 new, 4 FAILED" in out
    assert "error[ava.missing-video]" in err
    assert "c: 90 frames" in err
    code, out, _ = ava("lists", "--root", root)
    assert code == 0
    assert "left out: dead: its frames do not exist" in out
    code, out, _ = ava("check", "--root", root, "--lists", root / "lists/present")
    assert code == 0
    assert "everything that training opens exists" in out
    code, out, _ = ava("check", "--root", root)
    assert code == 1
    assert "errors" in out


def test_all_there_is_exit_code_0(ava: Command, finished: Tree) -> None:
    videos = [f"--only={name}" for name in GOOD]
    code, result = ava.json("extract", "--root", finished.layout.root, *videos)
    assert (code, result["ok"], result["changed"]) == (0, True, False)


def inventory(path: Path, count: int) -> Path:
    host = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
    }
    hosts = {f"data{i}": host for i in range(count)}
    path.write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
    return path


def test_the_hosts_of_an_inventory_divide_the_videos(filled: Tree, tmp_path: Path) -> None:
    root = filled.layout.root
    argv = [sys.executable, "-m", "slowfast_stack", "ava", "extract", "--root", str(root), "--json"]
    hosts = inventory(tmp_path / "hosts.yml", 2)
    done = subprocess.run(
        [*argv, "-i", str(hosts)],
        env={
            **os.environ,
            "PYTHONPATH": f"{ROOT}/collections:{ROOT}/src",
            "XDG_STATE_HOME": str(tmp_path / "state"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    result = json.loads(done.stdout)["hosts"]
    shares = {name: [item["name"] for item in of["results"]] for name, of in result.items()}
    assert sorted(name for share in shares.values() for name in share) == sorted(
        [*GOOD, "dead", "short", "broken", "empty"]
    )
    assert {len(share) for share in shares.values()} == {4}
    assert done.returncode == 1
    assert all((root / "frames" / name).is_dir() for name in GOOD)
    assert "short" in done.stderr


def test_slurm_gets_an_array_whose_tasks_do_it_all(
    ava: Command, filled: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Where there is no cluster, this sbatch runs every task of the array, one after the other.
    place = filled.layout.root.with_name("ava")
    filled.layout.root.rename(place)
    sbatch = tmp_path / "bin/sbatch"
    sbatch.parent.mkdir()
    sbatch.write_text(
        "#!/bin/sh\n"
        "last=$(sed -n 's/^#SBATCH --array=0-//p' \"$2\")\n"
        'for i in $(seq 0 "$last"); do SLURM_ARRAY_TASK_ID=$i sh "$2" >>"$2.log" 2>&1; done\n'
        "echo '4711;cluster'\n"
    )
    sbatch.chmod(0o755)
    monkeypatch.setenv("PATH", f"{sbatch.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}/collections:{ROOT}/src")
    code, result = ava.json("extract", "--root", place, "--slurm", "3", "--jobs", "1")
    assert (code, result["job"]) == (0, "4711")
    done = {path.name for path in (place / "frames").iterdir() if path.name[0] != "."}
    assert done == set(GOOD)
    monkeypatch.setenv("PATH", "/nowhere")
    code, _, err = ava("extract", "--root", place, "--slurm", "3")
    assert code == 1
    assert "extract.sbatch" in err
