"""Keys are set in the text of a configuration, and nothing else changes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.errors import fails

from slowfast_stack.config import content, yaml_edit

TEXT = """\
# how it began
TRAIN:
  DATASET: kinetics  # the data
  BATCH_SIZE: 64
DEMO:
  LABEL_FILE_PATH:  # add yours
MODEL: {ARCH: slow}
AVA:
  TRAIN_LISTS:
    - a.csv
    - b.csv
TENSORBOARD:
  MODEL_VIS:
    TOPK: 2
NUM_GPUS: 8
"""


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("TRAIN.BATCH_SIZE", 8, "  BATCH_SIZE: 8  # less"),
        ("TRAIN.DATASET", "ava", "  DATASET: ava  # the data"),
        ("TRAIN.CHECKPOINT_EPOCH_RESET", True, "  CHECKPOINT_EPOCH_RESET: True  # less"),
        ("DEMO.LABEL_FILE_PATH", "a: b", "  LABEL_FILE_PATH: 'a: b'  # add yours"),
        ("MODEL.NUM_CLASSES", 5, "MODEL: {NUM_CLASSES: 5, ARCH: slow}"),
        ("AVA.TRAIN_LISTS", ["c.csv"], "  TRAIN_LISTS: [c.csv]  # less"),
        ("SOLVER.BASE_LR", 1e-5, "  BASE_LR: 1e-05  # less"),
        ("MVIT.REV.ENABLE", False, "    ENABLE: False  # less"),
        ("TENSORBOARD.HISTOGRAM.ENABLE", True, "    ENABLE: True  # less"),
        ("NUM_GPUS", 1, "NUM_GPUS: 1  # less"),
    ],
)
def test_a_key_is_set_and_the_rest_stays(key: str, value: object, line: str) -> None:
    new = yaml_edit.set_values(TEXT, {key: value}, {key: "less"})
    assert line in new.splitlines()
    before, after = content.parse(TEXT).values, content.parse(new).values
    assert after == before | {key: value}
    assert new.startswith("# how it began\n")


# The only key of a section on one line would take the section with it.
@pytest.mark.parametrize("key", sorted(content.parse(TEXT).values.keys() - {"MODEL.ARCH"}))
def test_a_key_is_removed_with_the_sections_that_become_empty(key: str) -> None:
    after = content.parse(yaml_edit.remove(TEXT, key)).values
    assert after == {k: v for k, v in content.parse(TEXT).values.items() if k != key}


def test_an_empty_file_can_be_filled() -> None:
    assert content.parse(yaml_edit.set_values("", {"MODEL.ARCH": "slow"})).values == {
        "MODEL.ARCH": "slow"
    }


def test_a_form_that_is_not_known_is_refused() -> None:
    with fails("config.unknown-form"):
        yaml_edit.set_values("TRAIN: {A: {B: 1}}\n", {"TRAIN.A": 1})


VALUES = st.one_of(
    st.booleans(),
    st.integers(-(2**40), 2**40),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zl", "Zp"])).map(
        lambda text: f"x{text}"
    ),
    st.lists(st.integers(0, 9), max_size=4),
)


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(content.KEYS - {"NUM_GPUS"})), VALUES, max_size=4))
def test_whatever_is_set_is_read_again(values: dict[str, object]) -> None:
    plain = {key: value for key, value in values.items() if key not in content.DEFAULTS}
    plain = {k: v for k, v in plain.items() if content.decoded(v) == v}
    after = content.parse(yaml_edit.set_values(TEXT, plain)).values
    assert {key: after[key] for key in plain} == plain


def test_every_key_that_a_rule_reads_has_its_default() -> None:
    sources = (Path(content.__file__).parent).glob("*.py")
    asked = {
        key for path in sources for key in re.findall(r"get\(\"([A-Z_.\d]+)\"\)", path.read_text())
    }
    assert len(asked) > 40
    assert asked <= set(content.DEFAULTS)
