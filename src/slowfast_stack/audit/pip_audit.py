"""Look components up with pip-audit, which asks PyPI or OSV."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import scratch
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.validation import (
    items,
    mapping,
    parse_json,
    text,
)
from slowfast_stack.audit.findings import Advisory, Answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slowfast_stack.audit.subjects import Listed, Subject

SERVICES = {"pypi": "PyPI", "osv": "OSV"}
_LONGEST, _LARGEST = 300, 64 << 20
_ABSENT = "Dependency not found on PyPI"
# For all components together, in seconds; pip-audit gives up on one request after 15 s.
_LIMIT_S = 900
_FINISHED = (0, 1)  # 1: it found a vulnerability, or could not ask


def look_up(listed: Listed, service: str) -> Answer:
    """Return what a service says; one that is not reached refuses all.

    ``service`` is one of ``SERVICES``, or the address of a server with the interface of OSV.
    """
    name = SERVICES.get(service, service)
    advisories: dict[Subject, tuple[Advisory, ...]] = {}
    refused: dict[Subject, str] = {}
    for batch in _batches(listed):
        try:
            found, skipped = _read(batch, _run(batch, service))
        except (ValueError, StackError, subprocess.TimeoutExpired) as error:
            found, skipped = (
                {},
                dict.fromkeys(batch, f"{name} did not answer: {_short(error)}"),
            )
        advisories |= found
        refused |= skipped
    return Answer(name, advisories, refused)


def _read(
    batch: list[Subject], said: str
) -> tuple[dict[Subject, tuple[Advisory, ...]], dict[Subject, str]]:
    """Return the advisories of each component, and why others were skipped."""
    found, skipped = {}, {}
    by_name = {one.name: one for one in batch}
    for value in items(mapping(parse_json(said), "pip-audit").get("dependencies"), "dependencies"):
        row = mapping(value, "dependencies")
        one = by_name.get(canonicalize_name(text(row.get("name"), "name")))
        if one and "skip_reason" in row:
            skipped[one] = _skipped(str(row["skip_reason"]))
        elif one:
            found[one] = tuple(map(_advisory, items(row.get("vulns"), "vulns")))
    return found, skipped


def _batches(listed: Listed) -> Iterator[list[Subject]]:
    """Yield the components such that each batch has a name once, as pip-audit wants them."""
    versions: dict[str, list[Subject]] = defaultdict(list)
    for one in listed.subjects:
        if not one.why_not:
            versions[one.name].append(one)
    for number in range(max(map(len, versions.values()), default=0)):
        yield [rows[number] for rows in versions.values() if number < len(rows)]


def _run(batch: list[Subject], service: str) -> str:
    """Return what pip-audit prints. Raises ``ValueError`` where it could not ask."""
    asks = ["--vulnerability-service", service]
    if service not in SERVICES:
        asks = ["--vulnerability-service", "osv", "--osv-url", service]
    with scratch.folder() as folder:
        asked = folder / "requirements.txt"
        # Names and versions in the forms of PyPI are no options.
        asked.write_text("".join(f"{one.name}=={one.release}\n" for one in batch), encoding="utf-8")
        done = subprocess.run(
            [*_PROGRAM, *asks, "--requirement", str(asked)],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_LIMIT_S,
            check=False,
        )
    if done.returncode not in _FINISHED or not done.stdout.strip() or len(done.stdout) > _LARGEST:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise ValueError(lines[-1] if lines else f"pip-audit exited with {done.returncode}")
    return done.stdout.decode("utf-8", "replace")


_PROGRAM = (
    *(sys.executable, "-I", "-m", "pip_audit"),
    *("--no-deps", "--disable-pip", "--format", "json", "--progress-spinner", "off"),
    *("--aliases", "on", "--desc", "on"),
)


def _advisory(value: object) -> Advisory:
    row = mapping(value, "vulns")
    ids = [text(row.get("id"), "id"), *map(str, items(row.get("aliases"), "aliases"))]
    fixed = items(row.get("fix_versions"), "fix_versions")
    return Advisory(
        frozenset(one[:_LONGEST] for one in ids),
        " ".join(str(row.get("description") or "").split())[:_LONGEST],
        fixed=frozenset(str(one)[:_LONGEST] for one in fixed),
    )


def _skipped(why: str) -> str:
    """Return a reason, the same for all components that PyPI does not know."""
    return "PyPI does not know this release" if why.startswith(_ABSENT) else _short(why)


def _short(value: object) -> str:
    return " ".join(str(value).split())[:_LONGEST]
