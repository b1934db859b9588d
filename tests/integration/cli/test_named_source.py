"""A source that is named and out of reach is refused by every way in, and nothing is installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support import ROOT

from slowfast_stack import plan, up
from slowfast_stack.exit_codes import Exit

PLACE = {"url": "http://127.0.0.1:9/slowfast", "commit": "a" * 40}  # no server is there
SOURCE = f"slowfast={PLACE['url']}@{PLACE['commit']}"
REQUEST = {"sources": {"slowfast": PLACE}}
KINDS = ["unreached", "unknown commit", "no repository", "a branch"]


def named(kind: str, folder: Path) -> str:
    """Return the --source of a place that does not have what is asked for."""
    repository = folder / "code"
    subprocess.run(["git", "init", "--quiet", str(repository)], check=True)
    identity = ["-c", "user.name=t", "-c", "user.email=t@t"]
    made = ["git", "-C", str(repository), *identity, "commit", "--allow-empty", "-qm", "one"]
    subprocess.run(made, check=True)
    places = {
        "unreached": SOURCE,
        "unknown commit": f"slowfast={repository}@{'a' * 40}",
        "no repository": f"slowfast={folder}",
        "a branch": f"slowfast=file://{repository}@main",
    }
    return places[kind]


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    path = tmp_path / "hosts.yml"
    host = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    path.write_text(json.dumps({"all": {"hosts": {"one": host}}}))
    return path


@pytest.mark.parametrize(("verb", "kind"), [("plan", KINDS[0]), *(("up", kind) for kind in KINDS)])
def test_the_command_line_exits_3(verb: str, kind: str, inventory: Path, tmp_path: Path) -> None:
    prefix, source = tmp_path / "prefix", named(kind, tmp_path)
    argv = [sys.executable, "-m", "slowfast_stack", verb, "--json", "--source", source]
    argv += ["-i", str(inventory), "--prefix", str(prefix)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == Exit.NO_PLAN, done.stderr
    assert "error[planner.no-candidate]" in done.stderr
    assert source.partition("=")[2] in done.stderr
    assert json.loads(done.stdout)["hosts"]["one"]["status"] == "no-plan"
    assert not prefix.exists()


def test_a_playbook_with_variables_fails_with_the_code(inventory: Path, tmp_path: Path) -> None:
    prefix = tmp_path / "prefix"
    variables = json.dumps({"stack_request": REQUEST, "stack_prefix": str(prefix)})
    argv = [str(Path(sys.executable).with_name("ansible-playbook")), str(ROOT / "site.yml")]
    argv += ["-i", str(inventory), "-e", variables]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    done = subprocess.run(
        argv, capture_output=True, text=True, check=False, env=environment, cwd=ROOT
    )
    assert done.returncode == 2, done.stdout
    assert "planner.no-candidate" in done.stdout
    assert not prefix.exists()


@pytest.mark.parametrize("verb", [plan, up])
def test_the_python_interface_says_so(verb: object, inventory: Path, tmp_path: Path) -> None:
    prefix = tmp_path / "prefix"
    found = verb(str(inventory), request=REQUEST, prefix=str(prefix))  # type: ignore[operator]
    assert found.exit_code is Exit.NO_PLAN
    assert not prefix.exists()
