"""What FFmpeg prints is read: three releases, two forms of the list of filters."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts import (
    ffmpeg_capabilities as ffmpeg_lists,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.ffmpeg import WANTED
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import (
    StackError,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from support.errors import fails

# The first lines of each list, and those that matter here, as the programs print them.
FILTERS_7 = """\
Filters:
  T.. = Timeline support
  .S. = Slice threading
  ..C = Command support
  A = Audio input/output
  | = Source or sink filter
 ... abench            A->A       Benchmark part of a filtergraph.
 ... hwupload_cuda     V->V       Upload a system memory frame to a CUDA device.
 TSC overlay           VV->V      Overlay a video source on top of the input.
 ... scale_cuda        V->V       GPU accelerated video resizer
 ... testsrc2          |->V       Generate another test pattern.
"""
FILTERS_9 = """\
Filters:
  T.. = Timeline support
  .S. = Slice threading
  | = Source or sink filter
  ------
 TS aap               AA->A      Apply Affine Projection algorithm to first audio stream.
 .. scale_cuda        V->V       GPU accelerated video resizer
 T. overlay_cuda      VV->V      Overlay one video on top of another using CUDA
"""
ENCODERS = """\
Encoders:
 V..... = Video
 ....B. = Supports draw_horiz_band
 ------
 V....D h264_nvenc           NVIDIA NVENC H.264 encoder (codec h264)
 VFS..D mjpeg                MJPEG (Motion JPEG)
"""
HWACCELS = "Hardware acceleration methods:\nvdpau\ncuda\n\n"


@pytest.mark.parametrize(
    ("kind", "text", "names"),
    [
        (
            "filters",
            FILTERS_7,
            {"abench", "hwupload_cuda", "overlay", "scale_cuda", "testsrc2"},
        ),
        ("filters", FILTERS_9, {"aap", "scale_cuda", "overlay_cuda"}),
        ("encoders", ENCODERS, {"h264_nvenc", "mjpeg"}),
        ("hwaccels", HWACCELS, {"vdpau", "cuda"}),
        ("hwaccels", "Hardware acceleration methods:\n\n", set()),
    ],
)
def test_a_list_holds_its_names_and_not_its_legend(kind: str, text: str, names: set[str]) -> None:
    assert ffmpeg_lists.parse(kind, text) == names


@pytest.mark.parametrize(
    "text", ["", "ffmpeg: error while loading shared libraries: libavdevice.so.61\n", "Encoders:\n"]
)
def test_something_else_than_a_list_is_no_empty_list(text: str) -> None:
    with fails("ffmpeg.unreadable-list", "encoders"):
        ffmpeg_lists.parse("encoders", text)


def program(folder: Path, **lists: str) -> Path:
    """Write an ffmpeg that prints the given lists."""
    for kind, text in lists.items():
        (folder / kind).write_text(text)
    made = folder / "ffmpeg"
    made.write_text(f'#!/bin/sh\ncat "{folder}/${{2#-}}"\n')
    made.chmod(0o755)
    return made


def test_what_is_missing_is_named_with_its_list(tmp_path: Path) -> None:
    decoders = ENCODERS.replace("Encoders", "Decoders").replace("h264_nvenc", "h264_cuvid")
    lists = {"hwaccels": HWACCELS, "encoders": ENCODERS, "decoders": decoders}
    made = program(tmp_path, **lists, filters=FILTERS_9)
    ffmpeg_lists.require(Commands(), made, {"filters": ["scale_cuda"], "hwaccels": ["cuda"]})
    with pytest.raises(StackError) as caught:
        ffmpeg_lists.require(Commands(), made, WANTED, hint="Ask for another.")
    assert "encoders hevc_nvenc, decoders hevc_cuvid" in caught.value.message
    assert caught.value.hint == "Ask for another."


def test_a_program_that_does_not_run_is_quoted(tmp_path: Path) -> None:
    made = tmp_path / "ffmpeg"
    made.write_text("#!/bin/sh\necho libnpp.so.12: cannot open shared object file\nexit 127\n")
    made.chmod(0o755)
    with fails("ffmpeg.not-runnable", "libnpp.so.12"):
        ffmpeg_lists.require(Commands(), made, WANTED)
