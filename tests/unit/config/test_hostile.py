"""Configurations that nest, grow, lead in circles or break the parser are errors of the user's file."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import (
    StackError,
    Unreadable,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from support.fuzz import examples

from slowfast_stack.cli.app import run
from slowfast_stack.config import content

if TYPE_CHECKING:
    from pathlib import Path

LAUGHS = "a: &a [x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(12)
)
MAPPINGS = "A: &a {X: 1}\n" + "".join(
    f"K{n + 1}: &{chr(98 + n)} {{X: *{chr(97 + n)}, Y: *{chr(97 + n)}}}\n" for n in range(24)
)
HOSTILE = {
    "lists": "A: " + "[" * 5000,
    "mappings": "A: " + "{a: " * 5000,
    "indented": "".join(f"{' ' * n}a:\n" for n in range(700)),
    "laughs": LAUGHS,
    "laughing mappings": MAPPINGS,
    "contains itself": "A: &a\n  B: *a\n",
    "list in itself": "A: &a [*a]\n",
    "large": "# " + "x" * content.LARGEST,
    "long number": "NUM_GPUS: " + "9" * 5000,
    "no number": "NUM_GPUS: !!int x",
    "no flag": "A: !!bool x",
    "no time": "A: 2001-99-99",
    "no bytes": "A: !!binary x",
    "an object": "A: !!python/object/apply:os.system ['touch ran']",
    "key": "? [a]\n: b",
    "control": "A: \x1b[2J\x00",
    "a list": "- a",
    "bad text": "A: \udcff",
}


@pytest.mark.parametrize("case", HOSTILE)
@pytest.mark.parametrize("verb", ["check", "explain"])
def test_a_hostile_file_is_an_error_with_a_code(
    case: str, verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(HOSTILE[case].encode("utf-8", "surrogateescape"))
    began = time.process_time()
    code = run(["config", verb, str(path)])
    assert time.process_time() - began < 20  # seconds
    captured = capsys.readouterr()
    said = captured.out + captured.err
    assert code in (1, 2)
    assert "internal.bug" not in said
    assert "Traceback" not in said
    assert "\x1b[2J" not in said
    assert [each.name for each in tmp_path.iterdir()] == ["a.yaml"]


@pytest.mark.parametrize("names", [("a",), ("a", "b"), ("a", "b", "c", "d")])
def test_files_that_are_based_on_each_other_are_an_error(
    names: tuple[str, ...], tmp_path: Path
) -> None:
    for name, below in zip(names, (*names[1:], names[0]), strict=True):
        (tmp_path / f"{name}.yaml").write_text(f"_BASE_: ./x/../{below}.yaml\n", encoding="utf-8")
    (tmp_path / "x").mkdir()
    with pytest.raises(StackError) as raised:
        content.load(tmp_path / "a.yaml")
    assert (raised.value.code, "itself" in raised.value.message) == ("config.unreadable", True)


WORDS = st.sampled_from(
    [
        *(
            "A",
            "TRAIN",
            "NUM_GPUS",
            ": ",
            ":",
            "- ",
            "\n",
            "\n  ",
            "[",
            "]",
            "{",
            "}",
            ",",
            "&a ",
            "*a",
        ),
        *(
            "!!int ",
            "!!float ",
            "!!timestamp ",
            "!!omap ",
            "!!set ",
            "<<: ",
            "? ",
            "|",
            ">",
            "'",
            '"',
        ),
        *(
            "_BASE_: a.yaml\n",
            "1e",
            "0x",
            "0b",
            ":1:2",
            "2001-01-01",
            "~",
            "%",
            "---\n",
            "...\n",
            "#",
            "\\",
        ),
    ]
)


@settings(max_examples=examples(400), deadline=None)
@given(st.lists(WORDS | st.text(max_size=3), max_size=25).map("".join))
def test_no_text_fails_otherwise(text: str) -> None:
    with contextlib.suppress(Unreadable):
        assert isinstance(content.parse(text).values, dict)


LISTS = {
    "no digits of ASCII": "a.mp4 ²\n",
    "more digits than a number": f"a.mp4 {'9' * 5000}\n",
    "no UTF-8": "a.mp4,0902,0.1,0.1,0.2,0.2,\udcff\n",
    "nothing": "",
}


@pytest.mark.parametrize("case", LISTS)
@pytest.mark.parametrize("data_set", ["ava", "kinetics", "ssv2", "charades"])
def test_a_hostile_list_of_a_data_set_is_a_finding(
    case: str, data_set: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("train.csv", "val.csv", "ava_train_v2.2.csv", "ava_val_v2.2.csv"):
        (tmp_path / name).write_bytes(LISTS[case].encode("utf-8", "surrogateescape"))
    path = tmp_path / "a.yaml"
    path.write_text(
        f"TRAIN:\n  ENABLE: True\n  DATASET: {data_set}\nDATA:\n  PATH_TO_DATA_DIR: {tmp_path}\n"
        f"AVA:\n  ANNOTATION_DIR: {tmp_path}\n  FRAME_LIST_DIR: {tmp_path}\n",
        encoding="utf-8",
    )
    assert run(["config", "check", str(path)]) == 1
    captured = capsys.readouterr()
    assert "internal.bug" not in captured.out + captured.err
