"""Root, and what a lesser user prepared: no program of theirs runs, and nothing of theirs is written to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.stack_under_test import COMMAND
from support.users import give, user_folder

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root is protected")
ID = "1" * 12
VERBS = {
    "up": ["--yes"],
    "plan": [],
    "prove": [],
    "lock": [],
    "rollback": [ID, "--unproven"],
    "train": ["--cfg", "x.yaml"],
    "demo": ["--video", "x.mp4", "--output", "y.mp4"],
}


@pytest.fixture(scope="module")
def planted() -> Iterator[Path]:
    """A prefix of another user with a stack whose interpreter leaves a trace."""
    with user_folder() as folder:
        stack = folder / "prefix" / "stacks" / ID
        for path in ("env/bin", "proof/program", "src/slowfast/tools"):
            (stack / path).mkdir(parents=True)
        python = stack / "env" / "bin" / "python"
        python.write_text(f"#!/bin/sh\ntouch {folder.parent}/ran\n")
        python.chmod(0o755)
        (stack / "src/slowfast/tools/run_net.py").touch()
        (stack / "proof/plan.json").write_text(json.dumps({"schema": 2, "id": ID}))
        (folder / "prefix/.slowfast-stack.json").write_text(
            '{"owner": "slowfast.stack", "schema": 1}'
        )
        (folder / "prefix/current").symlink_to(Path("stacks", ID))
        give(folder)
        yield folder / "prefix"


def _tree(folder: Path) -> list[tuple[str, int, int]]:
    return sorted((str(p), p.lstat().st_mtime_ns, p.lstat().st_uid) for p in folder.rglob("*"))


@pytest.mark.parametrize("verb", VERBS)
def test_root_refuses_a_prefix_of_another_user_and_runs_nothing_of_it(
    verb: str, planted: Path, tmp_path: Path
) -> None:
    (tmp_path / "x.yaml").write_text("TRAIN: {ENABLE: True}\n")
    (tmp_path / "x.mp4").touch()
    before = _tree(planted)
    argv = [COMMAND, verb, "--prefix", planted, *VERBS[verb]]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=tmp_path)
    said = done.stdout + done.stderr
    assert done.returncode == 1, said
    assert "error[file.untrusted]" in said
    assert "chown root" in said
    assert "Traceback" not in said
    assert not (planted.parents[1] / "ran").exists()
    assert _tree(planted) == before


def _module(name: str, *, mask: int, environment: dict[str, str], **arguments: str) -> str:
    """Run a module through Ansible with an umask."""
    argv = [str(COMMAND.with_name("ansible")), "localhost", "-m", f"slowfast.stack.{name}"]
    argv += ["-a", json.dumps(arguments), "-e", f"ansible_python_interpreter={sys.executable}"]
    collections = {"ANSIBLE_COLLECTIONS_PATH": str(Path(__file__).parents[2] / "collections")}
    done = subprocess.run(
        argv,
        capture_output=True,
        text=True,
        check=False,
        umask=mask,
        env={**os.environ, **collections, **environment},
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("mask", [0o000, 0o077])
def test_a_prefix_has_the_same_modes_whatever_the_umask(mask: int, tmp_path: Path) -> None:
    prefix = tmp_path / "prefix"
    plan = {"id": ID, "needs_disk_mib": 1}
    said = _module("prefix", mask=mask, environment={}, path=str(prefix), plan=json.dumps(plan))
    assert "CHANGED" in said
    modes = {
        str(path.relative_to(tmp_path)): path.stat().st_mode & 0o7777 for path in prefix.rglob("*")
    }
    assert prefix.stat().st_mode & 0o7777 == 0o755
    assert modes == {
        "prefix/.slowfast-stack.json": 0o644,
        "prefix/stacks": 0o755,
        f"prefix/stacks/{ID}": 0o755,
    }


def test_a_python_of_another_user_is_not_asked_for_its_torch(planted: Path, tmp_path: Path) -> None:
    python = planted / "stacks" / ID / "env/bin/python"
    argv = [COMMAND, "up", "--yes", "--prefix", tmp_path / "prefix", "--adopt-torch", python]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "error[file.untrusted]" in done.stdout + done.stderr
    assert not (planted.parents[1] / "ran").exists()


def test_root_writes_nothing_into_the_home_of_who_called_sudo(tmp_path: Path) -> None:
    with user_folder() as home:
        (home / ".cache/uv").mkdir(parents=True)
        give(home)
        before = _tree(home)
        caches = {"UV_CACHE_DIR": str(home / ".cache/uv"), "XDG_CACHE_HOME": str(home / ".cache")}
        environment = {**os.environ, "HOME": str(home), "XDG_STATE_HOME": str(tmp_path), **caches}
        argv = [COMMAND, "plan", "--json"]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, env=environment)
        assert done.returncode in (0, 3), done.stderr
        assert json.loads(done.stdout)["hosts"]["localhost"]
        for name in ("HOME", *caches):
            assert f"warning: [file.untrusted] The variable {name} is not used." in done.stderr
        assert _tree(home) == before


@pytest.mark.parametrize("way", ["command line", "Python"])
def test_root_uses_and_writes_nothing_in_the_home_of_who_called_sudo(
    way: str, tmp_path: Path
) -> None:
    """As with sudo -E: a configuration of Ansible there loads plugins."""
    with user_folder() as home:
        trace, plugins = tmp_path / "ran", home / "plugins"
        plugins.mkdir()
        (plugins / "evil.py").write_text(f"open({str(trace)!r}, 'w')\n")
        (home / ".ansible.cfg").write_text(
            f"[defaults]\nfilter_plugins={plugins}\ncallback_plugins={plugins}\ncallbacks_enabled=evil\n"
        )
        give(home)
        before = _tree(home)
        program = "from slowfast_stack import prove; prove(prefix='/nowhere')"
        argv = [sys.executable, "-c", program]
        if way == "command line":
            argv = [str(COMMAND), "prove", "--prefix", "/nowhere"]
        environment = {**os.environ, "HOME": str(home), "XDG_CACHE_HOME": str(home / ".cache")}
        done = subprocess.run(
            argv, env=environment, capture_output=True, text=True, check=False, cwd=home
        )
        assert "file.untrusted" in done.stderr, done.stderr
        assert _tree(home) == before
    assert not trace.exists()
