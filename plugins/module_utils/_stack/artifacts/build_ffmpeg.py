"""How an FFmpeg with CUDA is provided: built from source, unpacked, or the distribution's."""

from __future__ import annotations

import platform
import re
import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable

from ..core import validation
from ..core.construct import read
from ..core.errors import StackError
from ..core.names import is_regular
from . import cache, ffmpeg_capabilities
from .source_tree import Source, place

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ..core.process import Commands

# Objects this much younger than the end of a killed compile may be incomplete.
SUSPECT_S = 120
NVCC = "--nvcc="
# The build works in any folder, so configure gets the same prefix on every host.
PREFIX = "/ffmpeg"
_PRODUCT = re.compile(r"\.(o|d|a|so[.\d]*|ptx(\.c|\.gz)?)$")
PYPI_HINT = "Check that PyPI is reachable (proxy, certificates, index), then run again."
ANOTHER_BUNDLE = "Create a bundle for this host: slowfast-stack bundle create."
# What configure prints, and what to do about it.
HINTS = (
    ("ffnvcodec", "This FFmpeg does not support these headers: omit nv_codec_headers."),
    (
        "failed checking for nvcc",
        "nvcc does not accept the flags of the plan: see --nvccflags in the log.",
    ),
    ("C compiler test failed", "The C compiler of the plan does not work."),
    ("nasm", "Install nasm."),
)


@dataclass(frozen=True)
class FFmpegRecipe:
    """The FFmpeg of a plan.

    ``origin`` is a key of ``ORIGINS``, ``sources`` lists the places of each source, ``required``
    the names of each kind (encoders, ...) that it must have. Where ``bundle`` is the folder of an
    extracted bundle, sources come from there alone.
    """

    inputs: Mapping[str, str]
    origin: str
    flags: tuple[str, ...]
    sources: Mapping[str, tuple[Source, ...]]
    cc: str
    jobs: int
    uv: str
    required: Mapping[str, tuple[str, ...]] = read(key="wanted")
    log: Path = read(validation.path)
    bundle: Path | None = read(validation.optional_path, default=None)

    def build(self, commands: Commands, work: Path) -> Path:
        """Provide it below ``work``; a compile continues where an interrupted one stopped."""
        return ORIGINS[self.origin](Site(commands, work), self)

    def verify(self, commands: Commands, folder: Path) -> None:
        """Raise ``StackError`` where it does not run or lacks a required name."""
        hint = "Choose another with --ffmpeg: distribution, build or static."
        program = folder / "bin" / "ffmpeg"
        ffmpeg_capabilities.require(commands, program, self.required, hint=hint)

    def examine(self, folder: Path) -> None:
        """Raise ``StackError`` where it has no program: flags and pins of the key decide the rest."""
        program = folder / "bin" / "ffmpeg"
        if not is_regular(program) or not program.stat().st_mode & 0o100:
            raise StackError(
                "The FFmpeg has no program.",
                f"{program} is not an executable file.",
                "It is built here.",
                code="artifact.refused",
            )

    def path(self, folder: Path) -> Path:
        """Return the folder with ``bin/ffmpeg``."""
        return folder


@dataclass(frozen=True)
class Site:
    """Where one is built: commands that hold the lock, and a folder that stays."""

    commands: Commands
    work: Path


def _packaged(site: Site, _recipe: FFmpegRecipe) -> Path:
    """Link the distribution's own programs."""
    ready = _empty(site.work / "ready")
    for name in ("ffmpeg", "ffprobe"):
        found = shutil.which(name, path=":".join(cache.PACKAGED))
        if found is None:
            raise StackError(
                f"The distribution's {name} is not installed.",
                f"It is not in {' or '.join(cache.PACKAGED)}.",
                "Install the package ffmpeg, or choose another with --ffmpeg.",
                code="ffmpeg.no-distribution-program",
            )
        (ready / "bin" / name).symlink_to(found)
    return ready


