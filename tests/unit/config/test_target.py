"""The check asks the tree and the machine that will run a configuration, never the key alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches import registry
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.engine import (
    apply_patches,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.syntax.source_tree import (
    FolderTree,
)
from support import small_trees

from slowfast_stack.cli.app import run
from slowfast_stack.config import breakages, content, rules_machine, rules_names, source_tree
from slowfast_stack.config.source_tree import SourceTree
from slowfast_stack.config.target import UNKNOWN, Machine, Target
from slowfast_stack.config.validate import check

GIB = 1 << 30
BUILD = """\
@MODEL_REGISTRY.register()
class NewModel: ...


def build():
    pass
"""
LOSSES = '_LOSSES = {"cross_entropy": 1, "focal": 2}\n'
POLICY = "def lr_func_linear(cfg, epoch): ...\ndef get_lr_func(name): ...\n"
OPTIMIZER = """\
def construct_optimizer(model, cfg):
    if cfg.SOLVER.OPTIMIZING_METHOD == "lion":
        return 1
    elif cfg.SOLVER.OPTIMIZING_METHOD in {"sgd", "adam"}:
        return 2
"""
DEFAULTS = "_C = CfgNode()\n_C.NEW = CfgNode()\n_C.NEW.KEY = 3\n_C.NUM_GPUS = 1\n"
FILES = {
    "slowfast/config/defaults.py": DEFAULTS,
    "slowfast/models/new.py": BUILD,
    "slowfast/models/losses.py": LOSSES,
    "slowfast/utils/lr_policy.py": POLICY,
    "slowfast/models/optimizer.py": OPTIMIZER,
    "slowfast/datasets/decoder.py": small_trees.DECODER,
}
TORCHVISION = "DATA: {DECODING_BACKEND: torchvision}\nSLOWFAST: {ALPHA: 4}"


@pytest.fixture
def tree(tmp_path: Path) -> SourceTree:
    """A newer upstream with a dead decoder."""
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    found = source_tree.at(tmp_path)
    assert found
    return found


def _ids(text: str, target: Target) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in check(content.parse(text), Path("/nowhere"), target):
        found.setdefault(row.id, set()).add(row.level)
    return found


def _decoder(text: str, tree: SourceTree) -> list[dict[str, object]]:
    rows = breakages.remaining(content.parse(text), Target(tree))
    return [row.set for row in rows if row.id == "dead-decoder"]


def test_a_dead_decoder_is_an_error_only_where_it_is_not_patched(tree: SourceTree) -> None:
    assert _decoder(TORCHVISION, tree) == [{}]  # pyav is as broken: no other value helps
    apply_patches(FolderTree(str(tree.root)), ["pyav-decoder"])
    half = SourceTree(tree.root)
    assert _decoder(TORCHVISION, half) == [{"DATA.DECODING_BACKEND": "pyav"}]
    two = f"{TORCHVISION}\nDATA: {{TRAIN_CROP_NUM_TEMPORAL: 2, DECODING_BACKEND: torchvision}}"
    assert _decoder(two, half) == [{}]
    apply_patches(FolderTree(str(tree.root)), ["dead-torchvision-decoder"])
    assert _decoder(TORCHVISION, SourceTree(tree.root)) == []


def test_code_that_a_patch_does_not_know_is_a_warning(tree: SourceTree) -> None:
    path = tree.root / "slowfast/datasets/decoder.py"
    path.write_text("def torchvision_decode(video):\n    return video.read()\n")
    target = Target(SourceTree(tree.root))
    assert target.status("pyav-decoder") == "unknown"
    pyav = TORCHVISION.replace("torchvision", "pyav")
    assert _ids(pyav, target)["dead-decoder"] == {"warning"}


def test_the_pinned_decoder_is_not_reported_without_a_tree() -> None:
    assert "dead-decoder" not in _ids(TORCHVISION, UNKNOWN)


def test_every_row_names_a_key_and_its_patch_once() -> None:
    known = {patch.id for patch in registry.PATCHES}
    assert {row.patch for row in breakages.TABLE} | set(breakages.ADDED.values()) <= known
    assert all(row.key == "(all)" or row.key in content.KEYS for row in breakages.TABLE)
    assert len({row.patch for row in breakages.TABLE}) == len(breakages.TABLE)


def test_a_newer_upstream_is_judged_by_its_own_names_and_keys(tree: SourceTree) -> None:
    target = Target(tree)
    new = "MODEL: {MODEL_NAME: NewModel, LOSS_FUNC: focal}\nSOLVER: {OPTIMIZING_METHOD: lion"
    text = f"{new}, LR_POLICY: linear}}\nNEW: {{KEY: 4}}\nDATA: {{DECODING_BACKEND: pyav}}"
    names = {row.key for row in rules_names.names(content.parse(text), target)}
    assert names == set()
    assert "unknown-key" not in _ids(text, target)
    assert {row.key for row in rules_names.names(content.parse(text), UNKNOWN)} == {
        "MODEL.MODEL_NAME",
        "MODEL.LOSS_FUNC",
        "SOLVER.OPTIMIZING_METHOD",
        "SOLVER.LR_POLICY",
    }
    assert "unknown-key" in _ids(text, UNKNOWN)
    older = "MODEL: {MODEL_NAME: SlowFast}\nSOLVER: {LR_POLICY: cosine}"
    older += "\nDATA: {DECODING_BACKEND: pyav}"
    assert {row.key for row in rules_names.names(content.parse(older), target)} == {
        "MODEL.MODEL_NAME",
        "SOLVER.LR_POLICY",
    }


def test_a_key_that_a_patch_adds_is_known_where_it_is_added(tree: SourceTree) -> None:
    text = "TRAIN: {MIXED_PRECISION_DTYPE: bfloat16}"
    assert "unknown-key" not in _ids(text, UNKNOWN)
    assert "unknown-key" in _ids(text, Target(tree))
    path = tree.root / "slowfast/config/defaults.py"
    path.write_text(DEFAULTS + '_C.TRAIN.MIXED_PRECISION_DTYPE = "float16"\n')
    assert "unknown-key" not in _ids(text, Target(SourceTree(tree.root)))


@pytest.mark.parametrize(
    "change",
    [
        "MODEL: {MODEL_NAME: ResNet_nopool}",
        "TRAIN: {MIXED_PRECISION_DTYPE: fp8}",
        "MODEL: {ARCH: slowonly}",
        "TRAIN: {DATASET: kinetics400}",
        "TEST: {DATASET: ucf}",
        "DATA: {DECODING_BACKEND: decord}",
        "MODEL: {LOSS_FUNC: focal}",
        "SOLVER: {OPTIMIZING_METHOD: lamb}",
        "SOLVER: {LR_POLICY: linear}",
        "BN: {NORM_TYPE: groupnorm}",
        "MODEL: {HEAD_ACT: relu}",
        "RESNET: {TRANS_FUNC: bottleneck}",
        "RESNET: {DEPTH: 34}",
        "DATA: {ENSEMBLE_METHOD: mean}",
        "{MODEL: {MODEL_NAME: MViT, ARCH: mvit}, MVIT: {NORM: batchnorm}}",
        "{MODEL: {MODEL_NAME: ContrastiveModel, ARCH: slow}, CONTRASTIVE: {TYPE: dino}}",
        "{NUM_GPUS: 2, DIST_BACKEND: ncl}",
        "TRAIN: {CHECKPOINT_TYPE: caffe}",
    ],
)
def test_a_name_that_upstream_does_not_know_is_an_error(change: str) -> None:
    assert _ids(change, UNKNOWN)["unknown-name"] == {"error"}


@pytest.mark.parametrize(
    ("change", "finding", "level"),
    [
        ("BN: {NORM_TYPE: sync_batchnorm, NUM_SYNC_DEVICES: 8}", "sync-devices", "error"),
        ("BN: {NORM_TYPE: sync_batchnorm, GLOBAL_SYNC: True}", "sync-devices", "error"),
        ("BN: {NORM_TYPE: sync_batchnorm_apex}", "apex", "error"),
        ("BN: {NORM_TYPE: sub_batchnorm, NUM_SPLITS: 3}", "bn-splits", "error"),
        ("RESNET: {NUM_GROUPS: 3}", "groups", "error"),
        ("SOLVER: {LAYER_DECAY: 0.5}", "layer-decay", "error"),
        ("SOLVER: {MAX_EPOCH: 2, WARMUP_EPOCHS: 5.0}", "warm-up", "note"),
        ("SOLVER: {WARMUP_EPOCHS: 1.0, WARMUP_START_LR: 9.0}", "warm-up", "warning"),
        ("AUG: {ENABLE: True, AA_TYPE: augmix}", "augmentation", "error"),
        ("MULTIGRID: {LONG_CYCLE: True, SHORT_CYCLE: True}", "long-cycle", "error"),
        ("MULTIGRID: {LONG_CYCLE: True}", "long-cycle", "error"),
        ("NUM_SHARDS: 2", "shards", "error"),
        ("{NUM_SHARDS: 2, NUM_GPUS: 2}", "shards", "warning"),
        ("TRAIN: {ENABLE: False}", "untrained", "warning"),
        ("MODEL: {LOSS_FUNC: mse}", "loss", "error"),
        ("DATA: {MULTI_LABEL: True}", "labels", "warning"),
        ("TRAIN: {DATASET: charades}", "labels", "error"),
        ("{TRAIN: {DATASET: charades}, MODEL: {LOSS_FUNC: mse}}", "loss", "error"),
        ("{TRAIN: {DATASET: ava}, MODEL: {LOSS_FUNC: multi_mse}}", "loss", "warning"),
        ("MODEL: {LOSS_FUNC: contrastive_loss}", "loss", "warning"),
        ("MASK: {ENABLE: True}", "loss", "error"),
        ("TEST: {DATASET: charades, NUM_ENSEMBLE_VIEWS: 1}", "views", "error"),
        ("{TRAIN: {DATASET: charades}, DATA: {MULTI_LABEL: True}}", "loss", "warning"),
        ("{TRAIN: {DATASET: charades}, DATA: {MULTI_LABEL: True}}", "head", "warning"),
        ("{TRAIN: {DATASET: ava}, DETECTION: {ENABLE: True}}", "loss", "warning"),
        ("TRAIN: {DATASET: ssv2}", "missing-list", "error"),
        ("TRAIN: {DATASET: charades}", "missing-list", "error"),
        ("TRAIN: {DATASET: imagenet}", "missing-folder", "error"),
    ],
)
def test_each_rule_says_how_bad_it_is(change: str, finding: str, level: str) -> None:
    assert level in _ids(change, UNKNOWN)[finding]


def test_more_gpus_than_this_machine_has(tree: SourceTree) -> None:
    read = content.parse("NUM_GPUS: 8")
    machine = Machine(gpus=2)
    assert [row.level for row in rules_machine.gpus(read, Target(tree, machine))] == ["error"]
    assert [row.level for row in rules_machine.gpus(read, Target(None, machine))] == ["note"]
    assert [*rules_machine.gpus(read, Target(tree, Machine(gpus=8)))] == []
    assert [*rules_machine.gpus(read, Target(tree))] == []


def test_apex_counts_where_the_environment_has_it(tree: SourceTree) -> None:
    read = content.parse("BN: {NORM_TYPE: sync_batchnorm_apex}")
    assert [*rules_machine.apex(read, Target(tree, has_apex=True))] == []


@pytest.mark.parametrize(
    ("free", "levels"), [(64 * GIB, []), (GIB, ["warning"]), (GIB // 100, ["error"])]
)
def test_batches_of_all_workers_have_to_fit_into_shared_memory(
    free: int, levels: list[str]
) -> None:
    read = content.parse("TRAIN: {BATCH_SIZE: 8}\nDATA: {NUM_FRAMES: 32}")
    target = Target(machine=Machine(shared_memory=free))
    assert [row.level for row in rules_machine.shared_memory(read, target)] == levels


def test_a_file_that_is_not_yaml_is_a_finding(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("A:\n  B: 1\n C: 2\n")
    given = ["config", "check", str(path), "--json", "--prefix", str(tmp_path), "--fix"]
    assert run(given) == 1
    assert [row["id"] for row in json.loads(capsys.readouterr().out)["findings"]] == ["unreadable"]
    assert path.read_text() == "A:\n  B: 1\n C: 2\n"
