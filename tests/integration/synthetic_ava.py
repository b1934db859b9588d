"""A small AVA on a local server: videos whose frames carry their number, lists, annotations.

Frames show their number as a row of black and white fields, so that what was extracted can be
compared with what should have been: at which time each frame stood in the source.
"""

from __future__ import annotations

import contextlib
import io
import shutil
import subprocess
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

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


@dataclass
class Server:
    """A folder over HTTP: with ranges or without, dead links, files that break off."""

    folder: Path
    dead: dict[str, int] = field(default_factory=dict)  # path: status
    cut: dict[str, int] = field(default_factory=dict)  # path: bytes until the connection breaks
    ranges: bool = True
    pause: float = 0.0  # seconds before each block
    sent: dict[str, int] = field(default_factory=dict)  # path: bytes of all answers
    address: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_of: Server

    def do_GET(self) -> None:
        server, path = self.server_of, unquote(self.path).lstrip("/")
        file = server.folder / path
        if path in server.dead or not file.is_file():
            self.send_response(server.dead.get(path, 404))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        size = file.stat().st_size
        begin, end = self._range(size)
        ranged = server.ranges and "Range" in self.headers
        if ranged and begin >= size:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{size}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        begin, end = (begin, end) if ranged else (0, size - 1)
        self.send_response(206 if ranged else 200)
        if ranged:
            self.send_header("Content-Range", f"bytes {begin}-{end}/{size}")
        if server.ranges:
            self.send_header("Accept-Ranges", "bytes")
        self.send_header("ETag", f'"{size}-{file.stat().st_mtime_ns}"')
        self.send_header("Content-Length", str(end - begin + 1))
        self.end_headers()
        self._send(file, path, begin, end + 1)

    do_HEAD = do_GET  # noqa: N815  (the base class calls it so)

    def _range(self, size: int) -> tuple[int, int]:
        first, _, last = self.headers.get("Range", "bytes=0-")[len("bytes=") :].partition("-")
        return int(first or 0), min(int(last or size - 1), size - 1)

    def _send(self, file: Path, path: str, begin: int, end: int) -> None:
        server = self.server_of
        stop = min(end, server.cut.get(path, end))
        with contextlib.suppress(ConnectionError), file.open("rb") as opened:
            opened.seek(begin)
            size = 1 << 9 if server.pause else 1 << 15
            while begin < stop and (block := opened.read(min(size, stop - begin))):
                time.sleep(server.pause)
                with server.lock:  # first: who has the last byte may look at once
                    server.sent[path] = server.sent.get(path, 0) + len(block)
                self.wfile.write(block)
                begin += len(block)
        if stop < end:
            self.close_connection = True

    def log_message(self, *_arguments: object) -> None:
        pass


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, *_arguments: object) -> None:
        """A client that goes away is no news here."""


@contextlib.contextmanager
def serving(server: Server) -> Iterator[Server]:
    """Serve until the end of the block; the address is in ``server.address``."""
    handler = type("Handler", (_Handler,), {"server_of": server})
    listening = _Quiet(("127.0.0.1", 0), handler)
    threading.Thread(target=listening.serve_forever, args=(0.02,), daemon=True).start()
    server.address = f"http://127.0.0.1:{listening.server_port}"
    try:
        yield server
    finally:
        listening.shutdown()
        listening.server_close()


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
