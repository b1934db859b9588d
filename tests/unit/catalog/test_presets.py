"""What a preset may say, by the tables that it chooses from."""

from __future__ import annotations

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog import (
    drivers,
    ffmpeg,
    presets,
    torch,
)

ROWS = {row.name: row for row in presets.PRESETS}
# The branches that package sources are known to have.
INSTALLED = {"470", "535", "550", "570", "580", "595", "610", "615", "620"}
PYTHONS = {f"3.{minor}" for minor in range(9, 15)}


@pytest.mark.parametrize("row", presets.PRESETS, ids=lambda row: row.name)
def test_a_preset_orders_every_branch_that_is_installed_and_every_python(
    row: presets.PresetRow,
) -> None:
    assert len(row.branches) == len(set(row.branches))
    assert set(row.branches) == INSTALLED
    assert {branch.branch for branch in drivers.BRANCHES} > INSTALLED
    assert len(row.pythons) == len(PYTHONS)
    assert set(row.pythons) == PYTHONS
    assert row.torch in {"", *(release.torch for release in torch.RELEASES)}


def test_stable_is_what_was_run_and_newest_begins_with_the_newest() -> None:
    stable, newest = ROWS["stable"], ROWS["newest"]
    assert (stable.torch, stable.then, stable.variant) == ("2.11.0", "older", "")
    assert (stable.pythons[0], stable.pythons_from, stable.branches[0]) == ("3.11", "host", "580")
    assert (newest.torch, newest.then, newest.variant) == ("", "older", "")
    # The newest Python of all is not the first: fewer packages have wheels for it.
    assert (newest.pythons[0], newest.pythons_from) == ("3.13", "host")
    assert newest.branches[0] == drivers.BRANCHES[-1].branch
    assert stable.torch in presets.MEASURED


def test_the_guide_of_2024_has_its_own_versions() -> None:
    guide = ROWS["guide-2024"]
    assert (guide.torch, guide.then, guide.variant) == ("2.4.0", "newer", "cu121")
    assert (guide.pythons[0], guide.pythons_from) == ("3.9", "any")
    assert guide.pythons == tuple(f"3.{minor}" for minor in range(9, 15))
    replaced = [key for key, _ in guide.superseded]
    assert replaced == ["driver.branch", "packages", "packages", "sources"]
    assert all(not row.superseded for row in presets.PRESETS if row is not guide)
    assert list(ROWS) == ["stable", "newest", "guide-2024"]


def test_the_required_parts_of_ffmpeg_are_what_the_flags_enable() -> None:
    assert set(ffmpeg.WANTED) == {"hwaccels", "encoders", "decoders", "filters"}
    assert ffmpeg.WANTED["hwaccels"] == ("cuda",)
    assert ffmpeg.WANTED["filters"] == ("hwupload_cuda", "overlay_cuda", "scale_cuda")
    codecs = {"encoders": ("h264", "hevc"), "decoders": ("h264", "hevc", "mpeg4", "vp9")}
    for kind, suffix in (("encoders", "nvenc"), ("decoders", "cuvid")):
        assert ffmpeg.WANTED[kind] == tuple(f"{name}_{suffix}" for name in codecs[kind])
        assert f"--enable-{suffix}" in ffmpeg.FLAGS


def test_ffmpeg_is_built_shared_with_what_is_named_and_finds_its_libraries_beside_it() -> None:
    off = {"static", "doc", "debug", "ffplay", "autodetect"}
    on = {"shared", "zlib", "ffnvcodec", "nvenc", "nvdec", "cuvid"}
    words = {f"--disable-{name}" for name in off} | {f"--enable-{name}" for name in on}
    rest = set(ffmpeg.FLAGS) - words
    assert set(ffmpeg.FLAGS) >= words
    (link,) = rest
    assert link.startswith("--extra-ldexeflags=-Wl,--disable-new-dtags,-rpath,")
    assert link.count("$") == 2
    assert link.endswith("ORIGIN/../lib'")
    assert (ffmpeg.ARCHIVE_SUITE, ffmpeg.RELEASES_URL) == ("trixie", "https://ffmpeg.org/releases/")
    assert ffmpeg.HEADERS_URL == "https://github.com/FFmpeg/nv-codec-headers"
