"""Which files of the package index make up an environment: asked of uv, as the roles would."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urlsplit

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from slowfast_stack.bundle.target import Target

UV = Path(sys.executable).with_name("uv")
# A requirement that holds nowhere: what depends on torch is resolved, torch itself is left out.
_WITHOUT_TORCH = "torch ; sys_platform == 'nowhere'\n"


class File(NamedTuple):
    """A file to bring: where it is, its name, its digest, and its bytes where they are known."""

    url: str
    name: str
    sha256: str
    size: int | None = None

    @property
    def is_wheel(self) -> bool:
        """Tell whether it can be installed as it is."""
        return self.name.endswith(".whl")


def requirements(plan: Mapping[str, Any], *, adopt_torch: bool) -> list[str]:
    """Return what the roles install: torch and its companions in the variant, and every pin."""
    torch = plan["torch"]
    local = f"+{torch['variant']}" if torch["index"] else ""
    companions = {name: plan[name] for name in ("torchvision", "torchaudio")}
    trio = companions if adopt_torch else {"torch": torch["version"], **companions}
    return [
        *(f"{name}=={number}{local}" for name, number in trio.items() if number),
        *plan["packages"],
    ]


def resolve(
    wanted: list[str], target: Target, *, index: str | None = None, adopt_torch: bool = False
) -> list[File]:
    """Return the best wheel of each package, else its source distribution. Raises StackError."""
    options = ["--python-version", target.python, "--python-platform", target.platform]
    options += ["--index", index] if index else []
    packages = _compile(wanted, *options, override=_WITHOUT_TORCH if adopt_torch else "")
    return [_chosen(package, target, index) for package in packages]


def _compile(wanted: list[str], *options: str, override: str = "") -> list[dict[str, Any]]:
    """Ask uv for files; from the root folder, so that no project in the current one counts."""
    with tempfile.TemporaryDirectory() as scratch:
        asked, other = Path(scratch, "wanted.in"), Path(scratch, "override.txt")
        asked.write_text("\n".join(wanted) + "\n", encoding="utf-8")
        other.write_text(override, encoding="utf-8")
        argv = [str(UV), "--directory", "/", "pip", "compile", "--quiet", "--no-header"]
        argv += ["--format", "pylock.toml", "--override", str(other), *options, str(asked)]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise StackError(
            "The packages cannot be resolved.",
            done.stderr.strip()[-2000:],
            "Check that the package index is reached (proxy, certificates), then run again.",
            code="packages.not-resolved",
        )
    packages: list[dict[str, Any]] = tomllib.loads(done.stdout).get("packages", [])
    return packages


def _chosen(package: dict[str, Any], target: Target, index: str | None) -> File:
    found = {file.name: file for file in _files(package.get("wheels", []))}
    best = target.best(list(found))
    if best:
        return found[best]
    for file in _files([package["sdist"]] if "sdist" in package else []):
        return file
    raise StackError(
        f"{package['name']} {package['version']} has no file for {target.platform}.",
        f"Python {target.python} was asked for; the index was {index or 'the configured one'}.",
        "Plan for another Python or release, or use an index that carries it.",
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
        f"The index offers no wheel of {requirement} with SHA-256 {sha256}.",
        f"It has another one for {target.platform}.",
        "Use an index that carries it, or ask for another FFmpeg with --ffmpeg.",
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
        f"The index offers no source distribution of {requirement} with SHA-256 {sha256}.",
        "The pinned file is a source distribution.",
        "Use an index that carries it, or give another source with --source.",
        code="index.no-file",
    )
