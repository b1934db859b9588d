"""The options that several commands share, each written once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.presets import PRESETS
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.request import (
    ENVIRONMENTS,
    FFMPEGS,
    NETWORKS,
)
from slowfast_stack import what_if

Inventory = Annotated[
    str | None,
    typer.Option("-i", "--inventory", metavar="PATH", help="Inventory; default: this machine."),
]
Limit = Annotated[
    str | None, typer.Option(metavar="HOSTS", help="Only these hosts or groups of the inventory.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
Prefix = Annotated[
    str | None, typer.Option(metavar="DIR", help="Where the stack lives on the target.")
]
Torch = Annotated[
    str | None, typer.Option(metavar="SPEC", help="PyTorch release, such as 2.9 or '>=2.4'.")
]
Cuda = Annotated[str | None, typer.Option(metavar="SPEC", help="CUDA toolkit, such as 12.8.")]
Python = Annotated[str | None, typer.Option(metavar="SPEC", help="Python, such as 3.11.")]
DriverBranch = Annotated[
    str | None, typer.Option(metavar="BRANCH", help="NVIDIA driver branch, such as 580.")
]
Preset = Annotated[
    str | None,
    typer.Option(metavar="|".join(row.name for row in PRESETS), help="Releases to prefer."),
]
Network = Annotated[
    str | None,
    typer.Option(
        metavar="|".join(NETWORKS), help="Take this network for granted instead of probing it."
    ),
]
Ffmpeg = Annotated[
    str | None,
    typer.Option(
        metavar="|".join(FFMPEGS),
        help="Which FFmpeg with CUDA; without a GPU none, unless asked for.",
    ),
]
Environment = Annotated[
    str | None,
    typer.Option(metavar="|".join(ENVIRONMENTS), help="Who makes the Python environment."),
]
CondaPackages = Annotated[
    list[str] | None,
    typer.Option(
        "--conda-package",
        metavar="SPEC",
        help="A package of conda-forge beside Python, such as mkl=2024.0. Repeatable.",
    ),
]
Sources = Annotated[
    list[str] | None,
    typer.Option(
        "--source",
        metavar="NAME=PLACE[@COMMIT]",
        help="Where detectron2, pytorchvideo, slowfast, ffmpeg, nv-codec-headers, miniforge or "
        "conda-forge comes from: a git URL, a repository, a bundle, FFmpeg's archive, an "
        "installer[@SHA256], a mirror of the channel. Repeatable.",
    ),
]
Verbose = Annotated[
    int, typer.Option("-v", "--verbose", count=True, help="Show all that Ansible says.")
]
Gpu = Annotated[
    list[str] | None,
    typer.Option(metavar="VENDOR:DEVICE[xN]", help="What if: a GPU. Repeatable."),
]
Os = Annotated[
    str | None,
    typer.Option(metavar="NAME-VERSION", help=f"What if: default {what_if.DEFAULT_OS}."),
]
Arch = Annotated[
    str | None, typer.Option(metavar="x86_64|aarch64", help="What if: default x86_64.")
]
InstalledDriver = Annotated[
    str | None, typer.Option(metavar="VERSION", help="What if: the driver that is loaded.")
]
InstalledCuda = Annotated[
    str | None, typer.Option(metavar="VERSION", help="What if: a toolkit that is there.")
]
SecureBoot = Annotated[bool, typer.Option("--secure-boot", help="What if: Secure Boot is on.")]
NvSwitch = Annotated[bool, typer.Option("--nvswitch", help="What if: NVSwitches join the GPUs.")]
Checkpoints = Annotated[
    Path, typer.Option("--dir", metavar="DIR", help="Where checkpoints and their record lie.")
]
CHECKPOINTS = Path("checkpoints")
NoCheck = Annotated[
    bool, typer.Option("--no-check", help="Start even where a check says that it will fail.")
]
