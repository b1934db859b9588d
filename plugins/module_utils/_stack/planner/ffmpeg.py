"""Decide on the FFmpeg with CUDA: that of the distribution, one built here, or a static one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable, NamedTuple

from ..catalog.cuda import TOOLKITS
from ..catalog.distributions import SYSTEM_PACKAGES
from ..catalog.ffmpeg import (
    ARCHIVE_SUITE,
    CLANG_PTX,
    FLAGS,
    HEADERS,
    HEADERS_URL,
    PACKAGES,
    PTX_RULE,
    RELEASE,
    RELEASES_URL,
    STATIC,
    WANTED,
    HeaderRow,
)
from ..core.errors import StackError
from ..core.versions import Version, dotted, version
from .candidates import PYPI
from .decision import REQUEST, Decided, Decision, decision
from .distribution import distribution
from .gpu_specs import of_host
from .plan import DownloadPlan, FfmpegPlan
from .request import FFMPEG_SOURCES

if TYPE_CHECKING:
    from ..host.model import Host
    from .network import Network
    from .request import Request
    from .resolver import Choice

# A builder without a GPU builds for the oldest branch that still has support.
BUILDER_DRIVER = "535"


@dataclass(frozen=True)
class Ffmpeg(Decided["FfmpegPlan | None"]):
    """The FFmpeg, None where there is none for the host, and the packages that it still needs."""

    packages: tuple[str, ...] = ()


class Refused(NamedTuple):
    """Why one kind of FFmpeg is not to be had."""

    because: str


class Case(NamedTuple):
    """What is decided upon; ``driver`` is what FFmpeg has to start on, ``branch`` its branch."""

    host: Host
    request: Request
    network: Network
    choice: Choice
    driver: Version
    branch: str


Option = Callable[[Case], "Ffmpeg | Refused"]


def decide(host: Host, request: Request, network: Network, choice: Choice) -> Ffmpeg:
    """Take the first kind that the host can have, or the one that was asked for.

    Raises ``StackError`` where that one cannot be had.
    """
    wanted = _wanted(request)
    if wanted == "none" or not (host.gpus or wanted):
        if wanted:
            return Ffmpeg(None, (decision("ffmpeg", "--ffmpeg none was given", REQUEST),))
        text = "there is no GPU for NVENC and NVDEC"
        return Ffmpeg(None, (decision("ffmpeg", text, host.source),))
    branch = choice.driver.number if host.gpus else request.driver_branch or BUILDER_DRIVER
    driver = choice.driver.version if host.gpus else version(branch)
    case = Case(host, request, network, choice, driver, branch)
    refusals = []
    for name in [wanted] if wanted else OPTIONS:
        found = OPTIONS[name](case)
        if isinstance(found, Ffmpeg):
            return found
        refusals.append(found.because)
    if wanted:
        raise StackError(
            f"--ffmpeg {wanted} is not possible on this host.",
            f"{refusals[0][0].upper()}{refusals[0][1:]}.",
            f"Use another of {', '.join(OPTIONS)}, or omit --ffmpeg.",
            code="planner.no-ffmpeg",
        )
    return Ffmpeg(None, (decision("ffmpeg", "; ".join(refusals), host.source),))


def _wanted(request: Request) -> str | None:
    """Return the requested kind. Raises ``StackError`` where it would not use what is named for a build."""
    named = [f"--source {name}" for name in FFMPEG_SOURCES if name in request.sources]
    named += [f"nv_codec_headers {request.nv_codec_headers}"] * bool(request.nv_codec_headers)
    if named and request.wanted_ffmpeg != "build":
        raise StackError(
            f"--ffmpeg {request.ffmpeg} excludes {' and '.join(named)}.",
            "Only an FFmpeg that is built here is built from it.",
            "Use --ffmpeg build, or omit one of them.",
            code="planner.no-ffmpeg",
        )
    return request.wanted_ffmpeg


def _packaged(case: Case) -> Ffmpeg | Refused:
    """Return the distribution's own, where it is known to have all that is asked for."""
    host, asked = case.host, bool(case.request.wanted_ffmpeg)
    names = SYSTEM_PACKAGES.get(host.distribution.family, {}).get("ffmpeg")
    row = next(
        (
            row
            for row in PACKAGES
            if (row.distribution, row.number, row.machine)
            == (host.distribution.id, host.distribution.version, host.architecture)
        ),
        None,
    )
    if names is None or (row is None and not asked):
        return Refused(f"FFmpeg of {host.distribution.name} has not been examined")
    if row and version(row.minimum_driver) > case.driver:
        return Refused(
            f"the headers {row.headers} in it need driver {row.minimum_driver},"
            f" and the plan has {case.branch}"
        )
    missing = () if host.tools.get("ffmpeg") else names
    if missing and not _can_install(case):
        return Refused(f"installing {', '.join(missing)} needs root and a network")
    because = f"{host.distribution.name} has one with NVENC, NVDEC and CUDA filters"
    source = str(row.source) if row else REQUEST
    if row is None:
        because = (
            "--ffmpeg distribution was given; its capabilities are checked once it is installed"
        )
    made = _ffmpeg(
        "distribution",
        row.version if row else None,
        nv_codec_headers=row.headers if row else None,
    )
    return Ffmpeg(made, (decision("ffmpeg.origin", because, source),), missing)


