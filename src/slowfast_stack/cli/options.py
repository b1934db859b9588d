"""The options that several commands share, each written once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from ansible_collections.slowfast.stack.plugins.module_utils import _trust
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.signatures import KINDS
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


def known_kind(value: str | None) -> str | None:
    """Refuse a kind of signed files that does not exist. Raises UsageError."""
    if value not in (None, *KINDS):
        raise UsageError(
            f"--kind {value} is not known.",
            f"It should be one of {', '.join(KINDS)}.",
            "Correct it, or omit it for a bundle or a lock.",
            code="cli.invalid-value",
        )
    return value


def output(text: str) -> Any:  # noqa: ANN401  (typer's own type)
    """Return the option -o of a verb; ``text`` says what it writes."""
    return typer.Option("-o", "--output", metavar="PATH", help=text)


Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
Recorded = Annotated[
    list[str] | None,
    typer.Option(
        "--host",
        metavar="FILE",
        help="What if: hosts that `probe --json` recorded; a file, a folder or - . Repeatable.",
    ),
]
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
AllowedSigners = Annotated[
    Path | None,
    typer.Option(
        "--allowed-signers",
        metavar="FILE",
        callback=existing_file,
        help="Whom to trust, as in ssh-keygen(1); default: ~/.config/slowfast-stack/allowed_signers "
        "and /etc/slowfast-stack/allowed_signers.",
    ),
]
Kind = Annotated[
    str | None,
    typer.Option(
        metavar="|".join(KINDS),
        callback=known_kind,
        help="What FILE is; bundles and locks are known by their content.",
    ),
]
KeyValues = Annotated[
    list[str] | None,
    typer.Argument(metavar="KEY VALUE", help="Pairs that override the configuration."),
]


@dataclass(frozen=True)
class TrustOptions:
    """Which files that someone handed over are used; without any, those with a trusted signature."""

    digest: Annotated[
        list[str] | None,
        typer.Option(
            "--digest",
            metavar="DIGEST",
            help="The expected SHA-256, as its maker printed it; no signature is needed. Repeatable.",
        ),
    ] = None
    unsigned: Annotated[bool, typer.Option("--unsigned", help="Use files without a signature.")] = (
        False
    )
    allowed_signers: AllowedSigners = None

    def accepted(self) -> _trust.Accepted:
        """Return what the user accepts. Raises UsageError."""
        try:
            digests = tuple(_trust.digest(text, "--digest") for text in self.digest or ())
        except StackError as error:
            raise UsageError(error.message, error.cause, error.hint, code=error.code) from error
        return _trust.Accepted(digests, self.unsigned, self.allowed_signers)


Inventory = Annotated[
    str | None,
    typer.Option("-i", "--inventory", metavar="PATH", help="Inventory; default: this machine."),
]


@dataclass(frozen=True)
class Hosts:
    """Which hosts a command works on, and how its result is shown."""

    inventory: Inventory = None
    limit: Annotated[
        str | None,
        typer.Option(metavar="HOSTS", help="Only these hosts or groups of the inventory."),
    ] = None
    json: Json = False
    verbose: Annotated[
        int, typer.Option("-v", "--verbose", count=True, help="Show the output of Ansible.")
    ] = 0
