"""Download only the seconds of a video that are used: FFmpeg requests ranges of the file.

Packets and their times are kept as they are, in NUT, which keeps every time base exactly: the
frames made from such a part are byte for byte those made from the complete file. (Matroska rounds to
milliseconds, and some frames then differ.)
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from ...core import disk_space, saved
from ...core.errors import StackError, not_writable
from ...core.files import replacing
from . import sources
from .dataset import FPS
from .media import BrokenVideo, probe, progress_value

if TYPE_CHECKING:
    from pathlib import Path

    from ...core.process import Finished
    from ...core.progress import Progress
    from .dataset import DataSet
    from .job import Job
    from .media import Media

_BEFORE_S, _AFTER_S = 5, 5  # some videos have fewer key frames than that; the demuxer seeks back
# A video begins with decoding times below zero, which NUT cannot store and FFmpeg would shift: so
# everything is shifted by a whole number of seconds, which every time base can represent.
_SHIFT_S = 60
_TIME = re.compile(r"^\d+\.\d+,?$", re.MULTILINE)  # a line of ffprobe that is no complaint
_SILENT_S = 30  # seconds without a byte until a connection counts as broken
_PATIENCE = ("-rw_timeout", str(_SILENT_S * 10**6))


def fetch(job: Job, video: str, url: str) -> Path:
    """Download the used part of a video; return its file.

    ``job.progress`` is called with the bytes that were written. Raises StackError.
    """
    numbers = job.numbers
    media = probe(job.commands, job.tools, url, _PATIENCE)
    origin = _SHIFT_S + media.start_s + numbers.cut_s
    _require_long_enough(numbers, url, media)
    path = job.tree.videos / f"{video}{sources.CUT}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path, fresh=path.with_name(f".{path.name}.part")) as part:
            done = job.commands.run(
                _argv(job, url, part), each=partial(_report, video, job.progress)
            )
            _require_fetched(done, url)
            _require_all(job, url, part, origin, media.fps)
            note = {"schema": 1, "origin_s": origin, "url": url, "bytes": part.stat().st_size}
            saved.write(sources.cut_note(job.tree, video), note, indent=None)
    except BrokenVideo as error:
        if disk_space.is_full(path.parent):  # FFmpeg ends without an error there
            raise StackError(
                f"The disk is full; {video} was not downloaded.",
                f"{path.parent} has no space left.",
                "Free disk space and run the same command again; finished files are kept.",
                code="disk.full",
            ) from error
        raise
    except OSError as error:
        raise not_writable(path, error) from error
    return path


def _argv(job: Job, url: str, part: Path) -> list[str]:
    numbers = job.numbers
    begin = max(0, numbers.cut_s - _BEFORE_S)
    length = numbers.cut_s - begin + numbers.seconds + _AFTER_S
    return [
        *(job.tools.ffmpeg, "-nostdin", "-v", "error", "-nostats", "-progress", "pipe:1", "-y"),
        *(*_PATIENCE, "-reconnect", "1", "-reconnect_streamed", "1"),
        *("-reconnect_delay_max", "8", "-ss", str(begin), "-t", f"{length:.3f}", "-i", url),
        *("-map", "0:v:0", "-c", "copy", "-copyts", "-output_ts_offset", str(_SHIFT_S)),
        *("-f", "nut", f"file:{part}"),
    ]


def _require_long_enough(numbers: DataSet, url: str, media: Media) -> None:
    needed = numbers.cut_s + numbers.seconds
    if media.end_s - media.start_s < needed - 1:  # the frames will be counted; this saves the way
        cause = f"It ends at {media.end_s - media.start_s:.1f} s; {needed:.0f} s are needed."
        raise BrokenVideo(
            f"{url} is too short.", cause, "Leave the video out.", code="ava.video-too-short"
        )


def _require_fetched(done: Finished, url: str) -> None:
    if done.rc:
        said = "\n".join(line for line in done.output.splitlines() if "=" not in line)
        raise BrokenVideo(
            f"{url} could not be downloaded.",
            said or f"Exit {done.rc}.",
            _AGAIN,
            code="ava.video-not-downloaded",
        )


def _require_all(job: Job, url: str, part: Path, origin: float, fps: float) -> None:
    """Refuse a part that a broken connection truncated, which FFmpeg does not report."""
    argv = [job.tools.ffprobe, "-v", "error", "-select_streams", "v:0", "-show_entries"]
    done = job.commands.run([*argv, "packet=pts_time", "-of", "csv=p=0", f"file:{part}"])
    times = [float(line.rstrip(",")) for line in _TIME.findall(done.output)]
    needed = origin + job.numbers.seconds - 1 / FPS - 1.5 / max(1.0, fps)
    last = max(times, default=0.0)
    if last < needed:
        cause = f"{needed - last:.2f} s are missing at the end of what was needed."
        raise BrokenVideo(f"{url} broke off.", cause, _AGAIN, code="ava.video-not-downloaded")


def _report(name: str, progress: Progress, line: str) -> None:
    size = progress_value(line, "total_size")
    if size is not None:
        progress(name, size, None)


_AGAIN = "Run the same command again, or download complete files, which resume, with --full-videos."
