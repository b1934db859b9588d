"""What makes a training step fit into a GPU, and what the rest of a configuration follows."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches import model

from slowfast_stack.config import content, finetune, savings, validate
from slowfast_stack.config.source_tree import SourceTree
from slowfast_stack.config.target import Target
from slowfast_stack.exit_codes import UsageError

if TYPE_CHECKING:
    from slowfast_stack.config.savings import Fitting

CHECKPOINT = Path(__file__).parents[1] / "models/checkpoints/torch-2.15-zip.pkl"
BASE = """\
TRAIN: {DATASET: kinetics, BATCH_SIZE: 64}
DATA: {INPUT_CHANNEL_NUM: [3]}
MODEL: {MODEL_NAME: ResNet, ARCH: slow}
SOLVER: {BASE_LR: 0.1, MAX_EPOCH: 20}
BN: {USE_PRECISE_STATS: True}
NUM_GPUS: 8
"""
BIG, AMPERE, TURING, PASCAL = 400, (8, 6), (7, 5), (6, 1)


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    for name in ("train", "val", "test"):
        rows = [f"{i}.mp4 {i % 7}\n" for i in range(BIG)]
        (tmp_path / f"data/{name}.csv").write_text("".join(rows))
    for i in range(BIG):
        (tmp_path / f"data/{i}.mp4").touch()
    shutil.copy(CHECKPOINT, tmp_path / "k400.pkl")
    return tmp_path


def _made(
    here: Path,
    fitting: Fitting | None,
    capability: tuple[int, int] | None = None,
    base: str = BASE,
    target: Target | None = None,
    **asked: Any,  # noqa: ANN401
) -> dict[str, Any]:
    """Return what changed, by key, after the file was found to be right."""
    (here / "base.yaml").write_text(base)
    path = here / "mine.yaml"
    request = finetune.Request(
        "classes", here / "k400.pkl", here / "data", str(here / "out"), gpu_memory=8.0, **asked
    )
    place = finetune.Place(lambda _path, _ways: fitting, target or Target(), capability)
    made = finetune.make(str(here / "base.yaml"), None, request, path, place)
    assert made.errors == []
    return {change.key: change.value for change in made.changes}


def _fits(plain: int, checkpoint: int) -> Fitting:
    names = ("plain", "checkpoint", "mixed", "mixed-checkpoint")
    return dict(zip(names, (plain, checkpoint, 2 * plain, 2 * checkpoint), strict=True))


@pytest.mark.parametrize(
    ("gpus", "fitting", "capability", "clips", "batches", "way"),
    [
        (1, _fits(8, 24), None, 8, 8, "plain"),  # upstream's eight clips fit: no need for more
        (1, _fits(4, 12), None, 8, 8, "checkpoint"),
        (1, _fits(4, 12), PASCAL, 8, 8, "checkpoint"),
        (1, _fits(4, 12), TURING, 8, 8, "mixed"),
        (1, _fits(2, 12), AMPERE, 16, 4, "mixed-checkpoint"),
        (2, _fits(8, 24), AMPERE, 16, 2, "mixed"),
        (8, _fits(80, 90), None, 8, 1, "plain"),  # never more than the learning rate is for
        (3, _fits(1, 2), None, 2, 11, "checkpoint"),
        (1, _fits(0, 0), None, 1, 64, "plain"),
    ],
)
def test_a_step_of_the_base_is_divided_into_what_fits(
    here: Path,
    gpus: int,
    fitting: Fitting,
    capability: tuple[int, int] | None,
    clips: int,
    batches: int,
    way: str,
) -> None:
    made = _made(here, fitting, capability, gpus=gpus)
    assert made.get("TRAIN.BATCH_SIZE", 64) == clips * gpus
    assert made.get(savings.ACCUMULATION, 1) == batches
    assert made.get(savings.CHECKPOINT, False) == ("checkpoint" in way)
    assert made.get(savings.MIXED, False) == ("mixed" in way)
    dtype = {TURING: None, AMPERE: "bfloat16"}.get(capability or PASCAL)
    assert made.get(savings.DTYPE) == dtype  # float16 is the default
    total = clips * batches * gpus
    assert made.get("SOLVER.BASE_LR", 0.1) == pytest.approx(0.1 * total / 64)
    frozen = batches > 1 and clips < finetune.FEWEST_CLIPS
    assert made.get("MODEL.FROZEN_BN", False) == frozen
    assert made.get("BN.USE_PRECISE_STATS", True) != frozen


def test_few_clips_of_data_are_not_accumulated_beyond_them(here: Path) -> None:
    rows = [f"{i}.mp4 {i % 7}\n" for i in range(21)]
    (here / "data/train.csv").write_text("".join(rows))
    made = _made(here, _fits(4, 8), gpus=1)
    assert (made["TRAIN.BATCH_SIZE"], made[savings.ACCUMULATION]) == (7, 3)
    assert made["SOLVER.BASE_LR"] == pytest.approx(0.1 * 21 / 64, rel=1e-4)


def test_mixup_stays_where_two_clips_fit(here: Path) -> None:
    base = f"{BASE}MIXUP: {{ENABLE: True}}\n".replace(
        "MODEL: {", "MODEL: {LOSS_FUNC: soft_cross_entropy, "
    )
    made = _made(here, _fits(1, 4), base=base, gpus=1)
    assert (made["TRAIN.BATCH_SIZE"], "MIXUP.ENABLE" in made) == (4, False)
    (here / "mine.yaml").unlink()
    assert _made(here, _fits(1, 1), base=base, gpus=1)["MIXUP.ENABLE"] is False


def test_a_key_without_a_value_gets_its_default(here: Path) -> None:
    made = _made(here, _fits(8, 8), base=f"{BASE}TENSORBOARD: {{LOG_DIR: }}\nMIXUP: {{ALPHA: }}\n")
    assert (made["MIXUP.ALPHA"], made["TENSORBOARD.LOG_DIR"]) == (0.8, "")


def test_a_model_of_pictures_is_no_base(here: Path) -> None:
    picture = "MODEL: {MODEL_NAME: MViT, ARCH: mvit}\nMVIT: {PATCH_2D: True}\n"
    with pytest.raises(UsageError):
        _made(here, None, base=picture)


def test_a_tree_without_the_patches_gets_no_keys_of_theirs(here: Path) -> None:
    tree = SourceTree(here / "nothing")
    vars(tree)["keys"] = frozenset(content.KEYS)
    vars(tree)["_statuses"] = {"activation-checkpointing": model.AFFECTED}
    (here / "base.yaml").write_text(BASE)
    base = content.load(here / "base.yaml")
    request = finetune.Request("classes", here, here, "out", gpu_memory=8.0)
    place = finetune.Place(lambda *_: None, Target(tree), AMPERE)
    assert place.tools(base, request) == finetune.NOTHING
    mvit = content.parse("MODEL: {MODEL_NAME: MViT, ARCH: mvit}")
    assert place.tools(mvit, request).checkpoint  # upstream's own
    assert not place.tools(content.parse("MODEL: {MODEL_NAME: PTVX3D}"), request).checkpoint


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("TRAIN: {ACCUMULATION_STEPS: 4}", set()),
        ("TRAIN: {ACCUMULATION_STEPS: 0}", {"limit"}),
        ("TRAIN: {ACCUMULATION_STEPS: 2.0}", {"type"}),
        (
            "TRAIN: {ACCUMULATION_STEPS: 2}\nMODEL: {MODEL_NAME: ContrastiveModel}",
            {"accumulation"},
        ),
        ("MODEL: {ACT_CHECKPOINT: True, MODEL_NAME: PTVX3D}", {"checkpoint"}),
        ("MODEL: {ACT_CHECKPOINT: True, MODEL_NAME: X3D}", set()),
    ],
)
def test_the_check_judges_what_saves_memory(tmp_path: Path, text: str, ids: set[str]) -> None:
    keys = (savings.ACCUMULATION, savings.CHECKPOINT)
    found = validate.check(content.parse(text), tmp_path)
    assert {row.id for row in found if row.key in keys} == ids


def test_a_key_of_a_patch_that_the_tree_lacks_is_refused(tmp_path: Path) -> None:
    (tmp_path / "slowfast/config").mkdir(parents=True)
    (tmp_path / "slowfast/config/defaults.py").write_text("_C = CfgNode()\n_C.NUM_GPUS = 1\n")
    read = content.parse("TRAIN: {ACCUMULATION_STEPS: 4}")
    found = validate.check(read, tmp_path, Target(SourceTree(tmp_path)))
    row = next(row for row in found if row.key == savings.ACCUMULATION)
    assert (row.id, row.remove, "gradient-accumulation" in row.message) == ("unknown-key", (), True)


def test_options_may_name_a_key_of_a_patch() -> None:
    read = content.with_options(content.parse(""), [savings.ACCUMULATION, "4"])
    assert read.get(savings.ACCUMULATION) == 4


@pytest.mark.parametrize(
    ("wanted", "most", "clips", "batches"),
    [
        (64, 64, 64, 1),
        (64, 25, 16, 4),
        (66, 25, 22, 3),
        (7, 2, 2, 4),
        (67, 25, 23, 3),
        (5, 0, 1, 5),
    ],
)
def test_batches_are_few_and_equal(wanted: int, most: int, clips: int, batches: int) -> None:
    step = savings.divided(wanted, most)
    assert (step.clips, step.batches) == (clips, batches)
