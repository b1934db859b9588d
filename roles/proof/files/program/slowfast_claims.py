"""Claims: SlowFast decodes clips, trains on them, and saves and loads a checkpoint."""

from __future__ import annotations

import json
import math
import subprocess
from functools import cached_property
from pathlib import Path

from claims import Claim
from torch_claims import device

CONFIG = "configs/Kinetics/SLOWFAST_4x16_R50.yaml"
STEPS = 6
CLASSES = 6

# A smaller model of the same structure: fewer channels, shorter clips, smaller frames.
SMALL = {
    "DATA.NUM_FRAMES": 16,
    "DATA.SAMPLING_RATE": 2,
    "DATA.TRAIN_JITTER_SCALES": [64, 80],
    "DATA.TRAIN_CROP_SIZE": 64,
    "DATA.TEST_CROP_SIZE": 64,
    "TRAIN.BATCH_SIZE": 2,
    "TRAIN.EVAL_PERIOD": 1,
    "TEST.BATCH_SIZE": 2,
    "TEST.NUM_ENSEMBLE_VIEWS": 1,
    "TEST.NUM_SPATIAL_CROPS": 1,
    "MODEL.NUM_CLASSES": CLASSES,
    "RESNET.WIDTH_PER_GROUP": 16,
    "SOLVER.MAX_EPOCH": 1,
    "SOLVER.BASE_LR": 0.01,
    "BN.NUM_BATCHES_PRECISE": 2,
    "MODEL.DROPOUT_RATE": 0.0,
    "DATA_LOADER.NUM_WORKERS": 0,
    "DATA_LOADER.PIN_MEMORY": False,
}
# Keys that the release of 2019 on PyPI does not have.
UPSTREAM = {"DATA.DECODING_BACKEND": "pyav", "SOLVER.WARMUP_EPOCHS": 0.0}
# Values of CONFIG for that release, which ships no configs/.
RELEASE_2019 = {
    "DATA.CROP_SIZE": 64,
    "SLOWFAST.ALPHA": 8,
    "SLOWFAST.BETA_INV": 8,
    "SLOWFAST.FUSION_CONV_CHANNEL_RATIO": 2,
    "SLOWFAST.FUSION_KERNEL_SZ": 5,
    "RESNET.ZERO_INIT_FINAL_BN": True,
    "RESNET.NUM_BLOCK_TEMP_KERNEL": [[3, 3], [4, 4], [6, 6], [3, 3]],
    "RESNET.SPATIAL_STRIDES": [[1, 1], [2, 2], [2, 2], [2, 2]],
    "RESNET.SPATIAL_DILATIONS": [[1, 1], [1, 1], [1, 1], [1, 1]],
    "NONLOCAL.LOCATION": [[[], []], [[], []], [[], []], [[], []]],
    "NONLOCAL.GROUP": [[1, 1], [1, 1], [1, 1], [1, 1]],
}


def has_tools(plan: dict) -> bool:
    """Return whether the planned SlowFast is the repository and not the release on PyPI."""
    return plan["sources"]["slowfast"]["origin"] != "pypi"


def options(plan: dict, data: Path, out: Path) -> dict[str, object]:
    """Return the settings that reduce CONFIG to a run of a few seconds on the synthetic clips."""
    return {
        **SMALL,
        **(UPSTREAM if has_tools(plan) else RELEASE_2019),
        "NUM_GPUS": int(device(plan) == "cuda"),
        "DATA.PATH_TO_DATA_DIR": str(data),
        "OUTPUT_DIR": str(out),
    }


def _identity(tree: Path) -> str:
    """Return the commit of a tree, or the requirement and digest it was unpacked from."""
    origin = tree / ".slowfast-stack-origin"
    if origin.is_file():
        return origin.read_text(encoding="utf-8").strip()
    git = ["git", "-C", str(tree), "rev-parse", "HEAD"]
    return subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip()


def _patched(tree: Path) -> list[str]:
    """Return the ids of the patches recorded beside a tree."""
    record = tree / ".slowfast-stack" / "record.json"
    if not record.is_file():
        return []
    files = json.loads(record.read_text(encoding="utf-8"))["files"].values()
    return sorted({patch for file in files for patch in file["patches"]})


