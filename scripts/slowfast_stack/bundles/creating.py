"""Put a bundle together: what the plans need, what of it can be had here, and what cannot."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version as installed
from typing import TYPE_CHECKING, Any, NamedTuple

from ansible_collections.slowfast.stack.plugins.module_utils._stack.building.wheel_cache import (
    RECORD,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.bundles import unpacking
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planning import offline
from slowfast_stack import __version__
from slowfast_stack.bundles import sources, wheels, writing
from slowfast_stack.bundles.target import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from ansible_collections.slowfast.stack.plugins.module_utils._stack.bundles.layout import (
        Manifest,
    )
    from slowfast_stack.bundles.store import Store
    from slowfast_stack.bundles.wheels import File
    from slowfast_stack.bundles.writing import Item

    Started = Callable[[str], Callable[[int, int | None], None]]


class Stack(NamedTuple):
    """A host that the bundle is for: what it is, what was asked, what was planned."""

    name: str
    host: Mapping[str, Any]
    request: Mapping[str, Any]
    plan: Mapping[str, Any]

    @property
    def target(self) -> Target:
        """Return where its wheels run."""
        return Target(self.plan["python"], self.host["architecture"], self.host["glibc"])

    def kind(self) -> str:
        """Return what decides the content; hosts of one kind share it."""
        return json.dumps([self.plan["id"], *self.target])


class Wishes(NamedTuple):
    """How the bundle shall be: where, in pieces of how many bytes, and what more is put in.

    ``built`` is a prefix whose built wheels go along.
    """

    target: Path
    piece_size: int | None = None
    adopt_torch: bool = False
    built: Path | None = None


@dataclass
class _Content:
    items: dict[str, Item] = field(default_factory=dict)
    missing: list[dict[str, str]] = field(default_factory=list)

    def add(self, source: Path, path: str, kind: str, *, executable: bool = False) -> None:
        if path not in self.items:
            self.items[path] = writing.item(source, path, kind, executable=executable)


def create(
    stacks: list[Stack], wishes: Wishes, store: Store, *, say: Callable[[str], None], shown: Started
) -> tuple[Manifest, tuple[Path, ...]]:
    """Bring everything that the stacks need here and write the bundle. Raises StackError."""
    kinds = list({stack.kind(): stack for stack in stacks}.values())
    content = _Content()
    rows = []
    for stack in kinds:
        _Gatherer(stack, wishes, store, content, say, shown).gather()
        rows.append(_row(stack, [one.name for one in stacks if one.kind() == stack.kind()]))
    facts = {
        "made_by": __version__,
        "created": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "adopt_torch": wishes.adopt_torch,
        "stacks": rows,
        "missing": content.missing,
    }
    say(f"Write {wishes.target} ...")
    tell = shown(wishes.target.name)
    items = [content.items[path] for path in sorted(content.items)]
    return writing.write(wishes.target, facts, items, piece_size=wishes.piece_size, progress=tell)


def _row(stack: Stack, names: list[str]) -> dict[str, Any]:
    host = {key: stack.host[key] for key in ("architecture", "glibc", "distribution", "network")}
    return {"names": names, "host": host, "request": stack.request, "plan": stack.plan}


@dataclass
class _Gatherer:
    """Collects what one stack needs."""

    stack: Stack
    wishes: Wishes
    store: Store
    content: _Content
    say: Callable[[str], None]
    shown: Started

    def gather(self) -> None:
        """Add everything to the content, or to what is missing."""
        self._wheels()
        self._uv()
        self._sources()
        self._built()
        self._not_brought()

    def _wheels(self) -> None:
        plan, adopt = self.stack.plan, self.wishes.adopt_torch
        self.say(f"Resolve the packages of {self.stack.name} ...")
        files = wheels.resolve(
            wheels.requirements(plan, adopt_torch=adopt),
            self.stack.target,
            index=plan["torch"]["index"],
            adopt_torch=adopt,
        )
        self._bring(files)
        for file in files:
            wheel = self.store.wheel_of(file)
            self.content.add(wheel, f"wheels/{wheel.name}", "wheel")

    def _uv(self) -> None:
        """Put uv in as the program that roles start on the target."""
        pin = f"uv=={installed('uv')}"
        (file,) = wheels.resolve([pin], self.stack.target)
        self._bring([file])
        program = self.store.path(file).with_name("uv")
        if not program.is_file():
            fresh = program.with_name(".uv.new")
            with zipfile.ZipFile(self.store.path(file)) as wheel:
                name = next(row for row in wheel.namelist() if row.endswith(".data/scripts/uv"))
                fresh.write_bytes(wheel.read(name))
            fresh.replace(program)
        path = f"tools/{self.stack.host['architecture']}/uv"
        self.content.add(program, path, "uv", executable=True)

    def _sources(self) -> None:
        for name, source in self.stack.plan["sources"].items():
            if source and source["origin"] == "git":
                self.say(f"Pack {name} at {source['commit'][:12]} ...")
                packed = sources.pack(source, self.store.folder / "sources")
                self.content.add(packed, f"sources/{packed.name}", "source")
            elif source:
                file = wheels.sdist(source["requirement"], source["sha256"])
                self._bring([file])
                path = f"sources/{file.sha256}.tar.gz"
                self.content.add(self.store.path(file), path, "source")

    def _built(self) -> None:
        """Put in what was built for the same Python, torch and sources."""
        if not self.wishes.built:
            return
        plan = self.stack.plan
        torch = f"{plan['torch']['version']}+{plan['torch']['variant']}"
        known = {source["commit"] for source in plan["sources"].values() if source}
        count = 0
        for folder, made in _built_wheels(self.wishes.built / "cache" / "wheels"):
            facts = made["facts"]
            same = facts.get("python") == plan["python"] and facts.get("source") in known
            if same and facts.get("torch", torch) == torch:
                count += 1
                for name in (RECORD, made["file"]):
                    path = f"{unpacking.BUILT}/{folder.name}/{name}"
                    self.content.add(folder / name, path, "built wheel")
        if not count:
            why = f"{self.wishes.built} has none for this Python, torch and these sources"
            self._miss("built wheels", why)

    def _not_brought(self) -> None:
        """Say what the target itself must have."""
        plan = self.stack.plan
        python = plan["python_interpreter"]
        if python["origin"] != "host":
            self._miss(f"Python {plan['python']}", "the plan takes uv's; the host must have one")
        for name in offline.system_packages(plan):
            self._miss(f"the system package {name}", "it is installed from the distribution")

    def _miss(self, what: str, why: str) -> None:
        row = {"for": self.stack.name, "what": what, "why": why}
        if row not in self.content.missing:
            self.content.missing.append(row)

    def _bring(self, files: list[File]) -> None:
        self.store.bring(files, self.shown)


def _built_wheels(cache: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for record in sorted(cache.glob(f"*/{RECORD}")):
        yield record.parent, json.loads(record.read_text(encoding="utf-8"))
