"""What a host says of its stack is data: it fails this host, or is text in an SBOM."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import zlib
from pathlib import Path
from typing import Any

import pytest
from support import hostile_host, small_stack
from support.osv_records import affected, event, record
from support.stack_under_test import COMMAND

EMPTY: dict[str, Any] = {
    "schema": 1,
    "recorded": 1,
    "files": [],
    "libraries": {},
    "system": [],
    "notes": [],
}


def packed(**more: object) -> str:
    return base64.b85encode(
        zlib.compress(json.dumps({**EMPTY, "parts": [], **more}).encode())
    ).decode()


def audit(folder: Path, contents: object, *options: str) -> subprocess.CompletedProcess[str]:
    """Audit an honest host and one that says something else of its contents."""
    made = small_stack.proven(folder / "prefix")
    hostile = hostile_host.interpreter(folder / "hostile", {"slowfast": {"contents": contents}})
    honest = "ansible_connection=local ansible_python_interpreter"
    inventory = folder / "hosts"
    inventory.write_text(
        f"good {honest}='{{{{ ansible_playbook_python }}}}'\nbad {honest}={hostile}\n"
    )
    database = folder / "osv.json"
    database.write_text(json.dumps(record(affected(event(introduced="0"), name="six"))))
    own = ["-i", str(inventory), "--prefix", str(made.home.parents[1])]
    argv = [str(COMMAND), "audit", *own, "--osv", str(database), *options]
    environment = {**os.environ, **hostile_host.home(folder / "home")}
    return subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("contents", "code"),
    [
        (5, "data.invalid-value"),
        ("x" * (17 << 20), "data.invalid-value"),
        ("no contents", "host.invalid-answer"),
        (packed(parts=[{"id": "", "kind": "source", "name": ""}]), "host.invalid-answer"),
    ],
    ids=["number", "long", "damaged", "empty name"],
)
def test_another_answer_fails_its_host_and_no_other(
    tmp_path: Path, contents: object, code: str
) -> None:
    done = audit(tmp_path, contents, "--json")
    assert done.returncode == 1, done.stderr
    said = json.loads(done.stdout)
    assert said["errors"]["bad"]["code"] == code
    assert list(said["audits"]) == ["good"]
    assert [row["package"] for row in said["audits"]["good"]["findings"]] == ["six"]


def test_names_of_a_host_are_text(tmp_path: Path) -> None:
    part = {"id": "package x", "kind": "package", "name": "../../x\x1b[2J\n-r y", "version": "1"}
    text = packed(
        parts=[part], files=[["../../../home/.ssh/id_ed25519", 0, "0" * 64, "/etc/passwd"]]
    )
    done = audit(tmp_path, text)
    assert "\x1b" not in done.stdout + done.stderr
    assert "PyPI allows no such name or version" in done.stdout
    home = tmp_path / "home"
    # The log of the run is in .local, unless tests have another place for state.
    assert {path.name for path in home.iterdir()} - {".local"} == {".ssh", "vars.yml"}
    names = ["authorized_keys", "id_ed25519", "known_hosts"]
    assert sorted(path.name for path in (home / ".ssh").iterdir()) == names
    assert all((home / ".ssh" / name).read_text() == f"secret {name}\n" for name in names)
