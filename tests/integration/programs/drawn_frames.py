"""Count the frames of two videos, and those that differ: drawn_frames.py GIVEN MADE prints JSON."""

from __future__ import annotations

import json
import sys

import av
import numpy as np

DIFFERENT = 1.0  # mean difference of a pixel; what encoding changes stays far below


def _read(path: str) -> tuple[str, list[np.ndarray]]:
    with av.open(path) as container:
        stream = container.streams.video[0]
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
        return stream.codec_context.name, frames


def main() -> None:
    _, given = _read(sys.argv[1])
    codec, made = _read(sys.argv[2])
    pairs = zip(given, made, strict=False)
    drawn = sum(float(np.abs(a.astype(int) - b).mean()) > DIFFERENT for a, b in pairs)
    result = {"codec": codec, "frames": len(made), "given": len(given), "drawn": drawn}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
