"""FFmpeg with CUDA, really built from the Debian source package, killed once on the way."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support import ROOT
from support.stack_under_test import kill

PROGRAM = ROOT / "roles" / "proof" / "files" / "program"
LIMIT_S = 1200


def start(prefix: Path) -> subprocess.Popen[bytes]:
    variables = {
        "stack_prefix_path": str(prefix),
        "stack_uv": shutil.which("uv"),
        "shared_artifact_controller": str(prefix.parent / "controller"),
    }
    argv = [
        str(Path(sys.executable).parent / "ansible-playbook"),
        str(ROOT / "tests/integration/ffmpeg.yml"),
    ]
    argv += ["-i", "inventories/local", "--extra-vars", json.dumps(variables)]
    return subprocess.Popen(
        argv,
        cwd=ROOT,
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def finish(prefix: Path) -> str:
    with start(prefix) as process:
        said = process.communicate(timeout=LIMIT_S)[0].decode()
        assert process.returncode == 0, said[-4000:]
        return said


def kill_while_compiling(prefix: Path) -> int:
    """Kill a first run with all that it started; return how many files it had compiled."""
    with start(prefix) as process:
        until = time.monotonic() + LIMIT_S
        while process.poll() is None and len(objects(prefix)) < 40:
            assert time.monotonic() < until
            time.sleep(0.2)
        assert process.poll() is None, process.communicate()[0][-4000:]
        kill(process, everything=True)
    return len(objects(prefix))


def objects(prefix: Path) -> list[Path]:
    return list(prefix.glob("cache/ffmpeg/*.work/build/**/*.o"))


def listing(folder: Path) -> dict[str, int]:
    return {str(path): path.lstat().st_mtime_ns for path in folder.rglob("*")}


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("apt-get") is None:
        pytest.skip("there is no apt here, and so no Debian source package")
    return tmp_path_factory.mktemp("ffmpeg") / "prefix"


def test_a_killed_build_ends_in_a_program_with_everything_that_was_asked_for(prefix: Path) -> None:
    apt = listing(Path("/etc/apt"))
    compiled = kill_while_compiling(prefix)
    assert compiled >= 40
    assert not (prefix / "stacks/test/ffmpeg").exists()
    assert "changed=" in finish(prefix)
    program = prefix / "stacks/test/ffmpeg/bin/ffmpeg"
    for kind, name in (
        ("encoders", "h264_nvenc"),
        ("decoders", "hevc_cuvid"),
        ("filters", "scale_cuda"),
        ("hwaccels", "cuda"),
    ):
        assert name in run(program, f"-{kind}").split()
    assert "7.1.5" in run(program, "-version")
    assert listing(Path("/etc/apt")) == apt
    libraries = run(Path("ldd"), str(program))
    assert f"libavcodec.so.61 => {prefix}" in libraries
    assert "not found" not in libraries


def test_another_prefix_takes_it_over_and_compiles_nothing(prefix: Path) -> None:
    other = prefix.with_name("elsewhere")
    assert "changed=" in finish(other)
    assert not list(other.glob("cache/ffmpeg/*.work"))
    assert not (other / "stacks/test/logs/ffmpeg.log").exists()
    program = other / "stacks/test/ffmpeg/bin/ffmpeg"
    assert "scale_cuda" in run(program, "-filters")
    libraries = run(Path("ldd"), str(program))
    assert f"libavcodec.so.61 => {other}" in libraries
    assert str(prefix) not in libraries
    assert "changed=0" in finish(other)


def test_it_is_not_built_again_and_its_claim_holds(prefix: Path) -> None:
    assert "changed=0" in finish(prefix)
    planned = {
        "version": "7.1.5",
        "wanted": {
            "hwaccels": ["cuda"],
            "encoders": ["hevc_nvenc"],
            "decoders": ["h264_cuvid"],
            "filters": ["scale_cuda"],
        },
    }
    question = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(PROGRAM)!r})
import ffmpeg_claims
prefix = Path({str(prefix)!r})
planned = {planned!r}
made = prefix / "stacks/test/ffmpeg"
build, *_ = ffmpeg_claims.claims({{"ffmpeg": planned}}, made, prefix / "out")
print(build.make())
planned["wanted"]["filters"].append("scale_npp")
print(build.make())
"""
    # The claims read clips with PyAV and NumPy, which these tests have no other use for.
    python = ("run", "--quiet", "--no-project", "--with", "av", "--with", "numpy", "python")
    complete, lacking = run(Path("uv"), *python, "-c", question).splitlines()
    assert "'ok': True" in complete
    assert "60 frames at" in complete
    assert "'ok': False" in lacking
    assert "lacks scale_npp" in lacking


def run(program: Path, *arguments: str) -> str:
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=True)
    return done.stdout
