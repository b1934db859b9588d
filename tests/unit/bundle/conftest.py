"""Small bundles, written by the real writer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import planner

from slowfast_stack.bundle import writer

if TYPE_CHECKING:
    from collections.abc import Callable

    from slowfast_stack.bundle.writer import Entry

HOSTS = Path(__file__).parents[1] / "hosts"
SIZES = {"wheels/one-1.0-py3-none-any.whl": 3000, "sources/two.bundle": 512, "tools/x/uv": 0}


def facts(request: dict[str, Any] | None = None, **change: object) -> dict[str, Any]:
    """Return the head of a bundle for a recorded machine that reached PyPI alone."""
    host = load_host(network={"pypi": True}, **change)
    stack = {
        "names": ["one"],
        "host": {key: host[key] for key in ("architecture", "glibc", "distribution", "network")},
        "request": request or {},
        "plan": planner.plan(host, request or {}).to_dict(),
    }
    return {"made_by": "0", "adopt_torch": False, "stacks": [stack], "missing": []}


def load_host(**change: object) -> dict[str, Any]:
    host = json.loads((HOSTS / "cpu-debian-12.json").read_text(encoding="utf-8"))["host"]
    return {**host, **change}


@pytest.fixture
def entries(tmp_path: Path) -> list[Entry]:
    folder = tmp_path / "input"
    folder.mkdir()
    found = []
    for number, (path, size) in enumerate(SIZES.items()):
        source = folder / str(number)
        source.write_bytes(bytes(index * (number + 7) % 251 for index in range(size)))
        found.append(writer.entry(source, path, "wheel", executable=path.endswith("uv")))
    return found


@pytest.fixture
def made(tmp_path: Path, entries: list[Entry]) -> Callable[..., Path]:
    """Write a bundle and return its file."""

    def write(part_size: int | None = None) -> Path:
        target = tmp_path / "small.bundle"
        writer.write(target, facts(), entries, part_size=part_size, progress=lambda *_: None)
        return target

    return write
