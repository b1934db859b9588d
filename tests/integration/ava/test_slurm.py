"""``ava extract --slurm`` on a real cluster of three nodes: frames as of a local run, kill or not."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import slurm_cluster, synthetic_ava
from support.slurm_cluster import Cluster
from support.stack_under_test import COMMAND

FRAMES = 90
NUMBERS = ("--start", "2", "--frames", str(FRAMES))
VIDEOS = {"-a.mp4": "25", "b.mkv": "30000/1001", "c.avi": "24", "d.mp4": "30", "e.webm": "25"}
REASON = synthetic_ava.missing() or slurm_cluster.missing()

pytestmark = pytest.mark.skipif(bool(REASON), reason=f"no Slurm cluster: {REASON}")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    # Munge wants every folder above its socket open to all, which pytest's are not.
    with tempfile.TemporaryDirectory(prefix="slurm-") as folder:
        Path(folder).chmod(0o755)
        with slurm_cluster.running(Path(folder), cpus=1, nodes=3) as started:
            yield started


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Good videos, one that is broken, and one that takes long."""
    folder = tmp_path_factory.mktemp("videos")
    for name, fps in VIDEOS.items():
        synthetic_ava.video(folder / name, fps, 6)
    (folder / "broken.mkv").write_bytes((folder / "b.mkv").read_bytes()[:3000])
    return folder


def extract(
    root: Path, videos: Path, cluster: Cluster | None, *options: str, expect: int
) -> dict[str, Any]:
    argv = [str(COMMAND), "ava", "extract", "--root", str(root), "--videos", str(videos), *NUMBERS]
    done = subprocess.run(
        [*argv, *options, "--json"],
        env=cluster.environment if cluster else None,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == expect, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)["ava"]
    return result


def made(root: Path) -> dict[str, tuple[object, ...]]:
    """Return what a tree remembers of each video, and the bytes of its frames."""
    found: dict[str, tuple[object, ...]] = {}
    for path in (root / ".ava/manifests").iterdir():
        result = json.loads(path.read_text())
        deciding = {key: value for key, value in result.items() if key != "command"}
        frames = sorted((root / "frames" / result["video"]).iterdir())
        found[result["video"]] = (deciding, [(f.name, f.read_bytes()) for f in frames])
    return found


@pytest.fixture(scope="module")
def local(videos: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[object, ...]]:
    root = tmp_path_factory.mktemp("local")
    extract(root, videos, None, expect=1)
    return made(root)


def test_an_array_makes_what_a_local_run_makes_and_its_states_say_what_is_missing(
    cluster: Cluster, videos: Path, local: dict[str, tuple[object, ...]], tmp_path: Path
) -> None:
    result = extract(tmp_path, videos, cluster, "--slurm", "3", "--jobs", "1", expect=0)
    states = cluster.wait(result["job"])
    # Of the sorted names every third: -a and c, b and d, broken and e.
    assert states == {"0": "COMPLETED", "1": "COMPLETED", "2": "FAILED"}, cluster.logs()
    assert sorted(cluster.tasks(result["job"], "NodeList").values()) == cluster.names
    assert made(tmp_path) == local
    assert len(local) == len(VIDEOS)
    logs = {path.name: path.read_text() for path in (tmp_path / ".ava").glob("slurm-*.log")}
    assert len(logs) == 3
    assert "broken.mkv" in logs[f"slurm-{result['job']}_2.log"]
    again = extract(tmp_path, videos, cluster, "--slurm", "3", "--jobs", "1", expect=0)
    cluster.wait(again["job"])
    assert "2 already complete" in (tmp_path / f".ava/slurm-{again['job']}_0.log").read_text()


def test_options_reach_the_tasks(cluster: Cluster, videos: Path, tmp_path: Path) -> None:
    program = tmp_path / "bin/own-ffmpeg"
    program.parent.mkdir()
    program.symlink_to(str(shutil.which("ffmpeg")))
    only = ("--only=-a", "--only=c", "--ffmpeg-program", os.path.relpath(program))
    result = extract(tmp_path, videos, cluster, "--slurm", "2", "--jobs", "1", *only, expect=0)
    assert set(cluster.wait(result["job"]).values()) == {"COMPLETED"}
    commands = {name: of[0] for name, of in made(tmp_path).items()}
    assert commands.keys() == {"-a", "c"}
    result = json.loads((tmp_path / ".ava/manifests/c.json").read_text())
    used = Path(result["command"][0])
    assert used.is_absolute()
    assert used.parent.resolve() / used.name == program.parent.resolve() / program.name


def test_a_task_that_was_killed_is_done_by_the_next_array(
    cluster: Cluster, videos: Path, local: dict[str, tuple[object, ...]], tmp_path: Path
) -> None:
    root, slow = tmp_path / "ava", tmp_path / "slow-ffmpeg"
    # Half a minute for the frames of one video: there is time to kill it in the middle.
    slow.write_text(
        '#!/bin/sh\ncase "$*" in\n  *c.avi*) exec ffmpeg -readrate 0.1 "$@" ;;\n'
        '  *) exec ffmpeg "$@" ;;\nesac\n'
    )
    slow.chmod(0o755)
    options = ("--slurm", "3", "--jobs", "1")
    result = extract(root, videos, cluster, *options, "--ffmpeg-program", str(slow), expect=0)
    work = root / "frames/.work/c"
    until = time.monotonic() + 60
    while not any(work.glob("*.jpg")):
        assert time.monotonic() < until, cluster.logs()
        time.sleep(0.02)
    cluster.ask("scancel", f"--signal={signal.SIGKILL}", "--full", f"{result['job']}_0")
    states = cluster.wait(result["job"])
    assert states["0"] != "COMPLETED"
    assert states["1"] == "COMPLETED"
    assert not (root / "frames/c").exists()
    assert set(made(root)) == set(local) - {"c"}
    kept = (root / "frames/d").stat().st_mtime_ns
    result = extract(root, videos, cluster, *options, expect=0)
    cluster.wait(result["job"])
    assert made(root) == local
    assert (root / "frames/d").stat().st_mtime_ns == kept
    assert not list((root / "frames/.work").iterdir())
