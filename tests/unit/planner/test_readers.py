"""Every key of a plan has a reader: a role, a playbook, a module, or the command line."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import plan as plans

ROOT = Path(__file__).resolve().parents[3]
PLANNER = "plugins/module_utils/_stack/planner"
FOLDERS = ("roles", "playbooks", "plugins", "src")
# Of the planner, what reads a plan that is complete.
READING = ("artifacts.py", "from_bundle.py", "from_lock.py", "plan_diff.py")
# What only a user reads, in the text of ``explain`` or as data, and why it is there.
SHOWN = {
    ("GpuPlan", "pci_id"): "which GPU the plan is for",
    ("GpuPlan", "architecture"): "which GPU the plan is for",
    ("StackPlan", "network"): "what could be downloaded",
    ("Plan", "network"): "what could be downloaded",
    ("NoPlan", "network"): "what could be downloaded",
    ("InterpreterPlan", "version"): "part of the id: another Python makes another environment",
    ("CompilerPlan", "gcc_max"): "for users who choose another compiler",
    ("Decision", "because"): "the reason itself",
}
# What a part of the plan is called where it is read.
CALLED = {
    "StackPlan": r"\w*plan|made|found",
    "Plan": r"\w*plan|made|found|stack_plan.{0,8}\}\)",
    "NoPlan": r"\w*plan|found|stack_plan.{0,8}\}\)",
    "GpuPlan": "gpu",
    "DriverPlan": "driver|nvidia_driver_plan",
    "CudaPlan": "cuda|cuda_plan",
    "RepositoryPlan": r"repository|nvidia_repository\w*",
    "InterpreterPlan": "interpreter|python_interpreter",
    "EnvironmentPlan": "environment",
    "TorchPlan": "torch",
    "TorchWheelsPlan": "torch_wheels",
    "CompilerPlan": "compiler",
    "SourcePlan": "source|sources.slowfast",
    "DownloadPlan": "source|place",
    "BuildPlan": "build",
    "FfmpegPlan": r"ffmpeg|planned|ffmpeg_cuda_plan|\w*plan",
    "SkippedClaim": "row|item",
    "Conflict": "conflict",
    "Decision": "row",
}


def texts() -> str:
    files = [
        path
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".yml", ".j2"}
        and (PLANNER not in path.as_posix() or path.name in READING)
    ]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


TEXT = texts()


def is_read(part: str, key: str) -> bool:
    """Return whether something says part.key, part["key"] or part.get("key")."""
    way = rf"(?:\.{key}\b|\[.{key}.\]|\.get\(.{key}.[,)])"
    return bool(re.search(rf"(?:{CALLED[part]}).{{0,3}}?{way}", TEXT))


PARTS = [
    part
    for part in vars(plans).values()
    if dataclasses.is_dataclass(part) and isinstance(part, type)
]
KEYS = [
    (part.__name__, each.metadata.get("key") or each.name)
    for part in PARTS
    for each in dataclasses.fields(part)
]


@pytest.mark.parametrize(("part", "key"), KEYS, ids=lambda name: name)
def test_every_key_of_a_plan_has_a_reader(part: str, key: str) -> None:
    names = {key, *(each.name for each in _fields(part) if each.metadata.get("key") == key)}
    assert any(is_read(part, name) for name in names) != ((part, key) in SHOWN)


def _fields(part: str) -> tuple[dataclasses.Field[object], ...]:
    return dataclasses.fields(getattr(plans, part))


def test_a_key_that_nothing_reads_is_noticed() -> None:
    assert len(KEYS) > 80
    assert not any(is_read(part, "no_such_key") for part in CALLED)
    assert not is_read("DriverPlan", "announced")


def test_every_key_of_a_plan_is_documented() -> None:
    page = (ROOT / "docs" / "planning.md").read_text(encoding="utf-8")
    keys = {each.name for each in dataclasses.fields(plans.Plan)}
    assert {key for key in keys if f"`{key}`" not in page} == set()
