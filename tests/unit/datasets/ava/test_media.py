"""What FFmpeg's programs say of a file: read exactly, or an error with their last words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from ansible_collections.slowfast.stack.plugins.module_utils._stack.datasets.ava import media
from support.errors import fails

STREAM = {"codec_name": "h264", "avg_frame_rate": "30000/1001"}
FORMAT = {"start_time": "1.5", "duration": "10.25"}


def program(folder: Path, name: str, text: str, status: int = 0) -> str:
    """Make a program that notes its arguments, prints a text and ends."""
    (folder / f"{name}.txt").write_text(text)
    path = folder / name
    path.write_text(
        f'#!/bin/sh\necho "$@" >> {folder}/{name}.asked\ncat {folder}/{name}.txt\nexit {status}\n'
    )
    path.chmod(0o755)
    return str(path)


def probe(folder: Path, text: str, status: int = 0) -> media.Media:
    tools = media.Tools(ffprobe=program(folder, "ffprobe", text, status))
    return media.probe(Commands(), tools, "file:/a b.mp4", ("-ss", "1"))


@pytest.mark.parametrize(
    ("format_", "stream", "expected"),
    [
        (FORMAT, STREAM, (1.5, 11.75, "h264", 30000 / 1001)),
        ({"duration": "2"}, {**STREAM, "avg_frame_rate": "25"}, (0.0, 2.0, "h264", 25.0)),
        (FORMAT, {**STREAM, "avg_frame_rate": "0/0"}, (1.5, 11.75, "h264", 0.0)),
        (FORMAT, {**STREAM, "avg_frame_rate": "50/2"}, (1.5, 11.75, "h264", 25.0)),
    ],
)
def test_a_video_has_a_start_an_end_a_codec_and_a_rate(
    tmp_path: Path, format_: dict[str, str], stream: dict[str, str], expected: tuple[object, ...]
) -> None:
    text = "a warning\n" + json.dumps({"streams": [stream], "format": format_})
    found = probe(tmp_path, text)
    assert (found.start_s, found.end_s, found.codec, found.fps) == expected
    assert (tmp_path / "ffprobe.asked").read_text() == (
        "-v error -ss 1 -select_streams v:0 -show_entries"
        " format=start_time,duration:stream=codec_name,avg_frame_rate -of json file:/a b.mp4\n"
    )


def test_a_video_of_unknown_length_ends_nowhere(tmp_path: Path) -> None:
    found = probe(tmp_path, json.dumps({"streams": [STREAM], "format": {}}))
    assert found.start_s == 0
    assert found.end_s != found.end_s  # it is no number


@pytest.mark.parametrize(
    ("data", "status", "cause"),
    [
        ({"streams": [], "format": {}}, 0, "no video stream"),
        ({"streams": [STREAM, STREAM], "format": {}}, 0, "no video stream"),
        ({"streams": [STREAM]}, 0, "no video stream"),
        ({"streams": [{}], "format": {}}, 0, "no video stream"),
        ({"streams": [STREAM], "format": {"start_time": "N/A"}}, 0, "no video stream"),
        ("no JSON", 0, "no video stream"),
        ("one\ntwo\n{\n\n}\nthree\n", 1, "two\nthree"),
        (json.dumps({"streams": [STREAM], "format": FORMAT}) + "\nlate", 1, "late"),
    ],
)
def test_another_file_is_no_video(tmp_path: Path, data: Any, status: int, cause: str) -> None:  # noqa: ANN401
    text = data if isinstance(data, str) else json.dumps(data)
    with fails("ava.broken-video", "file:/a b.mp4") as caught:
        probe(tmp_path, text, status)
    assert cause in caught.value.cause
    assert "one" not in caught.value.cause


@pytest.mark.parametrize("broken", [None, "ffmpeg", "ffprobe"])
def test_the_release_of_ffmpeg_where_both_programs_run(tmp_path: Path, broken: str | None) -> None:
    text = "one\ntwo\nthree\nfour" if broken else "ffmpeg version 7.1.5-0 Copyright (c)\nbuilt\n"
    paths = {
        name: program(tmp_path, name, text, int(name == broken)) for name in ("ffmpeg", "ffprobe")
    }
    tools = media.Tools(**paths)
    if broken is None:
        assert media.version(Commands(), tools) == "7.1.5-0"
        return
    with fails("ffmpeg.not-runnable", paths[broken]) as caught:
        media.version(Commands(), tools)
    assert caught.value.cause == "two\nthree\nfour"


def test_a_program_that_says_nothing_is_named_with_its_status(tmp_path: Path) -> None:
    tools = media.Tools(program(tmp_path, "ffmpeg", "", 3), program(tmp_path, "ffprobe", ""))
    with fails("ffmpeg.not-runnable") as caught:
        media.version(Commands(), tools)
    assert "3" in caught.value.cause


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("frame=12\n", 12),
        ("frame=   12", 12),
        (" frame=0 ", 0),
        ("frame=", None),
        ("frame=x", None),
        ("frames=12", None),
        ("out_time=12", None),
        ("frame 12", None),
        ("frame=1=2", None),
    ],
)
def test_the_progress_of_ffmpeg(line: str, number: int | None) -> None:
    assert media.progress_value(line, "frame") == number
