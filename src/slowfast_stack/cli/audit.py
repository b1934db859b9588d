"""``slowfast-stack audit``: known vulnerabilities in what a stack is made of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from slowfast_stack.audit import findings, osv_files, pip_audit, subjects
from slowfast_stack.cli import options
from slowfast_stack.cli.base import HostCommand, Verbs
from slowfast_stack.exit_codes import Exit, UsageError
from slowfast_stack.facts import StackContents
from slowfast_stack.orchestration import playbooks
from slowfast_stack.orchestration.contents import of_hosts
from slowfast_stack.orchestration.results import Results
from slowfast_stack.ui import audits, terminal

if TYPE_CHECKING:
    from collections.abc import Mapping

verbs = Verbs()
# An answer that another user of the network can change is worth nothing.
_ADDRESSES = ("https://", "http://127.0.0.1:", "http://localhost:")


@verbs.add(
    "audit",
    "audit stack.cdx.json --osv all.zip",
    "audit -i inventories/example --fail-on high --json",
    changes="nothing.",
)
def audit(
    *,
    hosts: options.Hosts,
    prefix: options.Prefix = None,
    sbom: Annotated[
        Path | None,
        typer.Argument(
            metavar="SBOM",
            callback=options.existing_file,
            help="A CycloneDX document (JSON), instead of the stacks of hosts.",
        ),
    ] = None,
    osv: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="Records of OSV instead of the network: a file, a folder, or the export all.zip.",
        ),
    ] = None,
    service: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="What pip-audit asks: pypi, osv, or the address of an OSV server."
        ),
    ] = "pypi",
    fail_on: Annotated[
        str,
        typer.Option(
            metavar="SEVERITY",
            help="Exit 1 from this severity on: low, medium, high, critical. An unknown one counts.",
        ),
    ] = "low",
) -> int:
    """Match what a stack is made of against known vulnerabilities.

    Releases of PyPI are looked up, by pip-audit or in records of OSV. Everything else (packages of
    the distribution, sources at a commit, native libraries) is listed as not looked up. The exit
    code is 4 where nothing could be looked up.
    """
    if not service.startswith(_ADDRESSES):
        _require_known("--service", service, tuple(pip_audit.SERVICES))
    _require_known("--fail-on", fail_on, findings.SEVERITIES)
    _require_fitting(hosts, prefix, sbom, osv)
    results = Results([], StackContents.fact)
    if sbom:
        documents: Mapping[str, Mapping[str, object]] = {str(sbom): subjects.read(sbom)}
    else:
        from slowfast_stack.sbom import document

        command = HostCommand(hosts, playbooks.CONTENTS)
        results, contents = of_hosts(command.run, prefix, digests=False)
        locks = {
            run.name: run.value(StackContents).lock for run in results.runs if run.name in contents
        }
        documents = {
            name: document.with_files(name, locks[name], found) for name, found in contents.items()
        }
    done = {name: _audit(found, osv, service) for name, found in documents.items()}
    _report(results, done, as_json=hosts.json)
    codes = [_code(one, fail_on) for one in done.values()]
    return max([*codes, *(results.code(run) for run in results.runs)])


def _audit(document: Mapping[str, object], osv: Path | None, service: str) -> findings.Audit:
    listed = subjects.of(document)
    answer = osv_files.look_up(listed, osv) if osv else pip_audit.look_up(listed, service)
    return findings.audit(listed, answer)


def _report(results: Results, done: Mapping[str, findings.Audit], *, as_json: bool) -> None:
    shown = {name: audits.plain(one) for name, one in done.items()}
    lines = [line for name, one in done.items() for line in audits.lines(name, one)]
    terminal.show({"audits": shown, "errors": results.errors()}, lines, as_json=as_json)
    for error in (*results.failures(), *_nothing_looked_up(done)):
        terminal.print_error(error)


def _nothing_looked_up(done: Mapping[str, findings.Audit]) -> Iterator[StackError]:
    for name, one in done.items():
        if not one.looked_up:
            yield StackError(
                f"Nothing of {name} could be looked up.",
                _why(one),
                "Give a database with --osv, or run where PyPI can be reached.",
                code="audit.nothing-looked-up",
            )


def _why(one: findings.Audit) -> str:
    """Return why nothing was looked up: what the database said of the first component."""
    asked = [why for subject, why in one.refused if not subject.why_not]
    others = [why for _subject, why in one.refused]
    return f"{next(iter([*asked, *others]), 'It lists no component')}."


def _code(one: findings.Audit, fail_on: str) -> Exit:
    if not one.looked_up:
        return Exit.UNREACHABLE
    return Exit.FAILED if any(each.at_least(fail_on) for each in one.findings) else Exit.PROVEN


def _require_known(option: str, given: str, known: tuple[str, ...]) -> None:
    if given not in known:
        raise UsageError(
            f"{option} {given} is not known.",
            f"Known are: {', '.join(known)}.",
            "Give one of them.",
            code="cli.unknown-value",
        )


def _require_fitting(
    hosts: options.Hosts, prefix: str | None, sbom: Path | None, osv: Path | None
) -> None:
    if sbom and (prefix or hosts.inventory or hosts.limit):
        raise UsageError(
            "SBOM excludes --prefix, -i and --limit.",
            "An SBOM is a file of this machine.",
            "Give one of them.",
            code="cli.conflicting-options",
        )
    if osv and not osv.exists():
        raise UsageError(
            f"--osv {osv} does not exist.",
            f"There is neither a file nor a folder at {osv.absolute()}.",
            "Correct the path.",
            code="file.not-found",
        )
