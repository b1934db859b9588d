"""Run ffprobe on a video, and explain what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...core.errors import StackError
from ...core.validation import is_number, parse_json

if TYPE_CHECKING:
    from pathlib import Path

    from ...core.process import Commands


@dataclass(frozen=True)
class Tools:
    """The programs: names to be found on PATH, or paths."""

    ffmpeg: str = "ffmpeg"
    ffprobe: str = "ffprobe"


class BrokenVideo(StackError):
    """A file that is no video, or one whose frames cannot be had."""


@dataclass(frozen=True)
class Media:
    """The container's start and end in seconds and the first video stream's codec and rate."""

    start_s: float
    end_s: float
    codec: str
    fps: float


def version(commands: Commands, tools: Tools) -> str:
    """Return the release of FFmpeg. Raises StackError where there is none."""
    for program in (tools.ffmpeg, tools.ffprobe):
        done = commands.run([program, "-version"])
        if done.rc:
            raise StackError(
                f"{program} does not run.",
                done.tail(3) or f"It exited with {done.rc}.",
                "Install FFmpeg (Debian: apt-get install ffmpeg), or give its path with --ffmpeg-program.",
                code="ffmpeg.not-runnable",
            )
    done = commands.run([tools.ffmpeg, "-version"])
    return " ".join(done.output.split()[2:3])


def probe(
    commands: Commands, tools: Tools, source: str | Path, options: tuple[str, ...] = ()
) -> Media:
    """Return what a file or an address holds; ``options`` are of its input. Raises BrokenVideo."""
    shown = "format=start_time,duration:stream=codec_name,avg_frame_rate"
    argv = [tools.ffprobe, "-v", "error", *options, "-select_streams", "v:0"]
    done = commands.run([*argv, "-show_entries", shown, "-of", "json", f"{source}"])
    try:
        data = parse_json(done.output[done.output.index("{") :]) if done.rc == 0 else {}
        (stream,) = data["streams"]
        start = float(data["format"].get("start_time", 0))
        return Media(
            start_s=start,
            end_s=start + float(data["format"].get("duration", "nan")),
            codec=stream["codec_name"],
            fps=_rate(stream["avg_frame_rate"]),
        )
    except (KeyError, ValueError) as error:
        # The warnings of ffprobe are around its JSON output.
        said = [line for line in done.output.splitlines() if line.strip() not in _ANSWER]
        cause = "\n".join(said[-2:]) if done.rc else "It contains no video stream."
        raise BrokenVideo(
            f"{source} is not a video that FFmpeg can read.", cause, _AGAIN, code="ava.broken-video"
        ) from error


def _rate(text: str) -> float:
    over, _slash, under = text.partition("/")
    divisor = float(under or 1)
    return float(over) / divisor if divisor else 0.0


_ANSWER = ("", "{", "}")
_AGAIN = "Download the file again, or leave the video out."


def progress_value(line: str, key: str) -> int | None:
    """Return the number of ``key`` in a line of FFmpeg's -progress; None in any other line."""
    name, _equals, value = line.strip().partition("=")
    return int(value) if name == key and is_number(value.strip()) else None
