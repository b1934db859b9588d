"""A small AVA on a local server: videos whose frames carry their number, lists, annotations.

Frames show their number as a row of black and white fields, so that what was extracted can be
compared with the expected ones: the time of each frame in the source.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

BITS, WIDTH, HEIGHT = 16, 160, 96
CODECS = {
    ".mp4": ["-c:v", "libx264", "-preset", "ultrafast", "-g", "30", "-bf", "2"],
    ".mkv": ["-c:v", "libx264", "-preset", "ultrafast", "-g", "30"],
    ".webm": ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "400k"],
    ".avi": ["-c:v", "mpeg4", "-q:v", "3", "-g", "24"],
}
HEADER = "original_vido_id video_id frame_id path labels\n"


def missing() -> str:
    """Return why videos cannot be made here; nothing where they can."""
    return "" if shutil.which("ffmpeg") and shutil.which("ffprobe") else "FFmpeg is not installed"


def video(path: Path, fps: str, seconds: float, *, size: tuple[int, int] = (WIDTH, HEIGHT)) -> Path:
    """Make a video at ``fps`` (such as 30000/1001) whose frames carry their number."""
    width, height = size
    count = int(Fraction(fps) * Fraction(seconds))
    path.parent.mkdir(parents=True, exist_ok=True)
    argv = ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "gray"]
    argv += ["-s", f"{width}x{height}", "-framerate", fps, "-i", "pipe:0"]
    argv += [*CODECS[path.suffix], "-pix_fmt", "yuv420p", f"file:{path}"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE) as encoder:
        assert encoder.stdin
        for number in range(count):
            encoder.stdin.write(_picture(number, width, height))
        encoder.stdin.close()
    assert encoder.returncode == 0
    return path


def _picture(number: int, width: int, height: int) -> bytes:
    field_width = width // BITS
    fields = (255 if number >> bit & 1 else 0 for bit in range(BITS))
    row = b"".join(bytes([value]) * field_width for value in fields).ljust(width, b"\0")
    return row * height


def numbers(folder: Path, name: str, size: tuple[int, int] = (WIDTH, HEIGHT)) -> list[int]:
    """Read the numbers that the extracted frames of a video carry, in their order."""
    width, height = size
    pattern = f"{folder}/{name}".replace("%", "%%") + "_%06d.jpg"
    argv = ["ffmpeg", "-v", "error", "-i", pattern, "-f", "rawvideo", "-pix_fmt", "gray", "pipe:1"]
    pixels = subprocess.run(argv, check=True, capture_output=True).stdout
    step, found = width // BITS, []
    for start in range(0, len(pixels), width * height):
        row = start + height // 2 * width
        bits = [pixels[row + step * bit + step // 2] > 127 for bit in range(BITS)]
        found.append(sum(1 << bit for bit, is_set in enumerate(bits) if is_set))
    return found


@dataclass(frozen=True)
class Plan:
    """What is on the server: files with frame rate and length by split, and the frames of each."""

    train: dict[str, tuple[str, float]]
    val: dict[str, tuple[str, float]]
    frames: int
    seconds: tuple[int, ...] = (902, 903, 904)
    classes: int = 12


def publish(
    root: Path, plan: Plan, make: Callable[[Path, str, float], Path] = video
) -> dict[str, str]:
    """Put a small AVA on a server's folder, as a mirror has it; return the split of each video."""
    halves = {"train": plan.train, "val": plan.val}
    (root / "frame_lists").mkdir(parents=True)
    (root / "annotations").mkdir()
    archive: dict[str, str] = {}
    index = 0
    for half, files in halves.items():
        rows, truth = [HEADER], []
        for name, (fps, length) in files.items():
            make(root / "trainval" / name, fps, length)
            stem = Path(name).stem
            rows += [
                f'{stem} {index} {i} {stem}/{stem}_{i + 1:06d}.jpg ""\n' for i in range(plan.frames)
            ]
            index += 1
            for second in plan.seconds:
                where = f"{stem},{second:04d},0.100,0.200,0.600,0.800"
                labels = (1, 1 + second % plan.classes)
                truth += [f"{where},{label},{index}\n" for label in labels]
        (root / "frame_lists" / f"{half}.csv").write_text("".join(rows))
        archive[f"ava_{half}_v2.2.csv"] = "".join(truth)
        archive[f"ava_{half}_excluded_timestamps_v2.2.csv"] = ""
        persons = sorted({",".join(row.split(",")[:6]) + ",,0.995\n" for row in truth})
        (root / "annotations" / f"ava_{half}_predicted_boxes.csv").write_text("".join(persons))
    (root / "annotations/ava_test_predicted_boxes.csv").write_text(persons[0])
    archive["ava_action_list_v2.2_for_activitynet_2019.pbtxt"] = "".join(
        f'item {{\n  name: "class {i}"\n  id: {i}\n}}\n' for i in range(1, plan.classes + 1)
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as opened:
        for name, text in archive.items():
            opened.writestr(name, text)
    (root / "annotations/ava_v2.2.zip").write_bytes(packed.getvalue())
    names = [*plan.train, *plan.val]
    (root / "ava_file_names_trainval_v2.1.txt").write_text("\n".join(names) + "\n")
    return {Path(name).stem: half for half, files in halves.items() for name in files}
