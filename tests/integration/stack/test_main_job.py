"""Probe, plan, apply, prove: the main job, for real."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support import ROOT
from support.stack_under_test import SOURCES, Stack

PYTHON_PART = {
    "environment.versions",
    "environment.pip_check",
    "torch.variant",
    "torch.matmul",
    "torch.solve",
    "detectron2.roi_align",
    "detectron2.nms",
    "detectron2.model_zoo",
    "slowfast.source",
    "slowfast.config",
    "slowfast.decode",
    "slowfast.training",
    "slowfast.checkpoint",
}
FROM_SOURCE = {"detectron2.compiled_ops", "slowfast.run_net", "slowfast.rehearsal"}


@pytest.fixture(scope="module")
def again(stack: Stack) -> dict[str, Any]:
    """What a second run of `up` says."""
    return stack.up()


def test_every_claim_is_made_or_skipped_with_its_reason(again: dict[str, Any]) -> None:
    proof = again["proof"]
    made = {claim["id"] for claim in proof["claims"] if claim["ok"] is not None}
    skipped = {claim["id"]: claim["measured"] for claim in proof["claims"] if claim["ok"] is None}
    assert proof["ok"] is True
    assert made >= PYTHON_PART
    assert made | skipped.keys() >= PYTHON_PART | FROM_SOURCE
    assert all(len(reason) > len("skipped: ") for reason in skipped.values())


def test_a_reduced_stack_is_never_presented_as_the_full_one(again: dict[str, Any]) -> None:
    plan = again["plan"]
    skipped = {claim["id"] for claim in plan["skipped_claims"]}
    if plan["network"] == "full":
        assert plan["full_network_adds"] is None
        assert not skipped & FROM_SOURCE
    else:
        assert plan["full_network_adds"]
        assert skipped >= FROM_SOURCE


def test_a_second_run_changes_nothing_and_reuses_the_evidence(again: dict[str, Any]) -> None:
    assert again["status"] == "proven"
    assert again["changed"] == 0
    assert again["proof"]["reused"] is True


def test_imports_are_compiled_once_whatever_the_variables_say(stack: Stack) -> None:
    packages = next((stack.prefix / "current" / "env" / "lib").glob("python*/site-packages"))
    for package in ("torch", "torchvision", "yacs"):
        assert list((packages / package / "__pycache__").glob("*.pyc"))


def test_each_verb_works_alone_and_prints_the_contract(stack: Stack) -> None:
    probe = subprocess.run(
        [*stack.argv("probe")[:2], "--json"], capture_output=True, text=True, check=True
    )
    assert json.loads(probe.stdout)["hosts"]["localhost"]["architecture"]
    proof = stack_without_sources(stack).run("prove")
    assert proof["ok"] is True
    assert all(
        {"id", "ok", "expected", "measured", "seconds"} <= set(claim) for claim in proof["claims"]
    )


def stack_without_sources(stack: Stack) -> Stack:
    return Stack(stack.prefix)


def test_plain_ansible_does_the_same(stack: Stack, tmp_path: Path) -> None:
    variables = tmp_path / "variables.json"
    request = {"sources": {}}
    for source in SOURCES.split(","):
        if source:
            name, path = source.split("=", 1)
            request["sources"][name] = {"url": path}
    variables.write_text(json.dumps({"stack_prefix": str(stack.prefix), "stack_request": request}))
    done = subprocess.run(
        [
            str(Path(sys.executable).parent / "ansible-playbook"),
            "site.yml",
            "-i",
            "inventories/local",
            "--extra-vars",
            f"@{variables}",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert "changed=0" in done.stdout


def test_check_mode_on_a_new_prefix_changes_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            str(Path(sys.executable).parent / "ansible-playbook"),
            "slowfast.stack.site",
            "--check",
            "--diff",
            "-i",
            "inventories/local",
            "--extra-vars",
            json.dumps({"stack_prefix": str(tmp_path / "new")}),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert not (tmp_path / "new").exists()


def test_a_package_changed_outside_this_tool_is_put_right_and_proven_again(stack: Stack) -> None:
    env = stack.prefix / "current" / "env"
    broken = ["uv", "pip", "install", "--quiet", "--python", str(env), "tabulate==0.8.10"]
    subprocess.run(broken, check=True)
    patched = stack.up()
    assert patched["changed"] > 0
    assert patched["proof"]["reused"] is False
    assert stack.up()["changed"] == 0


@pytest.mark.skipif(not SOURCES, reason="needs upstream repositories in SLOWFAST_STACK_SOURCES")
def test_pytorch_changed_outside_this_tool_is_named_and_put_right(stack: Stack) -> None:
    """A later ``pip install`` provides a PyTorch that Detectron2's extension was not built for."""
    env = stack.prefix / "current" / "env"
    other = "2.12.0"
    planned = stack.up()["plan"]["torch"]["version"]
    assert planned != other
    install = ["uv", "pip", "install", "--quiet", "--python", str(env), f"torch=={other}"]
    subprocess.run(install, check=True)
    proof = stack_without_sources(stack).run("prove", expect=1)
    wrong = {claim["id"]: claim["measured"] for claim in proof["claims"] if claim["ok"] is False}
    assert f"torch {other} (planned {planned})" in wrong["environment.versions"]
    assert "undefined symbol" in wrong["detectron2.compiled_ops"]
    patched = stack.up()
    assert patched["status"] == "proven"
    assert patched["changed"] > 0
    assert stack.up()["changed"] == 0


@pytest.mark.skipif(not SOURCES, reason="needs upstream repositories in SLOWFAST_STACK_SOURCES")
def test_upstream_trains_through_its_own_program(stack: Stack) -> None:
    claims = {claim["id"]: claim for claim in stack.up()["proof"]["claims"]}
    assert all(claims[name]["ok"] for name in FROM_SOURCE)
    assert claims["slowfast.run_net"]["measured"].startswith("checkpoint_epoch_00001.pyth")
