"""A failed `up` leaves the working stack alone; one command goes back to it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from support import ROOT
from support.stack_under_test import Stack

OTHER = "0" * 12


def command(stack: Stack, verb: str, *options: str) -> subprocess.CompletedProcess[str]:
    argv = [*Stack(stack.prefix).argv(verb), *options]
    return subprocess.run(argv, capture_output=True, text=True, check=False)


def works(stack: Stack) -> bool:
    """Enter the current stack by its script, and import what it is for."""
    text = '. "$0" && python -c "import slowfast, detectron2, torch" && deactivate'
    argv = ["sh", "-c", text, str(stack.prefix / "current" / "activate")]
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


def test_a_failed_up_leaves_the_working_stack_untouched(stack: Stack, tmp_path: Path) -> None:
    alone = ["unshare", "--net"]
    if subprocess.run([*alone, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets no one make a network namespace")
    before = (stack.prefix / "current").readlink()
    # Planned as if there were a network, and with nothing cached: PyTorch cannot be had.
    argv = [*Stack(stack.prefix).argv("up"), "--yes", "--network", "pypi", "--torch", "2.9.1"]
    environment = {**os.environ, "UV_CACHE_DIR": str(tmp_path / "empty")}
    failed = subprocess.run(
        [*alone, *argv], env=environment, capture_output=True, text=True, check=False
    )
    assert failed.returncode == 1, failed.stdout
    assert "Traceback" not in failed.stdout + failed.stderr
    assert (stack.prefix / "current").readlink() == before
    assert works(stack)
    listed = Stack(stack.prefix).run("rollback", "--list")["stacks"]
    assert [row["current"] for row in listed] == [True, False]
    assert [row["state"] for row in listed] == ["proven", "unproven"]
    assert listed[0]["versions"]["torch"]
    assert listed[0]["size_mib"] > 100
    refused = command(stack, "rollback", listed[1]["id"])
    assert refused.returncode == 1
    assert "not proven: it was never proven" in refused.stderr
    # It was written to just now, so another process may still be at it.
    assert Stack(stack.prefix).run("rollback", "--keep", "0")["removed"] == []
    shutil.rmtree(listed[1]["path"])


def test_one_command_goes_back_to_the_proven_stack(stack: Stack) -> None:
    before = (stack.prefix / "current").readlink()
    home = stack.prefix / "stacks"
    # Without a record of its files, which would all be read again: their inodes differ.
    fast = shutil.ignore_patterns("site-packages", "files.json", ".*lock")
    shutil.copytree(home / before.name, home / OTHER, symlinks=True, ignore=fast)
    nowhere = command(stack, "rollback")
    assert nowhere.returncode == 1
    assert "no earlier proven stack" in nowhere.stderr
    refused = command(stack, "rollback", OTHER)
    assert refused.returncode == 1
    assert "--unproven" in refused.stderr
    forward = Stack(stack.prefix).run("rollback", OTHER, "--unproven")
    assert forward["switched"] == OTHER
    back = Stack(stack.prefix).run("rollback")
    assert back["switched"] == before.name
    assert works(stack)
    assert Stack(stack.prefix).run("rollback", "--keep", "0")["removed"] == [OTHER]
    assert stack.up()["changed"] == 0


def test_plain_ansible_lists_and_keeps(stack: Stack) -> None:
    playbook = Path(stack.argv("up")[0]).with_name("ansible-playbook")
    variables = {"stack_prefix": str(stack.prefix), "stack_use": ""}
    done = subprocess.run(
        [
            str(playbook),
            "slowfast.stack.rollback",
            "-i",
            "inventories/local",
            "--extra-vars",
            json.dumps(variables),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert "changed=0" in done.stdout
    assert (stack.prefix / "current").readlink().name in done.stdout
