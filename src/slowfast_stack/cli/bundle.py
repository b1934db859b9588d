"""``slowfast-stack bundle``: create and verify bundles for hosts without a network."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slowfast_stack.cli import options
from slowfast_stack.cli.base import HostCommand, Verbs
from slowfast_stack.cli.request_options import RequestOptions, WhatIfOptions
from slowfast_stack.exit_codes import Exit, UsageError
from slowfast_stack.orchestration import api, playbooks
from slowfast_stack.ui import terminal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ansible_collections.slowfast.stack.plugins.module_utils._stack.bundle.manifest import (
        Manifest,
    )
    from slowfast_stack.bundle.builder import Stack
    from slowfast_stack.orchestration.run_state import HostRun

verbs = Verbs("Create and verify bundles for hosts without a network.")
_UNITS = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
_SMALLEST_PART = 1 << 20
_HEAD = 4096  # bytes of a bundle that name its format


@verbs.add(
    "bundle create",
    "bundle create -i inventories/example -o fleet.bundle --part-size 64MiB",
    "bundle create --gpu 10de:2330 --os ubuntu-24.04 --python 3.12 --without-torch",
    "bundle create --host gpu1.json --network full",
    "bundle create --built /opt/slowfast-stack",
    changes="nothing but the bundle and the cache of downloads.",
)
def create(
    *,
    output: Annotated[Path, options.output("The bundle to write.")] = Path("slowfast-stack.bundle"),
    part_size: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE", help="Write parts FILE.001, FILE.002, ... of SIZE, such as 64MiB."
        ),
    ] = None,
    without_torch: Annotated[
        bool, typer.Option("--without-torch", help="Exclude torch; the targets must have it.")
    ] = False,
    built: Annotated[
        Path | None,
        typer.Option(
            metavar="PREFIX",
            callback=options.existing_folder,
            help="Include the wheels that were built in this prefix.",
        ),
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
    hosts: options.Hosts,
    prefix: options.Prefix = None,
    host: options.Recorded = None,
    what_if: WhatIfOptions,
    request: RequestOptions,
) -> int:
    """Create a bundle.

    Plans like `plan`: for this machine, for an inventory, for hosts that `probe --json` recorded,
    or for a machine that is described by options. Downloads what the plans install, and lists
    what is not available here. Downloads are kept: an interrupted run continues.
    """
    part_bytes = parse_size(part_size) if part_size else None
    _refuse_foreign(output)
    sources_files = dict(_package_sources(text) for text in package_sources or [])
    asked = request.build(local=hosts.inventory is None)
    command = HostCommand(hosts, playbooks.PLAN)
    results = command.call(
        api.plan,
        request=asked,
        machine=what_if.machine(),
        recorded=host or (),
        prefix=prefix,
    )
    if results.exit_code is not Exit.PROVEN:
        for error in results.failures():
            terminal.print_error(error)
        return results.exit_code
    from slowfast_stack.bundle import builder, download_cache
    from slowfast_stack.ui import progress

    console = command.console
    options_ = builder.BundleOptions(
        output, part_bytes, without_torch, built, system_packages, sources_files
    )
    downloads = download_cache.DownloadCache(cache or download_cache.default_folder())
    with progress.downloads() as report:
        manifest, files = builder.create(
            [_stack(run, asked) for run in results.runs],
            options_,
            downloads,
            report=lambda text: console.print(text, highlight=False, soft_wrap=True),
            progress=report,
        )
    console.print(f"Downloads are kept in {downloads.folder}.", highlight=False, soft_wrap=True)
    _print(manifest, files, as_json=hosts.json)
    return Exit.PROVEN


def _stack(run: HostRun, request: Mapping[str, object]) -> Stack:
    from slowfast_stack.bundle.builder import Stack

    return Stack.read(run.name, run.facts["stack_host"], request, run.facts["stack_plan"])


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
            "The bundle is written there.",
            "Create it, or give another --output.",
            code="cli.missing-folder",
        )


def _is_bundle(path: Path) -> bool:
    from ansible_collections.slowfast.stack.plugins.module_utils._stack.bundle import manifest

    with path.open("rb") as stream:
        return manifest.FORMAT.encode() in stream.read(_HEAD)


@verbs.add(
    "bundle verify slowfast-stack.bundle",
    "bundle verify slowfast-stack.bundle.001 --json",
    changes="nothing.",
)
def verify(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", callback=options.existing_bundle, help="A bundle, or its first part."
        ),
    ],
    *,
    digest: Annotated[
        str | None,
        typer.Option(
            "--digest",
            metavar="DIGEST",
            help="The expected SHA-256, as `bundle create` printed it.",
        ),
    ] = None,
    json: options.Json = False,
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
    terminal.show({"bundle": bundle}, verify.render(manifest, files), as_json=as_json)
