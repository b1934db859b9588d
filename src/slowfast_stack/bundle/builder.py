"""Create a bundle: download everything that plans install, and list what is not available here."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version as installed
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts import cache
from ansible_collections.slowfast.stack.plugins.module_utils._stack.bundle import extract, manifest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.construct import plain
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.files import atomic_write
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import model
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import (
    from_bundle,
    planner,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.plan import Plan
from slowfast_stack.bundle import conda, ffmpeg, package_sources, packages, sources, wheels, writer
from slowfast_stack.bundle.target import Target
from slowfast_stack.bundle.verify import Missing
from slowfast_stack.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ansible_collections.slowfast.stack.plugins.module_utils._stack.bundle.manifest import (
        Manifest,
    )
    from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.progress import (
        Progress,
    )
    from slowfast_stack.bundle.download_cache import DownloadCache
    from slowfast_stack.bundle.wheels import File
    from slowfast_stack.bundle.writer import Entry


class Stack(NamedTuple):
    """A host that the bundle is for, with its request and its plan, each also as plain data."""

    name: str
    host: model.Host
    host_data: Mapping[str, object]
    request: Mapping[str, object]
    plan: Plan
    plan_data: Mapping[str, object]

    @classmethod
    def read(
        cls,
        name: str,
        host: Mapping[str, object],
        request: Mapping[str, object],
        plan: Mapping[str, object],
    ) -> Stack:
        """Return a stack from plain data. Raises StackError."""
        return cls(name, model.host(host), host, request, Plan.from_dict(plan), plan)

    @property
    def target(self) -> Target:
        """Return where its wheels are installed."""
        return Target(self.plan.python, self.host.architecture, self.host.glibc or "")

    @property
    def release(self) -> str:
        """Return the distribution and architecture, such as debian-13-x86_64."""
        return f"{package_sources.release_of(self.host)}-{self.host.architecture}"

    def key(self) -> str:
        """Return what decides the content; hosts with the same key share it."""
        plan = self.plan
        system = plain([plan.driver, plan.cuda, plan.ffmpeg, plan.system_packages])
        return json.dumps([plan.id, *self.target, self.release, *system])

    def row(self, names: list[str]) -> dict[str, object]:
        """Return the stack as the manifest lists it, for the hosts ``names``."""
        keys = ("architecture", "glibc", "distribution", "network")
        host = {key: self.host_data[key] for key in keys}
        return {"names": names, "host": host, "request": self.request, "plan": self.plan_data}


class BundleOptions(NamedTuple):
    """What to write: the file, the size of a part in bytes, and what to include.

    ``built`` is a prefix whose built wheels are included; ``package_sources`` are sources files of
    apt by distribution, for distributions other than that of this machine.
    """

    target: Path
    part_size: int | None = None
    adopt_torch: bool = False
    built: Path | None = None
    system_packages: bool = True
    package_sources: Mapping[str, Path] = MappingProxyType({})


@dataclass
class _Content:
    entries: dict[str, Entry] = field(default_factory=dict)
    missing: list[Missing] = field(default_factory=list)
    # Packages of distributions by their folder in the bundle.
    packages: dict[str, set[Path]] = field(default_factory=dict)

    def add(self, source: Path, path: str, kind: str, *, executable: bool = False) -> None:
        if path not in self.entries:
            self.entries[path] = writer.entry(source, path, kind, executable=executable)


def create(
    stacks: list[Stack],
    options: BundleOptions,
    cache: DownloadCache,
    *,
    report: Callable[[str], None],
    progress: Progress,
) -> tuple[Manifest, tuple[Path, ...]]:
    """Download everything that the stacks install and write the bundle. Raises StackError.

    Returns the manifest and the files of the bundle. ``report`` gets a line for each step.
    """
    content = _Content()
    rows = []
    for key, stack in {stack.key(): stack for stack in stacks}.items():
        collector = _Collector(stack, options, cache, content, report, progress)
        collector.collect()
        names = [each.name for each in stacks if each.key() == key]
        included = {**collector.system_packages(), "conda_packages": collector.conda_packages()}
        rows.append({**stack.row(names), **included})
    for folder, files in content.packages.items():
        _add_repository(content, folder, files, cache.folder / folder)
    facts = {
        "made_by": __version__,
        "created": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "adopt_torch": options.adopt_torch,
        "stacks": rows,
        "missing": plain(content.missing),
    }
    report(f"Write {options.target} ...")
    entries = [content.entries[path] for path in sorted(content.entries)]
    return writer.write(
        options.target, facts, entries, part_size=options.part_size, progress=progress
    )


def _add_repository(content: _Content, folder: str, files: set[Path], scratch: Path) -> None:
    """Add packages with the index files that apt reads."""
    for file in sorted(files):
        content.add(file, f"{folder}/{file.name}", "system package")
    for name, text in zip(("Packages", "Release"), packages.index(files), strict=True):
        (scratch / name).write_bytes(text)
        content.add(scratch / name, f"{folder}/{name}", "package index")


@dataclass
class _Collector:
    """Adds the content for one stack."""

    stack: Stack
    options: BundleOptions
    cache: DownloadCache
    content: _Content
    report: Callable[[str], None]
    progress: Progress

    def collect(self) -> None:
        """Add everything except packages of the distribution and of conda."""
        self._wheels()
        self._uv()
        self._sources()
        self._ffmpeg()
        self._built_wheels()
        if self.stack.plan.python_interpreter.origin == "uv":
            cause = "the plan uses one of uv; the host must have it"
            self._miss(f"Python {self.stack.plan.python}", cause)

    def _wheels(self) -> None:
        plan, adopt = self.stack.plan, self.options.adopt_torch
        self.report(f"Resolve the packages of {self.stack.name} ...")
        files = wheels.resolve(
            wheels.requirements(plan, adopt_torch=adopt),
            self.stack.target,
            index=plan.torch.index,
            adopt_torch=adopt,
        )
        self._download(files)
        for file in files:
            wheel = self.cache.wheel_of(file)
            self.content.add(wheel, f"wheels/{wheel.name}", "wheel")

    def _uv(self) -> None:
        """Add uv as the program that roles run on the target."""
        (file,) = wheels.resolve([f"uv=={installed('uv')}"], self.stack.target)
        self._download([file])
        program = self.cache.path(file).with_name("uv")
        if not program.is_file():
            with zipfile.ZipFile(self.cache.path(file)) as wheel:
                name = next(row for row in wheel.namelist() if row.endswith(".data/scripts/uv"))
                atomic_write(program, wheel.read(name))
        path = f"tools/{self.stack.host.architecture}/uv"
        self.content.add(program, path, "uv", executable=True)

    def _sources(self) -> None:
        for name, source in self.stack.plan.sources.items():
            if source and source.origin == "git":
                url, commit = source.url or "", source.commit or ""
                self.report(f"Pack {name} at {commit[:12]} ...")
                packed = sources.pack(url, commit, self.cache.folder / "sources")
                self.content.add(packed, f"sources/{packed.name}", "source")
            elif source:
                file = wheels.sdist(source.requirement or "", source.sha256 or "")
                self._download([file])
                path = f"sources/{file.sha256}.tar.gz"
                self.content.add(self.cache.path(file), path, "source")

    def _ffmpeg(self) -> None:
        planned = self.stack.plan.ffmpeg
        for name, locations in (planned.sources if planned else {}).items():
            self.report(f"Download the source of {name} ...")
            first = locations[0]
            if first.origin == "pypi":
                requirement, sha256 = first.requirement or "", first.sha256 or ""
                file = wheels.pinned(requirement, sha256, self.stack.target)
                self._download([file])
                self.content.add(self.cache.path(file), f"wheels/{file.name}", "wheel")
            else:
                found, path = ffmpeg.download(name, locations, self.cache.folder / "sources")
                self.content.add(found, path, "source")

    def conda_packages(self) -> list[str]:
        """Add the installer of conda and the packages of the plan; return their names."""
        environment = self.stack.plan.environment
        if environment.manager != "conda":
            return []
        self.report(f"Download Miniforge {environment.version} and its packages ...")
        got = conda.download(environment, self.stack.target, self.cache.folder / "conda")
        path = manifest.installer_path(environment.sha256 or "")
        self.content.add(got.installer, path, "installer")
        names = [f"{file.parent.name}/{file.name}" for file in got.packages]
        for name, file in zip(names, got.packages, strict=True):
            self.content.add(file, f"{manifest.CONDA}/{name}", "conda package")
        return names

    def system_packages(self) -> dict[str, object]:
        """Add packages of the distribution; return their names and their folder in the bundle."""
        stack = self.stack
        bare = planner.plan(
            from_bundle.bare(stack.host, stack.plan),
            {**stack.request, **from_bundle.pins(stack.plan)},
        )
        plans = [stack.plan, *([bare] if isinstance(bare, Plan) else [])]
        foreign = {name for plan in plans for name in from_bundle.of_nvidia(plan)}
        names = [name for plan in plans for name in from_bundle.system_packages(plan)]
        names = [name for name in names if name not in foreign]
        self._miss_packages(dict.fromkeys(sorted(foreign), "NVIDIA's repository is not supported"))
        none: dict[str, object] = {"system_packages": [], "packages_folder": None}
        if not (self.options.system_packages and names):
            self._miss_packages(dict.fromkeys(names, "excluded by --no-system-packages"))
            return none
        try:
            got = self._download_packages(names)
        except StackError as error:
            self._miss_packages(dict.fromkeys(names, str(error)))
            return none
        self._miss_packages(got.refused)
        folder = f"packages/{stack.release}"
        self.content.packages.setdefault(folder, set()).update(got.files)
        return {"system_packages": list(got.names), "packages_folder": folder}

    def _download_packages(self, names: list[str]) -> packages.Downloaded:
        plan, host = self.stack.plan, self.stack.host
        drivers = any(part and part.origin == "distribution" for part in (plan.driver, plan.cuda))
        text = package_sources.of(host, self.options.package_sources, drivers=drivers)
        self.report(f"Download the packages of {package_sources.release_of(host)} ...")
        folder = self.cache.folder / "packages" / self.stack.release
        archive = packages.Archive(folder, text, host.architecture)
        archive.update()
        return archive.download([*names, *packages.ALWAYS])

    def _miss_packages(self, refused: Mapping[str, str]) -> None:
        for cause in dict.fromkeys(refused.values()):
            names = [name for name, because in refused.items() if because == cause]
            self._miss(f"the system packages {', '.join(names)}", cause)

    def _built_wheels(self) -> None:
        """Add the wheels that were built for the same Python, torch and sources."""
        prefix, plan = self.options.built, self.stack.plan
        if not prefix:
            return
        torch = f"{plan.torch.version}+{plan.torch.variant}"
        known = {source.commit for source in plan.sources.values() if source}
        found = False
        for artifact in cache.find_all(prefix / "cache" / "wheels"):
            folder, inputs = artifact.folder, artifact.inputs
            same = inputs.get("python") == plan.python and inputs.get("source") in known
            if same and inputs.get("torch", torch) == torch:
                found = True
                for name in (cache.MANIFEST, *artifact.files):
                    path = f"{extract.BUILT}/{folder.name}/{name}"
                    self.content.add(folder / name, path, "built wheel")
        if not found:
            cause = f"{prefix} has none for this Python, torch and these sources"
            self._miss("built wheels", cause)

    def _miss(self, message: str, cause: str) -> None:
        row = Missing(self.stack.name, message, cause)
        if row not in self.content.missing:
            self.content.missing.append(row)

    def _download(self, files: list[File]) -> None:
        self.cache.download(files, self.progress)
