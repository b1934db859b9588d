"""What the user asks of a plan, checked word by word."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ..catalog.ffmpeg import HEADERS
from ..catalog.presets import PRESETS
from ..catalog.sources import TREES
from ..core import validation
from ..core.errors import StackError
from ..core.versions import Spec, spec
from . import from_bundle, from_lock

if TYPE_CHECKING:
    from .from_bundle import Bundle
    from .from_lock import Lock

NETWORKS = ("full", "pypi", "offline")
FFMPEGS = ("distribution", "build", "static", "none")
# An inner mirror of conda's installer and of its channel.
INSTALLER, CHANNEL = "miniforge", "conda-forge"
# FFmpeg is built from the two in the middle, beside the trees of the Python part.
SOURCES = (*(row.name for row in TREES), "ffmpeg", "nv-codec-headers", INSTALLER, CHANNEL)
ENVIRONMENTS = ("uv", "conda")
_COMMIT, _SHA256 = re.compile(r"[0-9a-f]{40}"), re.compile(r"[0-9a-f]{64}")
_CONDA_PACKAGE = re.compile(r"[a-z0-9_.-]+([=<>!~][^\s]*)?")


class Request(NamedTuple):
    """Wishes; None leaves the choice to the planner. ``sources`` maps a name to url and commit.

    An installer of Miniforge has a ``sha256`` in place of the commit.

    ``bundle`` is what the head of a bundle says, where one brings everything; ``adopt_torch`` an
    interpreter of the host whose PyTorch is used; ``locked`` a lock that shall be met.
    ``conda_packages`` are specifications such as mkl=2024.0, which only conda can install.
    """

    torch: Spec | None
    cuda: Spec | None
    python: Spec | None
    driver_branch: str | None
    preset: str
    network: str | None
    gpu_required: bool
    ffmpeg: str | None
    nv_codec_headers: str | None
    sources: dict[str, dict[str, str]]
    bundle: Bundle | None
    environment: str | None
    conda_packages: tuple[str, ...]
    adopt_torch: str | None
    locked: Lock | None


def request(value: object) -> Request:
    """Read a request. Raises ``StackError`` that names the word and what can be written."""
    data = validation.mapping(value or {}, "request")
    validation.only_keys(data, "request", Request._fields)
    branch = data.get("driver_branch")
    if branch is not None and not re.fullmatch(r"\d{3}", str(branch)):
        raise validation.bad("request.driver_branch", "a branch number such as 580", branch)
    network, ffmpeg, headers = (data.get(k) for k in ("network", "ffmpeg", "nv_codec_headers"))
    return Request(
        torch=_spec(data.get("torch"), "torch"),
        cuda=_spec(data.get("cuda"), "cuda"),
        python=_spec(data.get("python"), "python"),
        driver_branch=None if branch is None else str(branch),
        preset=validation.one_of(
            data.get("preset") or "stable", "request.preset", tuple(row.name for row in PRESETS)
        ),
        network=None
        if network is None
        else validation.one_of(network, "request.network", NETWORKS),
        gpu_required=validation.flag(data.get("gpu_required") or False, "request.gpu_required"),
        ffmpeg=None if ffmpeg is None else validation.one_of(ffmpeg, "request.ffmpeg", FFMPEGS),
        nv_codec_headers=None
        if headers is None
        else validation.one_of(
            headers, "request.nv_codec_headers", tuple(row.tag for row in HEADERS)
        ),
        sources=_sources(data.get("sources")),
        bundle=from_bundle.read(data["bundle"], "request.bundle")
        if data.get("bundle") is not None
        else None,
        environment=None
        if data.get("environment") is None
        else validation.one_of(data["environment"], "request.environment", ENVIRONMENTS),
        conda_packages=tuple(
            _conda_package(row)
            for row in validation.items(data.get("conda_packages"), "request.conda_packages")
        ),
        adopt_torch=validation.optional_text(data.get("adopt_torch"), "request.adopt_torch"),
        locked=from_lock.read(data["locked"], "request.locked") if data.get("locked") else None,
    )


def _conda_package(value: object) -> str:
    text = validation.text(value, "request.conda_packages")
    if not _CONDA_PACKAGE.fullmatch(text):
        raise validation.bad("request.conda_packages", "a specification such as mkl=2024.0", value)
    return text


def _spec(value: object, name: str) -> Spec | None:
    if value is None:
        return None
    try:
        return spec(validation.text(value, f"request.{name}"))
    except StackError as error:
        raise StackError(
            f"request.{name}: {error.message}", error.cause, error.hint, code=error.code
        ) from error


def _sources(value: object) -> dict[str, dict[str, str]]:
    trees = validation.mapping(value or {}, "request.sources")
    validation.only_keys(trees, "request.sources", SOURCES)
    return {name: _source(source, name) for name, source in trees.items()}


def _source(value: object, name: str) -> dict[str, str]:
    where = f"request.sources.{name}"
    data = validation.mapping(value, where)
    key, form, meant = ("commit", _COMMIT, "the 40 lower-case digits of a git commit")
    if name == INSTALLER:
        key, form, meant = ("sha256", _SHA256, "the 64 lower-case digits of a SHA-256")
    validation.only_keys(data, where, ("url", key))
    pin = data.get(key)
    if pin is not None and not form.fullmatch(str(pin)):
        raise validation.bad(f"{where}.{key}", meant, pin)
    return {
        part: validation.text(data[part], f"{where}.{part}")
        for part in ("url", key)
        if data.get(part)
    }
