"""Resolve the files of a package index for an environment with uv, as the roles do."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urlsplit

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import scratch
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.plan import Plan
    from slowfast_stack.bundle.target import Target

UV = Path(sys.executable).with_name("uv")
# A marker that never holds: torch is excluded, what depends on it is resolved.
_WITHOUT_TORCH = "torch ; sys_platform == 'nowhere'\n"


class File(NamedTuple):
    """A file of a package index: URL, name, SHA-256, and size in bytes if known."""

    url: str
    name: str
    sha256: str
    size: int | None = None

    @property
    def is_wheel(self) -> bool:
        """Return whether it is a wheel."""
        return self.name.endswith(".whl")


def requirements(plan: Plan, *, adopt_torch: bool) -> list[str]:
    """Return what the roles install: torch and its partners, the pins, and compilers of CUDA."""
    own = plan.torch_wheels.requirements
    return [
        *(each for each in own if not (adopt_torch and each.startswith("torch=="))),
        *dict.fromkeys([*plan.packages, *plan.torch_wheels.build_tools]),
    ]


def resolve(
    requirements: list[str], target: Target, *, index: str | None = None, adopt_torch: bool = False
) -> list[File]:
    """Return the best wheel of each package, else its source distribution. Raises StackError."""
    options = ["--python-version", target.python, "--python-platform", target.platform]
    options += ["--index", index] if index else []
    packages = _compile(requirements, *options, override=_WITHOUT_TORCH if adopt_torch else "")
    return [_select(package, target, index) for package in packages]


def _compile(requirements: list[str], *options: str, override: str = "") -> list[dict[str, Any]]:
    text = lock_text(requirements, *options, override=override)
    packages: list[dict[str, Any]] = tomllib.loads(text).get("packages", [])
    return packages


def lock_text(requirements: list[str], *options: str, override: str = "") -> str:
    """Return the pylock.toml of requirements with all that they need. Raises StackError.

    uv runs in the root folder, so that it reads no project of the current one.
    """
    with scratch.folder() as folder:
        inputs, overrides = folder / "requirements.in", folder / "override.txt"
        inputs.write_text("\n".join(requirements) + "\n", encoding="utf-8")
        overrides.write_text(override, encoding="utf-8")
        argv = [str(UV), "--directory", "/", "pip", "compile", "--quiet", "--no-header"]
        argv += ["--format", "pylock.toml", "--override", str(overrides), *options, str(inputs)]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise StackError(
            "The packages could not be resolved.",
            done.stderr.strip()[-2000:],
            "Check that the package index is reachable (proxy, certificates), then run again.",
            code="packages.not-resolved",
        )
    return done.stdout


def _select(package: dict[str, Any], target: Target, index: str | None) -> File:
    found = {file.name: file for file in _files(package.get("wheels", []))}
    best = target.best(list(found))
    if best:
        return found[best]
    for file in _files([package["sdist"]] if "sdist" in package else []):
        return file
    raise StackError(
        f"{package['name']} {package['version']} has no file for {target.platform}.",
        f"It was resolved for Python {target.python} on {index or 'the configured index'}.",
        "Plan another Python or release, or use an index that has it.",
        code="index.no-file",
    )


def _files(rows: list[dict[str, Any]]) -> Iterator[File]:
    for row in rows:
        url = row.get("url") or Path(row["path"]).absolute().as_uri()
        name = row.get("name") or unquote(Path(urlsplit(url).path).name)
        yield File(url, name, row["hashes"]["sha256"], row.get("size"))


def pinned(requirement: str, sha256: str, target: Target) -> File:
    """Find a pinned wheel on the index. Raises StackError."""
    for file in resolve([requirement], target):
        if file.sha256 == sha256:
            return file
    raise StackError(
        f"The index has no wheel of {requirement} with SHA-256 {sha256}.",
        f"It has another file for {target.platform}.",
        "Use an index that has it, or request another FFmpeg with --ffmpeg.",
        code="index.no-file",
    )


def sdist(requirement: str, sha256: str) -> File:
    """Find a pinned source distribution on the index. Raises StackError."""
    name = requirement.partition("==")[0]
    packages = _compile([requirement], "--no-deps", "--no-binary", name)
    for package in packages:
        for file in _files([package["sdist"]] if "sdist" in package else []):
            if file.sha256 == sha256:
                return file
    raise StackError(
        f"The index has no source distribution of {requirement} with SHA-256 {sha256}.",
        "The pinned file is a source distribution.",
        "Use an index that has it, or give another source with --source.",
        code="index.no-file",
    )
