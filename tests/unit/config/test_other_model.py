"""A checkpoint of another model is refused before training, which would start from random values."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.checkpoints import formats

from slowfast_stack.config import content
from slowfast_stack.config.findings import ERROR, WARNING
from slowfast_stack.config.validate import check

FIRST = {
    "MViT": "patch_embed.proj.weight",
    "SlowFast": "s1_fuse.conv_f2s.weight",
    "X3D": "s1.pathway0_stem.conv_xy.weight",
    "ResNet": "s1.pathway0_stem.conv.weight",
    "ContrastiveModel": "backbone.s1.pathway0_stem.conv.weight",
    "PyTorchVideo": "model.blocks.0.conv.weight",
    "": "layer.weight",
}


def _save(path: Path, name: str) -> Path:
    state = {"epoch": 1, "model_state": {name: None, "s2.pathway0_res0.weight": None}}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(state, protocol=2))
    return path


@pytest.mark.parametrize(("model", "first"), FIRST.items())
def test_the_model_is_read_from_the_names_of_the_weights(
    tmp_path: Path, model: str, first: str
) -> None:
    assert formats.of_file(_save(tmp_path / "w.pyth", first)).model == model


@pytest.mark.parametrize(
    ("saved", "named", "more", "levels"),
    [
        ("SlowFast", "SlowFast", "", []),
        ("MViT", "MaskMViT", "", []),
        ("PyTorchVideo", "PTVResNet", "", []),
        ("", "SlowFast", "", []),
        ("MViT", "SlowFast", "", [ERROR]),
        ("ResNet", "X3D", "", [ERROR]),
        ("ResNet", "SlowFast", "", [WARNING]),
        ("ContrastiveModel", "ResNet", "", [ERROR]),
        ("ContrastiveModel", "ResNet", ", CHECKPOINT_CLEAR_NAME_PATTERN: [backbone.]", []),
    ],
)
def test_weights_of_another_model_are_refused(
    tmp_path: Path, saved: str, named: str, more: str, levels: list[str]
) -> None:
    _save(tmp_path / "w.pyth", FIRST[saved])
    text = f"MODEL: {{MODEL_NAME: {named}}}\nTRAIN: {{CHECKPOINT_FILE_PATH: w.pyth{more}}}"
    found = [row for row in check(content.parse(text), tmp_path) if row.id == "other-model"]
    assert [row.level for row in found] == levels


def test_a_test_needs_all_weights(tmp_path: Path) -> None:
    _save(tmp_path / "w.pyth", FIRST["ResNet"])
    text = "MODEL: {MODEL_NAME: SlowFast}\nTRAIN: {ENABLE: False}\nTEST: {CHECKPOINT_FILE_PATH: w.pyth}"
    found = [row for row in check(content.parse(text), tmp_path) if row.id == "other-model"]
    assert [(row.key, row.level) for row in found] == [("TEST.CHECKPOINT_FILE_PATH", ERROR)]
