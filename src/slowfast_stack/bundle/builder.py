"""Put a bundle together: what the plans need, what of it can be had here, and what cannot."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version as installed
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts.build_wheel import (
    RECORD,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.bundle import extract, manifest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.files import atomic_write
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import model
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import (
    from_bundle,
    planner,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.plan import Plan
from slowfast_stack import __version__
from slowfast_stack.bundle import conda, ffmpeg, package_sources, packages, sources, wheels, writer
from slowfast_stack.bundle.target import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from ansible_collections.slowfast.stack.plugins.module_utils._stack.bundle.manifest import (
        Manifest,
    )
    from slowfast_stack.bundle.download_cache import Store
    from slowfast_stack.bundle.wheels import File
    from slowfast_stack.bundle.writer import Item

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
        system = [self.plan[key] for key in ("driver", "cuda", "ffmpeg", "system_packages")]
        release = package_sources.release_of(self.host)
        return json.dumps([self.plan["id"], *self.target, release, *system])


class Wishes(NamedTuple):
    """How the bundle shall be: where, in pieces of how many bytes, and what more is put in.

    ``built`` is a prefix whose built wheels go along, ``package_sources`` are apt's sources by
    distribution, for those that this machine has not.
    """

    target: Path
    piece_size: int | None = None
    adopt_torch: bool = False
    built: Path | None = None
    system_packages: bool = True
    package_sources: Mapping[str, Path] = MappingProxyType({})


@dataclass
class _Content:
    items: dict[str, Item] = field(default_factory=dict)
    missing: list[dict[str, str]] = field(default_factory=list)
    # Packages of a distribution by the folder that they get.
    packages: dict[str, set[Path]] = field(default_factory=dict)

    def add(self, source: Path, path: str, kind: str, *, executable: bool = False) -> None:
        if path not in self.items:
            self.items[path] = writer.item(source, path, kind, executable=executable)


def create(
    stacks: list[Stack], wishes: Wishes, store: Store, *, say: Callable[[str], None], shown: Started
) -> tuple[Manifest, tuple[Path, ...]]:
    """Bring everything that the stacks need here and write the bundle. Raises StackError."""
    kinds = list({stack.kind(): stack for stack in stacks}.values())
    content = _Content()
    rows = []
    for stack in kinds:
        gatherer = _Gatherer(stack, wishes, store, content, say, shown)
        gatherer.gather()
        names = [one.name for one in stacks if one.kind() == stack.kind()]
        brought = {**gatherer.system_packages(), "conda_packages": gatherer.conda_packages()}
        rows.append({**_row(stack, names), **brought})
    for folder, files in content.packages.items():
        _add_repository(content, folder, files, store.folder / folder)
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
    return writer.write(wishes.target, facts, items, piece_size=wishes.piece_size, progress=tell)


def _add_repository(content: _Content, folder: str, files: set[Path], scratch: Path) -> None:
    """Add packages with the index by which apt finds them."""
    for file in sorted(files):
        content.add(file, f"{folder}/{file.name}", "system package")
    for name, text in zip(("Packages", "Release"), packages.index(files), strict=True):
        (scratch / name).write_bytes(text)
        content.add(scratch / name, f"{folder}/{name}", "package index")


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
        self._ffmpeg()
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
            with zipfile.ZipFile(self.store.path(file)) as wheel:
                name = next(row for row in wheel.namelist() if row.endswith(".data/scripts/uv"))
                atomic_write(program, wheel.read(name))
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

    def _ffmpeg(self) -> None:
        """Put in what FFmpeg is built or taken from."""
        for name, places in (self.stack.plan["ffmpeg"] or {"sources": {}})["sources"].items():
            self.say(f"Fetch the source of {name} ...")
            if places[0]["origin"] == "pypi":
                pin = places[0]
                file = wheels.pinned(pin["requirement"], pin["sha256"], self.stack.target)
                self._bring([file])
                self.content.add(self.store.path(file), f"wheels/{file.name}", "wheel")
            else:
                found, path = ffmpeg.bring(name, places, self.store.folder / "sources")
                self.content.add(found, path, "source")

    def conda_packages(self) -> list[str]:
        """Put in the installer of conda and the packages of the plan; return their names."""
        wanted = self.stack.plan["environment"]
        if wanted["manager"] != "conda":
            return []
        self.say(f"Fetch Miniforge {wanted['version']} and what it installs ...")
        got = conda.bring(wanted, self.stack.target, self.store.folder / "conda")
        self.content.add(got.installer, manifest.installer_path(wanted["sha256"]), "installer")
        for file in got.packages:
            path = f"{manifest.CONDA}/{file.parent.name}/{file.name}"
            self.content.add(file, path, "conda package")
        return [f"{file.parent.name}/{file.name}" for file in got.packages]

    def system_packages(self) -> dict[str, Any]:
        """Bring the distribution's packages; return which, and the folder that they lie in."""
        stack = self.stack
        made, host = Plan.from_dict(stack.plan), model.host(stack.host)
        bare = planner.plan(from_bundle.bare(host), {**stack.request, **from_bundle.pins(made)})
        plans = [made, *([bare] if isinstance(bare, Plan) else [])]
        names = [name for plan in plans for name in from_bundle.system_packages(plan)]
        foreign = {name for plan in plans for name in from_bundle.of_nvidia(plan)}
        self._miss_packages(dict.fromkeys(sorted(foreign), "NVIDIA's repository is not read"))
        names = [name for name in names if name not in foreign]
        if not (self.wishes.system_packages and names):
            self._miss_packages(dict.fromkeys(names, "it was left out"))
            return {"system_packages": [], "packages_folder": None}
        try:
            got = self._packages(names)
        except StackError as error:
            self._miss_packages(dict.fromkeys(names, str(error)))
            return {"system_packages": [], "packages_folder": None}
        self._miss_packages(got.refused)
        folder = f"packages/{self._release()}"
        self.content.packages.setdefault(folder, set()).update(got.files)
        return {"system_packages": list(got.names), "packages_folder": folder}

    def _packages(self, names: list[str]) -> packages.Got:
        plan, host = self.stack.plan, self.stack.host
        parts = [part for part in (plan["driver"], plan["cuda"]) if part]
        drivers = any(part["origin"] == "distribution" for part in parts)
        text = package_sources.of(host, self.wishes.package_sources, drivers=drivers)
        self.say(f"Fetch the packages of {package_sources.release_of(host)} ...")
        folder = self.store.folder / "packages" / self._release()
        archive = packages.Archive(folder, text, host["architecture"])
        archive.update()
        beside = from_bundle.beside_driver(Plan.from_dict(plan), model.host(host))
        return archive.bring([*names, *packages.ALWAYS, *beside])

    def _release(self) -> str:
        host = self.stack.host
        return f"{package_sources.release_of(host)}-{host['architecture']}"

    def _miss_packages(self, refused: Mapping[str, str]) -> None:
        for cause in dict.fromkeys(refused.values()):
            names = [name for name, because in refused.items() if because == cause]
            self._miss(f"the system packages {', '.join(names)}", cause)

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
                    path = f"{extract.BUILT}/{folder.name}/{name}"
                    self.content.add(folder / name, path, "built wheel")
        if not count:
            cause = f"{self.wishes.built} has none for this Python, torch and these sources"
            self._miss("built wheels", cause)

    def _not_brought(self) -> None:
        """Say what the target itself must have."""
        plan = self.stack.plan
        python = plan["python_interpreter"]
        if python["origin"] == "uv":
            self._miss(f"Python {plan['python']}", "the plan takes uv's; the host must have one")

    def _miss(self, message: str, cause: str) -> None:
        row = {"for": self.stack.name, "what": message, "why": cause}
        if row not in self.content.missing:
            self.content.missing.append(row)

    def _bring(self, files: list[File]) -> None:
        self.store.bring(files, self.shown)


def _built_wheels(cache: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for record in sorted(cache.glob(f"*/{RECORD}")):
        yield record.parent, json.loads(record.read_text(encoding="utf-8"))
