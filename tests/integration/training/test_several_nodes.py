"""``train --nodes`` and ``train --slurm`` before anything is trained: groups, stacks, links, scripts."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from support.training_harness import Harness

LOCK = {
    "packages": [{"name": "torch", "version": "2.11.0"}],
    "sources": {"slowfast": {"commit": "287ec00", "tree": "ab"}},
}
LOCAL = {"ansible_connection": "local"}
ABSENT = {"ansible_port": 1, "ansible_host": "127.0.0.1"}


def prepared(harness: Harness, hosts: dict[str, dict[str, Any]]) -> None:
    """Give the stack its lock, and write an inventory with a group of these hosts."""
    (harness.here / "prefix/current/stack.lock.json").write_text(json.dumps(LOCK))
    (harness.here / "hosts.yml").write_text(json.dumps({"gpu": {"hosts": hosts}}))


def train(harness: Harness, *options: str, expect: int) -> dict[str, Any]:
    return harness.train("-i", "hosts.yml", "--nodes", "gpu", *options, expect=expect)


@pytest.mark.parametrize(
    ("hosts", "options", "code", "exit_code"),
    [
        ({"a": LOCAL}, (), "training.too-few-nodes", 2),
        ({}, (), "inventory.no-host", 2),
        ({"a": LOCAL, "b": {"ansible_connection": "podman"}}, (), "training.unsupported-node", 2),
        ({"a": LOCAL, "b": {"ansible_user": "{{ me }}"}}, (), "training.unsupported-node", 2),
        ({"a": LOCAL, "b": ABSENT}, (), "training.node-unreachable", 4),
        ({"a": LOCAL, "b": LOCAL}, ("--interface", "none0"), "training.broken-link", 1),
        ({"a": LOCAL, "b": LOCAL}, ("--on-node-lost", "pray"), "cli.conflicting-options", 2),
        ({"a": LOCAL, "b": LOCAL}, ("--slurm", "2"), "cli.conflicting-options", 2),
    ],
)  # fmt: skip
def test_what_cannot_train_together_is_named(
    harness: Harness,
    hosts: dict[str, dict[str, Any]],
    options: tuple[str, ...],
    code: str,
    exit_code: int,
) -> None:
    prepared(harness, hosts)
    error = train(harness, *options, expect=exit_code)["error"]
    assert error["code"] == code


def test_a_node_without_a_stack_is_named(harness: Harness) -> None:
    prepared(harness, {"a": LOCAL, "b": LOCAL})
    (harness.here / "prefix/current/stack.lock.json").unlink()
    error = train(harness, expect=1)["error"]
    assert error["code"] == "stack.not-installed"
    assert error["message"].startswith("a ")


@pytest.mark.parametrize(
    ("image", "start"),
    [
        (None, "task {python}"),
        ("nvcr.io#nvidia/pytorch", "--container-image=nvcr.io#nvidia/pytorch"),
        ("my image.sif", "task apptainer exec 'my image.sif' {python}"),
    ],
)
def test_the_script_for_slurm_is_printed(
    harness: Harness, tmp_path: Path, image: str | None, start: str
) -> None:
    options = [
        "--slurm",
        "3",
        "--dry-run",
        "--partition",
        "a;b",
        "NUM_GPUS",
        "0",
        "DATA.PATH_PREFIX",
        "x'; y",
    ]
    options += ["--image", image] if image else []
    script = harness.train(*options)["script"]
    python = f"{tmp_path}/prefix/current/env/bin/python"
    lines = script.splitlines()
    assert {"#SBATCH --nodes=3", "#SBATCH --requeue", "#SBATCH --partition='a;b'"} <= set(lines)
    assert "--gpus-per-node" not in script
    (run,) = [line for line in lines if line.startswith("srun --kill-on-bad-exit=1")]
    assert start.format(python=python) in run
    assert run.endswith("""NUM_GPUS 0 DATA.PATH_PREFIX 'x'"'"'; y' &""")
    assert subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode == 0


def test_the_script_for_slurm_has_the_interface(harness: Harness) -> None:
    script = harness.train("--slurm", "3", "--dry-run", "--interface", "ib0")["script"]
    (line,) = [line for line in script.splitlines() if line.startswith("export ")]
    assert {"NCCL_SOCKET_IFNAME==ib0", "GLOO_SOCKET_IFNAME=ib0"} <= set(line.split())
    assert "TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1" in line.split()
