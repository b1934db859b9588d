"""Miniforge is installed complete and verified, updated in place, and taken off again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment import (
    miniforge as library,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment.python_env import (
    Conda,
    PythonEnv,
    create,
    why_rebuild,
)
from ansible_collections.slowfast.stack.plugins.modules import miniforge as module
from support import miniforge_installer
from support.errors import fails

Parameters = Callable[..., dict[str, Any]]
VERSION = "{}.{}".format(*sys.version_info)


@pytest.fixture
def parameters(tmp_path: Path, served: tuple[Path, str]) -> Parameters:
    """Return the module's parameters for a release that is served."""

    def make(version: str = "26.3.2-3", **more: str) -> dict[str, Any]:
        folder, address = served
        changes = {key: more.pop(key) for key in ("broken", "mamba") if key in more}
        name, sha256 = miniforge_installer.write(folder, version, **changes)
        return {
            "path": str(tmp_path / "miniforge"),
            "state": "present",
            "version": version,
            "url": f"{address}/{name}",
            "sha256": sha256,
            "cache": str(tmp_path / "cache"),
            "log": str(tmp_path / "log"),
            "bundle": None,
            **more,
        }

    return make


def runs(want: dict[str, Any]) -> list[str]:
    return (Path(want["path"]) / "installed.txt").read_text().splitlines()


def test_it_is_installed_once_and_both_tools_are_verified(parameters: Parameters) -> None:
    want = parameters()
    assert module.act(want, check=True) == {
        "changed": True,
        "reason": "it does not exist",
        "versions": {},
    }
    assert not Path(want["path"]).exists()
    done = module.act(want, check=False)
    assert done["versions"] == {"conda": "26.3.2", "mamba": "2.5.0"}
    assert module.act(want, check=False)["changed"] is False
    assert runs(want) == ["26.3.2-3 batch update="]


def test_mamba_1_reports_its_version_in_words(parameters: Parameters) -> None:
    want = parameters(mamba='"mamba 1.5.8\nconda 26.3.2"')
    assert module.act(want, check=False)["versions"]["mamba"] == "1.5.8"


def test_another_release_updates_in_place(parameters: Parameters) -> None:
    module.act(parameters("26.1.1-3"), check=False)
    want = parameters("26.3.2-3")
    done = module.act(want, check=False)
    assert done["reason"] == "it is release 26.1.1-3, planned is 26.3.2-3"
    assert runs(want) == ["26.1.1-3 batch update=", "26.3.2-3 batch update=1"]


def test_with_a_bundle_its_installer_is_taken_and_no_address_is_asked(
    parameters: Parameters, served: tuple[Path, str], tmp_path: Path
) -> None:
    want = parameters()
    folder, _ = served
    tools = tmp_path / "bundle" / "tools"
    tools.mkdir(parents=True)
    packed = tools / f"{want['sha256']}.sh"
    (folder / want["url"].rpartition("/")[2]).rename(packed)
    want |= {"bundle": str(tmp_path / "bundle"), "url": "https://example.invalid/installer.sh"}
    complete = packed.read_bytes()
    packed.write_bytes(complete + b"# more")
    with fails("miniforge.no-installer"):
        module.act(want, check=False)
    assert not Path(want["path"]).exists()
    packed.write_bytes(complete)
    assert module.act(want, check=False)["versions"]["conda"] == "26.3.2"


def test_an_installer_that_is_not_the_pinned_one_never_runs(parameters: Parameters) -> None:
    want = parameters(sha256="0" * 64)
    with fails("miniforge.no-installer", "0" * 64):
        module.act(want, check=False)
    assert not Path(want["path"]).exists()
    assert list(Path(want["cache"]).iterdir()) == []


def test_a_release_that_is_not_served_is_said(parameters: Parameters) -> None:
    want = parameters()
    with fails("miniforge.no-installer", 404):
        module.act({**want, "url": want["url"] + ".missing"}, check=False)


def test_an_installer_that_fails_is_quoted_and_started_again(parameters: Parameters) -> None:
    want = parameters(broken="echo 'No space left on device' >&2; exit 1")
    with fails("miniforge.install-failed", "No space left on device"):
        module.act(want, check=False)
    want = parameters()
    assert module.act(want, check=False)["reason"] == "an installation was interrupted"
    assert runs(want) == ["26.3.2-3 batch update="]


