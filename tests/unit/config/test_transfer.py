"""``slowfast-stack config transfer``: a fine-tuning configuration, with a reason for each line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from support.configurations import MULTIGRID, TWO_PATHWAYS

from slowfast_stack.cli.app import run
from slowfast_stack.config import content, long_cycle

CHECKPOINTS = Path(__file__).parents[1] / "models/checkpoints"
BASE = (
    """\
# a base as upstream writes it
TRAIN:
  DATASET: kinetics
  BATCH_SIZE: 64  # eight each
  EVAL_PERIOD: 50
DATA:
  NUM_FRAMES: 32
SLOWFAST:
  ALPHA: 4
"""
    + TWO_PATHWAYS
    + """\
BN:
  USE_PRECISE_STATS: True
SOLVER:
  BASE_LR: 0.1
  LR_POLICY: cosine
  MAX_EPOCH: 200
  WARMUP_EPOCHS: 34.0
  WARMUP_START_LR: 0.01
TEST:
  BATCH_SIZE: 64
NUM_GPUS: 8
"""
)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    data = tmp_path / "data"
    data.mkdir()
    for name in ("train", "val", "test"):
        (data / f"{name}.csv").write_text("".join(f"{i}.mp4 {i % 7}\n" for i in range(20)))
    for i in range(20):
        (data / f"{i}.mp4").touch()
    shutil.copy(CHECKPOINTS / "torch-2.15-zip.pkl", tmp_path / "k400.pkl")
    shutil.copy(CHECKPOINTS / "caffe2-protocol-2.pyth", tmp_path / "k400.pyth")
    (tmp_path / "base.yaml").write_text(BASE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _transfer(*more: str, checkpoint: str = "k400.pkl", out: str = "mine.yaml") -> int:
    given = ("--checkpoint", checkpoint, "--data-dir", "data", "-o", out, "--prefix", "nowhere")
    return run(["config", "transfer", "base.yaml", *given, *more])


def test_own_classes_get_all_that_a_naive_edit_forgets(here: Path) -> None:
    assert _transfer() == 0
    made = content.load(here / "mine.yaml").values
    assert made["MODEL.NUM_CLASSES"] == 7
    assert made["TRAIN.CHECKPOINT_FILE_PATH"] == str(here / "k400.pkl")
    assert made["TRAIN.CHECKPOINT_EPOCH_RESET"] is True
    assert (made["NUM_GPUS"], made["TRAIN.BATCH_SIZE"], made["TEST.BATCH_SIZE"]) == (1, 8, 8)
    assert (made["SOLVER.BASE_LR"], made["SOLVER.WARMUP_START_LR"]) == (0.0125, 0.00125)
    assert (made["SOLVER.MAX_EPOCH"], made["SOLVER.WARMUP_EPOCHS"]) == (20, 3.4)
    assert made["BN.NUM_BATCHES_PRECISE"] == 2
    assert made["DATA.DECODING_BACKEND"] == "pyav"
    assert made["OUTPUT_DIR"] == str(here / "mine")
    assert (here / "base.yaml").read_text() == BASE


def test_the_type_is_read_from_the_bytes(here: Path) -> None:
    assert _transfer(checkpoint="k400.pyth") == 0
    assert content.load(here / "mine.yaml").values["TRAIN.CHECKPOINT_TYPE"] == "caffe2"


def test_each_change_has_its_reason_in_the_file_and_in_the_answer(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _transfer("--json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert all(change["reason"] for change in printed["changes"])
    lines = (here / "mine.yaml").read_text().splitlines()
    assert "  BATCH_SIZE: 8  # eight each" in lines
    assert "  MAX_EPOCH: 20  # fine-tuning is short" in lines
    assert "-  MAX_EPOCH: 200" in printed["diff"]
    assert printed["errors"] == []


@pytest.mark.parametrize(
    ("options", "key", "value"),
    [
        (("--gpus", "2"), "TRAIN.BATCH_SIZE", 16),
        (("--gpus", "4"), "TRAIN.BATCH_SIZE", 20),
        (("--gpus", "0"), "NUM_GPUS", 0),
        (("--gpu-memory", "8"), "TRAIN.BATCH_SIZE", 4),
        (("--gpu-memory", "80"), "TRAIN.BATCH_SIZE", 20),
        (("--batch", "2"), "SOLVER.BASE_LR", 0.003125),
        (("--epochs", "50"), "SOLVER.WARMUP_EPOCHS", 8.5),
        (("--epochs", "5"), "TRAIN.EVAL_PERIOD", 5),
        (("--classes", "12"), "MODEL.NUM_CLASSES", 12),
        (("--output-dir", "out"), "OUTPUT_DIR", "out"),
    ],
)
def test_options_are_followed(
    here: Path, options: tuple[str, ...], key: str, value: object
) -> None:
    assert _transfer(*options) == 0
    assert content.load(here / "mine.yaml").values[key] == value


def test_fewer_than_five_classes_are_filled_up(here: Path) -> None:
    for path in (here / "data").glob("*.csv"):
        path.write_text("".join(f"{i}.mp4 {i % 2}\n" for i in range(20)))
    assert _transfer() == 0
    assert content.load(here / "mine.yaml").values["MODEL.NUM_CLASSES"] == 5


def test_commas_and_absolute_paths_are_seen(here: Path) -> None:
    for path in (here / "data").glob("*.csv"):
        path.write_text("".join(f"{here}/data/{i}.mp4,{i % 7}\n" for i in range(20)))
    assert _transfer() == 0
    made = content.load(here / "mine.yaml").values
    assert made["DATA.PATH_LABEL_SEPARATOR"] == ","
    assert "DATA.PATH_PREFIX" not in made


def test_ava_gets_boxes_and_says_what_is_left_to_do(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _transfer("--to", "ava") == 1
    assert "remaining: There is no folder" in capsys.readouterr().out
    made = content.load(here / "mine.yaml").values
    assert (made["TRAIN.DATASET"], made["MODEL.NUM_CLASSES"]) == ("ava", 80)
    assert (made["MODEL.LOSS_FUNC"], made["MODEL.HEAD_ACT"]) == ("bce", "sigmoid")
    assert made["DETECTION.ENABLE"] is True
    assert made["RESNET.SPATIAL_STRIDES"] == [[1, 1], [2, 2], [2, 2], [1, 1]]
    assert made["AVA.FRAME_DIR"] == str(here / "data/frames")
    assert made["BN.USE_PRECISE_STATS"] is False


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--classes", "3"), "too few"),
        (("--batch", "3", "--gpus", "2"), "config.does-not-fit"),
        (("--checkpoint", "nowhere.pkl"), "models get"),
        (("--checkpoint", "base.yaml"), "config.no-checkpoint"),
        (("--data-dir", "nowhere"), "cli.missing-folder"),
        (("-o", "base.yaml"), "already exists"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(
    here: Path, options: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _transfer(*options) == 2
    assert said in capsys.readouterr().err
    assert sorted(path.name for path in here.glob("*.yaml*")) == ["base.yaml"]


def test_a_transformer_is_no_base_for_ava(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "base.yaml").write_text("MODEL: {ARCH: mvit, MODEL_NAME: MViT}\n")
    assert _transfer("--to", "ava") == 2
    assert "SLOWFAST" in capsys.readouterr().err


def test_a_base_is_found_by_its_name_in_a_checkout(here: Path) -> None:
    folder = here / "checkout/configs/Kinetics"
    folder.mkdir(parents=True)
    (folder / "SLOWFAST_8x8_R50.yaml").write_text(BASE)
    given = ["--checkpoint", "k400.pkl", "--data-dir", "data", "-o", "mine.yaml"]
    name = ["config", "transfer", "Kinetics/SLOWFAST_8x8_R50"]
    assert run([*name, *given]) == 2
    assert run([*name, "--source", "slowfast=checkout", *given]) == 0


def test_what_upstream_refuses_of_a_base_is_fixed_on_the_way(here: Path) -> None:
    refused = BASE.replace("34.0", "34") + "PREFETCH:\n  NUM_LOADERS: 3\n"
    (here / "base.yaml").write_text(refused)
    assert _transfer() == 0
    made = content.load(here / "mine.yaml")
    assert made.problems == ()
    assert made.values["SOLVER.WARMUP_EPOCHS"] == 3.4


def test_a_base_of_a_base_counts_and_is_still_found(here: Path) -> None:
    (here / "sub").mkdir()
    (here / "base.yaml").rename(here / "sub/below.yaml")
    (here / "base.yaml").write_text("_BASE_: sub/below.yaml\nRNG_SEED: 3\n")
    assert _transfer(out="elsewhere/mine.yaml") == 0
    made = content.load(here / "elsewhere/mine.yaml").values
    assert (made["SOLVER.BASE_LR"], made["RNG_SEED"]) == (0.0125, 3)


@pytest.mark.parametrize(
    ("more", "batch"), [("NUM_SHARDS: 4\n", 8), ("MULTIGRID: {SHORT_CYCLE: True}\n", 5)]
)
def test_each_process_gets_a_complete_batch(here: Path, more: str, batch: int) -> None:
    (here / "base.yaml").write_text(BASE + more)
    assert _transfer() == 0
    assert content.load(here / "mine.yaml").values["TRAIN.BATCH_SIZE"] == batch


OTHERS = """\
BN: {NORM_TYPE: sync_batchnorm, NUM_SYNC_DEVICES: 4}
DATA: {MULTI_LABEL: True, NUM_FRAMES: 32, INPUT_CHANNEL_NUM: [3]}
MODEL: {LOSS_FUNC: bce_logit, HEAD_ACT: sigmoid, ARCH: slow, MODEL_NAME: ResNet}
NUM_GPUS: 8
NUM_SHARDS: 4
TRAIN: {DATASET: charades, BATCH_SIZE: 16}
"""


@pytest.mark.parametrize(("gpus", "devices"), [(1, 1), (2, 2), (3, 1), (8, 4)])
def test_a_base_for_other_labels_and_gpus_becomes_one_for_these(
    here: Path, gpus: int, devices: int
) -> None:
    (here / "base.yaml").write_text(OTHERS)
    assert _transfer("--gpus", str(gpus)) == 0
    made = content.load(here / "mine.yaml")
    assert made.get("BN.NUM_SYNC_DEVICES") == devices
    assert made.get("NUM_SHARDS") == 1
    assert made.get("DATA.MULTI_LABEL") is False
    assert (made.get("MODEL.LOSS_FUNC"), made.get("MODEL.HEAD_ACT")) == ("cross_entropy", "softmax")


@pytest.mark.parametrize(("more", "mixed"), [((), True), (("--batch", "1"), False)])
def test_mixup_needs_two_clips(here: Path, more: tuple[str, ...], *, mixed: bool) -> None:
    mixing = "MIXUP: {ENABLE: True}\nMODEL: {LOSS_FUNC: soft_cross_entropy}\n"
    (here / "base.yaml").write_text(BASE + mixing)
    assert _transfer(*more) == 0
    assert content.load(here / "mine.yaml").get("MIXUP.ENABLE") is mixed


def test_boxes_are_tested_with_one_clip_for_each_gpu(here: Path) -> None:
    assert _transfer("--to", "ava", "--gpus", "2") == 1  # the data of AVA are not there
    made = content.load(here / "mine.yaml")
    assert (made.get("TEST.BATCH_SIZE"), made.get("TRAIN.BATCH_SIZE")) == (2, 16)


@pytest.mark.parametrize(
    "more", ["MASK: {ENABLE: True}\n", "MODEL: {MODEL_NAME: ContrastiveModel, ARCH: slow}\n"]
)
def test_pretraining_is_no_base(here: Path, more: str, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "base.yaml").write_text(BASE + more)
    assert _transfer() == 2
    assert "error[config.pretraining]" in capsys.readouterr().err
    assert not (here / "mine.yaml").exists()


def test_a_model_that_the_tree_does_not_have_is_no_base(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "base.yaml").write_text(BASE + "MODEL: {MODEL_NAME: ResNet_nopool, ARCH: c2d}\n")
    assert _transfer() == 2
    assert "error[config.unknown-model]" in capsys.readouterr().err
    assert not (here / "mine.yaml").exists()


@pytest.mark.parametrize(
    ("gpus", "batch", "size"), [(1, 2, 8), (2, 4, 4), (3, 12, 7), (8, 8, 8), (8, 64, 8)]
)
def test_the_long_cycle_shares_among_the_gpus_that_there_are(
    here: Path, gpus: int, batch: int, size: int
) -> None:
    (here / "base.yaml").write_text(MULTIGRID + "TRAIN: {DATASET: kinetics}\nNUM_GPUS: 8\n")
    assert _transfer("--gpus", str(gpus), "--batch", str(batch)) in (0, 1)
    made = content.load(here / "mine.yaml")
    assert made.get("MULTIGRID.BN_BASE_SIZE") == size
    assert long_cycle.misfit(made, batch, gpus, size) is None
