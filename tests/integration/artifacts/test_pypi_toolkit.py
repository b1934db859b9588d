"""Detectron2's CUDA extension, compiled with the compiler of PyPI by a user who is not root."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.sources import (
    TREES,
    TreeRow,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from ansible_collections.slowfast.stack.plugins.module_utils._stack.cuda import (
    extension_archs,
    from_wheels,
)
from support import ROOT
from support.stack_under_test import COMMAND, SOURCES, sources
from support.users import as_user, give, user_folder

# A folder of programs that every user can run: ansible-playbook, and uv.
BIN = Path(os.environ.get("SLOWFAST_STACK_NVCC", "/nowhere"))
PLACES = dict(source.split("=", 1) for source in SOURCES.split(",") if source)
# What this machine is planned as: the rest of it is real.
AS_IF = {
    "gpus": [
        {
            "slot": "0000:01:00.0",
            "pci_id": "10de:2330",
            "class": "0302",
            "kernel_driver": "nvidia",
            "subsystem": None,
        }
    ],
    "driver": {"version": "580.95.05", "flavour": "open"},
    "toolkits": [],
    "root": False,
    "virtualization": "none",
    # The endpoints of this machine do not count: the sources are at hand, or in the bundle.
    "network": {},
}


def copy(tree: TreeRow, folder: Path) -> Path:
    """Copy the pinned commit: another user's git does not trust a repository that root owns."""
    place = Path(PLACES[tree.name]).absolute()
    for argv in (
        ["init", "--quiet", "--bare", "--initial-branch=main", folder],
        ["-C", folder, "fetch", "--quiet", "--depth=1", f"file://{place}", tree.commit],
        ["-C", folder, "update-ref", "refs/heads/main", tree.commit],
    ):
        subprocess.run(["git", "-c", "safe.directory=*", *argv], check=True)
    give(folder)
    return folder


def bundle(folder: Path) -> dict[str, object]:
    """Create the bundle of that host and return what the module ``bundle`` reads of it."""
    command = [str(COMMAND), "probe", "--json"]
    recorded = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    (host,) = recorded["hosts"].values()
    picture = folder / "host.json"
    picture.write_text(json.dumps({"schema": 1, "hosts": {"h100": {**host, **AS_IF}}}))
    file = folder / "h100.bundle"
    command = [str(COMMAND), "bundle", "create", "--json", "-o", str(file), *sources()]
    command += ["--host", str(picture), "--no-system-packages"]
    made = subprocess.run(command, capture_output=True, check=False)
    assert made.returncode == 0, made.stderr[-3000:]
    return {"file": str(file), "digest": json.loads(made.stdout)["bundle"]["digest"]}


@pytest.mark.parametrize("source", ["network", "bundle"])
@pytest.mark.skipif(
    "detectron2" not in PLACES or not BIN.is_dir(),
    reason="takes 4 minutes each: set SLOWFAST_STACK_NVCC and SLOWFAST_STACK_SOURCES",
)
def test_detectron2_is_compiled_for_a_gpu_without_root_and_without_nvcc(source: str) -> None:
    with user_folder() as folder:
        wanted: dict[str, Any] = {"stack_prefix": str(folder / "prefix"), "as_if": AS_IF}
        route = []
        if source == "bundle":
            wanted |= {"stack_request": {}, "given_bundle": bundle(folder.parent)}
            # A network of its own, without any interface that is up.
            route = ["unshare", "--map-current-user", "--net"]
        else:
            # The play uses this one alone.
            (tree,) = (row for row in TREES if row.name == "detectron2")
            url = str(copy(tree, folder / "source"))
            wanted["stack_request"] = {"sources": {tree.name: {"url": url}}}
        wanted["stack_uv"] = str(BIN / "uv")
        given = folder / "given.json"
        play_argv = [*route, BIN / "ansible-playbook", ROOT / "tests/integration/pypi_toolkit.yml"]
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder),
            "ANSIBLE_HOME": str(folder / "ansible"),
            "ANSIBLE_REMOTE_TEMP": str(folder / "remote"),
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
            **{name: text for name, text in os.environ.items() if name.startswith("SSL_CERT")},
        }

        def play() -> None:
            given.write_text(json.dumps(wanted), encoding="utf-8")
            run = subprocess.run(
                [*play_argv, "-i", "localhost,", "-e", f"@{given}"],
                env=environment,
                cwd=folder,
                capture_output=True,
                text=True,
                check=False,
            )
            assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]

        as_user(play)
        (stack,) = (folder / "prefix/stacks").iterdir()
        built = extension_archs.find(stack / "env", "detectron2")
        code = extension_archs.code_of(built, None, Commands())
        assert code.names() == ["sm_90"]
        assert built.stat().st_uid == Path(folder).stat().st_uid
        # A second time nothing of the toolkit differs.
        (home,) = (stack / "env").glob("cuda-13.*")
        assert from_wheels.arrange(stack / "env", home) == []