def test_a_killed_installation_is_never_taken_for_an_installation(parameters: Parameters) -> None:
    want = parameters(broken="sleep 60")
    text = (
        "import json, sys\n"
        "from ansible_collections.slowfast.stack.plugins.modules import miniforge\n"
        "miniforge.act(json.loads(sys.argv[1]), False)"
    )
    root = Path(__file__).resolve().parents[3]
    argv = [sys.executable, "-c", text, json.dumps(want)]
    environment = {**os.environ, "PYTHONPATH": str(root / "collections")}
    started = subprocess.Popen(argv, env=environment, start_new_session=True)
    while not (Path(want["path"]) / "installed.txt").exists():
        assert started.poll() is None
        time.sleep(0.02)
    os.killpg(started.pid, signal.SIGKILL)
    started.wait()
    want = parameters()
    assert module.act(want, check=True)["reason"] == "an installation was interrupted"
    assert module.act(want, check=False)["versions"]["conda"] == "26.3.2"


def test_the_conda_of_another_program_is_refused_untouched(parameters: Parameters) -> None:
    want = parameters()
    Path(want["path"]).mkdir()
    (Path(want["path"]) / "envs").touch()
    for state in ("present", "absent"):
        with fails("miniforge.foreign"):
            module.act({**want, "state": state}, check=False)
    assert [path.name for path in Path(want["path"]).iterdir()] == ["envs"]


def test_a_conda_that_was_changed_outside_this_tool_is_said(parameters: Parameters) -> None:
    want = parameters()
    module.act(want, check=False)
    (Path(want["path"]) / "bin" / "conda").write_text("#!/bin/sh\necho conda 25.1.0\n")
    with fails("miniforge.other-version", "25.1.0", "26.3.2"):
        module.act(want, check=False)


def test_it_is_taken_off_again(parameters: Parameters) -> None:
    want = parameters()
    module.act(want, check=False)
    absent = {**want, "state": "absent"}
    assert module.act(absent, check=True)["changed"]
    assert Path(want["path"]).exists()
    assert module.act(absent, check=False)["changed"]
    assert not Path(want["path"]).exists()
    assert module.act(absent, check=False)["changed"] is False


def test_an_environment_is_made_by_conda_from_one_channel(
    parameters: Parameters, tmp_path: Path
) -> None:
    want = parameters()
    module.act(want, check=False)
    env = PythonEnv(tmp_path / "stack" / "env", "uv")
    conda = Conda(Path(want["path"]), "conda-forge", (f"python={VERSION}", "mkl=2024.0"))
    assert create(Commands(), env, conda, VERSION) == "it does not exist"
    assert (env.path / "packages.txt").read_text() == f"python={VERSION}\n"
    assert create(Commands(), env, conda, VERSION) is None


def test_an_environment_that_conda_could_not_make_is_created_again(
    parameters: Parameters, tmp_path: Path
) -> None:
    want = parameters()
    module.act(want, check=False)
    env = PythonEnv(tmp_path / "stack" / "env", "uv")
    elsewhere = Conda(Path(want["path"]), "defaults", (f"python={VERSION}",))
    with fails("environment.create-failed"):
        create(Commands(), env, elsewhere, VERSION)
    assert why_rebuild(Commands(), env, VERSION) == "an installation into it was interrupted"
    conda = Conda(Path(want["path"]), "conda-forge", (f"python={VERSION}",))
    assert create(Commands(), env, conda, VERSION) == "an installation into it was interrupted"


def test_an_installation_whose_conda_does_not_run_is_updated(parameters: Parameters) -> None:
    want = parameters()
    module.act(want, check=False)
    (Path(want["path"]) / "bin" / "conda").chmod(0o644)
    assert module.act(want, check=False)["reason"] == "its conda does not run"
    assert module.act(want, check=False)["changed"] is False


def test_a_tool_that_does_not_run_after_the_installation_is_said(parameters: Parameters) -> None:
    want = parameters(mamba='"" >&2; exit 5 #')
    with fails("miniforge.not-runnable", "mamba"):
        module.act(want, check=False)
    assert module.act(parameters(), check=True)["reason"] == "an installation was interrupted"


def test_an_installer_that_is_not_there_is_said_to_be_missing(parameters: Parameters) -> None:
    want = parameters()
    want["url"] += ".missing"
    with fails("miniforge.no-installer", want["url"]):
        module.act(want, check=False)
    with fails("miniforge.no-installer", "/srv/none.sh"):
        module.act(want | {"url": "/srv/none.sh"}, check=False)
    assert not Path(want["path"]).exists()


def test_the_mark_of_an_installation_that_is_removed_goes_with_it(tmp_path: Path) -> None:
    path = tmp_path / "miniforge"
    mark = path.with_name(".miniforge.unfinished")
    mark.touch()
    assert library.remove(path, check=True) is False
    assert mark.exists()
    assert library.remove(path, check=False) is False
    assert not mark.exists()
