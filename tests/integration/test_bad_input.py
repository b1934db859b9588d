"""Bad input: a sentence that says what, why and what next, and nothing lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from support.stack_under_test import COMMAND, Stack

ROOT = Path(__file__).resolve().parents[2]
TEXT = {"capture_output": True, "text": True}


def refused(argv: list[str], **options: object) -> tuple[int, str]:
    done = subprocess.run(argv, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]
    assert "Traceback" not in done.stderr + done.stdout
    return done.returncode, done.stderr + done.stdout


def test_a_prefix_of_another_program_is_refused_untouched(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    code, said = refused(Stack(tmp_path).argv("up", "--yes"))
    assert code == 1
    assert "belongs to another program" in said
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_small_disk_is_refused_before_anything_starts(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["unshare", "--mount", "sh", "-c"]
    small = f'mount -t tmpfs -o size=1G none {disk} && exec "$@"'
    if subprocess.run([*mount, small, "sh", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets no one mount a small disk")
    argv = Stack(disk / "prefix").argv("up", "--yes")
    code, said = refused([*mount, f"{small}; ls {disk}", "sh", *argv])
    assert code in (1, 3)
    assert "MiB" in said
    assert "needs" in said


def test_without_any_network_the_plan_says_what_is_missing(tmp_path: Path) -> None:
    alone = ["unshare", "--net"]
    if subprocess.run([*alone, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets no one make a network namespace")
    code, said = refused([*alone, *Stack(tmp_path / "prefix").argv("up", "--yes")])
    assert code == 3
    assert "network" in said.lower() or "reach" in said.lower()
    assert not (tmp_path / "prefix").exists()


def test_an_index_that_is_down_is_named_and_the_prefix_is_resumed(tmp_path: Path) -> None:
    down = {
        "UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple",
        "UV_CACHE_DIR": str(tmp_path / "uv"),
        "UV_HTTP_RETRIES": "0",
    }
    stack = Stack(tmp_path / "prefix", ["--network", "pypi"])
    code, said = refused(stack.argv("up", "--yes"), env={**os.environ, **down})
    assert code == 1
    assert "127.0.0.1:9" in said
    assert "Check that PyPI is" in said
    assert not (tmp_path / "prefix" / "current").exists()


def test_a_disk_that_fills_up_is_named_and_nothing_is_taken_for_installed(tmp_path: Path) -> None:
    small = f'mount -t tmpfs -o size=24M none {tmp_path} && exec "$@"'
    mount = ["unshare", "--mount", "sh", "-c", small, "sh"]
    if subprocess.run([*mount, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets no one mount a small disk")
    program = ROOT / "tests" / "integration" / "programs" / "full_disk.py"
    done = subprocess.run([*mount, sys.executable, program, tmp_path], check=False, **TEXT)
    assert done.returncode == 0, done.stderr
    assert "Free disk space" in done.stdout


def test_a_wrong_commit_is_named(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    repository.mkdir()
    git = ["git", "-C", str(repository), "-c", "user.name=t", "-c", "user.email=t@t"]
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "commit", "--quiet", "--allow-empty", "-m", "one"], check=True)
    wrong = "f" * 40
    sources = [
        option
        for name in ("slowfast", "detectron2", "pytorchvideo")
        for option in ("--source", f"{name}={repository}@{wrong}")
    ]
    code, said = refused(Stack(tmp_path / "prefix", sources).argv("up", "--yes"))
    assert code == 3
    assert wrong in said
    assert not (tmp_path / "prefix").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
def test_another_user_than_root_gets_a_plan_of_the_python_part() -> None:
    user = 65534
    become = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
    # Not below pytest's own folder, which only root may enter.
    with tempfile.TemporaryDirectory() as home:
        os.chown(home, user, user)
        environment = {**os.environ, "HOME": home}
        version = [*become, str(COMMAND), "--version"]
        if subprocess.run(version, env=environment, capture_output=True, check=False).returncode:
            pytest.skip("another user may not read this checkout")
        code, said = refused([*become, str(COMMAND), "plan", "--json"], env=environment)
        assert code == 0, said
        assert json.loads(said)["hosts"]["localhost"]["roles"]


def test_a_mistyped_inventory_is_an_error() -> None:
    code, said = refused([str(COMMAND), "up", "-i", "scalewya"])
    assert code == 2
    assert "scalewya" in said
