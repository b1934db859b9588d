"""A package of another Python is used by links: what is linked, what stays, what goes again."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment import (
    reuse_packages,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment.python_env import (
    PythonEnv,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import parsers
from support.errors import fails

UV = str(Path(sys.executable).with_name("uv"))
SITE = f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"


def venv(path: Path) -> PythonEnv:
    argv = [UV, "venv", "--quiet", "--offline", "--python", sys.executable, str(path)]
    subprocess.run(argv, check=True)
    return PythonEnv(path, UV)


def install(
    env: PythonEnv, name: str, version: str, files: dict[str, str], metadata: str = "", **more: str
) -> None:
    """Write an installed package as an installer would."""
    site = env.path / SITE
    info = f"{name}-{version}.dist-info"
    head = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{metadata}"
    written = {**files, f"{info}/METADATA": head, f"{info}/WHEEL": "Wheel-Version: 1.0\n", **more}
    for path, text in written.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(text)
    record = "".join(f"{path},sha256=x,1\n" for path in written) + f"{info}/RECORD,,\n"
    (site / info / "RECORD").write_text(record)


@pytest.fixture
def theirs(tmp_path: Path) -> PythonEnv:
    env = venv(tmp_path / "theirs")
    needs = (
        'Requires-Dist: kit[run]==1\nRequires-Dist: absent; sys_platform == "win32"\n'
        'Requires-Dist: unwanted; extra == "test"\n'
    )
    program = {
        "torch-2.11.0.dist-info/entry_points.txt": "[console_scripts]\ntorchrun = torch:go\n"
    }
    files = {
        "torch/__init__.py": "import names.one\ndef go():\n    print('ran')\n",
        "torch/version.py": "__version__ = '2.11.0+cu130'\ncuda = '13.0'\n",
    }
    install(env, "torch", "2.11.0", files, needs, **program)
    install(env, "kit", "1", {"kit.py": ""}, 'Requires-Dist: names_one; extra == "run"\n')
    install(env, "names_one", "1", {"names/one/__init__.py": ""})
    install(env, "names_two", "1", {"names/two.py": ""})
    install(env, "unwanted", "1", {"unwanted.py": ""})
    return env


@pytest.fixture
def ours(tmp_path: Path) -> PythonEnv:
    return venv(tmp_path / "ours")


def adopt(ours: PythonEnv, theirs: PythonEnv, **more: bool) -> list[str]:
    return reuse_packages.adopt(Commands(), ours, str(theirs.python), "torch", **more)


def test_a_package_and_what_it_needs_are_linked_and_seen(
    ours: PythonEnv, theirs: PythonEnv
) -> None:
    assert sorted(adopt(ours, theirs)) == ["kit 1", "names_one 1", "torch 2.11.0"]
    assert (ours.path / SITE / "torch").is_symlink()
    assert not (ours.path / SITE / "unwanted.py").exists()
    listed = subprocess.run(
        [UV, "pip", "list", "--format", "json", "--python", str(ours.path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert {"name": "torch", "version": "2.11.0"} in json.loads(listed.stdout)
    ran = subprocess.run([ours.path / "bin/torchrun"], capture_output=True, text=True, check=True)
    assert ran.stdout == "ran\n"
    assert adopt(ours, theirs) == []


def test_the_metadata_lists_what_was_linked_and_who_did_it(
    ours: PythonEnv, theirs: PythonEnv
) -> None:
    adopt(ours, theirs)
    site = ours.path / SITE
    info = "torch-2.11.0.dist-info"
    files = ("METADATA", "WHEEL", "entry_points.txt", "RECORD.adopted", "INSTALLER", "RECORD")
    listed = ["torch", "../../../bin/torchrun", *(f"{info}/{name}" for name in files)]
    assert (site / info / "RECORD").read_text() == "".join(f"{name},,\n" for name in listed)
    assert (site / info / "INSTALLER").read_text() == "slowfast.stack, by links\n"
    assert (site / info / "RECORD.adopted").readlink() == theirs.path / SITE / info / "RECORD"
    assert (site / info / "METADATA").read_text().startswith("Metadata-Version: 2.1\nName: torch")
    assert (ours.path / "bin/torchrun").stat().st_mode & 0o777 == 0o755


def test_a_list_that_names_files_elsewhere_removes_none_of_them(
    ours: PythonEnv, theirs: PythonEnv, tmp_path: Path
) -> None:
    adopt(ours, theirs)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/file").touch()
    (ours.path / "behind").symlink_to(tmp_path / "outside")
    (ours.path / "folder").mkdir()
    record = ours.path / SITE / "torch-2.11.0.dist-info/RECORD"
    names = ("../../../../outside/file", "../../../behind/file", "../../../folder", "torch")
    record.write_text("".join(f"{name},,\n" for name in names))
    install(theirs, "torch", "2.12.0", {"torch/__init__.py": ""})
    shutil.rmtree(theirs.path / SITE / "torch-2.11.0.dist-info")
    assert adopt(ours, theirs) == ["torch 2.12.0"]
    assert (tmp_path / "outside/file").exists()
    assert (ours.path / "folder").is_dir()
    assert not record.exists()


def test_check_mode_links_nothing(ours: PythonEnv, theirs: PythonEnv) -> None:
    assert len(adopt(ours, theirs, change=False)) == 3
    assert not (ours.path / SITE / "torch").exists()


def test_what_the_environment_has_by_itself_stays(ours: PythonEnv, theirs: PythonEnv) -> None:
    install(ours, "kit", "2", {"kit.py": "mine = True\n"})
    assert sorted(adopt(ours, theirs)) == ["names_one 1", "torch 2.11.0"]
    assert "mine" in (ours.path / SITE / "kit.py").read_text()


def test_uninstalling_takes_away_links_alone(ours: PythonEnv, theirs: PythonEnv) -> None:
    adopt(ours, theirs)
    argv = [UV, "pip", "uninstall", "--quiet", "--python", str(ours.path), "torch"]
    subprocess.run(argv, check=True)
    assert not (ours.path / SITE / "torch").exists()
    assert not (ours.path / "bin/torchrun").exists()
    assert (theirs.path / SITE / "torch/version.py").is_file()
    assert adopt(ours, theirs) == ["torch 2.11.0"]


def test_another_version_over_there_is_linked_again(ours: PythonEnv, theirs: PythonEnv) -> None:
    adopt(ours, theirs)
    argv = [UV, "pip", "uninstall", "--quiet", "--python", str(theirs.path), "torch"]
    subprocess.run(argv, check=True)
    install(theirs, "torch", "2.12.0", {"torch/__init__.py": "", "torch/version.py": ""})
    assert adopt(ours, theirs) == ["torch 2.12.0"]
    assert not list((ours.path / SITE).glob("torch-2.11*"))
    assert not (ours.path / "bin/torchrun").exists()


def test_a_python_without_it_is_said(ours: PythonEnv, tmp_path: Path) -> None:
    empty = venv(tmp_path / "empty")
    with fails("environment.not-adoptable", "torch"):
        adopt(ours, empty)
    with fails("environment.not-adoptable"):
        reuse_packages.adopt(Commands(), ours, "/nowhere/python", "torch")


@pytest.mark.parametrize(
    ("answer", "variant"),
    [
        ('{"version": "2.11.0+cu130", "cuda": "13.0", "hip": null}', "cu130"),
        ('{"version": "2.4.0", "cuda": "12.1", "hip": null}', "cu121"),
        ('{"version": "2.11.0+cpu", "cuda": null, "hip": null}', "cpu"),
        ('{"version": "2.11.0", "cuda": null, "hip": "6.4"}', None),
        ("", None),
    ],
)
def test_the_variant_is_read_from_what_torch_says(answer: str, variant: str | None) -> None:
    found = parsers.torch("/usr/bin/python3", answer)
    assert (found and found.variant) == variant


def test_the_question_is_answered_without_importing_torch(theirs: PythonEnv) -> None:
    (theirs.path / SITE / "torch/__init__.py").write_text("raise SystemExit('imported')")
    argv = [str(theirs.python), "-I", "-c", parsers.TORCH_QUESTION]
    answer = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    found = parsers.torch("x", answer)
    assert found is not None
    assert (found.version, found.variant) == ("2.11.0", "cu130")


def test_the_package_without_a_list_of_files_is_named(ours: PythonEnv, theirs: PythonEnv) -> None:
    (theirs.path / SITE / "kit-1.dist-info" / "RECORD").unlink()
    with fails("environment.not-adoptable") as caught:
        adopt(ours, theirs)
    assert caught.value.message.startswith("kit of ")


def test_without_an_environment_everything_is_missing(theirs: PythonEnv, tmp_path: Path) -> None:
    absent = PythonEnv(tmp_path / "absent", UV)
    assert sorted(adopt(absent, theirs)) == ["kit 1", "names_one 1", "torch 2.11.0"]
    assert not absent.path.exists()


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("echo one; echo two; echo three; echo four; echo five; echo six; exit 1", "two\nthree"),
        ("echo '[]'", "not installed"),
        ("echo '[]'; exit 3", "[]"),
    ],
)
def test_why_a_package_cannot_be_adopted(tmp_path: Path, text: str, cause: str) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{text}\n")
    python.chmod(0o755)
    with fails("environment.not-adoptable", f"torch of {python}") as caught:
        reuse_packages.closure(Commands(), str(python), "torch")
    assert cause in caught.value.cause
    assert "one" not in caught.value.cause
