"""Parse the name of a configuration into its parts; a table says what each part means.

The meanings come from upstream's files and its papers; ``name_check.py`` compares each row with the
content of a file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import NamedTuple

FRAME_RATE = 30  # upstream's DATA.TARGET_FPS
KINDS = ("folder", "model", "size", "clip", "backbone", "task", "modifier")
FOLDER, MODEL, SIZE, CLIP, BACKBONE, TASK, MODIFIER = KINDS


class Word(NamedTuple):
    """A part of a name: ``pattern`` matches all of it, ``sentence`` may use its groups."""

    id: str
    kind: str
    pattern: str
    sentence: str


FOLDERS = (
    Word("AVA", FOLDER, "ava", "AVA: which of 80 actions each person in a film does; needs boxes."),
    Word("Kinetics", FOLDER, "kinetics", "Kinetics: one of 400 actions (600, 700) for a clip."),
    Word("ImageNet", FOLDER, "imagenet", "ImageNet: one of 1000 classes for a single picture."),
    Word("SSv2", FOLDER, "ssv2", "Something-Something V2: 174 classes; the order in time matters."),
    Word("Charades", FOLDER, "charades", "Charades: several of 157 actions in a film from a home."),
    Word("c2", FOLDER, "c2", "Made for a checkpoint that was trained in Caffe2."),
    Word("pytorchvideo", FOLDER, "pytorchvideo", "The model is built by PyTorchVideo's code."),
    Word("contrastive_ssl", FOLDER, "contrastive_ssl", "Learning without labels, by contrast."),
    Word("masked_ssl", FOLDER, "masked_ssl", "Learning without labels: restore what is hidden."),
    Word("demo", FOLDER, "demo", "For the demo: run a trained model on a video."),
    Word("configs", FOLDER, "configs", ""),
)

# Scanned from left to right; at each place the first row that fits wins.
WORDS = (
    Word("rev", MODIFIER, "rev", "Reversible: activations are computed again, to save memory."),
    Word(
        "slowfast",
        MODEL,
        "slowfast",
        "SlowFast: a slow pathway for what is seen, a fast and thin one for how it moves.",
    ),
    Word("slow", MODEL, r"slow(?:only)?(?=_|$|r\d)", "Only the slow pathway of SlowFast."),
    Word("i3d", MODEL, "i3d", "I3D: an image network inflated to convolutions over time."),
    Word("c2d", MODEL, "c2d", "C2D: convolutions in each picture only, none over time."),
    Word("x3d", MODEL, "x3d", "X3D: a small network grown step by step in time, size and width."),
    Word("csn", MODEL, "csn", "CSN: channels are convolved separately."),
    Word("r2plus1d", MODEL, "r2plus1d", "R(2+1)D: convolution in space, then one in time."),
    Word("mvitv2", MODEL, "mvitv2", "MViTv2: multiscale transformer with relative positions."),
    Word("mvit", MODEL, "mvit", "MViT: a transformer whose resolution falls as channels grow."),
    Word("vit", MODEL, "vit", "ViT: a transformer on patches, of one resolution throughout."),
    Word("res", MODEL, "res", "ResNet for single pictures."),
    Word("byol", TASK, "byol", "BYOL: predict a slowly moving copy of the network."),
    Word("moco", TASK, "moco", "MoCo: distinguish a clip from a queue of others."),
    Word("simclr", TASK, "simclr", "SimCLR: distinguish a clip from the others of its batch."),
    Word("swav", TASK, "swav", "SwAV: agree on clusters for two views of a clip."),
    Word("maskfeat", TASK, "maskfeat", "MaskFeat: restore gradient histograms of hidden parts."),
    Word("mae", TASK, "mae", "MAE: restore the pixels of hidden parts."),
    Word("pt", TASK, "pt", "Pre-training, without labels."),
    Word("ft", TASK, "ft", "Fine-tuning of a pre-trained model, with labels."),
    Word("finetune", TASK, "finetune", "Fine-tuning of a pre-trained model, with labels."),
    Word("linear", TASK, "linear", "Only a linear layer is trained, on frozen features."),
    Word("clip", CLIP, r"(?P<frames>\d+)x(?P<stride>\d+)", ""),
    Word(
        "backbone-temporal",
        BACKBONE,
        r"r(?P<depth>\d+)_(?P<slow>50|101)_(?P<fast>50|101)",
        "ResNet of {depth} layers; as many blocks of its fourth stage look over time as a "
        "ResNet-{slow} has in the slow pathway, and a ResNet-{fast} in the fast one.",
    ),
    Word("backbone", BACKBONE, r"r(?P<depth>\d+)", "ResNet of {depth} layers."),
    Word("data-in1k", TASK, r"(?<!_)in1k", "Trained on ImageNet-1K: single pictures."),
    Word("data-k400", TASK, "k400", "Trained on Kinetics-400."),
    Word("data-ssv2", TASK, "ssv2", "Trained on Something-Something V2."),
    Word("data-ava", TASK, "ava", "Trained on AVA."),
    Word("data-ucf", TASK, "ucf", "Trained on UCF101, read as Kinetics is."),
    Word("in1k", MODIFIER, "in1k", "Starts from an ImageNet checkpoint, inflated over time."),
    Word("nln", MODIFIER, "nln", "Non-local blocks: each place can look at every other one."),
    Word("nopool", MODIFIER, "nopool", "Without pooling over time between the stages."),
    Word("short", MODIFIER, "short", "A short schedule: fewer epochs than the released model."),
    Word("multigrid", MODIFIER, "multigrid", "Multigrid: batch and clip sizes change in cycles."),
    Word("stepwise", MODIFIER, "stepwise", "The learning rate falls in steps."),
    Word("conv", MODIFIER, "conv", "Pooling by convolution."),
    Word("test", MODIFIER, "test", "For testing only; it does not train."),
    Word("syn", MODIFIER, r"syn(?P<devices>\d+)", "Batch norm across {devices} GPUs (0: none)."),
    Word("version", MODIFIER, r"v(?P<version>2\.[12])", "Annotations of AVA version {version}."),
    Word("size", SIZE, "xs|[tsmblh]", ""),
    Word("depth", SIZE, r"(?P<depth>\d+)", "{depth} transformer blocks (not frames)."),
)

SIZES = {
    "xs": "extra small",
    "t": "tiny",
    "s": "small",
    "m": "medium",
    "b": "base",
    "l": "large",
    "h": "huge",
}


@dataclass(frozen=True)
class Part:
    """A known part of a name."""

    word: Word
    text: str
    groups: dict[str, str]
    sentence: str

    def number(self, group: str) -> int:
        """Return a group as a number."""
        return int(self.groups[group])


@dataclass(frozen=True)
class Name:
    """A parsed name: the parts that are known, and the rest."""

    text: str
    parts: tuple[Part, ...]
    unknown: tuple[str, ...]

    def part(self, *ids: str) -> Part | None:
        """Return the first part that is one of these words."""
        return next((part for part in self.parts if part.word.id in ids), None)

    @property
    def model(self) -> str:
        """Return the model's word, or an empty text."""
        return next((part.word.id for part in self.parts if part.word.kind == MODEL), "")