class Trained:
    """The state that the training claims share, each part made when it is needed first."""

    def __init__(self, plan: dict, src: Path, data: Path, out: Path) -> None:
        """Take the plan, its source trees, the clips and a folder for checkpoints."""
        self.plan, self.src, self.data, self.out = plan, src, data, out

    @cached_property
    def cfg(self):  # noqa: ANN201  (a class of the stack)
        """Return the configuration."""
        from slowfast.config.defaults import get_cfg

        cfg = get_cfg()
        if has_tools(self.plan):
            cfg.merge_from_file(str(self.src / "slowfast" / CONFIG))
        pairs = options(self.plan, self.data, self.out).items()
        cfg.merge_from_list([part for pair in pairs for part in pair])
        return cfg

    @cached_property
    def model(self):  # noqa: ANN201
        """Return the model that is trained."""
        return self._build()

    @cached_property
    def optimizer(self):  # noqa: ANN201
        """Return the optimizer of the model."""
        import slowfast.models.optimizer as optim

        return optim.construct_optimizer(self.model, self.cfg)

    def claims(self) -> list[Claim]:
        """Return the claims; each makes what it needs where one before has not made it."""
        return [
            Claim("slowfast.source", "the planned commits", self._source),
            Claim("slowfast.config", f"the structure of {Path(CONFIG).name}", self._config),
            Claim("slowfast.decode", "every clip as a tensor of the two pathways", self._decode),
            Claim(
                "slowfast.training",
                f"{STEPS} optimiser steps, loss finite and falling, learning rate as set",
                self._train,
            ),
            Claim(
                "slowfast.checkpoint",
                "saved, loaded into a new model, every tensor equal",
                self._checkpoint,
            ),
        ]

    def _source(self) -> tuple[bool, str]:
        found, right = [], True
        for name, source in self.plan["sources"].items():
            if source:
                found_commit = _identity(self.src / name)
                wanted = source.get("commit") or source["requirement"]
                right = right and found_commit.startswith(wanted)
                patched = ", ".join(_patched(self.src / name)) or "nothing"
                found.append(f"{name} {found_commit.split()[0]} (patched: {patched})")
        return right, "; ".join(found)

    def _config(self) -> tuple[bool, str]:
        count = sum(p.numel() for p in self.model.parameters())
        return (
            count > 0,
            f"{type(self.model).__name__} with {count:,} parameters on {device(self.plan)}",
        )

    def _build(self):
        if has_tools(self.plan):
            from slowfast.models import build_model
        else:
            from slowfast.models.model_builder import build_model
        return build_model(self.cfg)

    def _loader(self):
        from slowfast.datasets.loader import construct_loader

        return construct_loader(self.cfg, "train")

    def _decode(self) -> tuple[bool, str]:
        from clips import SPLITS

        shapes = set()
        count = 0
        for batch in self._loader():
            slow, fast = batch[0]
            count += slow.shape[0]
            shapes.add((tuple(slow.shape[1:]), tuple(fast.shape[1:])))
        wanted = {((3, 2, 64, 64), (3, 16, 64, 64))}
        return shapes == wanted and count == SPLITS["train"], f"{count} clips, shapes {shapes}"

    def _train(self) -> tuple[bool, str]:
        import slowfast.models.optimizer as optim
        import torch
        from slowfast.models import losses

        torch.manual_seed(0)
        where = device(self.plan)
        optim.set_lr(self.optimizer, self.cfg.SOLVER.BASE_LR)
        rates = {group["lr"] for group in self.optimizer.param_groups}
        loss_of = losses.get_loss_func(self.cfg.MODEL.LOSS_FUNC)(reduction="mean")
        batch = next(iter(self._loader()))
        inputs = [part.to(where) for part in batch[0]]
        labels = batch[1].to(where)
        self.model.train()
        values = []
        for _step in range(STEPS):
            # A copy: the release of 2019 writes its features into its argument.
            loss = loss_of(self.model(list(inputs)), labels)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            values.append(loss.item())
        ok = all(map(math.isfinite, values)) and values[-1] < values[0]
        ok = ok and rates == {self.cfg.SOLVER.BASE_LR}
        text = " ".join(f"{loss:.3f}" for loss in values)
        return ok, f"loss {text}; learning rate {', '.join(map(str, rates))}"

    def _checkpoint(self) -> tuple[bool, str]:
        import slowfast.utils.checkpoint as cu
        import torch

        path = cu.save_checkpoint(str(self.out), self.model, self.optimizer, 0, self.cfg)
        fresh = self._build()
        cu.load_checkpoint(str(path), fresh, data_parallel=False)
        saved, loaded = self.model.state_dict(), fresh.state_dict()
        same = [torch.equal(saved[key], loaded[key]) for key in saved]
        size = Path(path).stat().st_size / 2**20
        return all(same) and saved.keys() == loaded.keys(), (
            f"{sum(same)} of {len(same)} tensors equal, {size:.1f} MiB"
        )
