"""Each rule about FFmpeg alone, with a driver, a toolkit, tools and sources on both sides of its bound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.ffmpeg import (
    FLAGS,
    HEADERS,
    HEADERS_URL,
    RELEASE,
    RELEASES_URL,
    STATIC,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.versions import version
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import model
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import (
    candidates,
    decision,
    ffmpeg,
    network,
    resolver,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.request import request
from support.errors import fails
from support.plan_builder import host

if TYPE_CHECKING:
    from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.plan import (
        DownloadPlan,
    )

UBUNTU, DEBIAN, CPU, ROCKY = "h100-ubuntu-22.04", "h100-debian-12", "cpu-debian-12", "h100-rocky-9"
BUILD = {"ffmpeg": "build", "network": "full"}
TOOLS = dict.fromkeys(("git", "make", "nasm", "clang", "pkg-config", "zlib"), "1")


def decide(
    name: str,
    asked: dict[str, Any] | None = None,
    choice: dict[str, Any] | None = None,
    **change: object,
) -> ffmpeg.Ffmpeg:
    """Decide for a recorded host, with another choice of driver, toolkit or compiler."""
    there, wanted = model.host(host(name, **change)), request(asked)
    reached = network.decide(there, wanted).value
    found = resolver.solve(resolver.problem(model.host(host(name)), wanted, reached))
    assert found
    return ffmpeg.decide(there, wanted, reached, found._replace(**(choice or {})))


def driver(number: str) -> candidates.DriverOption:
    branch = number.partition(".")[0]
    return candidates.DriverOption("keep", None, branch, version(number), "open", "nvidia")


def toolkit(cuda: str, **change: object) -> candidates.ToolkitOption:
    made = candidates.ToolkitOption("install", version(cuda), cuda, 15, None, origin="nvidia")
    return made._replace(**change)  # type: ignore[arg-type]


def origin(found: ffmpeg.Ffmpeg) -> str | None:
    return found.value.origin if found.value else None


@pytest.mark.parametrize(
    ("name", "asked", "choice", "reason"),
    [
        (CPU, {"ffmpeg": "none"}, "ffmpeg", decision.REQUEST),
        (UBUNTU, {"ffmpeg": "none"}, "ffmpeg", decision.REQUEST),
        (CPU, {}, "ffmpeg", model.PROBE),
    ],
)
def test_no_ffmpeg(name: str, asked: dict[str, str], choice: str, reason: str) -> None:
    found = decide(name, asked)
    assert (found.value, found.packages) == (None, ())
    (why,) = found.decisions
    assert (why.choice, why.source) == (choice, reason)


@pytest.mark.parametrize(
    ("number", "kind"),
    [("470.57.02", "distribution"), ("470.57.01", "build"), ("455.28", "build"), ("455.27", None)],
)
def test_the_distribution_has_one_for_the_drivers_of_its_headers(
    number: str, kind: str | None
) -> None:
    found = decide(DEBIAN, choice={"driver": driver(number)})
    assert origin(found) == kind
    if kind is None:
        # Neither packaged nor built nor static: each says why.
        (why,) = found.decisions
        assert len(why.because.split("; ")) == 3


@pytest.mark.parametrize(
    ("change", "kind", "packages"),
    [
        ({}, "distribution", ("ffmpeg",)),
        ({"tools": {**TOOLS, "ffmpeg": "5.1.9"}}, "distribution", ()),
        ({"architecture": "aarch64", "kernel": {"release": "6.1.0-37-arm64"}}, "build", None),
        ({"distribution": {"id": "debian", "version": "11", "family": "debian"}}, "build", None),
        ({"distribution": {"id": "debian", "version": "10", "family": "debian"}}, "static", None),
        ({"distribution": {"id": "ubuntu", "version": "12", "family": "debian"}}, "static", None),
    ],
)
def test_which_distributions_have_one(
    change: dict[str, Any], kind: str, packages: tuple[str, ...] | None
) -> None:
    found = decide(DEBIAN, **change)
    assert origin(found) == kind
    if packages is not None:
        assert found.packages == packages
        assert found.value
        assert (found.value.version, found.value.nv_codec_headers) == ("5.1.9", "n11.1.5.2")


@pytest.mark.parametrize(
    ("root", "asked", "kind"),
    [
        (True, {}, "distribution"),
        (False, {}, "static"),
        (True, {"network": "offline"}, None),
        (False, {"network": "offline"}, None),
    ],
)
def test_packages_are_installed_by_root_with_a_network(
    asked: dict[str, str], kind: str | None, *, root: bool
) -> None:
    assert origin(decide(DEBIAN, asked, root=root)) == kind


def test_an_ffmpeg_of_a_distribution_without_a_row_is_taken_when_asked() -> None:
    found = decide(UBUNTU, {"ffmpeg": "distribution"})
    assert found.value
    assert (found.value.version, found.value.nv_codec_headers) == (None, None)
    assert found.packages == ("ffmpeg",)
    with fails("planner.no-ffmpeg"):
        decide(ROCKY, {"ffmpeg": "distribution"})


@pytest.mark.parametrize(
    ("name", "asked", "kind"),
    [
        (UBUNTU, {}, "build"),
        (UBUNTU, {"network": "pypi"}, "static"),
        (UBUNTU, {"network": "pypi", "ffmpeg": "build"}, "build"),
        (ROCKY, {}, "static"),
        (ROCKY, {"ffmpeg": "build"}, "build"),
    ],
)
def test_it_is_built_where_that_was_done_before_or_on_request(
    name: str, asked: dict[str, str], kind: str
) -> None:
    assert origin(decide(name, asked)) == kind


@pytest.mark.parametrize(
    ("number", "tag"),
    [
        ("570.0", "n13.0.19.0"),
        ("569.99", "n12.2.72.0"),
        ("550.54.14", "n12.2.72.0"),
        ("550.54.13", "n12.1.14.0"),
        ("455.28", "n11.0.10.3"),
    ],
)
def test_headers_of_a_build_start_on_the_driver(number: str, tag: str) -> None:
    found = decide(UBUNTU, BUILD, {"driver": driver(number)})
    assert found.value
    assert found.value.nv_codec_headers == tag
    (why,) = (row for row in found.decisions if row.choice == "ffmpeg.nv_codec_headers")
    assert number.partition(".")[0] in why.because


def test_a_driver_older_than_all_headers_gets_no_build() -> None:
    with fails("planner.no-ffmpeg"):
        decide(UBUNTU, BUILD, {"driver": driver("455.27")})


@pytest.mark.parametrize(("number", "fits"), [("570.0", True), ("569.99", False)])
def test_headers_that_were_asked_for_need_their_driver_on_a_host_with_gpus(
    number: str, *, fits: bool
) -> None:
    asked = {"nv_codec_headers": "n13.0.19.0", "network": "full"}
    assert origin(decide(CPU, asked)) == "build"
    if fits:
        found = decide(UBUNTU, asked, {"driver": driver(number)})
        assert found.value
        assert found.value.nv_codec_headers == "n13.0.19.0"
        return
    with fails("planner.no-ffmpeg"):
        decide(UBUNTU, asked, {"driver": driver(number)})


@pytest.mark.parametrize(
    ("asked", "fits"),
    [
        ({"ffmpeg": "static", "nv_codec_headers": "n13.0.19.0"}, False),
        ({"ffmpeg": "none", "sources": {"ffmpeg": {"url": "/srv/x"}}}, False),
        ({"ffmpeg": "distribution", "sources": {"nv-codec-headers": {"url": "/srv/x"}}}, False),
        ({"ffmpeg": "build", "sources": {"ffmpeg": {"url": "/srv/x"}}}, True),
        ({"sources": {"ffmpeg": {"url": "/srv/x"}}}, True),
        ({"sources": {"slowfast": {"url": "/srv/x"}}, "ffmpeg": "static"}, True),
    ],
)
def test_what_is_named_for_a_build_is_built(asked: dict[str, Any], *, fits: bool) -> None:
    if fits:
        assert origin(decide(UBUNTU, {**asked, "network": "full"})) == asked.get("ffmpeg", "build")
        return
    with fails("planner.no-ffmpeg"):
        decide(UBUNTU, asked)


@pytest.mark.parametrize("name", ["ffmpeg", "nv-codec-headers"])
@pytest.mark.parametrize("reached", [True, False, None])
@pytest.mark.parametrize("forced", [False, True])
def test_a_source_of_a_build_has_to_be_reached_unless_the_network_was_given(
    name: str, *, reached: bool | None, forced: bool
) -> None:
    full = dict.fromkeys(
        ("pypi", "slowfast", "detectron2", "pytorchvideo", "pytorch", "nvidia"), True
    )
    there = {**full, **({} if reached is None else {name: reached})}
    asked = {"sources": {name: {"url": "/srv/x"}}, **({"network": "full"} if forced else {})}
    if reached is not False or forced:
        assert origin(decide(UBUNTU, asked, network=there)) == "build"
        return
    with fails("planner.no-ffmpeg", name):
        decide(UBUNTU, asked, network=there)


CLANG = ("--enable-cuda-llvm", "--nvcc=clang")


def nvcc(home: str, sm: str) -> tuple[str, ...]:
    flags = f"--nvccflags=-gencode arch=compute_{sm},code=sm_{sm} -O2"
    return ("--enable-nonfree", "--enable-cuda-nvcc", f"--nvcc={home}/bin/nvcc", flags)


HERE = model.Toolkit("12.2", "/opt/cuda")


@pytest.mark.parametrize(
    ("number", "kit", "flags"),
    [
        ("535.54.03", toolkit("12.2"), nvcc("/usr/local/cuda-12.2", "90")),
        ("535.54.03", toolkit("12.2", host=HERE), nvcc("/opt/cuda", "90")),
        ("535.54.02", toolkit("12.2"), CLANG),
        ("580.0", toolkit("12.2", action="none"), CLANG),
        ("580.0", toolkit("99.0"), CLANG),
        # 11.7 makes no code for this GPU.
        ("580.0", toolkit("11.7"), CLANG),
        ("580.0", toolkit("11.8"), nvcc("/usr/local/cuda-11.8", "90")),
    ],
)
def test_nvcc_compiles_where_driver_and_gpu_take_its_code(
    number: str, kit: candidates.ToolkitOption, flags: tuple[str, ...]
) -> None:
    choice = {"driver": driver(number), "toolkit": kit}
    found = decide(UBUNTU, BUILD, choice, tools={**TOOLS, "clang": None})
    assert found.value
    assert found.value.flags == (*FLAGS, *flags)
    assert found.packages == (("clang",) if flags == CLANG else ())
    assert found.decisions[-1].choice == "ffmpeg.filters"


@pytest.mark.parametrize(
    ("gpus", "sm"),
    [(["10de:2330", "10de:1db1"], "70"), (["10de:1db1", "10de:2330"], "70"), (["10de:2330"], "90")],
)
def test_code_is_that_of_the_oldest_gpu(gpus: list[str], sm: str) -> None:
    kit = toolkit("12.2")
    rows = [{"pci_id": pci} for pci in gpus]
    found = decide(UBUNTU, BUILD, {"driver": driver("580.1"), "toolkit": kit}, gpus=rows)
    assert found.value
    assert found.value.flags == (*FLAGS, *nvcc("/usr/local/cuda-12.2", sm))


NEEDED = ("make", "pkg-config", "zlib", "clang", "nasm")


@pytest.mark.parametrize("tool", [*NEEDED, None])
def test_tools_of_a_build_are_installed_where_they_are_missing(tool: str | None) -> None:
    tools = {**TOOLS, **({tool: None} if tool else {})}
    name = {"zlib": "zlib1g-dev"}.get(tool or "", tool)
    assert decide(CPU, BUILD, tools=tools).packages == ((name,) if name else ())
    if tool:
        with fails("planner.no-ffmpeg"):
            decide(CPU, BUILD, tools=tools, root=False)
    else:
        assert origin(decide(CPU, BUILD, tools=tools, root=False)) == "build"


def test_only_x86_assembles_with_nasm() -> None:
    tools = {**TOOLS, "nasm": None}
    assert decide(CPU, BUILD, tools=tools).packages == ("nasm",)
    arm = decide("cpu-aarch64-debian-13", BUILD, tools=tools)
    assert arm.packages == ()
    assert origin(arm) == "build"


@pytest.mark.parametrize(
    ("name", "major", "there", "packages"),
    [
        (CPU, 0, [], ("gcc-12", "g++-12")),
        (CPU, 0, [{"major": 9, "version": "9.1", "path": "/usr/bin/gcc-9"}], ()),
        (CPU, 12, [], ()),
        (ROCKY, 0, [], ("gcc", "gcc-c++")),
    ],
)
def test_a_compiler_is_installed_where_there_is_none(
    name: str, major: int, there: list[dict[str, Any]], packages: tuple[str, ...]
) -> None:
    choice = {"compiler": candidates.CompilerOption(major, None)}
    assert decide(name, BUILD, choice, tools=TOOLS, compilers=there).packages == packages


def test_a_distribution_that_is_not_known_builds_with_the_tools_it_has() -> None:
    other = {"distribution": {"id": "arch", "version": "", "family": "other"}}
    assert origin(decide(CPU, BUILD, tools=TOOLS, **other)) == "build"
    choice = {"compiler": candidates.CompilerOption(0, None)}
    for change in ({"tools": {**TOOLS, "make": None}}, {"tools": TOOLS, "compilers": []}):
        with fails("planner.no-ffmpeg"):
            decide(CPU, BUILD, choice, **other, **change)
    # A family with names of packages, and a release without a row.
    future = {"distribution": {"id": "debian", "version": "99", "family": "debian"}}
    with fails("planner.no-ffmpeg"):
        decide(CPU, BUILD, choice, **future, tools=TOOLS, compilers=[])


def places(found: ffmpeg.Ffmpeg, name: str) -> list[DownloadPlan]:
    assert found.value
    return list(found.value.sources[name])


def test_the_places_of_a_build_best_first() -> None:
    found = decide(CPU, {**BUILD, "nv_codec_headers": "n12.1.14.0"})
    debian, upstream = places(found, "ffmpeg")
    assert (debian.origin, debian.package, debian.suite, debian.sha256) == (
        "debian",
        "ffmpeg",
        "trixie",
        RELEASE.sha256,
    )
    assert (upstream.origin, upstream.sha256) == ("archive", RELEASE.sha256)
    assert upstream.url == f"{RELEASES_URL}ffmpeg-{RELEASE.version}.tar.xz"
    row = next(row for row in HEADERS if row.tag == "n12.1.14.0")
    debian, upstream = places(found, "nv-codec-headers")
    assert (debian.origin, debian.package, debian.sha256) == (
        "debian",
        "nv-codec-headers",
        row.sha256,
    )
    assert (upstream.origin, upstream.url, upstream.commit) == ("git", HEADERS_URL, row.commit)
    ubuntu = decide(UBUNTU, {**BUILD, "nv_codec_headers": "n12.1.14.0"})
    assert [row.origin for row in places(ubuntu, "ffmpeg")] == ["archive"]
    assert [row.origin for row in places(ubuntu, "nv-codec-headers")] == ["git"]


@pytest.mark.parametrize(
    ("own", "url", "commit"),
    [
        ({"url": "/srv/h.git"}, "/srv/h.git", HEADERS[0].commit),
        ({"commit": "1" * 40}, HEADERS_URL, "1" * 40),
        ({"url": "/srv/h.git", "commit": "1" * 40}, "/srv/h.git", "1" * 40),
    ],
)
def test_own_headers_are_the_only_place(own: dict[str, str], url: str, commit: str) -> None:
    asked = {**BUILD, "sources": {"nv-codec-headers": own}, "nv_codec_headers": HEADERS[0].tag}
    (place,) = places(decide(CPU, asked), "nv-codec-headers")
    assert (place.origin, place.url, place.commit, place.sha256) == ("git", url, commit, None)


@pytest.mark.parametrize(
    ("number", "asked", "kind"),
    [
        ("570.0", {}, "static"),
        ("569.99", {}, None),
        ("569.99", {"ffmpeg": "static"}, "static"),
        ("580.1", {"network": "offline"}, None),
    ],
)
def test_the_static_one_needs_a_driver_and_the_package_index(
    number: str, asked: dict[str, str], kind: str | None
) -> None:
    found = decide(ROCKY, asked, {"driver": driver(number)})
    assert origin(found) == kind
    if found.value:
        (place,) = places(found, "ffmpeg")
        row = STATIC[0]
        assert (place.origin, place.requirement, place.sha256) == (
            "pypi",
            row.requirement,
            row.sha256,
        )
        assert (found.value.version, found.value.flags, found.packages) == (row.version, (), ())


def test_a_builder_without_gpu_builds_for_the_branch_that_was_asked_for() -> None:
    for asked, number in (({}, "535"), ({"driver_branch": "580"}, "580")):
        found = decide(CPU, {**BUILD, **asked})
        (why,) = (row for row in found.decisions if row.choice == "ffmpeg.nv_codec_headers")
        assert f"driver {number} " in why.because
