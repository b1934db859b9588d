"""Probe this machine through the library, without Ansible."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.slowfast.stack.plugins.module_utils._runner import LocalRunner
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment import prefix
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import probe
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import planner

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ansible_collections.slowfast.stack.plugins.module_utils._stack.host.model import Host

NAME = "localhost"


def host(folder: str | None, asked: Mapping[str, Any]) -> Host:
    """Return what this machine is and what its network reaches."""
    where = probe.Where(
        prefix=str(prefix.resolve(folder)),
        endpoints=planner.endpoints(asked),
        torch_python=asked.get("adopt_torch"),
        uv=str(Path(sys.executable).with_name("uv")),
        home=str(Path.home()),
    )
    return probe.probe(LocalRunner(), where)
