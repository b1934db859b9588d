"""The folder graph check finds planted cycles and upward imports in every form of import."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

SPEC = importlib.util.spec_from_file_location(
    "check_imports", Path(__file__).parents[3] / "scripts" / "check_imports.py"
)
assert SPEC
assert SPEC.loader
CHECK = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(CHECK)

STACK = "plugins/module_utils/_stack"
PREFIX = "ansible_collections.slowfast.stack.plugins"


def problems(root: Path, **files: str) -> list[str]:
    """Write one line of code for each file ("core__errors" is _stack/core/errors.py) and check the tree."""
    for name, code in files.items():
        file = root / (f"{name.replace('__', '/')}.py")
        if not name.startswith(("src", "plugins")):
            file = root / STACK / file.relative_to(root)
        file.parent.mkdir(parents=True, exist_ok=True)
        (file.parent / "__init__.py").touch()
        file.write_text(code + "\n")
    found: list[str] = CHECK.problems(CHECK.imports(root))
    return found


def test_downward_imports_pass(tmp_path: Path) -> None:
    assert not problems(
        tmp_path,
        core__errors="import os",
        host__probe="from ..core import errors",
        planner__plan="from ..host.probe import probe",
        plugins__modules__gpu_info=f"from {PREFIX}.module_utils._stack.host.probe import probe",
    )


@pytest.mark.parametrize(
    "code",
    [
        "from ..planner import plan",
        "from ..planner.plan import Plan",
        f"import {PREFIX}.module_utils._stack.planner.plan",
        "def late():\n    from ..planner.plan import Plan",
        "if TYPE_CHECKING:\n    from ..planner.plan import Plan",
    ],
)
def test_an_upward_import_is_refused_in_every_form(tmp_path: Path, code: str) -> None:
    (line,) = problems(tmp_path, planner__plan="import os", core__errors=code)
    assert line.startswith(f"{STACK}/core/errors.py:")
    assert "_stack/core imports _stack/planner" in line


def test_a_cycle_within_one_layer_is_refused(tmp_path: Path) -> None:
    (line,) = problems(
        tmp_path,
        driver__verify="from ..cuda import cubin",
        cuda__cubin="from ..environment import prefix",
        environment__prefix="from ..driver import verify",
    )
    assert line.startswith("cycle: ")
    assert {
        f"{STACK}/{place}:1"
        for place in ("driver/verify.py", "cuda/cubin.py", "environment/prefix.py")
    } == {place.strip("(),") for place in line.split() if place.strip("(").startswith(STACK)}


def test_a_cycle_of_modules_in_one_folder_is_refused(tmp_path: Path) -> None:
    (line,) = problems(
        tmp_path, core__errors="from . import files", core__files="from .errors import StackError"
    )
    assert line.startswith("cycle: ")
    assert f"{STACK}/core/files.py:1" in line


def test_the_library_does_not_import_the_command_line(tmp_path: Path) -> None:
    lines = problems(
        tmp_path,
        src__slowfast_stack__cli__app="",
        core__errors="from slowfast_stack.cli.app import main",
    )
    assert len(lines) == 1


def test_a_folder_without_a_layer_is_refused(tmp_path: Path) -> None:
    (line,) = problems(tmp_path, novel__module="", planner__plan="from ..novel import module")
    assert "in no layer" in line
