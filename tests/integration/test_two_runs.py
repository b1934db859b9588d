"""Two runs of `up` at once on one host: neither breaks the other, and both end proven."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from support.stack_under_test import Stack, sources


def test_two_runs_at_once_on_one_prefix_both_end_proven(tmp_path: Path) -> None:
    stack = Stack(tmp_path / "prefix", sources() or ["--network", "pypi"])
    argv = stack.argv("up", "--json", "--yes")
    runs = [
        subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [run.communicate() for run in runs]
    assert [run.returncode for run in runs] == [0, 0], "\n".join(error[-4000:] for _, error in said)
    hosts = [json.loads(answer)["hosts"]["localhost"] for answer, _ in said]
    assert [host["status"] for host in hosts] == ["proven", "proven"]
    assert hosts[0]["plan"]["id"] == hosts[1]["plan"]["id"]
    again = stack.up()
    assert (again["status"], again["changed"]) == ("proven", 0)
