"""A wheel that provides the collection to where Ansible finds it."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from support import ROOT

import slowfast_stack

BIN = Path(sys.executable).parent


def output(*argv, **variables):
    clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    clean.pop("ANSIBLE_COLLECTIONS_PATH", None)
    done = subprocess.run(
        [str(part) for part in argv],
        env=clean | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Build the wheel and install it beside the dependencies of this environment, not beside us."""
    folder = tmp_path_factory.mktemp("wheel")
    output(BIN / "uv", "build", "-q", "--wheel", "--out-dir", folder, ROOT)
    output(BIN / "uv", "venv", "-q", "--python", sys.executable, folder / "venv")
    python = folder / "venv/bin/python"
    output(
        BIN / "uv", "pip", "install", "-q", "--no-deps", "--python", python, *folder.glob("*.whl")
    )
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder / "venv")}))
    # A path file inside a folder that a path file names is not read: our editable install is not.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "venv", site


def test_the_wheel_provides_the_command(installed):
    venv, site = installed
    result = output(venv / "bin/slowfast-stack", "--version")
    assert result == f"slowfast-stack {slowfast_stack.__version__}\n"
    assert (site / "slowfast_stack/local_inventory/hosts.yml").is_file()
    assert (site / "slowfast_stack/proof_report.html.j2").is_file()


def test_the_wheel_provides_the_collection_to_where_ansible_looks(installed, tmp_path):
    venv, site = installed
    ansible_doc = (venv / "bin/python", "-m", "ansible", "doc")
    result = output(*ansible_doc, "-t", "module", "-l", "slowfast.stack", HOME=str(tmp_path))
    assert "slowfast.stack.prove" in result
    listed = output(
        venv / "bin/python", "-m", "ansible", "galaxy", "collection", "list", HOME=str(tmp_path)
    )
    assert f"# {site / 'ansible_collections'}" in listed
    assert f"slowfast.stack {slowfast_stack.__version__}" in " ".join(listed.split())
