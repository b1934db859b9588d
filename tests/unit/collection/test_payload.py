"""What a target receives, and where the library runs."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

UTILS = Path(__file__).parents[3] / "plugins" / "module_utils"
MODULE = UTILS.parent / "modules" / "gpu_info.py"
CONTROLLER_ONLY = {"planner", "catalog"}
PREFIX = "ansible_collections.slowfast.stack.plugins.module_utils."


def imported(path: Path) -> set[Path]:
    """Return the files of module_utils that a file imports anywhere, as Ansible collects them."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:
                folder = path.parents[node.level - 1]
            elif module.startswith(PREFIX):
                folder, module = UTILS, module[len(PREFIX) :]
            else:
                continue
            base = folder / module.replace(".", "/")
            names = [base.with_suffix(".py"), *(base / f"{a.name}.py" for a in node.names)]
            found |= {name for name in names if name.is_file()}
    return found


def payload(start: Path) -> set[Path]:
    """Return all files of module_utils that travel with a module."""
    seen: set[Path] = set()
    waiting = imported(start)
    while waiting:
        path = waiting.pop()
        seen.add(path)
        waiting |= imported(path) - seen
    return seen


def test_the_probe_ships_neither_solver_nor_catalog() -> None:
    shipped = {
        path.relative_to(UTILS / "_stack") for path in payload(MODULE) if "_stack" in str(path)
    }
    assert {str(path) for path in shipped} == {
        "core/architectures.py",
        "core/components.py",
        "core/construct.py",
        "core/display.py",
        "core/errors.py",
        "core/files.py",
        "core/git.py",
        "core/holders.py",
        "core/http.py",
        "core/names.py",
        "core/notices.py",
        "core/ownership.py",
        "core/process.py",
        "core/redaction.py",
        "core/saved.py",
        "core/scratch.py",
        "core/system_errors.py",
        "core/validation.py",
        "core/versions.py",
        "host/driver_files.py",
        "host/driver_record.py",
        "host/interrupted.py",
        "host/known.py",
        "host/memory.py",
        "host/model.py",
        "host/nvml.py",
        "host/packages.py",
        "host/parsers.py",
        "host/platforms.py",
        "host/probe.py",
    }
    assert not any(path.parts[0] in CONTROLLER_ONLY for path in shipped)


@pytest.mark.parametrize("name", ["artifact", "lock", "source_tree", "stacks"])
def test_modules_of_artifacts_and_environments_ship_no_planning(name: str) -> None:
    shipped = {path.relative_to(UTILS) for path in payload(MODULE.with_name(f"{name}.py"))}
    folders = {path.parts[1] for path in shipped if path.parts[0] == "_stack"}
    assert "core" in folders
    assert not folders & (CONTROLLER_ONLY | {"patches"})


def test_packages_that_travel_are_empty() -> None:
    for path in (UTILS / "_stack").rglob("__init__.py"):
        assert path.read_text(encoding="utf-8") == ""


def interpreters() -> list[str]:
    """Return a 3.9 and a 3.13 where this machine has them, and this interpreter."""
    names = ("python3.9", "python3.13")
    folders = os.environ.get("STACK_TEST_PYTHONS", "").split(os.pathsep)
    found = [shutil.which(name, path=os.pathsep.join([*folders, os.defpath])) for name in names]
    return [sys.executable, *(path for path in found if path)]


@pytest.mark.parametrize("python", interpreters())
def test_the_library_plans_without_ansible(python: str) -> None:
    program = (
        "from _stack.host import probe\n"
        "from _stack.planner import planner\n"
        "host = {'architecture': 'x86_64', 'root': True, 'gpus': [{'pci_id': '10de:2330'}],"
        " 'distribution': {'id': 'ubuntu', 'version': '22.04'}}\n"
        "print(planner.plan(host).torch.variant)"
    )
    done = subprocess.run(
        [python, "-I", "-c", f"import sys; sys.path.insert(0, {str(UTILS)!r})\n{program}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "cu130", done.stderr
