"""Time the preparation of AVA in one run: upstream's own commands, and ours, on the same videos.

    .venv/bin/python tests/bench/ava.py                    30 s of each video, a few minutes
    .venv/bin/python tests/bench/ava.py --seconds 901      as long as AVA's

Upstream cuts (which encodes again) and then extracts, video after video (slowfast/datasets/
DATASET.md); ours extracts in one pass, a video for each core. Videos are synthetic: a zoom into the
Mandelbrot set with noise for speed and sharpness, numbered frames for count and time.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1])]

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from ansible_collections.slowfast.stack.plugins.module_utils._stack.datasets.ava import (
    clip_download,
    dataset,
    scheduler,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.datasets.ava.extract import (
    NEAREST,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.datasets.ava.job import Job
from ansible_collections.slowfast.stack.plugins.module_utils._stack.datasets.ava.media import Tools
from support import synthetic_ava
from support.http import FileServer, serving

FFMPEG = ("ffmpeg", "-nostdin", "-v", "error", "-y")
PICTURES = {"a.mp4": "25", "b.mkv": "24000/1001", "c.mp4": "30", "d.mp4": "25"}
NUMBERED = {"e.mp4": "24", "f.mkv": "30000/1001", "g.webm": "25", "h.mp4": "24000/1001"}
SHARP = "c"  # 30 frames a second: both ways choose the same frames


def main() -> int:
    """Print what was measured and the ratios."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=int, default=30, help="how much of each video is used")
    parser.add_argument("--start", type=int, default=20, help="where in a video that begins")
    parser.add_argument("--size", default="640x360", metavar="WxH", help="of the pictures")
    parser.add_argument("--json", action="store_true", help="print one object instead of lines")
    given = parser.parse_args()
    if reason := synthetic_ava.missing():
        sys.exit(reason)
    with tempfile.TemporaryDirectory(prefix="slowfast-stack-bench-") as scratch:
        figures = measure(Path(scratch), given)
    if given.json:
        print(json.dumps(figures, indent=1))
        return 0
    for name, value in figures.items():
        print(f"{name}: {value}")
    return 0


def measure(scratch: Path, given: argparse.Namespace) -> dict[str, object]:
    """Return every figure by its name."""
    numbers = dataset.DataSet(cut_s=given.start, frames=given.seconds * dataset.FPS)
    length = given.start + given.seconds + 6  # the download takes a little more than is used
    folder = scratch / "videos"
    folder.mkdir()
    for name, fps in PICTURES.items():
        picture(folder / name, fps, length, given.size)
    theirs = measured(lambda: upstream(folder, scratch / "theirs", given.start, given.seconds))
    tree = dataset.layout(str(scratch / "ours"))
    want = scheduler.Options(folder=folder)
    ours = measured(lambda: require(scheduler.run(Commands(), tree, numbers, want)))
    count = len(PICTURES) * (numbers.frames or 0)
    figures: dict[str, object] = {
        "videos": f"{len(PICTURES)} of {given.size}, {given.seconds} s used of each",
        "cores": scheduler.cores(),
        "upstream": result(theirs, count),
        "ours": result(ours, count),
        "processor time, upstream / ours": round(theirs[0] / ours[0], 2),
        "wall time, upstream / ours": round(theirs[1] / ours[1], 2),
        "PSNR against the source, dB": {
            "upstream": psnr(folder / f"{SHARP}.mp4", scratch / "theirs/frames" / SHARP, numbers),
            "ours": psnr(folder / f"{SHARP}.mp4", tree.frames_of(SHARP), numbers),
        },
        "shares of one pass": shares(folder / "a.mp4", scratch / "share", numbers),
    }
    figures |= alignment(scratch / "numbered", numbers, length)
    figures["downloaded, of the complete files"] = downloaded(scratch, folder, numbers)
    return figures


def measured(job: Callable[[], object]) -> tuple[float, float]:
    """Return processor and wall seconds of all programs that a job starts."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    job()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return spent, time.monotonic() - began


def result(spent: tuple[float, float], count: int) -> str:
    """Say what frames cost."""
    return (
        f"{count / spent[0]:.0f} frames per core second, {1000 * spent[0] / count:.2f} ms of a "
        f"core per frame, {spent[1]:.1f} s in all"
    )


def require(items: list[scheduler.Result]) -> None:
    """Stop where a video was not extracted: the figures would mean nothing."""
    for item in items:
        if item.state != "new":
            sys.exit(f"{item.name}: {item.message} {item.cause}")


def picture(path: Path, fps: str, length: int, size: str) -> None:
    """Make a video with detail, noise and sound."""
    source = ["-f", "lavfi", "-i", f"mandelbrot=s={size}:r={fps}", "-f", "lavfi", "-i", "sine"]
    codec = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "21", "-g", "120", "-c:a", "aac"]
    noise = ["-vf", "noise=alls=6:allf=t", "-pix_fmt", "yuv420p"]
    subprocess.run([*FFMPEG, *source, "-t", str(length), *noise, *codec, str(path)], check=True)


def upstream(folder: Path, out: Path, start: int, seconds: int) -> None:
    """Run the commands of upstream's DATASET.md, in its order."""
    (out / "cut").mkdir(parents=True)
    for path in sorted(folder.iterdir()):
        short, frames = out / "cut" / path.name, out / "frames" / path.stem
        frames.mkdir(parents=True)
        times = ["-ss", str(start), "-t", str(seconds)]
        subprocess.run([*FFMPEG, *times, "-i", str(path), str(short)], check=True)
        pattern = f"{frames}/{path.stem}_%06d.jpg"
        subprocess.run([*FFMPEG, "-i", str(short), "-r", "30", "-q:v", "1", pattern], check=True)