def _can_install(case: Case) -> bool:
    return case.host.root and case.network.name != "offline"


def _built(case: Case) -> Ffmpeg | Refused:
    """Return a build from pinned source."""
    host, asked = case.host, bool(case.request.wanted_ffmpeg)
    if not asked and not (case.network.compiles and host.distribution.family == "debian"):
        return Refused(f"FFmpeg was never built on {host.distribution.name} with this network")
    header = _header(case)
    if header is None:
        return Refused(
            f"no nv-codec-headers that FFmpeg {RELEASE.version} supports work with this driver"
        )
    filters = _filters(case)
    unreached = [
        name
        for name in FFMPEG_SOURCES
        if name in case.request.sources and not case.host.network.get(name, True)
    ]
    if unreached and not case.request.network:
        return Refused(
            f"this host does not reach the requested source of {' and of '.join(unreached)}"
        )
    missing = _missing(case, filters.needs)
    if missing is None or (missing and not _can_install(case)):
        return Refused("the tools that build it are missing, and installing them needs root")
    made = _ffmpeg(
        "build",
        RELEASE.version,
        nv_codec_headers=header.tag,
        flags=(*FLAGS, *filters.flags),
        sources={"ffmpeg": _release_places(case), "nv-codec-headers": _header_places(case, header)},
    )
    cause = f"FFmpeg of {host.distribution.name} is not known to have NVENC, NVDEC and CUDA filters"
    origin = decision("ffmpeg.origin", cause, host.source)
    if asked:
        origin = decision("ffmpeg.origin", "a build was requested", REQUEST)
    return Ffmpeg(made, (origin, _why_header(case, header), filters.reason), missing)


def _why_header(case: Case, header: HeaderRow) -> Decision:
    choice = "ffmpeg.nv_codec_headers"
    if case.request.nv_codec_headers:
        return decision(choice, f"nv_codec_headers {header.tag} was requested", REQUEST)
    text = f"{header.tag} is the newest that works with driver {case.branch}"
    if not case.host.gpus:
        text += " and newer; without a GPU, the oldest supported branch counts"
    return decision(choice, text, header.source)


def _header(case: Case) -> HeaderRow | None:
    """Return the newest headers for the driver, or those asked for. Raises ``StackError``."""
    asked = case.request.nv_codec_headers
    rows = [row for row in HEADERS if version(row.tag[1:]) >= version(RELEASE.oldest_header[1:])]
    if asked is None:
        starts = (row for row in rows if version(row.minimum_driver) <= case.driver)
        return next(starts, None)
    row = next(row for row in rows if row.tag == asked)
    if case.host.gpus and version(row.minimum_driver) > case.driver:
        raise StackError(
            f"NVENC with nv-codec-headers {asked} would not work on this host.",
            f"They need driver {row.minimum_driver}, and the plan has {case.branch}.",
            "Omit nv_codec_headers, or request a newer driver with driver_branch.",
            code="planner.no-ffmpeg",
        )
    return row


class Filters(NamedTuple):
    """How the CUDA filters are compiled: configure's flags, what that needs, and why."""

    flags: list[str]
    needs: tuple[str, ...]
    reason: Decision


