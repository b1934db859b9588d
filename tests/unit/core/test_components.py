"""The list of components is one; what cannot import it says the same."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.sources import (
    TREES,
    UPLOADS,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.components import (
    COMPONENTS,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.registry import PATCHES
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import (
    artifacts,
    assemble,
)

ROOT = Path(__file__).resolve().parents[3]


def documentation(plugin: str) -> str:
    found = importlib.import_module(f"ansible_collections.slowfast.stack.plugins.{plugin}")
    return str(found.DOCUMENTATION)


def choices(plugin: str, option: str) -> list[str]:
    return list(yaml.safe_load(documentation(plugin))["options"][option]["choices"])


def test_every_component_has_a_source_tree() -> None:
    assert tuple(tree.name for tree in TREES) == COMPONENTS


def test_uploads_patches_and_artifacts_are_of_components() -> None:
    assert {upload.name for upload in UPLOADS} <= {*COMPONENTS}
    assert {patch.component for patch in PATCHES} <= {*COMPONENTS}
    assert {*artifacts.NAMES} - {artifacts.FFMPEG} <= {*COMPONENTS}


def test_the_choices_of_the_documentation_are_those_of_the_code() -> None:
    assert tuple(choices("modules.source_patch", "component")) == COMPONENTS
    assert tuple(choices("filter.planned_artifact", "name")) == artifacts.NAMES


@pytest.mark.parametrize("plugin", ["modules.gpu_info", "filter.plan"])
def test_every_component_is_documented(plugin: str) -> None:
    text = documentation(plugin)
    assert [name for name in COMPONENTS if f"({name})" not in text] == []


def test_the_evidence_covers_every_role_but_those_of_the_host_and_the_proof() -> None:
    plays: list[dict[str, Any]] = yaml.safe_load((ROOT / "playbooks/site.yml").read_text())
    roles = plays[0]["tasks"][-1]["vars"]["stack_host_roles"]
    assert roles == ["nvidia_driver", "cuda", "proof"]
    assert {*roles} < {*assemble.ROLES}
