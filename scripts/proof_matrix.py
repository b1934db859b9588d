#!/usr/bin/env python3
"""Prove stacks of many PyTorch releases and Pythons on this machine, and write what was proven.

    proof_matrix.py                          every pair that is not recorded yet
    proof_matrix.py 2.15.0:3.14 2.9.1:3.12   these pairs, also where they are recorded
    proof_matrix.py --list                   what is recorded and what is not
    proof_matrix.py --write                  write the rows of _stack/catalog/proven.py

Each pair is one `slowfast-stack up` in an empty prefix, which is removed afterwards; what the network
lacks comes from --source. A run that was stopped goes on with the next pair. A Python that this
machine does not have is reported as not run. Exits with 1 where a pair failed.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "collections"))

from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog import proven
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.torch import RELEASES
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.versions import version

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLE = ROOT / "plugins/module_utils/_stack/catalog/proven.py"
STATE = ROOT / ".cache/proof_matrix.json"
START, END = "ROWS = (\n", ")\n# fmt: on\n"
OLDEST = "2.4"
TOOLS = ("slowfast", "detectron2", "pytorchvideo")
TIMEOUT_S = 3600
PROVEN, FAILED, NOT_RUN = "proven", "failed", "not run"


def pairs() -> list[tuple[str, str]]:
    """Return the newest release of each series from OLDEST on, with each of its Pythons."""
    newest: dict[tuple[int, ...], str] = {}
    for row in RELEASES:
        if version(row.torch) >= version(OLDEST):
            newest[version(row.torch)[:2]] = row.torch
    return [
        (row.torch, python)
        for row in RELEASES
        if row.torch in newest.values()
        for python in _range(row.pythons)
    ]


def _range(text: str) -> Iterator[str]:
    first, last = (int(part.split(".")[1]) for part in text.split("-"))
    yield from (f"3.{minor}" for minor in range(first, last + 1))


def has_python(python: str) -> bool:
    """Return whether this machine has an interpreter of a series, without a download."""
    uv = Path(sys.executable).parent / "uv"
    argv = [str(uv), "python", "find", "--no-python-downloads", "--system", python]
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


def prove(torch: str, python: str, sources: list[str], work: Path) -> dict[str, Any]:
    """Build and prove one stack, and return what happened as a record."""
    command = [str(Path(sys.executable).parent / "slowfast-stack"), "up", "--yes", "--json"]
    command += ["--prefix", str(work), "--torch", torch, "--python", python]
    for source in sources:
        command += ["--source", source]
    started = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)
    record: dict[str, Any] = {"seconds": round(time.monotonic() - started)}
    record["on"] = dt.datetime.now(dt.UTC).date().isoformat()
    try:
        host = json.loads(done.stdout)["hosts"]["localhost"]
    except (ValueError, KeyError):
        return record | {"status": FAILED, "because": done.stderr.strip()[-500:]}
    proof, error = host["proof"], host["error"]
    if error:
        record |= {"status": FAILED, "because": f"{error['code']}: {error['cause'][-500:]}"}
    if not proof:
        return {"status": FAILED, "because": "there is no proof", **record}
    plan, claims = host["plan"], proof["claims"]
    return {
        **record,
        "status": PROVEN if proof["ok"] else FAILED,
        "profile": plan["profile"],
        "machine": platform.machine(),
        "variant": plan["torch"]["variant"],
        "sources": {name: plan["sources"][name].get("commit") or "" for name in TOOLS},
        "passed": sum(claim["ok"] is True for claim in claims),
        "failed": [claim["id"] for claim in claims if claim["ok"] is False],
        "skipped": sum(claim["ok"] is None for claim in claims),
    }


def rows(state: dict[str, dict[str, Any]]) -> str:
    """Return the rows of what was judged, by release and Python."""
    judged = {
        key: record
        for key, record in state.items()
        if record["status"] != NOT_RUN and "profile" in record
    }
    known = {(row.torch, row.python, row.machine, row.profile): row for row in proven.ROWS}
    for key, record in judged.items():
        torch, python = key.split(":")
        row = proven.ProvenRow(
            torch,
            python,
            record["machine"],
            record["profile"],
            record["variant"],
            record["passed"],
            " ".join(record["failed"]),
            " ".join(record["sources"][name][:7] for name in TOOLS),
            record["on"],
        )
        known[torch, python, row.machine, row.profile] = row
    ordered = sorted(known.values(), key=lambda row: (version(row.torch), version(row.python)))
    texts = (", ".join(json.dumps(value) for value in row) for row in ordered)
    return "".join(f"    ProvenRow({text}),\n" for text in texts)


def write(state: dict[str, dict[str, Any]]) -> None:
    """Replace the rows of the table."""
    text = TABLE.read_text(encoding="utf-8")
    before, rest = text.split(START)
    TABLE.write_text(f"{before}{START}{rows(state)}{END}{rest.split(END)[1]}", encoding="utf-8")


def main() -> int:
    """Prove pairs, or show or write what is recorded."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pairs", nargs="*", metavar="TORCH:PYTHON")
    parser.add_argument("--source", action="append", default=[], metavar="NAME=PLACE")
    parser.add_argument("--state", type=Path, default=STATE)
    parser.add_argument(
        "--work", type=Path, help="where the stacks are built; default: a temporary folder"
    )
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    state = json.loads(given.state.read_text()) if given.state.is_file() else {}
    if given.list or given.write:
        if given.write:
            write(state)
        for torch, python in pairs():
            record = state.get(f"{torch}:{python}", {"status": "not recorded"})
            print(f"{torch:8} {python:5} {_said(record)}")
        return 0
    wanted = given.pairs or [
        key
        for key in (f"{torch}:{python}" for torch, python in pairs())
        if state.get(key, {}).get("status", NOT_RUN) == NOT_RUN
    ]
    for key in wanted:
        torch, _, python = key.partition(":")
        if not has_python(python):
            record = {"status": NOT_RUN, "because": f"this machine has no Python {python}"}
        else:
            with tempfile.TemporaryDirectory(dir=given.work, prefix="proof-matrix-") as work:
                record = prove(torch, python, given.source, Path(work) / "prefix")
                shutil.rmtree(Path(work) / "prefix", ignore_errors=True)
        state[key] = record
        given.state.parent.mkdir(parents=True, exist_ok=True)
        given.state.write_text(json.dumps(state, indent=1) + "\n")
        print(f"{torch:8} {python:5} {_said(record)}", flush=True)
    return int(any(state[key]["status"] == FAILED for key in wanted))


def _said(record: dict[str, Any]) -> str:
    text: str = record["status"]
    if "passed" in record:
        text += f", {record['passed']} claims passed, {record['skipped']} skipped"
        text += f", failed: {' '.join(record['failed'])}" if record["failed"] else ""
    if "because" in record:
        text += f": {record['because']}"
    return text + (f" ({record['seconds']} s)" if "seconds" in record else "")


if __name__ == "__main__":
    sys.exit(main())
