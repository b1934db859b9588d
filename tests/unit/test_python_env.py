"""Environments made and filled by the real uv, from wheels written here."""

from __future__ import annotations

import os
import sys
import zipfile
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.commands import Commands
from ansible_collections.slowfast.stack.plugins.module_utils._stack.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.python_env import (
    UNFINISHED,
    Packages,
    PythonEnv,
    create,
    install,
    missing,
    why_rebuild,
)

VERSION = "{}.{}".format(*sys.version_info)
BACKEND = """
import os, pathlib, zipfile
def _wheel(folder, body):
    name = "tree-1.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as packed:
        packed.writestr("tree.pth", body)
        info = "tree-1.0.dist-info/"
        packed.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: tree\\nVersion: 1.0\\n")
        packed.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\n")
        packed.writestr(info + "RECORD", "")
    return name
def build_wheel(folder, config_settings=None, metadata_directory=None):
    return _wheel(folder, "")
def build_editable(folder, config_settings=None, metadata_directory=None):
    return _wheel(folder, os.getcwd())
"""


def wheel(folder: Path, name: str, version: str) -> str:
    """Write a wheel without dependencies; return the requirement that installs it."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": f"VERSION = '{version}'\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(path, "w") as packed:
        for member, text in files.items():
            packed.writestr(member, text)
        record = "".join(f"{member},,\n" for member in files) + f"{info}/RECORD,,\n"
        packed.writestr(f"{info}/RECORD", record)
    return f"{name} @ {path.as_uri()}"


@pytest.fixture
def env(tmp_path: Path) -> PythonEnv:
    made = PythonEnv(tmp_path / "env", "uv")
    assert create(Commands(), made, sys.executable, VERSION) == "it does not exist"
    return made


def test_a_whole_environment_is_kept(env: PythonEnv) -> None:
    assert create(Commands(), env, sys.executable, VERSION) is None


def test_an_environment_is_rebuilt_when_an_installation_was_cut_off(env: PythonEnv) -> None:
    (env.path / UNFINISHED).touch()
    assert create(Commands(), env, sys.executable, VERSION) == "an installation into it was cut off"
    assert why_rebuild(Commands(), env, VERSION) is None


def test_an_environment_is_rebuilt_for_another_python_or_a_dead_interpreter(env: PythonEnv) -> None:
    assert why_rebuild(Commands(), env, "3.8") == f"it has Python {VERSION}, planned is 3.8"
    env.python.unlink()
    assert why_rebuild(Commands(), env, VERSION) == "its interpreter does not run"


def test_packages_are_installed_once(env: PythonEnv, tmp_path: Path) -> None:
    wanted = Packages((wheel(tmp_path, "alpha", "1.0"), wheel(tmp_path, "beta", "2.0")))
    assert len(missing(Commands(), env, wanted)) == 2
    assert len(install(Commands(), env, wanted, tmp_path / "log")) == 2
    assert install(Commands(), env, wanted, tmp_path / "log") == ()
    assert not (env.path / UNFINISHED).exists()


def test_a_package_changed_behind_our_back_is_put_right(env: PythonEnv, tmp_path: Path) -> None:
    wanted = Packages((wheel(tmp_path, "alpha", "1.0"),))
    install(Commands(), env, wanted, tmp_path / "log")
    install(Commands(), env, Packages((wheel(tmp_path, "alpha", "3.0"),)), tmp_path / "log")
    assert install(Commands(), env, wanted, tmp_path / "log") != ()
    answer = Commands().run([str(env.python), "-c", "import alpha; print(alpha.VERSION)"])
    assert answer.output.strip() == "1.0"


def test_a_failed_installation_says_so_and_changes_nothing(env: PythonEnv, tmp_path: Path) -> None:
    gone = f"gone @ {(tmp_path / 'gone-1.0-py3-none-any.whl').as_uri()}"
    with pytest.raises(StackError, match="uv could not resolve"):
        install(Commands(), env, Packages((gone,)), tmp_path / "log")
    assert why_rebuild(Commands(), env, VERSION) is None


def test_an_editable_tree_is_installed_again_only_after_its_setup_changed(
    env: PythonEnv, tmp_path: Path
) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "backend.py").write_text(BACKEND)
    (tree / "setup.py").write_text("")
    (tree / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "tree"\nversion = "1.0"\n'
    )
    wanted = Packages((f"-e {tree}",), dependencies=False, build_isolation=False)
    assert install(Commands(), env, wanted, tmp_path / "log")
    assert install(Commands(), env, wanted, tmp_path / "log") == ()
    later = (tree / "setup.py").stat().st_mtime + 10
    os.utime(tree / "setup.py", (later, later))
    assert install(Commands(), env, wanted, tmp_path / "log")


def test_another_file_than_the_pinned_one_is_refused(env: PythonEnv, tmp_path: Path) -> None:
    wanted = Packages((f"{wheel(tmp_path, 'alpha', '1.0')}#sha256={'0' * 64}",))
    with pytest.raises(StackError, match=r"(?s)Hash mismatch.*was not used"):
        install(Commands(), env, wanted, tmp_path / "log")
    assert Commands().run([str(env.python), "-c", "import alpha"]).rc