def _static(site: Site, recipe: FFmpegRecipe) -> Path:
    """Extract the program from a wheel; uv knows index, proxy and certificates."""
    source, packages = recipe.sources["ffmpeg"][0], site.work / "packages"
    pins = site.work / "requirements.txt"
    pins.write_text(f"{source.requirement} --hash=sha256:{source.sha256}\n")
    shutil.rmtree(packages, ignore_errors=True)
    where = []
    if recipe.bundle:
        where = ["--no-config", "--offline", "--no-index"]
        where += ["--find-links", str(recipe.bundle / "wheels")]
    site.commands.checked(
        f"{source.requirement} could not be downloaded from {'the bundle' if where else 'PyPI'}",
        [
            recipe.uv, "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--python",
            sys.executable, "--target", str(packages), "--requirement", str(pins),
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


def _built(site: Site, recipe: FFmpegRecipe) -> Path:
    """Configure, compile and install; what an earlier run has compiled is kept."""
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
    remove_incomplete(build)
    _run(site, recipe, "FFmpeg", ["make", "-C", build, f"-j{recipe.jobs}"], environment)
    image = site.work / "image"
    shutil.rmtree(image, ignore_errors=True)
    _run(site, recipe, "FFmpeg", ["make", "-C", build, f"DESTDIR={image}", "install"], environment)
    return image / PREFIX.lstrip("/")


def _refuse_missing_tools(recipe: FFmpegRecipe) -> None:
    """Raise ``StackError`` where a compiler of C, assembler or CUDA is missing."""
    tools = [recipe.cc, "make", "pkg-config"]
    tools += [flag[len(NVCC) :] for flag in recipe.flags if flag.startswith(NVCC)]
    if platform.machine() == "x86_64":
        tools.append("nasm")
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        raise StackError(
            f"FFmpeg cannot be built without {', '.join(missing)}.",
            "The plan needs it for the build, and this host does not have it.",
            "Install it, or run the complete plan, which installs system packages first.",
            code="ffmpeg.missing-build-tools",
        )


def _placed(site: Site, recipe: FFmpegRecipe, name: str) -> Path:
    """Return the source tree of ``name``, from the first of its places that has it."""
    tree, downloads, failures = site.work / name, site.work / "archives", []
    for source in recipe.sources[name]:
        try:
            place(site.commands, source, tree, uv="", bundle=recipe.bundle, downloads=downloads)
        except StackError as error:  # noqa: PERF203  (the next place may have it)
            if error.code == "disk.full":
                raise
            failures.append(f"{error.message} {error.cause}".strip())
        else:
            return tree
    raise StackError(
        f"The source of {name} could not be downloaded.",
        " ".join(failures),
        ANOTHER_BUNDLE
        if recipe.bundle
        else f"Check the network, or name a copy with --source {name}=PLACE; then run again.",
        code="ffmpeg.no-source",
    )


def _configure(
    site: Site, recipe: FFmpegRecipe, program: Path, build: Path, environment: Mapping[str, str]
) -> None:
    # nvcc takes the newest GCC it finds, which may be too new for it.
    flags = [
        f"{flag} -ccbin {recipe.cc}" if flag.startswith("--nvccflags=-gencode") else flag
        for flag in recipe.flags
    ]
    argv = [str(program), f"--prefix={PREFIX}", f"--cc={recipe.cc}", *flags]
    done = site.commands.run(argv, cwd=build, environment=environment, log=recipe.log)
    if done.rc:
        output = done.tail()
        hint = next((hint for words, hint in HINTS if words in output), "")
        raise StackError(
            "FFmpeg could not be configured.",
            f"configure exited with {done.rc}:\n{output}\n",
            f"{hint} Its log is {build}/ffbuild/config.log.".lstrip(),
            code="ffmpeg.configure-failed",
        )


def _run(
    site: Site,
    recipe: FFmpegRecipe,
    message: str,
    argv: list[object],
    environment: Mapping[str, str] | None = None,
) -> None:
    site.commands.checked(
        f"{message} could not be built",
        [str(word) for word in argv],
        environment=environment,
        log=recipe.log,
        hint=f"The complete output is in {recipe.log}. Out of memory? Lower the number of jobs;"
        " compiled files are kept.",
        code="ffmpeg.build-failed",
    )


def remove_incomplete(build: Path) -> None:
    """Remove what a compiler may have been writing when it was killed, and empty files.

    Files that configure wrote, such as ``filter_list.c``, stay: make cannot write them again.
    """
    products = [path for path in build.rglob("*") if _PRODUCT.search(path.name)]
    states = [(path, path.lstat()) for path in products]
    newest = max((state.st_mtime for _path, state in states), default=0.0)
    for path, state in states:
        if state.st_size == 0 or state.st_mtime > newest - SUSPECT_S:
            path.unlink()


ORIGINS: dict[str, Callable[[Site, FFmpegRecipe], Path]] = {
    "distribution": _packaged,
    "build": _built,
    "static": _static,
}