def read(text: str) -> Name:
    """Parse a name or a path: ``SLOWFAST_8x8_R50``, ``configs/AVA/c2/SLOW_8x8_R50.yaml``."""
    path = PurePosixPath(text)
    stem = path.name.removesuffix(".yaml").removesuffix(".yml")
    found, unknown = _scan(stem)
    folders = [_folder(name) for name in path.parts[:-1]]
    known = [part for part in folders if part is not None]
    return Name(text, tuple(_with_context([*known, *found])), tuple(unknown))


def _folder(name: str) -> Part | None:
    word = next((row for row in FOLDERS if re.fullmatch(row.pattern, name, re.IGNORECASE)), None)
    return Part(word, name, {}, word.sentence) if word and word.sentence else None


def _scan(stem: str) -> tuple[list[Part], list[str]]:
    found, unknown, place = [], [], 0
    while place < len(stem):
        part = _part_at(stem, place)
        if part is None:
            rest = re.compile(r"[^_]*").match(stem, place)
            text = rest.group() if rest else stem[place:]
            unknown.append(text)
        else:
            found.append(part)
            text = part.text
        place += len(text)
        place += stem[place : place + 1] == "_"
    return found, unknown


def _part_at(stem: str, place: int) -> Part | None:
    for word in WORDS:
        glued = "" if word.id == "slow" else r"(?=_|$)"
        match = re.compile(f"(?:{word.pattern}){glued}", re.IGNORECASE).match(stem, place)
        if match:
            groups = match.groupdict()
            return Part(word, match.group(), groups, word.sentence.format(**groups))
    return None


def _with_context(parts: list[Part]) -> list[Part]:
    """Fill in the sentences that depend on the rest of the name."""
    models = [part.word.id for part in parts if part.word.kind == MODEL]
    model = models[0] if models else ""
    explained = {"clip": _clip, "size": _size}
    return [
        Part(part.word, part.text, part.groups, explained[part.word.id](part, model))
        if part.word.id in explained
        else part
        for part in parts
    ]


def _clip(part: Part, model: str) -> str:
    frames, stride = part.number("frames"), part.number("stride")
    seconds = frames * stride / FRAME_RATE
    basis = f"{frames} frames, one in {stride}: {seconds:.1f} s at {FRAME_RATE} frames per second"
    if model != "slowfast":
        return f"{basis}."
    if stride <= 2:  # noqa: PLR2004  (upstream's fast pathway takes each second frame)
        return f"{basis}; the full clip, which the fast pathway sees and the slow one thins."
    return f"{basis}; what the slow pathway sees. The fast one sees the same time more densely."


def _size(part: Part, model: str) -> str:
    size = SIZES[part.text.lower()]
    return f"Size {part.text}: {size}{f' {model.upper()}' if model else ''}."
