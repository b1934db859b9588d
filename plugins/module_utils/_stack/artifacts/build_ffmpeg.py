"""An FFmpeg with CUDA, had once per key: built from source, unpacked, or the distribution's."""

from __future__ import annotations

import json
import platform
import re
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

from ..core import archives
from ..core.errors import StackError
from ..core.files import sha256_of
from ..core.process import locked
from . import ffmpeg_capabilities as ffmpeg_lists
from .build_wheel import key_of
from .source_tree import GitSource, place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..core.process import Commands

RECORD = "built.json"
# Objects this much younger than the end of a killed compile may be half written.
DOUBTFUL_S = 120
NVCC = "--nvcc="
# What was built works in any folder, so the one that configure is told is the same everywhere.
PREFIX = "/ffmpeg"
# Where the distribution's programs are; one in /usr/local is somebody's own.
PACKAGED = "/usr/bin:/bin"
_PRODUCT = re.compile(r"\.(o|d|a|so[.\d]*|ptx(\.c|\.gz)?)$")
PYPI_HINT = "Check that PyPI is reached (proxy, certificates, index), then run again."
ANOTHER_BUNDLE = "Create a bundle for this host: slowfast-stack bundle create."
# What configure says, and what to do about it.
HINTS = (
    ("ffnvcodec", "This FFmpeg refuses these headers: leave nv_codec_headers out of the request."),
    ("failed checking for nvcc", "nvcc refuses the flags of the plan: see --nvccflags in the log."),
    ("C compiler test failed", "The C compiler of the plan does not work."),
    ("nasm", "Install nasm."),
)


@dataclass(frozen=True)
class Recipe:
    """The plan's ``ffmpeg``, what of the host decides the content, and how it is made here.

    Where ``bundle`` is the folder of an unpacked bundle, what it is made of comes from there alone.
    """

    plan: Mapping[str, Any]
    host: Mapping[str, str]
    cc: str
    jobs: int
    uv: str
    log: Path
    bundle: Path | None = None

    @property
    def facts(self) -> dict[str, str]:
        """Return everything that decides the content; where the source came from does not."""
        places = [place for source in self.plan["sources"].values() for place in source]
        pins = {place.get("sha256") or place["commit"] for place in places}
        deciding = ("origin", "version", "nv_codec_headers", "flags")
        parts = {name: str(self.plan[name]) for name in deciding}
        return {**self.host, **parts, "pins": " ".join(sorted(pins))}


@dataclass(frozen=True)
class Site:
    """Where one is made: commands that hold the lock, and a folder that stays."""

    commands: Commands
    work: Path


Maker = Callable[[Site, Recipe], Path]


def find(cache: Path, facts: Mapping[str, str]) -> Path | None:
    """Return the folder of this key, with ``bin/ffmpeg``; changed files are not taken for it."""
    home = cache / key_of(facts)
    try:
        record = json.loads((home / RECORD).read_text(encoding="utf-8"))
        whole = digests(home) == record["files"]
    except (OSError, ValueError, KeyError):
        return None
    return home if whole else None


def digests(home: Path) -> dict[str, str]:
    """Return the SHA-256 of programs and libraries; links count as what they point to in bin."""
    libraries = (path for path in (home / "lib").glob("*.so*") if not path.is_symlink())
    files = sorted([*(home / "bin").iterdir(), *libraries])
    return {str(path.relative_to(home)): sha256_of(path) for path in files}


