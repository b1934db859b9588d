"""Encode and decode a clip on the GPU with the FFmpeg of this machine."""

from __future__ import annotations

import shutil
import subprocess
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FRAMES = 600
CLIP = ["-f", "lavfi", "-i", f"testsrc2=size=1280x720:rate=30:duration={FRAMES / 30}"]


def round_trip(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield each test with its rate, or the reason why it is not possible.

    Data centre GPUs such as A100, H100 and H200 decode (NVDEC) and have no encoder (NVENC).
    """
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        yield "NVENC and NVDEC", "not tested: this machine has no ffmpeg"
        return
    clip = folder / "clip.mp4"
    base = [ffmpeg, "-y", "-hide_banner", "-loglevel", "error"]
    encoders = (("NVENC, h264_nvenc", "h264_nvenc"), ("for comparison, libx264", "libx264"))
    for name, encoder in encoders:
        yield f"encode: {name}", _timed([*base, *CLIP, "-c:v", encoder, str(clip)])
    decode = ["-i", str(clip), "-f", "null", "-"]
    yield "decode: NVDEC", _timed([*base, "-hwaccel", "cuda", *decode])
    yield "decode: CPU", _timed([*base, *decode])


def _timed(argv: list[str]) -> str:
    started = time.monotonic()
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        return f"not possible: {last}"
    return f"{FRAMES / (time.monotonic() - started):.0f} frames/s at 1280x720"
