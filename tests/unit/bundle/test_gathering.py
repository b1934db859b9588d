"""What goes into a bundle: the right wheel for a target, and one commit of a repository."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts import source_tree
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import planner
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.plan import Plan
from support.errors import fails

from slowfast_stack.bundle import sources, wheels
from slowfast_stack.bundle.target import Target

from .conftest import load_host

HERE = Target("3.11", "x86_64", "2.36")


@pytest.mark.parametrize(
    ("files", "best"),
    [
        (["a-1-py3-none-any.whl", "a-1-cp311-cp311-manylinux_2_28_x86_64.whl"], 1),
        (["a-1-cp311-cp311-manylinux_2_39_x86_64.whl", "a-1-py3-none-any.whl"], 1),
        (
            ["a-1-cp312-cp312-manylinux_2_17_x86_64.whl", "a-1-cp39-abi3-manylinux2014_x86_64.whl"],
            1,
        ),
        (["a-1-cp311-cp311-manylinux_2_17_aarch64.whl"], None),
        (["a-1-cp311-cp311-musllinux_1_2_x86_64.whl", "a-1-cp311-cp311-win_amd64.whl"], None),
        (["not a wheel", "a-1-py2.py3-none-any.whl"], 1),
        (["a-1-cp311-cp311-linux_x86_64.whl"], 0),
    ],
)
def test_the_best_wheel_that_runs_on_the_target_is_taken(
    files: list[str], best: int | None
) -> None:
    assert HERE.best(files) == (None if best is None else files[best])


@pytest.mark.parametrize(
    ("glibc", "platform"),
    [("2.36", "2_36"), ("2.41", "2_40"), ("2.29", "2_28"), ("2.17", "2_17"), ("2.12", "2_17")],
)
def test_uv_is_asked_for_a_platform_that_it_knows(glibc: str, platform: str) -> None:
    assert Target("3.9", "aarch64", glibc).platform == f"aarch64-manylinux_{platform}"


def test_an_adopted_torch_is_not_asked_for() -> None:
    planned = planner.plan(load_host(network={"pypi": True}), {})
    assert isinstance(planned, Plan)
    own = replace(
        planned.torch_wheels,
        requirements=("torch==2.4.0+cu121", "torchvision==0.19.0"),
        build_tools=("numpy==1.26.4", "nvidia-cuda-nvcc==13.0.88"),
    )
    plan = replace(planned, torch_wheels=own, packages=("numpy==1.26.4",))
    pins = ["numpy==1.26.4", "nvidia-cuda-nvcc==13.0.88"]
    everything = wheels.requirements(plan, adopt_torch=False)
    assert everything == ["torch==2.4.0+cu121", "torchvision==0.19.0", *pins]
    assert wheels.requirements(plan, adopt_torch=True) == everything[1:]


@pytest.fixture
def repository(tmp_path: Path) -> tuple[Path, str]:
    folder = tmp_path / "repository"
    git = ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@t"]
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    (folder / "sub").mkdir()
    for number in (1, 2):
        (folder / "setup.py").write_text(f"version = {number}\n")
        (folder / "sub" / "data.txt").write_text("data")
        (folder / "sub" / "demo.gif").write_bytes(bytes(5000))
        subprocess.run([*git, "add", "."], check=True)
        subprocess.run([*git, "commit", "--quiet", "-m", str(number)], check=True)
    head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    return folder, head.stdout.strip()


@pytest.mark.parametrize("form", ["path", "bundle", "url"])
def test_a_packed_commit_is_placed_without_its_origin(
    repository: tuple[Path, str], tmp_path: Path, form: str
) -> None:
    folder, commit = repository
    place = {"path": str(folder), "url": folder.as_uri(), "bundle": str(tmp_path / "all.bundle")}
    subprocess.run(
        ["git", "-C", folder, "bundle", "create", "-q", place["bundle"], "HEAD"], check=True
    )
    packed = sources.pack(str(place[form]), commit, tmp_path / "out" / "sources")
    assert packed.name == f"{commit}.bundle"
    folder.rename(tmp_path / "removed")
    tree = tmp_path / "tree"
    source = source_tree.Source("git", "https://example.invalid/x", commit)
    source_tree.place(Commands(), source, tree, uv="uv", bundle=tmp_path / "out")
    assert source_tree.identity_of(Commands(), tree) == commit
    assert (tree / "setup.py").read_text() == "version = 2\n"
    assert (tree / "sub" / "data.txt").is_file()
    assert not (tree / "sub" / "demo.gif").exists()
    status = ["git", "-C", str(tree), "status", "--porcelain"]
    assert subprocess.run(status, capture_output=True, text=True, check=True).stdout == ""


def test_a_commit_that_is_not_there_is_said(repository: tuple[Path, str], tmp_path: Path) -> None:
    with pytest.raises(StackError) as caught:
        sources.pack(str(repository[0]), "f" * 40, tmp_path)
    assert caught.value.code == "bundle.source-not-packed"
    assert list(tmp_path.glob("*.bundle")) == []
    tree = tmp_path / "tree"
    source = source_tree.Source("git", "https://example.invalid/x", "f" * 40)
    with fails("bundle.missing-source", "f" * 40):
        source_tree.place(Commands(), source, tree, uv="uv", bundle=tmp_path)
    assert not tree.exists()