def psnr(source: Path, frames: Path, numbers: dataset.DataSet) -> float:
    """Compare extracted frames with the decoded source, in dB."""
    graph = (
        f"[0:v]{NEAREST},format=yuvj420p,setpts=N/30/TB[a];"
        "[1:v]format=yuvj420p,setpts=N/30/TB[b];[a][b]psnr=shortest=1"
    )
    begin = ["-ss", str(numbers.cut_s), "-i", str(source)]
    pattern = f"{frames}/{source.stem}_%06d.jpg"
    argv = ["ffmpeg", "-nostdin", "-hide_banner", *begin, "-framerate", "30", "-i", pattern]
    argv += ["-lavfi", graph, "-frames:v", str(numbers.frames), "-f", "null", "-"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    return float(re.findall(r"average:([\d.]+)", done.stderr)[-1])


def shares(source: Path, out: Path, numbers: dataset.DataSet) -> dict[str, str]:
    """Return what decoding, scaling, JPEG and files each take of the one pass."""
    out.mkdir()
    begin = [*FFMPEG, "-threads", "1", "-ss", str(numbers.cut_s), "-i", str(source)]
    seconds = ["-t", f"{numbers.seconds:.3f}"]
    rate, jpeg = NEAREST, ["-q:v", "1", "-huffman", "default", "-threads", "1"]
    end = ["-map", "0:v:0", "-an", "-frames:v", str(numbers.frames)]
    steps = {
        "decode": [*begin, "-map", "0:v:0", "-an", *seconds, "-f", "null", "-"],
        "scale": [*begin, *end, "-vf", f"{rate},format=yuvj420p", "-f", "null", "-"],
        "JPEG": [*begin, *end, "-vf", rate, "-c:v", "mjpeg", *jpeg, "-f", "null", "-"],
        "files": [*begin, *end, "-vf", rate, *jpeg, f"{out}/a_%06d.jpg"],
    }
    spent = {
        name: measured(lambda argv=argv: subprocess.run(argv, check=True))[0]
        for name, argv in steps.items()
    }
    complete, before, found = spent["files"], 0.0, {}
    for name, seconds_until in spent.items():
        found[name] = f"{100 * max(0.0, seconds_until - before) / complete:.0f} %"
        before = seconds_until
    return found


def alignment(scratch: Path, numbers: dataset.DataSet, length: int) -> dict[str, object]:
    """Return frame counts and the worst distance of frames from their time, both ways."""
    folder, tree = scratch / "videos", dataset.layout(str(scratch / "ours"))
    folder.mkdir(parents=True)
    for name, fps in NUMBERED.items():
        synthetic_ava.video(folder / name, fps, length)
    seconds = (numbers.frames or 0) // dataset.FPS
    upstream(folder, scratch / "theirs", numbers.cut_s, seconds)
    require(scheduler.run(Commands(), tree, numbers, scheduler.Options(folder=folder)))
    counts, off = {}, {}
    for name, fps in NUMBERED.items():
        stem = Path(name).stem
        both = (scratch / "theirs/frames" / stem, tree.frames_of(stem))
        counts[f"{name} at {fps}"] = " and ".join(str(len(list(f.iterdir()))) for f in both)
        off[f"{name} at {fps}"] = " and ".join(worst(f, stem, fps, numbers) for f in both)
    return {f"frames, upstream and ours ({numbers.frames} are due)": counts, "time off, ms": off}


def worst(frames: Path, stem: str, fps: str, numbers: dataset.DataSet) -> str:
    """Return the earliest and latest time of a frame against the one that is due."""
    seen = synthetic_ava.numbers(frames, stem)[: numbers.frames]
    step = 1 / Fraction(fps)
    found = [
        float(1000 * (number * step - numbers.cut_s - Fraction(i, dataset.FPS)))
        for i, number in enumerate(seen)
    ]
    return f"{min(found):+.0f}..{max(found):+.0f}"


def downloaded(scratch: Path, folder: Path, numbers: dataset.DataSet) -> dict[str, str]:
    """Return how much of a file twice as long is fetched for the part that is used."""
    found = {}
    tree = dataset.layout(str(scratch / "fetched"))
    mirror = scratch / "mirror"
    mirror.mkdir()
    for name in ("a.mp4", "b.mkv"):
        # As in AVA, where 15 of 60 to 120 minutes are used.
        listed = scratch / "joined.txt"
        listed.write_text(f"file '{folder / name}'\n" * 6)
        join = ["-f", "concat", "-safe", "0", "-i", str(listed), "-c", "copy", str(mirror / name)]
        subprocess.run([*FFMPEG, *join], check=True)
        complete = (mirror / name).stat().st_size
        with serving(FileServer(mirror)) as server:
            video = (Path(name).stem, f"{server.address}/{name}")
            clip_download.fetch(Job(Commands(), Tools(), tree, numbers), *video)
            sent = server.sent[name]
        found[name] = f"{sent / 1e6:.1f} of {complete / 1e6:.1f} MB, {100 * sent / complete:.0f} %"
    return found


if __name__ == "__main__":
    sys.exit(main())
