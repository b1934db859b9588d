"""The memory of a step against the memory of a GPU."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from slowfast_stack.config import content, validate
from slowfast_stack.config.findings import Finding
from slowfast_stack.training import memory as memory_of
from slowfast_stack.training.installed import Installed
from slowfast_stack.training.memory import CONTEXT, GIB, Estimate, Unknown

FOUND = Estimate(fixed=GIB, clip=GIB // 2, gpus=())


def _read(text: str) -> content.Content:
    return content.parse(text)


def test_what_fits_is_the_most_that_is_needed_at_most() -> None:
    for memory in range(2 * GIB, 81 * GIB, 3 * GIB):
        most = FOUND.fitting(memory)
        assert FOUND.needed(most + 1) >= memory
        assert not most or FOUND.needed(most) <= memory + 1
    assert FOUND.fitting(CONTEXT) == 0


@pytest.mark.parametrize(
    ("text", "memory", "level", "batch"),
    [
        ("NUM_GPUS: 2\nTRAIN: {BATCH_SIZE: 64}", 16, "error", 32),
        ("NUM_GPUS: 2\nTRAIN: {BATCH_SIZE: 64, MIXED_PRECISION: True}", 16, "error", 32),
        ("NUM_GPUS: 2\nTRAIN: {BATCH_SIZE: 32}", 16, "note", None),
        ("NUM_GPUS: 2\nTRAIN: {BATCH_SIZE: 32}", None, "note", None),
        ("NUM_GPUS: 1\nTRAIN: {BATCH_SIZE: 1}", 2, "error", None),
    ],
)
def test_a_batch_that_does_not_fit_is_an_error_with_the_one_that_does(
    text: str, memory: int | None, level: str, batch: int | None
) -> None:
    found = memory_of.finding(_read(text), FOUND, memory and memory * GIB)
    assert found.level == level
    assert found.set.get("TRAIN.BATCH_SIZE") == batch


def test_a_batch_that_does_not_fit_is_divided_where_the_tree_can() -> None:
    read = _read("NUM_GPUS: 2\nTRAIN: {BATCH_SIZE: 64}")
    assert memory_of.finding(read, FOUND, 16 * GIB).set["TRAIN.ACCUMULATION_STEPS"] == 2
    alone = memory_of.finding(read, FOUND, 16 * GIB, accumulates=False)
    assert alone.set == {"TRAIN.BATCH_SIZE": 50}
    mixed = replace(FOUND, exact=False)
    assert memory_of.finding(read, mixed, 16 * GIB).level == "note"


def test_an_optimizer_keeps_tensors_as_large_as_the_parameters() -> None:
    printed = {
        "parameters": 100,
        "peaks": {"plain": [2000, 3800], "mixed": [1100, 2000]},
        "device": "cpu",
        "gpus": [{"name": "x", "bytes": 7}],
    }
    found = memory_of.of(printed, _read(""))
    plain, mixed = found["plain"], found["mixed"]
    assert (plain.fixed, plain.clip, plain.smallest, plain.exact) == (100 + 200, 900, 7, True)
    assert (mixed.fixed, mixed.clip, mixed.exact) == (100 + 200, 450, False)
    found = memory_of.of(printed | {"device": "cuda"}, _read("SOLVER: {OPTIMIZING_METHOD: adamw}"))
    assert (found["mixed"].fixed, found["mixed"].exact) == (200 + 200, True)
    twice = memory_of.of(printed, _read("AUG: {ENABLE: True, NUM_SAMPLE: 2}"))["plain"]
    assert (twice.fixed, twice.clip) == (plain.fixed, 2 * plain.clip)


def test_why_there_is_no_estimate_is_reported() -> None:
    found = memory_of.finding(_read(""), Unknown("AssertionError"), None)
    assert (found.level, "AssertionError" in found.message) == ("note", True)


def test_fix_writes_the_batch_that_fits_and_keeps_the_original_once(tmp_path: Path) -> None:
    path = tmp_path / "my.yaml"
    for name in ("train", "val", "test"):
        rows = [f"{path} {i % 5}\n" for i in range(64)]
        (tmp_path / f"{name}.csv").write_text("".join(rows))
    sets = (
        f"TRAIN: {{BATCH_SIZE: 64}}\nDATA: {{PATH_TO_DATA_DIR: {tmp_path}, INPUT_CHANNEL_NUM: [3]}}"
    )
    path.write_text(f"NUM_GPUS: 1\nMODEL: {{ARCH: slow, MODEL_NAME: ResNet}}\n{sets}\n")

    def weigh(_: Path, read: content.Content) -> list[Finding]:
        return [memory_of.finding(read, FOUND, 16 * GIB)]

    result = validate.examine(path, validate.Checks(tmp_path, weigh), output=path, fix=True)
    assert [row.id for row in result.fixed] == ["memory"]
    read = content.load(path)
    assert (read.get("TRAIN.BATCH_SIZE"), read.get("TRAIN.ACCUMULATION_STEPS")) == (16, 4)
    assert "BATCH_SIZE: 64" in path.with_name("my.yaml.before").read_text()
    assert "BATCH_SIZE: 16" in result.diff


def test_a_model_that_takes_too_long_has_no_estimate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "env/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\nwhile :; do :; done\n")
    python.chmod(0o755)
    monkeypatch.setattr(memory_of, "_SECONDS", 1)
    found = memory_of.estimate(Installed(tmp_path), tmp_path / "my.yaml", _read(""), ["plain"])
    assert isinstance(found, Unknown)
    assert "processor" in found.cause
