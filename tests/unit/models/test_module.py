"""The module of the role fetches as the command does, from the same table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.checkpoints.fetch import (
    RECORD,
)
from ansible_collections.slowfast.stack.plugins.modules import checkpoint
from support.errors import fails
from support.http import FileServer, serving

CHECKPOINT = Path(__file__).parent / "checkpoints/caffe2-protocol-2.pyth"
MODEL = "kinetics400/SLOWFAST_8x8_R50.pkl"


@pytest.fixture
def server() -> Iterator[tuple[FileServer, str]]:
    with serving(FileServer(CHECKPOINT.read_bytes())) as behaviour:
        yield behaviour, behaviour.address


def _want(folder: Path, mirror: str, **more: str) -> dict[str, Any]:
    defaults = {name: spec.get("default") for name, spec in checkpoint.SPEC.items()}
    return defaults | {"name": MODEL, "dir": str(folder), "mirror": mirror} | more


def test_it_is_fetched_once_and_says_its_type(
    tmp_path: Path, server: tuple[FileServer, str]
) -> None:
    behaviour, address = server
    assert checkpoint.act(_want(tmp_path, address), check=True)["changed"] is True
    assert behaviour.served == []
    made = checkpoint.act(_want(tmp_path, address), check=False)
    assert (made["changed"], made["type"]) == (True, "caffe2")
    assert (tmp_path / MODEL).read_bytes() == CHECKPOINT.read_bytes()
    asked = len(behaviour.served)
    again = checkpoint.act(_want(tmp_path, address), check=False)
    assert (again["changed"], again["sha256"]) == (False, made["sha256"])
    assert again["verified_by"] == "SHA-256 of the first download"
    assert len(behaviour.served) == asked
    assert MODEL in (tmp_path / RECORD).read_text()


def test_another_file_and_an_unknown_name_are_refused(
    tmp_path: Path, server: tuple[FileServer, str]
) -> None:
    _, address = server
    with fails("checkpoint.changed"):
        checkpoint.act(_want(tmp_path, address, sha256="0" * 64), check=False)
    assert not (tmp_path / MODEL).exists()
    with fails("checkpoint.unknown", "SLOFAST"):
        checkpoint.act(_want(tmp_path, address, name="SLOFAST"), check=False)
