"""The options that several commands share, each written once."""

from __future__ import annotations

from typing import Annotated

import typer

from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.presets import PRESETS
from ansible_collections.slowfast.stack.plugins.module_utils._stack.request import NETWORKS

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
Sources = Annotated[
    list[str] | None,
    typer.Option(
        "--source",
        metavar="NAME=PLACE[@COMMIT]",
        help="Where detectron2, pytorchvideo or slowfast comes from: a git URL, a repository, "
        "a bundle. Repeatable.",
    ),
]
Verbose = Annotated[
    int, typer.Option("-v", "--verbose", count=True, help="Show all that Ansible says.")
]
