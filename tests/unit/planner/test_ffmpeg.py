"""Which FFmpeg with CUDA a host gets, and why another one is not to be had."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.ffmpeg import (
    HEADERS,
    RELEASE,
    WANTED,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.versions import version
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import explain, planner
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.plan import from_dict
from support.errors import fails

HOSTS = Path(__file__).parents[1] / "hosts"
BUILD = {"ffmpeg": "build", "network": "full"}


def plan(name: str, request: dict[str, Any] | None = None, **change: object) -> dict[str, Any]:
    """Plan a recorded machine."""
    host = json.loads((HOSTS / f"{name}.json").read_text(encoding="utf-8"))["host"]
    return planner.plan({**host, **change}, request).to_dict()


def test_a_machine_without_gpu_gets_none_unless_it_asks() -> None:
    nothing = plan("cpu-debian-12")
    assert nothing["ffmpeg"] is None
    assert "ffmpeg_cuda" not in nothing["roles"]
    assert {"ffmpeg.build", "ffmpeg.nvenc"} <= {row["id"] for row in nothing["skipped_claims"]}
    builder = plan("cpu-debian-12", BUILD)
    assert builder["roles"].index("ffmpeg_cuda") == builder["roles"].index("preflight") + 1
    assert {row["id"] for row in builder["skipped_claims"]} == {
        "torch.cuda",
        "ffmpeg.nvdec",
        "ffmpeg.nvenc",
    }


def test_a_builder_takes_headers_that_the_oldest_supported_branch_starts() -> None:
    made = plan("cpu-debian-12", BUILD)["ffmpeg"]
    assert made["nv_codec_headers"] == "n12.1.14.0"
    assert [place["origin"] for place in made["sources"]["ffmpeg"]] == ["debian", "archive"]
    assert [place["origin"] for place in made["sources"]["nv-codec-headers"]] == ["debian", "git"]
    newer = plan("cpu-debian-12", {**BUILD, "driver_branch": "580"})["ffmpeg"]
    assert newer["nv_codec_headers"] == "n13.0.19.0"
    assert [place["origin"] for place in newer["sources"]["nv-codec-headers"]] == ["git"]


@pytest.mark.parametrize(
    ("name", "driver", "tag"),
    [
        ("h100-ubuntu-22.04", "535.274.02", "n12.1.14.0"),
        ("h100-ubuntu-22.04", "550.163.01", "n12.2.72.0"),
        ("h100-ubuntu-22.04", "580.65.06", "n13.0.19.0"),
    ],
)
def test_headers_are_the_newest_that_the_kept_driver_starts(
    name: str, driver: str, tag: str
) -> None:
    made = plan(name, {"ffmpeg": "build"}, driver={"version": driver, "flavour": None}, root=False,
                tools={"make": "4", "nasm": "2", "clang": "14", "pkg-config": "1", "zlib": "1",
                       "git": "2"},
                compilers=[{"major": 11, "version": "11.4.0", "path": "/usr/bin/gcc-11",
                            "cxx": "/usr/bin/g++-11"}],
                pythons=[{"version": "3.10.12", "path": "/usr/bin/python3.10", "headers": True,
                          "venv": True}],
                toolkits=[{"version": "12.2", "path": "/usr/local/cuda-12.2"}],
                gpus=[{"slot": "0000:10:00.0", "pci_id": "10de:2330", "kernel_driver": "nvidia"}],
                )  # fmt: skip
    assert made["status"] == "planned", made["conflict"]
    assert made["ffmpeg"]["nv_codec_headers"] == tag


def test_headers_newer_than_the_driver_are_refused() -> None:
    with pytest.raises(StackError) as caught:
        plan(
            "h100-driver-550",
            {"ffmpeg": "build", "nv_codec_headers": "n13.0.19.0", "driver_branch": "550"},
        )
    assert caught.value.code == "planner.no-ffmpeg"
    assert "570" in caught.value.cause
    assert "driver_branch" in caught.value.hint


def test_every_row_of_headers_has_a_commit_and_falls_with_the_driver() -> None:
    drivers = [version(row.minimum_driver) for row in HEADERS]
    assert drivers == sorted(drivers, reverse=True)
    assert all(len(row.commit) == 40 for row in HEADERS)
    assert version(HEADERS[-1].tag[1:]) == version(RELEASE.oldest_header[1:])


def test_nvcc_makes_the_ptx_of_the_oldest_gpu() -> None:
    made = plan("h100-and-b200")["ffmpeg"]
    flags = " ".join(made["flags"])
    assert "--enable-cuda-nvcc" in flags
    assert "arch=compute_90,code=sm_90" in flags
    assert "--enable-libnpp" not in flags
    assert made["origin"] == "build"


def test_clang_is_taken_where_the_driver_refuses_the_ptx_of_the_toolkit() -> None:
    # CUDA 12.8 needs driver 570 for its PTX; its programs run on 535 all the same.
    made = plan("h100-not-root-driver-535", BUILD | {"network": None}, root=True)
    assert made["ffmpeg"]["flags"][-2:] == ["--enable-cuda-llvm", "--nvcc=clang"]
    assert "clang" in made["system_packages"]


def test_the_distribution_comes_first_where_its_package_was_looked_into() -> None:
    debian = plan("h100-debian-12")
    assert debian["ffmpeg"]["origin"] == "distribution"
    assert "ffmpeg" in debian["system_packages"]
    assert plan("h100-ubuntu-22.04")["ffmpeg"]["origin"] == "build"
    assert plan("h100-rocky-9")["ffmpeg"]["origin"] == "static"
    assert plan("h100-debian-12", {"ffmpeg": "static"})["ffmpeg"]["origin"] == "static"


def test_a_user_without_root_and_compilers_gets_the_static_one() -> None:
    made = plan("h100-not-root-ready", {"network": "pypi"})["ffmpeg"]
    assert made["origin"] == "static"
    assert made["sources"]["ffmpeg"][0]["sha256"]


def test_where_none_is_to_be_had_the_plan_says_why_and_goes_on() -> None:
    made = plan("gb200-aarch64-ubuntu-24.04", {"network": "pypi", "python": "3.12"})
    assert made["status"] == "planned", made["conflict"]
    assert made["ffmpeg"] is None
    assert any("aarch64" in row["because"] for row in made["reasons"] if row["choice"] == "ffmpeg")


@pytest.mark.parametrize(
    ("name", "request_", "words"),
    [
        ("h100-rocky-9", {"ffmpeg": "distribution"}, "has not been examined"),
        ("cpu-aarch64-debian-13", {"ffmpeg": "static"}, "no static build for aarch64"),
        ("cpu-not-root-no-compiler", {"ffmpeg": "build", "network": "pypi"}, "needs root"),
        ("cpu-debian-12", {"ffmpeg": "newest"}, "one of distribution, build, static, none"),
        ("cpu-debian-12", {"nv_codec_headers": "n14.0"}, "request.nv_codec_headers"),
    ],
)
def test_what_cannot_be_had_is_a_sentence(name: str, request_: dict[str, str], words: str) -> None:
    with pytest.raises(StackError) as caught:
        plan(name, request_)
    assert words in str(caught.value)
    assert caught.value.hint


def test_an_own_copy_keeps_the_pin() -> None:
    own = {"ffmpeg": {"url": "/srv/ffmpeg.tar.xz"}, "nv-codec-headers": {"url": "/srv/headers.git"}}
    sources = plan("cpu-debian-12", {**BUILD, "sources": own})["ffmpeg"]["sources"]
    assert sources["ffmpeg"] == [
        {"origin": "archive", "url": "/srv/ffmpeg.tar.xz", "sha256": RELEASE.sha256}
    ]
    assert sources["nv-codec-headers"][0]["url"] == "/srv/headers.git"


def test_what_is_asked_of_it_and_why_it_was_chosen_is_in_the_plan() -> None:
    made = plan("h100-ubuntu-22.04")
    assert made["ffmpeg"]["wanted"] == {name: list(names) for name, names in WANTED.items()}
    assert {row["choice"] for row in made["reasons"]} >= {
        "ffmpeg.origin",
        "ffmpeg.nv_codec_headers",
        "ffmpeg.filters",
    }
    assert "7.1.5 (build, nv-codec-headers n13.0.19.0)" in explain.explain(from_dict(made))


@pytest.mark.parametrize(
    ("name", "request_", "change"),
    [
        ("cpu-debian-12", {"ffmpeg": "distribution"}, {"root": False}),
        ("h100-debian-12", {"ffmpeg": "distribution", "network": "offline"}, {}),
        ("h100-debian-12", {"ffmpeg": "static", "network": "offline"}, {}),
        ("cpu-debian-12", {"ffmpeg": "build"}, {"root": False}),
    ],
)
def test_what_cannot_be_installed_is_refused(
    name: str, request_: dict[str, str], change: dict[str, object]
) -> None:
    with fails("planner.no-ffmpeg"):
        plan(name, request_, **change)


def test_an_ffmpeg_of_the_distribution_that_is_there_needs_no_root() -> None:
    host = json.loads((HOSTS / "h100-debian-12.json").read_text(encoding="utf-8"))["host"]
    tools = {**host["tools"], "ffmpeg": "5.1.9"}
    made = plan("h100-debian-12", {"ffmpeg": "distribution"}, tools=tools)
    assert made["ffmpeg"]["origin"] == "distribution"
    assert "ffmpeg" not in made["system_packages"]
