"""What the parts of a configuration's name mean: one row for each part that upstream uses.

The meanings come from upstream's files and its papers; ``name_check.py`` compares each row with the
content of a file.
"""

from __future__ import annotations

from typing import NamedTuple

FOLDER, MODEL, SIZE, CLIP, BACKBONE, TASK, MODIFIER = (
    "folder",
    "model",
    "size",
    "clip",
    "backbone",
    "task",
    "modifier",
)


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
