"""Nodes that are processes of this machine and answer what a test wants, good or hostile."""

from __future__ import annotations

import json
import time
from pathlib import Path

from slowfast_stack.orchestration.nodes import Node

GOOD = {
    "stack": "0123456789ab",
    "program": True,
    "interface": "eth0",
    "address": "10.0.0.1",
    "port": 29500,
    "speed_mbit": None,
}
# The words that a shell would read are the first argument; the verb is before the last of them.
_SCRIPT = """
case "$1" in
  *" facts '{"*) {facts} ;;
  *" measure '{"*) {measure} ;;
  *" reduce '{"*) {reduce} ;;
  *" run '{"*) {run} ;;
esac
"""


def node(folder: Path, name: str, /, **answers: str) -> Node:
    """Return a node whose program is a line of a shell for each verb."""
    script = folder / f"{name}.sh"
    parts = {"facts": said(), "measure": "true", "reduce": "true", "run": "true"} | answers
    text = _SCRIPT
    for verb, line in parts.items():
        text = text.replace(f"{{{verb}}}", line)
    script.write_text(text)
    return Node(name, "127.0.0.1", ("sh", str(script)))


def said(*, late_s: float = 0.0, **facts: object) -> str:
    """Return the line of a shell that prints facts, with a clock that is late or not."""
    return printed(GOOD | {"time": time.time() + late_s} | facts)


def printed(*answers: object) -> str:
    """Return the line of a shell that prints answers, one a line."""
    lines = "\n".join(json.dumps(answer) for answer in answers).replace("'", "'\\''")
    return f"printf '%s\\n' '{lines}'"


def measuring(speeds: dict[str, float]) -> str:
    """Return the line of a shell that answers with the speed to each peer."""
    rows = [{"peer": peer, "mbit": mbit} for peer, mbit in speeds.items()]
    return printed({"port": 4000}, *rows, {"peer": None})