def _filters(case: Case) -> Filters:
    """Choose nvcc where its PTX runs on the driver and the oldest GPU, else clang."""
    toolkit = case.choice.toolkit
    row = next((row for row in TOOLKITS if version(row.cuda) == toolkit.cuda), None)
    capabilities = [found.capability for found in of_host(case.host)]
    lowest = min((one for one in capabilities if one), default=None)
    runs = row and row.release_driver and version(row.release_driver) <= case.driver
    if toolkit.action == "none" or not row or not lowest:
        cause = "without a toolkit clang compiles the filters"
    elif toolkit.origin == PYPI:
        cause = "nvcc of PyPI is installed after FFmpeg is built, so clang compiles the filters"
    elif not runs:
        cause = f"PTX of CUDA {toolkit.name} needs a newer driver, so clang compiles the filters"
    elif lowest not in {version(sm) for sm in row.sms.split()}:
        cause = f"CUDA {toolkit.name} makes no PTX for {dotted(lowest)}, so clang does"
    else:
        # One PTX serves every GPU, so it is that of the oldest.
        sm = dotted(lowest).replace(".", "")
        home = toolkit.host.path if toolkit.host else f"/usr/local/cuda-{toolkit.name}"
        flags = [
            "--enable-nonfree",
            "--enable-cuda-nvcc",
            f"--nvcc={home}/bin/nvcc",
            f"--nvccflags=-gencode arch=compute_{sm},code=sm_{sm} -O2",
        ]
        cause = f"nvcc is in the plan and the driver accepts its PTX; {dotted(lowest)} is the oldest GPU"
        found = decision("ffmpeg.filters", cause, PTX_RULE)
        return Filters(flags, (), found)
    cause += ", for capability 3.0 in a PTX that every driver accepts"
    reason = decision("ffmpeg.filters", cause, CLANG_PTX)
    return Filters(["--enable-cuda-llvm", "--nvcc=clang"], ("clang",), reason)


def _missing(case: Case, needs: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the packages of what is missing; None where their names are not known."""
    host, chosen = case.host, case.choice.compiler
    needs = ("make", "pkg-config", "zlib", *needs)
    if host.architecture == "x86_64":
        needs += ("nasm",)
    wanted = [need for need in needs if not host.tools.get(need)]
    # A compiler that the Python part needs as well is among the packages already.
    if not chosen.major and not host.compilers:
        wanted.append("compiler")
    names, row = SYSTEM_PACKAGES.get(host.distribution.family), distribution(host)
    if wanted and (names is None or row is None):
        return None
    major = row.compilers[0] if row else 0
    return tuple(name.format(major=major) for need in wanted for name in (names or {})[need])


def _release_places(case: Case) -> tuple[DownloadPlan, ...]:
    """Return where the release is, best first: one's own, Debian's archive, upstream."""
    sha256 = RELEASE.sha256
    own = case.request.source("ffmpeg").url
    if own:
        return (DownloadPlan("archive", url=own, sha256=sha256),)
    upstream = f"{RELEASES_URL}ffmpeg-{RELEASE.version}.tar.xz"
    return (
        *_debian(case, "ffmpeg", sha256),
        DownloadPlan("archive", url=upstream, sha256=sha256),
    )


def _header_places(case: Case, row: HeaderRow) -> tuple[DownloadPlan, ...]:
    own = case.request.source("nv-codec-headers")
    if own.url or own.commit:
        url, commit = own.url or HEADERS_URL, own.commit or row.commit
        return (DownloadPlan("git", url=url, commit=commit),)
    upstream = DownloadPlan("git", url=HEADERS_URL, commit=row.commit)
    return (*_debian(case, "nv-codec-headers", row.sha256), upstream)


def _debian(case: Case, package: str, sha256: str | None) -> tuple[DownloadPlan, ...]:
    """Return the package in the Debian archive, whose keys only a Debian has."""
    if case.host.distribution.id != "debian" or not sha256:
        return ()
    return (DownloadPlan("debian", package=package, suite=ARCHIVE_SUITE, sha256=sha256),)


def _static(case: Case) -> Ffmpeg | Refused:
    """Return a static build from PyPI, which needs no root."""
    row = next((row for row in STATIC if row.machine == case.host.architecture), None)
    if row is None:
        return Refused(f"the catalog has no static build for {case.host.architecture}")
    if case.network.name == "offline":
        return Refused("PyPI is unreachable")
    if not case.request.wanted_ffmpeg and version(row.minimum_driver) > case.driver:
        return Refused(f"the static build's NVENC needs driver {row.minimum_driver}")
    place = DownloadPlan("pypi", requirement=row.requirement, sha256=row.sha256)
    made = _ffmpeg("static", row.version, sources={"ffmpeg": (place,)})
    cause = "it needs neither root nor a compiler; its licence is the GPL"
    return Ffmpeg(made, (decision("ffmpeg.origin", cause, row.source),))


# Best first.
OPTIONS: dict[str, Option] = {"distribution": _packaged, "build": _built, "static": _static}


def _ffmpeg(
    origin: str,
    number: str | None,
    *,
    nv_codec_headers: str | None = None,
    flags: tuple[str, ...] = (),
    sources: dict[str, tuple[DownloadPlan, ...]] | None = None,
) -> FfmpegPlan:
    return FfmpegPlan(origin, number, nv_codec_headers, flags, sources or {}, dict(WANTED))
