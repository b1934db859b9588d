"""``slowfast-stack bundle``: create and verify bundles for hosts without a network."""

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
    from slowfast_stack.bundle.builder import Stack
    from slowfast_stack.orchestration.run_state import HostRun

EXAMPLES = """
slowfast-stack bundle create -o /media/usb/slowfast.bundle
slowfast-stack bundle create -i inventories/example --part-size 64MiB
slowfast-stack bundle create --gpu 10de:2330 --os ubuntu-22.04 --torch 2.11.0
slowfast-stack bundle verify /media/usb/slowfast.bundle
slowfast-stack up --offline /media/usb/slowfast.bundle
"""
group = typer.Typer(
    help="Create and verify bundles for hosts without a network.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_UNITS = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
_SMALLEST_PART = 1 << 20
_HEAD = 4096  # bytes of a bundle that name its format


def _epilog(*examples: str) -> str:
    return "\b\nExamples:\n  " + "\n  ".join(f"slowfast-stack bundle {line}" for line in examples)


@group.command(
    epilog=_epilog(
        "create",
        "create -i inventories/example -o fleet.bundle --part-size 64MiB",
        "create --gpu 10de:2330 --os ubuntu-24.04 --python 3.12 --adopt-torch",
        "create --built /opt/slowfast-stack",
    )
)
def create(  # noqa: PLR0913  (each is an option)
    *,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="The file to write.")
    ] = Path("slowfast-stack.bundle"),
    part_size: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE", help="Write parts FILE.001, FILE.002, ... of SIZE, such as 64MiB."
        ),
    ] = None,
    adopt_torch: Annotated[
        bool, typer.Option("--adopt-torch", help="Exclude torch; the targets must have it.")
    ] = False,
    built: Annotated[
        Path | None,
        typer.Option(metavar="PREFIX", help="Include the wheels that were built in this prefix."),
    ] = None,
    system_packages: Annotated[
        bool,
        typer.Option(
            "--system-packages/--no-system-packages",
            help="Include packages of the distribution; otherwise the targets must have them.",
        ),
    ] = True,
    package_sources: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME-VERSION=FILE",
            help="Sources file of apt for another distribution than this one. Repeatable.",
        ),
    ] = None,
    cache: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder in which downloads are kept.")
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
    """Create a bundle.

    Plans like `plan`, for this machine, for an inventory, or for a machine that
    is described by options, and downloads what the plans install. Lists what is
    not available here. Downloads are kept: an interrupted run continues.
    """
    part_bytes = parse_size(part_size) if part_size else None
    _refuse_foreign(output)
    sources_files = dict(_package_sources(text) for text in package_sources or [])
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
    options_ = builder.BundleOptions(
        output, part_bytes, adopt_torch, built, system_packages, sources_files
    )
    downloads = download_cache.DownloadCache(cache or download_cache.default_folder())
    with download_progress.shown() as progress:
        manifest, files = builder.create(
            [_stack(run, wanted) for run in runs],
            options_,
            downloads,
            report=lambda text: console.print(text, highlight=False, soft_wrap=True),
            progress=progress,
        )
    console.print(f"Downloads are kept in {downloads.folder}.", highlight=False, soft_wrap=True)
    _print(manifest, files, as_json=json)
    return Exit.PROVEN


def _stack(run: HostRun, wanted: dict[str, Any]) -> Stack:
    from slowfast_stack.bundle.builder import Stack

    return Stack.read(run.name, run.facts["stack_host"], wanted, run.facts["stack_plan"])


def parse_size(text: str) -> int:
    """Read a size such as 64MiB. Raises UsageError."""
    found = re.fullmatch(r"(\d+)\s*([KMG]iB)", text)
    number = int(found[1]) * _UNITS[found[2]] if found else 0
    if number < _SMALLEST_PART:
        raise UsageError(
            f"--part-size {text} is not a size.",
            f"A size is a whole number of {', '.join(_UNITS)}, and at least 1MiB.",
            "For example: --part-size 64MiB",
            code="cli.invalid-value",
        )
    return number


def _package_sources(text: str) -> tuple[str, Path]:
    """Read NAME-VERSION=FILE. Raises UsageError."""
    name, equals, path = text.partition("=")
    if not equals or "-" not in name or not Path(path).is_file():
        raise UsageError(
            f"--package-sources {text} is not valid.",
            "The form is NAME-VERSION=FILE, where FILE is a sources file of apt.",
            "For example: --package-sources ubuntu-24.04=ubuntu.sources",
            code="cli.invalid-value",
        )
    return name, Path(path)


def _refuse_foreign(output: Path) -> None:
    """Refuse to replace a file that is not a bundle. Raises UsageError."""
    if output.is_dir() or (output.is_file() and not _is_bundle(output)):
        raise UsageError(
            f"{output} exists and is not a bundle.",
            "A bundle replaces only a bundle.",
            "Give another file with --output.",
            code="bundle.foreign-file",
        )
    if not output.absolute().parent.is_dir():
        raise UsageError(
            f"There is no folder {output.absolute().parent}.",
            hint="Create it first.",
            code="cli.missing-folder",
        )


def _is_bundle(path: Path) -> bool:
    from ansible_collections.slowfast.stack.plugins.module_utils._stack.bundle import manifest

    with path.open("rb") as stream:
        return manifest.FORMAT.encode() in stream.read(_HEAD)


@group.command(
    epilog=_epilog("verify slowfast-stack.bundle", "verify slowfast-stack.bundle.001 --json")
)
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A bundle, or its first part.")],
    *,
    digest: Annotated[
        str | None, typer.Option(metavar="DIGEST", help="The digest that `bundle create` printed.")
    ] = None,
    json: options.AsJson = False,
) -> int:
    """Verify every byte of a bundle.

    Reports all damage, and what the bundle contains and what it does not.
    """
    from slowfast_stack.bundle import verify

    manifest, files = verify.check(file, digest)
    _print(manifest, files, as_json=json)
    return Exit.PROVEN


def _print(manifest: Manifest, files: tuple[Path, ...], *, as_json: bool) -> None:
    from slowfast_stack.bundle import verify

    bundle = verify.describe(manifest, files)
    if as_json:
        terminal.print_json({"bundle": bundle})
    else:
        print("\n".join(verify.render(bundle)))
