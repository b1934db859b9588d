"""``slowfast-stack bundle``: everything that a host without a network needs, in one file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from slowfast_stack import what_if
from slowfast_stack.cli import options
from slowfast_stack.exit_codes import Exit, UsageError
from slowfast_stack.orchestration import plans, request, results
from slowfast_stack.ui import terminal

if TYPE_CHECKING:
    from ansible_collections.slowfast.stack.plugins.module_utils._stack.bundle.manifest import (
        Manifest,
    )
    from slowfast_stack.orchestration.run_state import HostRun

EXAMPLES = """
slowfast-stack bundle create -o /media/usb/slowfast.bundle
slowfast-stack bundle create -i inventories/example --piece-size 64MiB
slowfast-stack bundle create --gpu 10de:2330 --os ubuntu-22.04 --torch 2.11.0
slowfast-stack bundle verify /media/usb/slowfast.bundle
slowfast-stack up --offline /media/usb/slowfast.bundle
"""
group = typer.Typer(
    help="Make and verify bundles for hosts without a network.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_UNITS = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
_SMALLEST_PIECE = 1 << 20


def _epilog(*examples: str) -> str:
    return "\b\nExamples:\n  " + "\n  ".join(f"slowfast-stack bundle {line}" for line in examples)


@group.command(
    epilog=_epilog(
        "create",
        "create -i inventories/example -o fleet.bundle --piece-size 64MiB",
        "create --gpu 10de:2330 --os ubuntu-24.04 --python 3.12 --adopt-torch",
        "create --built /opt/slowfast-stack",
    )
)
def create(  # noqa: PLR0913  (each is an option)
    *,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="The file to write.")
    ] = Path("slowfast-stack.bundle"),
    piece_size: Annotated[
        str | None,
        typer.Option(metavar="SIZE", help="Write FILE.001, FILE.002 ... of at most SIZE: 64MiB."),
    ] = None,
    adopt_torch: Annotated[
        bool, typer.Option("--adopt-torch", help="Leave torch out; the targets have it.")
    ] = False,
    built: Annotated[
        Path | None,
        typer.Option(metavar="PREFIX", help="Put in the wheels that were built in this prefix."),
    ] = None,
    system_packages: Annotated[
        bool,
        typer.Option(
            "--system-packages/--no-system-packages",
            help="Put in the distribution's packages; or the targets have them.",
        ),
    ] = True,
    package_sources: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME-VERSION=FILE",
            help="apt's sources of a distribution that this machine is not. Repeatable.",
        ),
    ] = None,
    cache: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where downloads are kept for next time.")
    ] = None,
    inventory: options.Inventory = None,
    limit: options.Limit = None,
    prefix: options.Prefix = None,
    json: options.AsJson = False,
    gpu: options.Gpu = None,
    os: options.Os = None,
    arch: options.Arch = None,
    installed_driver: options.InstalledDriver = None,
    installed_cuda: options.InstalledCuda = None,
    secure_boot: options.SecureBoot = False,
    nvswitch: options.NvSwitch = False,
    torch: options.Torch = None,
    cuda: options.Cuda = None,
    python: options.Python = None,
    driver_branch: options.DriverBranch = None,
    preset: options.Preset = None,
    network: options.Network = None,
    ffmpeg: options.Ffmpeg = None,
    environment: options.Environment = None,
    conda_package: options.CondaPackages = None,
    source: options.Sources = None,
    verbose: options.Verbose = 0,
) -> int:
    """Make a bundle.

    Plans as `plan` does, for this machine, for an inventory, or for a machine
    that you do not have, and fetches what the plans install. Says what cannot be
    had here. What was fetched is kept: an interrupted run goes on.
    """
    pieces = size(piece_size) if piece_size else None
    _refuse_foreign(output)
    lists = dict(_package_sources(text) for text in package_sources or [])
    machine = what_if.machine(
        gpus=gpu,
        os=os,
        arch=arch,
        driver=installed_driver,
        cuda=installed_cuda,
        secure_boot=secure_boot,
        nvswitch=nvswitch,
    )
    wanted = request.build(
        torch=torch,
        cuda=cuda,
        python=python,
        driver_branch=driver_branch,
        preset=preset,
        network=network,
        ffmpeg=ffmpeg,
        environment=environment,
        conda_packages=conda_package,
        sources=request.sources(source, local=inventory is None),
    )
    runs = plans.runs(
        machine, inventory, wanted, limit=limit, prefix=prefix, as_json=json, verbose=verbose
    )
    ended = results.exit_code(runs, "stack_plan")
    if ended is not Exit.PROVEN:
        results.print_errors(runs, "stack_plan")
        return ended
    from slowfast_stack.bundle import builder, download_cache
    from slowfast_stack.ui import download_progress

    console = terminal.console(as_json=json)
    wishes = builder.Wishes(
        output,
        pieces,
        adopt_torch,
        built,
        system_packages,
        lists,
    )
    kept = download_cache.Store(cache or download_cache.default_folder())
    with download_progress.shown() as shown:
        manifest, files = builder.create(
            [_stack(run, wanted) for run in runs],
            wishes,
            kept,
            say=lambda text: console.print(text, highlight=False, soft_wrap=True),
            shown=shown,
        )
    console.print(f"Downloads are kept in {kept.folder}.", highlight=False, soft_wrap=True)
    _tell(manifest, files, as_json=json)
    return Exit.PROVEN


def _stack(run: HostRun, wanted: dict[str, Any]) -> Any:  # noqa: ANN401
    from slowfast_stack.bundle.builder import Stack

    return Stack(run.name, run.facts["stack_host"], wanted, run.facts["stack_plan"])


def size(text: str) -> int:
    """Read a size such as 64MiB. Raises UsageError."""
    found = re.fullmatch(r"(\d+)\s*([KMG]iB)", text)
    number = int(found[1]) * _UNITS[found[2]] if found else 0
    if number < _SMALLEST_PIECE:
        raise UsageError(
            f"--piece-size {text} is not understood.",
            f"It is a whole number of {', '.join(_UNITS)}, and at least 1MiB.",
            "For example: --piece-size 64MiB",
            code="cli.invalid-value",
        )
    return number


def _package_sources(text: str) -> tuple[str, Path]:
    """Read NAME-VERSION=FILE. Raises UsageError."""
    name, equals, path = text.partition("=")
    if not equals or "-" not in name or not Path(path).is_file():
        raise UsageError(
            f"--package-sources {text} is not understood.",
            "It reads NAME-VERSION=FILE, and FILE is a sources file of apt.",
            "For example: --package-sources ubuntu-24.04=ubuntu.sources",
            code="cli.invalid-value",
        )
    return name, Path(path)


def _refuse_foreign(output: Path) -> None:
    """Refuse to write over a file that is no bundle. Raises UsageError."""
    if output.is_dir() or (output.is_file() and not _is_bundle(output)):
        raise UsageError(
            f"{output} is there, and it is no bundle.",
            "Only a bundle is replaced by a bundle.",
            "Give another file with -o.",
            code="bundle.foreign-file",
        )
    if not output.absolute().parent.is_dir():
        raise UsageError(
            f"There is no folder {output.absolute().parent}.",
            hint="Make it first.",
            code="cli.missing-folder",
        )


def _is_bundle(path: Path) -> bool:
    from ansible_collections.slowfast.stack.plugins.module_utils._stack.bundle import manifest

    with path.open("rb") as stream:
        return stream.read(manifest.BLOCK) == manifest.header(manifest.SEAL, manifest.SEAL_SIZE)


@group.command(
    epilog=_epilog("verify slowfast-stack.bundle", "verify slowfast-stack.bundle.001 --json")
)
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A bundle, or its first piece.")],
    *,
    digest: Annotated[
        str | None, typer.Option(metavar="DIGEST", help="What `bundle create` said it is.")
    ] = None,
    json: options.AsJson = False,
) -> int:
    """Read every byte of a bundle.

    Names everything that is not as it was written, and says what the bundle holds
    and what it does not.
    """
    from slowfast_stack.bundle import verify

    manifest, files = verify.check(file, digest)
    _tell(manifest, files, as_json=json)
    return Exit.PROVEN


def _tell(manifest: Manifest, files: tuple[Path, ...], *, as_json: bool) -> None:
    from slowfast_stack.bundle import verify

    told = verify.described(manifest, files)
    if as_json:
        terminal.print_json({"bundle": told})
    else:
        print("\n".join(verify.lines(told)))
