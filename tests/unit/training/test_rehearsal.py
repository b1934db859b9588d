"""Rehearsals: which GPU is meant, why nothing can be rehearsed, and what a report says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.gpu_memory import (
    GPU_MEMORY,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import ownership
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.cuda import (
    fake_runtime as built_runtime,
)

from slowfast_stack.exit_codes import UsageError
from slowfast_stack.training import fake_runtime, jobs, rehearsal, rehearsed_gpu, runs
from slowfast_stack.training.fake_runtime import NotRehearsed
from slowfast_stack.training.installed import Installed
from slowfast_stack.training.rehearsal import Rehearsed

if TYPE_CHECKING:
    from pathlib import Path

GIB = 1 << 30


@pytest.mark.parametrize(
    ("text", "name", "capability", "gib"),
    [
        ("RTX 3060", "NVIDIA GeForce RTX 3060", (8, 6), 12),
        ("rtx3060 laptop", None, None, None),
        ("A100 80GB", "NVIDIA A100 SXM4 80GB", (8, 0), 80),
        ("10de:2330", "NVIDIA H100 SXM5 80GB", (9, 0), 80),
        ("1db1", "NVIDIA Tesla V100 SXM2 16GB", (7, 0), 16),
        ("Tesla T4", "NVIDIA Tesla T4", (7, 5), 16),
        ("H100", "NVIDIA H100", (9, 0), 80),
    ],
)
def test_a_gpu_is_found_by_words_or_id(
    text: str, name: str | None, capability: tuple[int, int] | None, gib: int | None
) -> None:
    if name is None:
        with pytest.raises(UsageError) as error:
            rehearsed_gpu.find(text)
        assert error.value.code == "cli.unknown-value"
        return
    found = rehearsed_gpu.find(text)
    assert (found.name, found.capability, found.memory) == (name, capability, (gib or 0) * GIB)


def test_memory_that_no_name_says_is_asked_for() -> None:
    with pytest.raises(UsageError) as error:
        rehearsed_gpu.find("CMP 170HX")
    assert error.value.code == "cli.missing-argument"
    assert rehearsed_gpu.find("CMP 170HX", 8).memory == 8 * GIB


def test_each_memory_has_a_source_and_a_product_whose_name_does_not_say_it() -> None:
    products = {row.product for row in rehearsed_gpu.GPUS}
    for row in GPU_MEMORY:
        assert row.product in products
        assert row.source.name
        assert row.gib <= 180  # of a B200, the largest
    assert len(rehearsed_gpu.MEMORY) == len(GPU_MEMORY)


def test_the_fake_runtime_gets_the_gpus_as_variables() -> None:
    assert rehearsed_gpu.find("H100 SXM5 80GB").environment(8) == {
        "FAKE_CUDA_GPUS": "8",
        "FAKE_CUDA_NAME": "NVIDIA H100 SXM5 80GB",
        "FAKE_CUDA_MAJOR": "9",
        "FAKE_CUDA_MINOR": "0",
        "FAKE_CUDA_BYTES": str(80 * GIB),
    }


def _stack(tmp_path: Path, *files: str) -> Installed:
    for name in files:
        path = tmp_path / "env/lib/python3.11/site-packages" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return Installed(tmp_path)


@pytest.mark.parametrize(
    ("files", "code"),
    [
        (("torch/lib/libtorch_cpu.so",), "rehearsal.cpu-torch"),
        (("torch/lib/libtorch_cuda.so",), "rehearsal.no-headers"),
        (("nvidia/cu13/include/driver_types.h",), "rehearsal.no-compiler"),
    ],
)
def test_what_is_missing_has_a_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: tuple[str, ...], code: str
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotRehearsed) as error:
        fake_runtime.folder(_stack(tmp_path, *files))
    assert error.value.code == code


def test_a_runtime_that_is_built_is_not_built_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = _stack(tmp_path, "nvidia/cu13/include/driver_types.h")
    compiler = tmp_path / "bin/cc"
    compiler.parent.mkdir()
    # A compiler that writes what -o names, once.
    compiler.write_text('#!/bin/sh\nfor a; do [ "$o" = -o ] && : > "$a"; o=$a; done\nrm "$0"\n')
    compiler.chmod(0o755)
    monkeypatch.setenv("PATH", f"{compiler.parent}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    first = fake_runtime.folder(stack)
    assert sorted(path.name for path in first.iterdir()) == sorted(
        [built_runtime.LIBRARY, *built_runtime.NAMES]
    )
    monkeypatch.setattr(built_runtime, "COMPILERS", ("cc",))
    compiler.write_text("#!/bin/sh\nexit 1\n")
    compiler.chmod(0o755)
    assert fake_runtime.folder(stack) == first


def test_root_loads_no_runtime_that_another_user_can_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ownership, "is_root", lambda: True)
    shared = tmp_path / "cache"
    shared.mkdir()
    shared.chmod(0o777)
    monkeypatch.setenv("XDG_CACHE_HOME", str(shared))
    with pytest.raises(StackError) as error:
        fake_runtime.folder(_stack(tmp_path, "nvidia/cu13/include/driver_types.h"))
    assert error.value.code == "file.untrusted"


REPORT = {
    "outcome": "failed",
    "steps": [{"step": "train", "seconds": 1.0, "ok": False}],
    "failure": {"step": "loss", "type": "RuntimeError", "message": "unsafe", "at": "a.py:1"},
    "peak_bytes": 3 * GIB,
    "test_bytes": 5 * GIB,
    "syncs": {"train": {"item": 2.0}},
    "gpu": {"name": "NVIDIA T4", "capability": "7.5", "bytes": 4 * GIB, "count": 1},
    "not_shown": ["numbers"],
}


def test_a_report_says_what_failed_and_whether_it_fits() -> None:
    done = Rehearsed(REPORT, 4.25)
    assert (done.passed, done.peak, done.fits) == (False, 5 * GIB, False)
    assert done.as_dict()["seconds"] == 4.2
    lines = "\n".join(done.lines())
    assert "loss: RuntimeError at a.py:1: unsafe" in lines
    assert "waits for the GPU in train, a step: 2 x item" in lines


def test_a_rehearsal_that_measured_nothing_does_not_claim_to_fit() -> None:
    done = Rehearsed(REPORT | {"peak_bytes": None, "test_bytes": None}, 1.0)
    assert (done.peak, done.fits) == (None, None)


class _Screen:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def print(self, text: str) -> None:
        self.lines.append(text)


def _rehearsed_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, report: dict[str, object]
) -> list[str]:
    """Return what is said before a run that the rehearsal of a GPU host judged so."""
    (tmp_path / "my.yaml").write_text("NUM_GPUS: 1\n")
    job = jobs.job(tmp_path / "my.yaml", [], tmp_path)
    monkeypatch.setattr(rehearsal, "of_job", lambda *_: Rehearsed(report, 1.0))
    screen = _Screen()
    runs._rehearse(Installed(tmp_path), job, screen)  # type: ignore[arg-type]
    return screen.lines


def test_training_is_refused_only_where_upstream_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StackError) as error:
        _rehearsed_before(tmp_path, monkeypatch, REPORT)
    assert error.value.code == "config.would-fail"
    passed = REPORT | {"outcome": "passed", "failure": None}
    (line,) = _rehearsed_before(tmp_path, monkeypatch, passed)
    assert line.startswith("warning: The tensors need 5.0 GiB on each GPU; it has 4.0.")
    (line,) = _rehearsed_before(tmp_path, monkeypatch, passed | {"test_bytes": GIB})
    assert line.endswith("nothing fails.")


def test_training_starts_where_nothing_can_be_rehearsed(tmp_path: Path) -> None:
    (tmp_path / "my.yaml").write_text("NUM_GPUS: 1\n")
    job = jobs.job(tmp_path / "my.yaml", [], tmp_path)
    screen = _Screen()
    runs._rehearse(_stack(tmp_path), job, screen)  # type: ignore[arg-type]
    assert screen.lines[0].startswith("warning: The configuration was not rehearsed.")
