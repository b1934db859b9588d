"""``slowfast-stack lock``: what the proven stacks are made of."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from ansible_collections.slowfast.stack.plugins.module_utils._stack.contents.model import Contents
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.files import replacing
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.validation import mapping
from slowfast_stack.cli import options
from slowfast_stack.cli.base import HostCommand, Verbs
from slowfast_stack.exit_codes import Exit, UsageError
from slowfast_stack.facts import Lock, StackContents
from slowfast_stack.orchestration import playbooks
from slowfast_stack.orchestration.contents import of_hosts
from slowfast_stack.orchestration.results import Results
from slowfast_stack.orchestration.run_state import HostRun

verbs = Verbs()


@verbs.add(
    "lock",
    "lock -o stack.lock.json --sbom stack.cdx.json",
    "lock -i inventories/example --json",
    "up --locked stack.lock.json",
    changes="nothing but the files that --output and --sbom name.",
)
def lock(
    *,
    hosts: options.Hosts,
    prefix: options.Prefix = None,
    output: Annotated[Path | None, options.output("Write the lock to this file.")] = None,
    sbom: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a CycloneDX 1.6 SBOM (JSON).")
    ] = None,
) -> int:
    """Show and export what a stack is made of.

    A lock lists every package with version and digest, every source with its commit and patches,
    the compilers and their flags. `up --locked FILE` builds the same stack elsewhere, or fails
    and lists what differs.
    """
    command = HostCommand(hosts, playbooks.CONTENTS if sbom else playbooks.LOCK)
    contents: Mapping[str, Contents] = {}
    if sbom:
        read, contents = of_hosts(command.run, prefix, digests=True)
        results = _locks(read)
    else:
        results = command.run(prefix=prefix)
    if results.exit_code is Exit.PROVEN and (output or sbom):
        name, found = _only(results)
        if output:
            _write(output, json.dumps(found, indent=1, sort_keys=True) + "\n")
        if sbom:
            from slowfast_stack.sbom import document

            _write(sbom, document.text(name, Lock.read(found), contents[name]))
    return command.report(results, text)


def _locks(results: Results) -> Results:
    """Return the locks alone, as without --sbom."""
    for run in results.runs:
        if run.facts.get(StackContents.fact):
            run.facts[Lock.fact] = mapping(run.facts[StackContents.fact]["lock"], "lock")
    return Results(results.runs, Lock.fact)


def _only(results: Results) -> tuple[str, Mapping[str, object]]:
    if len(results.values) != 1:
        raise UsageError(
            f"{len(results.values)} hosts have a lock.",
            "A file holds the lock of one host.",
            f"Name one with --limit: {', '.join(results.values)}.",
            code="cli.several-hosts",
        )
    ((name, found),) = results.values.items()
    return name, found


def _write(path: Path, text: str) -> None:
    try:
        with replacing(path) as fresh:
            fresh.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError.not_writable(path, error) from error


def text(run: HostRun) -> str:
    """Return a summary of a lock."""
    found = run.value(Lock)
    origins = Counter(sorted(row.origin for row in found.packages))
    counted = ", ".join(f"{count} {origin}" for origin, count in origins.items())
    lines = [
        f"Lock of {run.name} (stack {found.plan.id})",
        f"  Python    {found.python.implementation} {found.python.version}",
        f"  torch     {found.plan.torch.version} {found.plan.torch.variant}",
        f"  packages  {len(found.packages)}: {counted}",
    ]
    lines += [
        f"  source    {source} {row.commit or row.requirement}"
        for source, row in found.sources.items()
    ]
    lines += [f"  {tool:<8}  {output}" for tool, output in found.compilers.items() if output]
    return "\n".join(lines)
