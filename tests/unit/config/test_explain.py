"""``slowfast-stack config explain``: names by table, files beside their names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from slowfast_stack.cli.app import run
from slowfast_stack.config import content, name_check, names, upstream
from slowfast_stack.config.explain import explain

ROOT = Path(__file__).resolve().parents[3]
SLOWFAST = """
MODEL: {ARCH: slowfast, MODEL_NAME: SlowFast}
DATA: {NUM_FRAMES: 32, SAMPLING_RATE: 2}
SLOWFAST: {ALPHA: 4}
RESNET: {DEPTH: 50}
"""


@pytest.mark.parametrize("path", upstream.PATHS)
def test_every_part_of_every_name_of_upstream_is_explained(path: str) -> None:
    name = names.read(path)
    assert name.unknown == ()
    assert name.model
    assert all(part.sentence.endswith(".") for part in name.parts)
    stem = path.rpartition("/")[2].removesuffix(".yaml").replace("_", "")
    said = [part.text.replace("_", "") for part in name.parts if part.word.kind != "folder"]
    assert "".join(said) == stem


def test_upstream_has_111_names() -> None:
    assert len(set(upstream.PATHS)) == 111


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("SLOWFAST_8x8_R50", "what the slow pathway sees"),
        ("SLOWFAST_32x2_R50_SHORT", "the full clip"),
        ("SLOWFAST_8x8_R101_50_101", "a ResNet-50 has in the slow pathway, and a ResNet-101"),
        ("MVIT_B_16_CONV", "16 transformer blocks (not frames)"),
        ("finetune_ucf_Slow_R50_syn8", "Batch norm across 8 GPUs"),
        ("C2D_8x8_R50_IN1K", "Starts from an ImageNet checkpoint"),
        ("in1k_VIT_B_MaskFeat_PT", "Trained on ImageNet-1K"),
    ],
)
def test_a_part_means_what_its_place_says(name: str, words: str) -> None:
    assert words in " ".join(part.sentence for part in names.read(name).parts)


@pytest.mark.parametrize("name", ["SLOWFAST_8x8_R50", "SLOWFAST_32x2_R50"])
def test_both_ways_to_write_a_clip_agree_with_the_same_file(name: str) -> None:
    compared = name_check.compare(names.read(name), content.parse(SLOWFAST))
    assert [row.agrees for row in compared] == [True, True, True]


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("SLOWFAST_4x16_R50", "", "32x2 (the full clip), 8x8 (slow pathway)"),
        ("SLOWFAST_8x8_R101", "", "RESNET.DEPTH 50"),
        ("SLOWFAST_NLN_8x8_R50", "", "none"),
        ("SLOWFAST_8x8_R50_multigrid", "", "MULTIGRID.LONG_CYCLE False"),
        ("SLOWFAST_8x8_R50", "MULTIGRID: {LONG_CYCLE: True}", "MULTIGRID.LONG_CYCLE True"),
        ("SLOW_8x8_R50", "", "MODEL.ARCH slowfast"),
    ],
)
def test_a_name_that_differs_from_its_file_is_reported(name: str, change: str, said: str) -> None:
    compared = name_check.compare(names.read(name), content.parse(SLOWFAST + change))
    assert said in [row.file_says for row in compared if not row.agrees]


@pytest.mark.parametrize(
    ("text", "key", "fatal"),
    [
        ("PREFETCH: {NUM_LOADERS: 4}", "PREFETCH.NUM_LOADERS", True),
        ("SOLVER: {WARMUP_EPOCHS: 34}", "SOLVER.WARMUP_EPOCHS", True),
        ("TRAIN: {ENABLE: 1}", "TRAIN.ENABLE", True),
        ("DATA: {NUM_FRAMES: 8.0}", "DATA.NUM_FRAMES", True),
        ("MODEL: {ARCH: slow, ARCH: c2d}", "MODEL.ARCH", False),
        ("MODEL: 3", "MODEL", True),
    ],
)
def test_what_upstream_refuses_is_reported(text: str, key: str, *, fatal: bool) -> None:
    assert [(p.key, p.fatal) for p in content.parse(text).problems] == [(key, fatal)]


def test_texts_are_read_as_upstream_reads_them() -> None:
    text = 'MVIT:\n  PATCH_KERNEL: (3, 7, 7)\nSOLVER: {BASE_LR: 1e-4}\nMODEL: {ARCH: "slow"}'
    read = content.parse(text)
    assert read.values == {
        "MVIT.PATCH_KERNEL": (3, 7, 7),
        "SOLVER.BASE_LR": 1e-4,
        "MODEL.ARCH": "slow",
    }
    assert read.problems == ()


def test_a_base_file_is_below(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("MODEL: {ARCH: slow, NUM_CLASSES: 5}")
    (tmp_path / "top.yaml").write_text("_BASE_: base.yaml\nMODEL: {NUM_CLASSES: 6}")
    read = content.load(tmp_path / "top.yaml")
    assert read.values == {"MODEL.ARCH": "slow", "MODEL.NUM_CLASSES": 6}


def test_a_file_is_compared_by_its_folders_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "configs/AVA/SLOWFAST_8x8_R50.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(SLOWFAST)
    assert run(["config", "explain", str(path), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    differing = [row for row in printed["file"]["comparison"] if not row["agrees"]]
    assert [row["part"] for row in differing] == ["AVA"]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"MODEL:\n  ARCH: slow\n BAD: 1\n", "Line 3"),
        (b"- 1\n", "holds a list"),
        (b"\xff\xfe\x00", "UTF-8"),
    ],
)
def test_an_unreadable_file_exits_1_and_its_name_is_explained(
    data: bytes, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "SLOW_8x8_R50.yaml"
    path.write_bytes(data)
    assert run(["config", "explain", str(path)]) == 1
    said = capsys.readouterr().out
    assert why in said
    assert "Only the slow pathway" in said


def test_an_unknown_name_exits_2_and_offers_a_close_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["config", "explain", "SLOWFSAT-8x8-R50"]) == 2
    assert "SLOWFAST_8x8_R50" in capsys.readouterr().err


def test_half_a_name_says_what_is_not_known() -> None:
    printed = explain("SLOW_8x8_R50_mine")
    assert printed.name.unknown == ("mine",)
    assert printed.upstream == ()


def test_asking_for_a_plan_does_not_load_yaml() -> None:
    code = "import sys, slowfast_stack.cli.app; print('yaml' in sys.modules)"
    environment = os.environ | {"PYTHONPATH": f"{ROOT}/collections:{ROOT}/src"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


@pytest.mark.parametrize("name", ["Kinetics/SLOWFAST_8x8_R50", "kinetics/slowfast_8x8_r50.yaml"])
def test_a_path_below_configs_is_that_file_and_not_one_of_demo(name: str) -> None:
    assert upstream.places(name) == ("configs/Kinetics/SLOWFAST_8x8_R50.yaml",)
    assert len(upstream.places("SLOWFAST_8x8_R50")) > 2
    assert upstream.places("demo/Kinetics/SLOWFAST_8x8_R50") == (
        "demo/Kinetics/SLOWFAST_8x8_R50.yaml",
    )
