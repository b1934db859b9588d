"""What the user requests of a plan, validated key by key."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable

from ..catalog.ffmpeg import HEADERS
from ..catalog.presets import PRESETS
from ..catalog.sources import TREES
from ..core import names, validation
from ..core.construct import construct, read
from ..core.errors import StackError
from ..core.versions import Spec, spec
from . import from_bundle, from_lock, from_plan

if TYPE_CHECKING:
    from .from_bundle import Bundle
    from .from_lock import Lock
    from .plan import Plan

NETWORKS = ("full", "pypi", "offline")
FFMPEGS = ("distribution", "build", "static", "none")
# A mirror of conda's installer and of its channel.
INSTALLER, CHANNEL = "miniforge", "conda-forge"
FFMPEG_SOURCES = ("ffmpeg", "nv-codec-headers")
SOURCES = (*(row.name for row in TREES), *FFMPEG_SOURCES, INSTALLER, CHANNEL)
ENVIRONMENTS = ("uv", "conda")
# How the kernel modules of a driver come about: compiled on the host, or built by a distribution.
BUILDS = ("dkms", "prebuilt")


def _matching(pattern: str, wanted: str) -> Callable[[Any, str], str]:
    """Return a reader of text, or of a number, that matches a regular expression."""

    def reader(value: object, where: str) -> str:
        if not re.fullmatch(pattern, str(value)):
            raise validation.bad(where, wanted, value)
        return str(value)

    return reader


def _spec(value: object, where: str) -> Spec:
    text = validation.text(value, where)
    try:
        return spec(text)
    except StackError as error:
        wanted = "a version, or comparisons with commas between them"
        raise validation.InvalidValueError(
            where, wanted, text, error.hint, code=error.code
        ) from error


def _conda_packages(value: object, where: str) -> tuple[str, ...]:
    one = _matching(r"[a-z0-9_][a-z0-9_.-]*([=<>!~][^\s]*)?", "a specification such as mkl=2024.0")
    return tuple(one(validation.text(row, where), where) for row in validation.items(value, where))


@dataclass(frozen=True)
class Source:
    """Another place of a source: a URL or path, and the commit to use, or a file's SHA-256."""

    url: str | None = read(names.address, default=None)
    commit: str | None = read(
        _matching("[0-9a-f]{40}", "the 40 lower-case digits of a git commit"), default=None
    )
    sha256: str | None = read(
        _matching("[0-9a-f]{64}", "the 64 lower-case digits of a SHA-256"), default=None
    )


def _sources(value: object, where: str) -> dict[str, Source]:
    """Read sources by name; only an installer has a SHA-256, and it has no commit."""
    found = validation.mapping(value, where)
    validation.only_keys(found, where, SOURCES)
    for name, source in found.items():
        pin = "sha256" if name == INSTALLER else "commit"
        validation.only_keys(validation.mapping(source, where), f"{where}.{name}", ("url", pin))
    return {name: construct(Source, each, f"{where}.{name}") for name, each in found.items()}


@dataclass(frozen=True)
class Request:
    """What is requested; None leaves the choice to the planner.

    ``bundle`` is the manifest of a bundle that has everything; ``adopt_torch`` an interpreter of
    the host whose PyTorch is used; ``locked`` a lock and ``planned`` a plan to follow.
    ``conda_packages`` are specifications such as mkl=2024.0, which only conda can install.
    """

    torch: Spec | None = read(_spec, default=None)
    cuda: Spec | None = read(_spec, default=None)
    python: Spec | None = read(_spec, default=None)
    driver_build: str | None = read(validation.choice(*BUILDS), default=None)
    driver_branch: str | None = read(
        _matching(r"\d{3}", "a branch number such as 580"), default=None
    )
    preset: str = read(validation.choice(*(row.name for row in PRESETS)), default="stable")
    network: str | None = read(validation.choice(*NETWORKS), default=None)
    gpu_required: bool = False
    ffmpeg: str | None = read(validation.choice(*FFMPEGS), default=None)
    nv_codec_headers: str | None = read(
        validation.choice(*(row.tag for row in HEADERS)), default=None
    )
    sources: dict[str, Source] = read(_sources, default_factory=dict)
    bundle: Bundle | None = read(from_bundle.read, default=None)
    environment: str | None = read(validation.choice(*ENVIRONMENTS), default=None)
    conda_packages: tuple[str, ...] = read(_conda_packages, default=())
    adopt_torch: str | None = None
    locked: Lock | None = read(from_lock.read, default=None)
    planned: Plan | None = read(from_plan.read, default=None)

    @property
    def wanted_ffmpeg(self) -> str | None:
        """Return the requested kind of FFmpeg; who names what it is built from wants a build."""
        parts = self.nv_codec_headers or any(name in self.sources for name in FFMPEG_SOURCES)
        return self.ffmpeg or ("build" if parts else None)

    def source(self, name: str) -> Source:
        """Return the requested source of that name, empty where there is none."""
        return self.sources.get(name, Source())


def request(value: object) -> Request:
    """Read a request. Raises ``StackError`` that names the key and what it accepts."""
    return construct(Request, value or {}, "request")
