"""Synthetic clips: a bright square that moves right (class 0) or left (class 1) over noise."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

FRAMES, WIDTH, HEIGHT, RATE = 72, 128, 96, 30
SQUARE = 24
SPLITS = {"train": 6, "val": 2, "test": 2}


def frame(index: int, label: int, seed: int) -> np.ndarray:
    """Return frame ``index`` of a clip: uint8, shape (HEIGHT, WIDTH, 3)."""
    noise = np.random.default_rng((seed, index)).integers(0, 60, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    span = WIDTH - SQUARE
    left = index * span // (FRAMES - 1)
    left = left if label == 0 else span - left
    top = 20 + seed % 4 * 10
    noise[top : top + SQUARE, left : left + SQUARE] = 230
    return noise


def write_clip(path: Path, label: int, seed: int, *, codec: str = "mpeg4") -> None:
    """Encode one clip with a codec of PyAV in an mp4 container."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=RATE)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.time_base = Fraction(1, RATE)
        for index in range(FRAMES):
            video_frame = av.VideoFrame.from_ndarray(frame(index, label, seed), format="rgb24")
            container.mux(stream.encode(video_frame))
        container.mux(stream.encode())


def write_data_set(folder: Path) -> Path:
    """Write the clips of all splits and the lists ``SPLIT.csv``, lines ``path label``."""
    folder.mkdir(parents=True, exist_ok=True)
    seed = 0
    for split, count in SPLITS.items():
        lines = []
        for number in range(count):
            seed += 1
            path = folder / f"{split}{number}.mp4"
            write_clip(path, number % 2, seed)
            lines.append(f"{path} {number % 2}\n")
        (folder / f"{split}.csv").write_text("".join(lines), encoding="utf-8")
    return folder
