"""What is known of hosts from earlier runs: kept on the controller, one file for each host."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ansible_collections.slowfast.stack.plugins.module_utils import _places
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import saved
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from slowfast_stack.exit_codes import UsageError
from slowfast_stack.known_secrets import hidden
from slowfast_stack.orchestration.events import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from slowfast_stack.orchestration.ansible import Play
    from slowfast_stack.orchestration.events import HostEvent
    from slowfast_stack.orchestration.run_state import HostRun, Progress

SCHEMA = 1
RUNNING, PROVEN, NOT_STARTED = "running", "proven", "not-started"
# The commands whose end says whether a host is as planned; the others only see it.
JUDGES = ("up", "prove")


@dataclass(frozen=True)
class KnownHost:
    """A host of an inventory: how its last run ended, and what was seen of it.

    ``seen`` is when it last answered or failed, in UTC; ``status`` and ``command`` are of the last
    run that proves, ``running`` where that did not end. ``plan`` is the id of the newest plan,
    ``proven`` that of the plan which was proven last, ``host`` what probe found.
    """

    name: str
    inventory: str
    prefix: str | None = None
    seen: str | None = None
    command: str | None = None
    status: str | None = None
    code: str | None = None
    message: str | None = None
    plan: str | None = None
    proven: str | None = None
    host: dict[str, Any] = field(default_factory=dict)
    schema: int = SCHEMA

    @property
    def drift(self) -> str:
        """Return how the newest plan differs from what was proven, nothing where it does not."""
        if not self.plan or not self.proven or self.plan == self.proven:
            return ""
        return f"planned {self.plan}, proven {self.proven}"


class Records:
    """Keeps what a run finds of its hosts; a run goes on where that cannot be written."""

    def __init__(
        self, play: Play, command: str, progress: Progress, say: Callable[[str], None]
    ) -> None:
        """Write into the folder of the inventory and prefix of a play; ``say`` reports a failure."""
        self._folder = folder(play)
        self._command, self._progress, self._say = command, progress, say
        self._new = _new(play, "-")
        self._begun: set[str] = set()
        self._reported: set[Path] = set()

    def note(self, event: HostEvent) -> None:
        """Keep an event: the first of a host, an error, and its end."""
        try:
            self._note(event)
        except (OSError, StackError) as error:
            if self._folder not in self._reported:
                self._reported.add(self._folder)
                self._say(f"Hosts are not recorded in {self._folder}: {error}")

    def _note(self, event: HostEvent) -> None:
        if event.kind is Kind.STEP and event.host in self._begun:
            return
        self._begun.add(event.host)
        path = _path(self._folder, event.host)
        before = _read(path) or replace(self._new, name=event.host)
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        found = replace(before, seen=now, **_facts(self._progress.host(event.host)))
        if self._command in JUDGES:
            status = {Kind.STEP: RUNNING, Kind.ENDED: event.status}.get(event.kind, "failed")
            if event.kind is Kind.UNREACHABLE:
                status = event.kind.value
            found = replace(
                found,
                command=self._command,
                status=status,
                code=event.code or None,
                message=hidden(event.message) or None,
                proven=_proven(self._progress.host(event.host)) or found.proven,
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        saved.save(path, found)


def _facts(run: HostRun) -> dict[str, Any]:
    """Return what is kept of the facts of a host, where this run has them."""
    host, plan = run.facts.get("stack_host"), run.facts.get("stack_plan")
    found: dict[str, Any] = {"host": dict(host)} if host else {}
    if plan and isinstance(plan.get("id"), str):
        found["plan"] = plan["id"]
    return found


def _proven(run: HostRun) -> str | None:
    """Return the id of the plan that a proof of this run is of; the newest plan may be another."""
    found = run.facts.get("stack_proof") or {}
    return str(found["plan"]) if found.get("ok") is True and found.get("plan") else None


def folder(play: Play) -> Path:
    """Return the folder of the hosts of an inventory and prefix."""
    return _places.state_folder() / "hosts" / play.scope


def _new(play: Play, name: str) -> KnownHost:
    prefix = play.variables.get("stack_prefix")
    return KnownHost(name, str(play.inventory), str(prefix) if prefix else None)


def _path(place: Path, name: str) -> Path:
    # A name may hold what is no file name.
    return place / f"{hashlib.sha256(name.encode()).hexdigest()[:16]}.json"


def _read(path: Path) -> KnownHost | None:
    return saved.load(KnownHost, path, SCHEMA)


def known(play: Play | None = None) -> list[KnownHost]:
    """Return the hosts of a play's inventory, or of all, by inventory and name. Raises StackError."""
    top = _places.state_folder() / "hosts"
    places = [folder(play)] if play else sorted(top.glob("*/"))
    rows = [row for place in places for row in _rows(place)]
    return sorted(rows, key=lambda row: (row.inventory, row.prefix or "", row.name))


def _rows(place: Path) -> Iterator[KnownHost]:
    for path in sorted(place.glob("*.json")):
        row = _read(path)
        # A file under another name than that of its host was copied there.
        if row is not None and path == _path(place, row.name):
            yield row


def to_retry(play: Play) -> list[str]:
    """Return the hosts that the last runs did not prove. Raises UsageError without any run."""
    rows = [row for row in known(play) if row.status]
    if not rows:
        raise UsageError(
            f"No run on {play.inventory} is recorded.",
            "--retry runs the hosts again that the last run did not prove.",
            "Run `slowfast-stack up` on this inventory and prefix without --retry.",
            code="fleet.no-record",
        )
    return [row.name for row in rows if row.status != PROVEN]


def pattern(names: Iterable[str]) -> str:
    """Return these hosts as a pattern of Ansible. Raises StackError for a name that is none."""
    listed = list(names)
    for name in listed:
        if not name or set(name) & set(",:&!*?[]~@ \t\n") or name.startswith("-"):
            raise StackError(
                f"The host {name!r} cannot be named in --limit.",
                "Ansible reads some of its characters as a pattern.",
                "Name the hosts with --limit instead of --retry.",
                code="fleet.name-is-a-pattern",
            )
    return ",".join(listed)


def not_started(play: Play, names: Iterable[str]) -> None:
    """Record hosts that a run ended before, so that --retry runs them. Raises StackError."""
    for name in names:
        path = _path(folder(play), name)
        before = _read(path) or _new(play, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        saved.save(path, replace(before, command="up", status=NOT_STARTED, code=None, message=None))
