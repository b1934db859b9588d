"""``slowfast-stack ava``: wrong use is refused before anything is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from slowfast_stack.cli.app import run


@pytest.mark.parametrize(
    "arguments",
    [
        ["lists", "--release", "3.0"],
        ["extract", "--shards", "0"],
        ["download", "--sums", "/nowhere"],
        ["custom", "--clips", "x"],
        ["extract", "-i", "inventories/nowhere"],
        ["extract", "-i", "inventories/local", "--slurm", "2"],
        ["extract", "-i", "inventories/local", "--shards", "2"],
        ["extract", "--slurm", "2", "--shard", "1", "--shards", "2"],
        ["download", "-i", "inventories/local", "--shards", "2"],
    ],
)
def test_wrong_use_is_exit_code_2(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: list[str]
) -> None:
    root = tmp_path / "ava"
    assert run(["ava", *arguments, "--root", str(root)]) == 2
    assert "error[" in capsys.readouterr().err
    assert not root.exists()


def test_on_other_hosts_only_an_absolute_folder_has_a_meaning(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["ava", "extract", "--root", "here", "-i", "inventories/local"]) == 2
    assert "here is relative" in capsys.readouterr().err
