"""``slowfast-stack models get`` that is killed, and two at once."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support import ROOT
from support.http import FileServer, serving

from slowfast_stack.cli.app import run

NAME = "kinetics400/SLOWFAST_8x8_R50.pkl"
BLOBS = pickle.dumps({"blobs": {"filler": bytes(range(256)) * 12000}}, protocol=2)


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving(FileServer(BLOBS)) as server:
        yield server


@dataclass(frozen=True)
class Zoo:
    folder: Path
    address: str
    capsys: pytest.CaptureFixture[str]

    @property
    def file(self) -> Path:
        return self.folder / NAME

    def get(self) -> tuple[int, str, str]:
        code = run(
            ["models", "get", NAME, "--checkpoint-dir", str(self.folder), "--mirror", self.address]
        )
        said = self.capsys.readouterr()
        return code, said.out, said.err


@pytest.fixture
def zoo(tmp_path: Path, server: FileServer, capsys: pytest.CaptureFixture[str]) -> Zoo:
    return Zoo(tmp_path / "zoo", server.address, capsys)


def _process(zoo: Zoo) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": f"{ROOT}/collections:{ROOT}/src"}
    argv = [sys.executable, "-m", "slowfast_stack", "models", "get", NAME, "--checkpoint-dir"]
    return subprocess.Popen(
        [*argv, str(zoo.folder), "--mirror", zoo.address],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _wait_for_bytes(zoo: Zoo, wanted: int) -> int:
    part = zoo.file.with_name(f"{zoo.file.name}.part")
    for _ in range(6000):
        size = part.stat().st_size if part.exists() else 0
        if size >= wanted:
            return size
        time.sleep(0.01)
    pytest.fail("nothing arrived")


def test_killed_in_the_middle_the_next_run_fetches_only_the_rest(
    zoo: Zoo, server: FileServer
) -> None:
    server.pause = 0.02
    process = _process(zoo)
    _wait_for_bytes(zoo, 1_000_000)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not zoo.file.exists()
    kept = zoo.file.with_name(f"{zoo.file.name}.part").stat().st_size
    server.pause = 0.0
    server.served.clear()
    assert zoo.get()[0] == 0
    assert server.served[-1] == (f"bytes={kept}-", len(BLOBS) - kept)
    assert zoo.file.read_bytes() == BLOBS


def test_two_at_once_do_not_spoil_each_other(zoo: Zoo, server: FileServer) -> None:
    server.pause = 0.02
    process = _process(zoo)
    _wait_for_bytes(zoo, 100_000)
    code, _, err = zoo.get()
    assert code == 1
    assert "another process" in err
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert zoo.file.read_bytes() == BLOBS
