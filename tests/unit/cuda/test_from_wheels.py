"""The folder of a toolkit, made of the wheels in an environment."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog import cuda_wheels
from ansible_collections.slowfast.stack.plugins.module_utils._stack.cuda.from_wheels import arrange
from support.errors import fails

FILES = {
    "bin/cudafe++": "",
    "bin/ptxas": "",
    "bin/crt/link.stub": "",
    "bin/nvcc.profile": "",
    "nvvm/bin/cicc": "",
    "nvvm/libdevice/libdevice.10.bc": "",
    "include/cuda_runtime.h": "",
    "include/crt/host_config.h": "",
    "include/cccl/thrust/version.h": "",
    "lib/libcudart.so.13": "runtime",
    "lib/libcudart_static.a": "",
    "lib/libnvperf_host.so": "",
    "lib/libnvrtc-builtins.so.13.0": "",
}


@pytest.fixture
def env(tmp_path: Path) -> Path:
    """Return an environment with the layout of the wheels of CUDA 13."""
    made = tmp_path / "it's an env"
    wheels = made / "lib/python3.11/site-packages/nvidia/cu13"
    for name, text in FILES.items():
        (wheels / name).parent.mkdir(parents=True, exist_ok=True)
        (wheels / name).write_text(text)
    nvcc = wheels / "bin/nvcc"
    nvcc.write_text('#!/bin/sh\nprintf "%s\\n" "$0" "$@"\n')
    nvcc.chmod(0o755)
    (made / "lib/python3.11/site-packages/nvidia/cudnn/include").mkdir(parents=True)
    return made


def test_builds_find_everything_where_a_toolkit_has_it(env: Path) -> None:
    home = env / "cuda-13.0"
    assert arrange(env, home)
    assert (home / "include/cccl/thrust/version.h").is_file()
    assert (home / "include/crt/host_config.h").is_file()
    assert (home / "nvvm/libdevice/libdevice.10.bc").is_file()
    # Libraries have a name to link with, also where their number has two parts.
    assert (home / "lib64/libcudart.so").read_text() == "runtime"
    assert {path.name for path in (home / "lib64").iterdir()} == {
        "libcudart.so",
        "libcudart.so.13",
        "libcudart_static.a",
        "libnvperf_host.so",
        "libnvrtc-builtins.so",
        "libnvrtc-builtins.so.13.0",
    }
    said = subprocess.run(
        [home / "bin/nvcc", "-c", "a b.cu"], capture_output=True, text=True, check=True
    )
    wheels = env / "lib/python3.11/site-packages/nvidia/cu13"
    assert said.stdout.splitlines() == [
        str(wheels / "bin/nvcc"),
        f"-L{home}/lib64",
        "-c",
        "a b.cu",
    ]


def test_a_second_time_nothing_differs_and_what_was_changed_is_made_again(env: Path) -> None:
    home = env / "cuda-13.0"
    arrange(env, home)
    assert arrange(env, home) == []
    nvcc, header, extra = home / "bin/nvcc", home / "include/crt", home / "include/old.h"
    nvcc.write_text("#!/bin/sh\nexit 1\n")
    header.unlink()
    extra.symlink_to("/nowhere")
    wrong = [str(extra), str(nvcc), str(header)]
    assert arrange(env, home, check=True) == wrong
    assert "exit 1" in nvcc.read_text()
    assert arrange(env, home) == wrong
    assert arrange(env, home) == []
    assert not extra.is_symlink()


def test_a_script_that_leads_elsewhere_or_does_not_run_is_made_again(env: Path) -> None:
    home, nvcc = env / "cuda-13.0", env / "cuda-13.0/bin/nvcc"
    arrange(env, home)
    nvcc.chmod(0o644)
    assert arrange(env, home) == [str(nvcc)]
    nvcc.rename(home.parent / "elsewhere")
    nvcc.symlink_to(home.parent / "elsewhere")
    assert arrange(env, home) == [str(nvcc)]
    assert not nvcc.is_symlink()


@pytest.mark.parametrize("missing", ["bin/cudafe++", "nvvm/bin/cicc", "include/cuda_runtime.h"])
def test_wheels_that_lack_a_part_are_no_toolkit(env: Path, missing: str) -> None:
    (env / "lib/python3.11/site-packages/nvidia/cu13" / missing).unlink()
    with fails("cuda.incomplete-wheels", missing):
        arrange(env, env / "cuda-13.0")
    assert not (env / "cuda-13.0").exists()


def test_the_wheels_of_cuda_12_have_no_compiler(env: Path) -> None:
    """Their folders have ptxas and headers alone, so the catalog has no row of them."""
    (env / "lib/python3.11/site-packages/nvidia/cu13").rename(env / "away")
    ptxas = env / "lib/python3.11/site-packages/nvidia/cuda_nvcc/bin/ptxas"
    ptxas.parent.mkdir(parents=True)
    ptxas.write_text("")
    with fails("cuda.incomplete-wheels", "bin/nvcc"):
        arrange(env, env / "cuda-12.8")
    assert {row.cuda.partition(".")[0] for row in cuda_wheels.COMPILERS} == {"13"}


@pytest.mark.parametrize("home", ["../cuda-13.0", "/usr/local/cuda-13.0", "env/../../x"])
def test_a_toolkit_elsewhere_is_refused(env: Path, home: str) -> None:
    with fails("cuda.foreign-home"):
        arrange(env, env / home)
