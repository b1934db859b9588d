"""The options that several commands share, each written once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from slowfast_stack.exit_codes import UsageError

_HINTS = {
    "--checkpoint": "Correct the path, or fetch one with slowfast-stack models get NAME.",
}


def _label(param: typer.CallbackParam) -> str:
    """Return how the user calls an option or argument."""
    name = max(param.opts, key=len)
    return name if name.startswith("-") else name.upper()


def _each(value: Any) -> list[Path]:  # noqa: ANN401  (a path, several, or none)
    return [] if value is None else list(value) if isinstance(value, (list, tuple)) else [value]


def existing_file(param: typer.CallbackParam, value: Any) -> Any:  # noqa: ANN401
    """Refuse a file that does not exist. Raises UsageError."""
    for path in _each(value):
        if not path.is_file():
            raise UsageError(
                f"{_label(param)} {path} is not a file.",
                f"{path.absolute()} {'is a folder' if path.is_dir() else 'does not exist'}.",
                _HINTS.get(_label(param), "Correct the path."),
                code="file.not-found",
            )
    return value


def existing_bundle(param: typer.CallbackParam, value: Any) -> Any:  # noqa: ANN401
    """Refuse a bundle that has neither a file nor a first part. Raises UsageError."""
    for path in _each(value):
        if not path.is_file() and not path.with_name(f"{path.name}.001").is_file():
            raise UsageError(
                f"{_label(param)} {path} is not a bundle.",
                f"Neither that file nor a first part {path.name}.001 exists.",
                "Give the file that slowfast-stack bundle create wrote, or its name without .001.",
                code="file.not-found",
            )
    return value


def existing_folder(param: typer.CallbackParam, value: Any) -> Any:  # noqa: ANN401
    """Refuse a folder that does not exist. Raises UsageError."""
    for path in _each(value):
        if not path.expanduser().is_dir():
            raise UsageError(
                f"{_label(param)} {path} is not a folder.",
                f"There is no folder at {path.expanduser().absolute()}.",
                "Correct the path.",
                code="cli.missing-folder",
            )
    return value


def output(text: str) -> Any:  # noqa: ANN401  (typer's own type)
    """Return the option -o of a verb; ``text`` says what it writes."""
    return typer.Option("-o", "--output", metavar="PATH", help=text)


Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
Prefix = Annotated[
    str | None, typer.Option(metavar="DIR", help="The prefix that holds the stacks.")
]
Yes = Annotated[
    bool, typer.Option("-y", "--yes", help="Change the system without asking for consent.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change; change nothing.")]
Root = Annotated[Path, typer.Option("--root", metavar="DIR", help="Root of the AVA data set.")]
Source = Annotated[
    list[str] | None,
    typer.Option(
        "--source",
        metavar="NAME=PLACE[@COMMIT]",
        help="Where the source NAME comes from: a git URL, a repository, a folder, a bundle. "
        "Repeatable.",
    ),
]
CheckpointDir = Annotated[
    Path,
    typer.Option("--checkpoint-dir", metavar="DIR", help="Folder of downloaded checkpoints."),
]
CHECKPOINTS = Path("checkpoints")
SkipValidation = Annotated[
    bool, typer.Option("--skip-validation", help="Start even where validation finds errors.")
]
StartFolder = Annotated[
    Path,
    typer.Option(
        "--from", metavar="DIR", callback=existing_folder, help="Base directory for relative paths."
    ),
]
_CHECKPOINT = typer.Option(
    "--checkpoint", metavar="FILE", callback=existing_file, help="The weights of SlowFast to load."
)
Checkpoint = Annotated[Path | None, _CHECKPOINT]
RequiredCheckpoint = Annotated[Path, _CHECKPOINT]
_CONFIG = typer.Option(
    "--cfg", metavar="FILE", callback=existing_file, help="The configuration of SlowFast."
)
Config = Annotated[Path | None, _CONFIG]
RequiredConfig = Annotated[Path, _CONFIG]
Gpus = Annotated[
    int | None, typer.Option(metavar="N", min=0, help="How many GPUs to use; 0 is the CPU.")
]
GpuMemory = Annotated[
    float | None,
    typer.Option(metavar="GIB", min=1, help="Memory of a GPU; default: that of the GPU."),
]
CatalogGpu = Annotated[
    str | None,
    typer.Option(
        metavar="GPU",
        help="Id or name of a GPU of the catalog; default: that of this machine.",
    ),
]
Mirror = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Download from this mirror instead of the official servers."),
]
AcceptChange = Annotated[
    bool,
    typer.Option("--accept-change", help="Accept files that differ from those recorded before."),
]
Attempts = Annotated[
    int, typer.Option(metavar="N", min=1, help="Give up after N failures in a row.")
]
Only = Annotated[
    list[str] | None, typer.Option("--only", metavar="ID", help="Limit to this ID. Repeatable.")
]
KeyValues = Annotated[
    list[str] | None,
    typer.Argument(metavar="KEY VALUE", help="Pairs that override the configuration."),
]


@dataclass(frozen=True)
class Hosts:
    """Which hosts a command works on, and how its result is shown."""

    inventory: Annotated[
        str | None,
        typer.Option("-i", "--inventory", metavar="PATH", help="Inventory; default: this machine."),
    ] = None
    limit: Annotated[
        str | None,
        typer.Option(metavar="HOSTS", help="Only these hosts or groups of the inventory."),
    ] = None
    json: Json = False
    verbose: Annotated[
        int, typer.Option("-v", "--verbose", count=True, help="Show the output of Ansible.")
    ] = 0
