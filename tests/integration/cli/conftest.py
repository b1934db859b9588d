"""A copy of the collection with small playbooks in it, and the real command line on top.

The command line takes its playbooks from the collection that it was imported from, so a folder of
links with other playbooks is all that a test needs; everything else is the real program.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
THIS_MACHINE = {
    "ansible_connection": "local",
    "ansible_python_interpreter": "{{ ansible_playbook_python }}",
}


@dataclass(frozen=True)
class Stack:
    """The command line as a process of its own."""

    environment: dict[str, str]
    state: Path

    def argv(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "slowfast_stack", *arguments]

    def run(self, *arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.argv(*arguments),
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            stdin=subprocess.DEVNULL,
            **more,
        )

    def log(self) -> str:
        newest = max((self.state / "slowfast-stack/logs").glob("*.log"))
        return newest.read_text(encoding="utf-8")


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    collection = tmp_path / "imported/ansible_collections/slowfast/stack"
    collection.mkdir(parents=True)
    for entry in ("galaxy.yml", "meta", "plugins"):
        (collection / entry).symlink_to(ROOT / entry)
    for entry in ("playbooks", "roles"):
        (collection / entry).symlink_to(HERE / entry)
    source = ROOT / "src"
    environment = os.environ | {
        "PYTHONPATH": f"{tmp_path / 'imported'}{os.pathsep}{source}",
        "XDG_STATE_HOME": str(tmp_path / "state"),
    }
    for unwanted in ("NO_COLOR", "FORCE_COLOR"):
        environment.pop(unwanted, None)
    return Stack(environment, tmp_path / "state")


@pytest.fixture
def inventory(tmp_path: Path) -> Callable[..., str]:
    """Write an inventory of local hosts with these variables and return its path."""

    def write(**hosts: dict[str, Any]) -> str:
        path = tmp_path / "hosts.json"
        path.with_suffix(".yml").write_text(
            json.dumps({"all": {"hosts": {n: THIS_MACHINE | v for n, v in hosts.items()}}})
        )
        return str(path.with_suffix(".yml"))

    return write