def make(commands: Commands, cache: Path, recipe: Recipe) -> tuple[Path, bool]:
    """Return the folder of ``recipe`` and whether it was made now; it appears by one rename.

    A second builder of the same key waits for the first; one that was killed is gone on with.
    Raises ``StackError``.
    """
    key = key_of(recipe.facts)
    home, work = cache / key, cache / f"{key}.work"
    with locked(commands, cache / f"{key}.lock") as held:
        known = find(cache, recipe.facts)
        if known:
            return known, False
        started = time.monotonic()
        shutil.rmtree(home, ignore_errors=True)
        work.mkdir(exist_ok=True)
        ready = MAKERS[recipe.plan["origin"]](Site(held, work), recipe)
        ffmpeg_lists.require(
            held,
            ready / "bin" / "ffmpeg",
            recipe.plan["wanted"],
            hint="Ask for another with --ffmpeg: distribution, build or static.",
        )
        record = {
            "files": digests(ready),
            "seconds": round(time.monotonic() - started, 1),
            "facts": dict(recipe.facts),
        }
        (ready / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        ready.rename(home)
        shutil.rmtree(work)
    return home, True


def _packaged(site: Site, _recipe: Recipe) -> Path:
    """Link the distribution's own programs."""
    ready = _empty(site.work / "ready")
    for name in ("ffmpeg", "ffprobe"):
        found = shutil.which(name, path=PACKAGED)
        if found is None:
            raise StackError(
                f"There is no {name} of the distribution.",
                f"It is not in {PACKAGED}.",
                "Install the package ffmpeg, or ask for another with --ffmpeg.",
                code="ffmpeg.no-distribution-program",
            )
        (ready / "bin" / name).symlink_to(found)
    return ready


def _static(site: Site, recipe: Recipe) -> Path:
    """Take the program out of a wheel; uv knows index, proxy and certificates."""
    source, packages = recipe.plan["sources"]["ffmpeg"][0], site.work / "packages"
    wanted = site.work / "requirements.txt"
    wanted.write_text(f"{source['requirement']} --hash=sha256:{source['sha256']}\n")
    shutil.rmtree(packages, ignore_errors=True)
    where = []
    if recipe.bundle:
        where = ["--no-config", "--offline", "--no-index"]
        where += ["--find-links", str(recipe.bundle / "wheels")]
    site.commands.checked(
        f"{source['requirement']} could not be had from {'the bundle' if where else 'PyPI'}",
        [
            recipe.uv, "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--python",
            sys.executable, "--target", str(packages), "--requirement", str(wanted),
            "--link-mode", "copy", *where,
        ],
        hint=ANOTHER_BUNDLE if where else PYPI_HINT, code="packages.not-installable")  # fmt: skip
    ready = _empty(site.work / "ready")
    program = next(packages.glob("*/binaries/ffmpeg-linux-*"))
    program.replace(ready / "bin" / "ffmpeg")
    (ready / "bin" / "ffmpeg").chmod(0o755)
    return ready


def _empty(ready: Path) -> Path:
    shutil.rmtree(ready, ignore_errors=True)
    (ready / "bin").mkdir(parents=True)
    return ready


def _built(site: Site, recipe: Recipe) -> Path:
    """Configure, compile and install; what an earlier run has finished is kept."""
    _refuse_missing_tools(recipe)
    recipe.log.parent.mkdir(parents=True, exist_ok=True)
    source = _placed(site, recipe, "ffmpeg")
    headers = _placed(site, recipe, "nv-codec-headers")
    prefix = site.work / "headers"
    _run(site, recipe, "NVIDIA's headers", ["make", "-C", headers, f"PREFIX={prefix}", "install"])
    build = site.work / "build"
    environment = {"PKG_CONFIG_PATH": str(prefix / "lib" / "pkgconfig")}
    if not (site.work / "configured").exists():
        shutil.rmtree(build, ignore_errors=True)
        build.mkdir()
        _configure(site, recipe, source / "configure", build, environment)
        (site.work / "configured").touch()
    forget_half_written(build)
    _run(site, recipe, "FFmpeg", ["make", "-C", build, f"-j{recipe.jobs}"], environment)
    image = site.work / "image"
    shutil.rmtree(image, ignore_errors=True)
    _run(site, recipe, "FFmpeg", ["make", "-C", build, f"DESTDIR={image}", "install"], environment)
    return image / PREFIX.lstrip("/")


def _refuse_missing_tools(recipe: Recipe) -> None:
    """Raise ``StackError`` where a compiler of C, of assembler or of CUDA is not there."""
    tools = [recipe.cc, "make", "pkg-config"]
    tools += [flag[len(NVCC) :] for flag in recipe.plan["flags"] if flag.startswith(NVCC)]
    if platform.machine() == "x86_64":
        tools.append("nasm")
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        raise StackError(
            f"FFmpeg cannot be built without {', '.join(missing)}.",
            "The plan builds with it, and it is not on this host.",
            "Install it, or run the whole plan, which installs system packages first.",
            code="ffmpeg.missing-build-tools",
        )


def _placed(site: Site, recipe: Recipe, name: str) -> Path:
    """Return the source tree of ``name``, from the first place that has it."""
    tree = site.work / name
    failures = []
    for source in recipe.plan["sources"][name]:
        if tree.exists():
            break
        try:
            _place(site, source, tree, recipe.bundle)
        except StackError as error:
            failures.append(f"{error.message} {error.cause}".strip())
    if not tree.exists():
        raise StackError(
            f"The source of {name} could not be had.",
            " ".join(failures),
            ANOTHER_BUNDLE
            if recipe.bundle
            else f"Check the network, or name a copy with --source {name}=PLACE; then run again.",
            code="ffmpeg.no-source",
        )
    return tree


def _place(site: Site, source: Mapping[str, str], tree: Path, bundle: Path | None) -> None:
    if source["origin"] == "git":
        place(site.commands, GitSource(source["url"], source["commit"]), tree, uv="", bundle=bundle)
        return
    if bundle:
        archives.unpack(_in_bundle(source["sha256"], bundle), tree)
        return
    folder = site.work / "archives"
    folder.mkdir(exist_ok=True)
    if source["origin"] == "debian":
        package, suite, sha256 = source["package"], source["suite"], source["sha256"]
        archive = archives.from_debian(site.commands, package, suite, sha256, folder)
    else:
        archive = archives.fetch(source["url"], source["sha256"], folder)
    archives.unpack(archive, tree)


def _in_bundle(sha256: str, bundle: Path) -> Path:
    for archive in (bundle / "sources").glob(f"{sha256}.*"):
        archives.check(archive, sha256)
        return archive
    raise StackError(
        f"The bundle has no archive with the SHA-256 {sha256}.", code="bundle.missing-source"
    )


def _configure(
    site: Site, recipe: Recipe, program: Path, build: Path, environment: Mapping[str, str]
) -> None:
    # nvcc takes the newest GCC it finds, which may be too new for it.
    flags = [
        f"{flag} -ccbin {recipe.cc}" if flag.startswith("--nvccflags=-gencode") else flag
        for flag in recipe.plan["flags"]
    ]
    argv = [str(program), f"--prefix={PREFIX}", f"--cc={recipe.cc}", *flags]
    done = site.commands.run(argv, cwd=build, environment=environment, log=recipe.log)
    if done.rc:
        said = done.tail()
        hints = [hint for words, hint in HINTS if words in said]
        raise StackError(
            "FFmpeg could not be configured.",
            f"configure exited with {done.rc}:\n{said}\n",
            " ".join([*hints[:1], f"Its own log is {build}/ffbuild/config.log."]),
            code="ffmpeg.configure-failed",
        )


def _run(
    site: Site,
    recipe: Recipe,
    message: str,
    argv: list[object],
    environment: Mapping[str, str] | None = None,
) -> None:
    site.commands.checked(
        f"{message} could not be built",
        [str(word) for word in argv],
        environment=environment,
        log=recipe.log,
        hint=f"The whole output is in {recipe.log}. Out of memory? Lower the number of jobs;"
        " what is compiled is kept.",
        code="ffmpeg.build-failed",
    )


def forget_half_written(build: Path) -> None:
    """Take away what a compiler may have been writing when it was killed, and empty files.

    Files that configure wrote, such as ``filter_list.c``, stay: make cannot write them.
    """
    products = [path for path in build.rglob("*") if _PRODUCT.search(path.name)]
    states = [(path, path.lstat()) for path in products]
    newest = max((state.st_mtime for _path, state in states), default=0.0)
    for path, state in states:
        if state.st_size == 0 or state.st_mtime > newest - DOUBTFUL_S:
            path.unlink()


MAKERS: dict[str, Maker] = {"distribution": _packaged, "build": _built, "static": _static}
