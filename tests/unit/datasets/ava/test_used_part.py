"""Commands for FFmpeg and the reading of its answers, at the limits of each rule."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.construct import plain
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.progress import ALL
from ansible_collections.slowfast.stack.plugins.module_utils._stack.datasets.ava import (
    clip_download,
    dataset,
    download,
    manifest,
    media,
    official,
    results,
    scheduler,
    sources,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.datasets.ava.job import Job
from support.errors import fails

URL = "http://server/v.mp4"
JPEG = b"\xff\xd8\xff\xd9"
# Programs that answer as FFmpeg 5 and 7 do: ANSWER is JSON of ffprobe, PACKETS are times of packets.
FFPROBE = """#!/bin/sh
case "$*" in
*packet=pts_time*) printf "$PACKETS" ;;
*) printf '%s' "$ANSWER"; exit "${PROBE_STATUS:-0}" ;;
esac
"""
FFMPEG = """#!/bin/sh
[ "$1" != -version ] || { echo "ffmpeg version 7.1.5-0+deb13u1 Copyright"; exit 0; }
printf '%s\\n' "$@" > "$WORDS"
for last do :; done
case "$last" in
file:*) printf 0123456789 > "${last#file:}" ;;
*) for number in $NUMBERS; do printf '\\377\\330\\377\\331' > "$(printf "$last" "$number")"; done ;;
esac
printf 'frame=1\\ntotal_size=10\\nbitrate= 12.5kbits/s\\ncomplaint\\n'
exit "${STATUS:-0}"
"""


def answer(start: str = "0.5", duration: str = "8.0", rate: str = "25/1") -> str:
    stream = {"codec_name": "h264", "avg_frame_rate": rate}
    return json.dumps({"streams": [stream], "format": {"start_time": start, "duration": duration}})


class Programs:
    """A job whose FFmpeg programs answer what a test says."""

    def __init__(self, folder: Path) -> None:
        self.words_file = folder / "words"
        self.reported: list[tuple[str, int, int | None]] = []
        for name, text in (("ffmpeg", FFMPEG), ("ffprobe", FFPROBE)):
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)
        self.tools = media.Tools(str(folder / "ffmpeg"), str(folder / "ffprobe"))
        self.tree = dataset.layout(str(folder / "ava"))

    def job(self, numbers: dataset.DataSet, **environment: str) -> Job:
        given = {"ANSWER": answer(), "WORDS": str(self.words_file), **environment}

        def progress(name: str, done: int, total: int | None) -> None:
            self.reported.append((name, done, total))

        return Job(Commands(given), self.tools, self.tree, numbers, progress)

    def value(self, option: str, which: int = 0) -> str:
        words = self.words_file.read_text().splitlines()
        places = [at for at, word in enumerate(words) if word == option]
        return words[places[which] + 1]


@pytest.fixture
def programs(tmp_path: Path) -> Programs:
    return Programs(tmp_path)


NUMBERS = dataset.DataSet(cut_s=7, frames=90)


@pytest.mark.parametrize(
    ("cut", "frames", "begin", "length"),
    [
        (7, 90, "2", "13.000"),
        (5, 90, "0", "13.000"),
        (2, 91, "0", "10.033"),
        (900, 30, "895", "11.000"),
    ],
)
def test_the_part_has_five_seconds_more_at_both_ends(
    programs: Programs, cut: int, frames: int, begin: str, length: str
) -> None:
    numbers = dataset.DataSet(cut_s=cut, frames=frames)
    job = programs.job(numbers, ANSWER=answer(duration="2000"), PACKETS="2000.0\\n")
    path = clip_download.fetch(job, "v", URL)
    assert path == programs.tree.videos / "v.cut.nut"
    assert (programs.value("-ss"), programs.value("-t")) == (begin, length)
    assert programs.value("-i") == URL
    assert programs.value("-output_ts_offset") == "60"
    assert programs.value("-rw_timeout") == "30000000"
    note = json.loads(sources.cut_note(programs.tree, "v").read_text())
    assert note == {"schema": 1, "origin_s": 60 + 0.5 + cut, "url": URL, "bytes": 10}
    assert sources.source_of(programs.tree, "v", path).origin_s == 60.5 + cut
    assert programs.reported == [("v", 10, None)]
    assert [entry.name for entry in programs.tree.videos.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("duration", "ok"), [("9.0", True), ("8.99", False), ("nan", True), ("10.0", True)]
)
def test_a_video_may_lack_up_to_a_second_before_it_is_downloaded(
    programs: Programs, duration: str, *, ok: bool
) -> None:
    job = programs.job(NUMBERS, ANSWER=answer(duration=duration), PACKETS="99.0\\n")
    if ok:
        assert clip_download.fetch(job, "v", URL).is_file()
    else:
        with fails("ava.video-too-short", "10 s"):
            clip_download.fetch(job, "v", URL)
        assert not programs.tree.videos.exists()


# Frame 90 is shown 89/30 s after the origin at 67.5 s; 1.5 frames at 25 a second are 0.06 s.
LAST = 67.5 + 89 / 30 - 0.06


@pytest.mark.parametrize(
    ("rate", "packets", "ok"),
    [
        ("25/1", (LAST + 0.001, 1.0), True),
        ("25/1", (LAST - 0.001, 1.0), False),
        ("0/0", (LAST + 0.06 - 1.499,), True),
        ("0/0", (LAST + 0.06 - 1.501,), False),
        ("1/2", (LAST + 0.06 - 1.501,), False),
        ("50/1", (LAST + 0.031,), True),
        ("50/1", (LAST + 0.029,), False),
        ("25/1", (), False),
    ],
)
def test_a_part_reaches_the_last_frame_but_one_and_a_half_of_its_own(
    programs: Programs, rate: str, packets: tuple[float, ...], *, ok: bool
) -> None:
    lines = "warning: 99\\n" + "".join(f"{time:.6f},\\n" for time in packets)
    job = programs.job(NUMBERS, ANSWER=answer(rate=rate, duration="10"), PACKETS=lines)
    if ok:
        assert clip_download.fetch(job, "v", URL).is_file()
    else:
        with fails("ava.video-not-downloaded", " s are missing"):
            clip_download.fetch(job, "v", URL)
        assert list(programs.tree.videos.iterdir()) == []
        assert not sources.cut_note(programs.tree, "v").exists()


def test_a_download_that_fails_says_what_ffmpeg_said(programs: Programs) -> None:
    job = programs.job(NUMBERS, ANSWER=answer(duration="99"), STATUS="7")
    with fails("ava.video-not-downloaded") as caught:
        clip_download.fetch(job, "v", URL)
    assert caught.value.cause == "complaint"
    assert list(programs.tree.videos.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, media.Media(0.5, 8.5, "h264", 25.0)),
        ({"rate": "30000/1001"}, media.Media(0.5, 8.5, "h264", 30000 / 1001)),
        ({"rate": "0/0"}, media.Media(0.5, 8.5, "h264", 0.0)),
        ({"rate": "24"}, media.Media(0.5, 8.5, "h264", 24.0)),
        ({"rate": "often"}, None),
    ],
)
def test_what_a_video_holds(
    programs: Programs, changes: dict[str, str], found: media.Media | None
) -> None:
    job = programs.job(NUMBERS, ANSWER="warning " + answer(**changes))
    if found is None:
        with fails("ava.broken-video"):
            media.probe(job.commands, job.tools, URL)
    else:
        assert media.probe(job.commands, job.tools, URL) == found


@pytest.mark.parametrize(
    ("output", "status", "cause"),
    [
        ('{"streams": []}', "0", "It contains no video stream."),
        ("{}", "0", "It contains no video stream."),
        ("", "0", "It contains no video stream."),
        ("one\ntwo\n{\n\n}\nthree\n", "1", "two\nthree"),
        (answer(), "1", answer()),
    ],
)
def test_what_is_no_video(programs: Programs, output: str, status: str, cause: str) -> None:
    job = programs.job(NUMBERS, ANSWER=output, PROBE_STATUS=status)
    with fails("ava.broken-video") as caught:
        media.probe(job.commands, job.tools, URL)
    assert caught.value.cause == cause


def test_the_release_of_ffmpeg_and_programs_that_do_not_run(programs: Programs) -> None:
    commands = programs.job(NUMBERS).commands
    assert media.version(commands, programs.tools) == "7.1.5-0+deb13u1"
    for tools in (
        media.Tools("/absent", programs.tools.ffprobe),
        media.Tools(programs.tools.ffmpeg, "false"),
    ):
        with fails("ffmpeg.not-runnable"):
            media.version(commands, tools)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("frame=12\n", 12),
        ("frame= 12", 12),
        ("frames=12", None),
        ("frame=x", None),
        ("frame", None),
        ("fps=12", None),
    ],
)
def test_a_line_of_progress(line: str, value: int | None) -> None:
    assert media.progress_value(line, "frame") == value


def extracted(programs: Programs, numbers: dataset.DataSet, **environment: str) -> object:
    programs.tree.videos.mkdir(parents=True, exist_ok=True)
    path = programs.tree.videos / "v.mp4"
    path.write_bytes(b"video")
    job = programs.job(numbers, **environment)
    options = scheduler.Options(tools=programs.tools, jobs=3)
    return scheduler.run(job.commands, programs.tree, numbers, options, job.progress)


@pytest.mark.parametrize("cut", [0, 7])
def test_the_command_that_makes_frames(programs: Programs, cut: int) -> None:
    numbers = dataset.DataSet(cut_s=cut, frames=2, quality=3)
    (result,) = extracted(programs, numbers, NUMBERS="1 2")
    assert (result.state, result.frames, result.bytes, result.complaints) == ("new", 2, 8, 1)
    assert (programs.value("-frames:v"), programs.value("-q:v")) == ("2", "3")
    assert (programs.value("-threads"), programs.value("-threads", 1)) == ("3", "1")
    assert ("-ss" in programs.words_file.read_text().splitlines()) is bool(cut)
    if cut:
        assert programs.value("-ss") == "7"
    known = manifest.read(programs.tree, "v")
    assert known is not None
    assert (known.complaints, known.source, known.source_bytes) == (("complaint",), "v.mp4", 5)
    assert known.adopted is False
    assert programs.reported[0] == (ALL, 0, 2)
    assert programs.reported[1:] == [("v", 1, 2), ("v", 2, 2)]
    (again,) = extracted(programs, numbers, STATUS="1")
    assert again.state == "present"


def test_without_a_number_all_frames_are_made(programs: Programs) -> None:
    numbers = dataset.DataSet(cut_s=0, frames=None)
    (result,) = extracted(programs, numbers, NUMBERS="1 2 3")
    assert result.frames == 3
    assert "-frames:v" not in programs.words_file.read_text().splitlines()
    assert programs.reported[0] == (ALL, 0, None)


@pytest.mark.parametrize(
    ("environment", "code", "values"),
    [
        ({"NUMBERS": "1"}, "ava.incomplete-frames", ("1 of 2", "8.5 s", "complaint")),
        ({"NUMBERS": "1 2 3"}, "ava.incomplete-frames", ("2 of 2",)),
        ({"NUMBERS": ""}, "ava.incomplete-frames", ("0 of 2",)),
        ({"NUMBERS": "1 2", "STATUS": "3"}, "ava.broken-video", ("complaint",)),
        ({"NUMBERS": "1", "ANSWER": "{}"}, "ava.broken-video", ()),
    ],
)
def test_frames_that_are_not_as_ordered_never_appear(
    programs: Programs, environment: dict[str, str], code: str, values: tuple[str, ...]
) -> None:
    (result,) = extracted(programs, dataset.DataSet(cut_s=0, frames=2), **environment)
    assert (result.state, result.code) == ("failed", code)
    for value in values:
        assert value in result.message + result.cause
    assert not programs.tree.frames_of("v").exists()
    assert list(programs.tree.work.iterdir()) == []


def test_the_disk_space_is_that_of_the_frames_to_make(
    programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = os.statvfs_result((1, 1, 1, 0, 0, 1, 1, 1, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda _folder: full)
    for frames, size, count in ((40, "2.1 MB", 40), (None, "12.6 MB", 240)):
        numbers = dataset.DataSet(cut_s=0, frames=frames)
        with fails("disk.full", f"{size} are needed", f"{count} inodes", f"for {count} frames"):
            extracted(programs, numbers)


@pytest.mark.parametrize(
    ("shard", "part"),
    [((0, 1), "abcde"), ((0, 2), "ace"), ((1, 2), "bd"), ((4, 5), "e"), ((5, 6), "")],
)
def test_shards_share_the_videos(shard: tuple[int, int], part: str) -> None:
    assert scheduler.part_of("abcde", shard) == list(part)


@pytest.mark.parametrize("shard", [(1, 1), (-1, 2), (0, 0), (2, 2)])
def test_a_shard_that_does_not_exist(shard: tuple[int, int]) -> None:
    with fails("ava.invalid-shard", f"0 to {shard[1] - 1}"):
        scheduler.part_of("abc", shard)


@pytest.mark.parametrize(
    ("jobs", "videos", "threads"),
    [(8, "ab", 4), (7, "ab", 3), (1, "ab", 1), (2, "abc", 1), (2, "a", 2)],
)
def test_few_videos_get_more_threads_each(
    programs: Programs, jobs: int, videos: str, threads: int
) -> None:
    options = scheduler.Options(videos=tuple(videos), jobs=jobs, replace=True)
    made = scheduler.orders(programs.tree, NUMBERS, options)
    assert [(row.video, row.frames, row.source, row.replace) for row in made] == [
        (video, 90, None, True) for video in videos
    ]
    assert {row.threads for row in made} == {threads}
    assert scheduler.absent(programs.tree, NUMBERS, options) == list(videos)


def test_videos_to_extract_are_those_of_the_lists_else_of_the_folder(programs: Programs) -> None:
    tree, options = programs.tree, scheduler.Options()
    with fails("ava.nothing-to-extract"):
        scheduler.orders(tree, NUMBERS, options)
    tree.videos.mkdir(parents=True)
    (tree.videos / "here.mp4").write_bytes(b"video")
    (only,) = scheduler.orders(tree, NUMBERS, options)
    assert (only.video, only.frames) == ("here", 90)
    assert only.source == sources.Source(tree.videos / "here.mp4")
    tree.frame_lists.mkdir()
    (tree.frame_lists / "val.csv").write_text('x\nb 0 0 b/b_000012.jpg ""\n')
    tree.names.write_text("a.mp4\n")
    listed = scheduler.orders(tree, NUMBERS, options)
    assert [(row.video, row.frames) for row in listed] == [("a", 90), ("b", 12)]


def test_an_extraction_that_is_interrupted_begins_nothing_more(programs: Programs) -> None:
    tree = programs.tree
    tree.videos.mkdir(parents=True)
    for video in "abcde":
        (tree.videos / f"{video}.mp4").write_bytes(b"video")

    def interrupt(name: str, *_: object) -> None:
        if name != ALL:
            time.sleep(0.2)
            raise KeyboardInterrupt

    numbers, options = dataset.DataSet(cut_s=0, frames=1), scheduler.Options(tools=programs.tools)
    job = programs.job(numbers, NUMBERS="1")
    with pytest.raises(KeyboardInterrupt):
        scheduler.run(job.commands, tree, numbers, replace(options, jobs=1), interrupt)
    assert not tree.frames_of("d").exists()
    assert not tree.frames_of("e").exists()


def test_a_result_says_what_applies_to_it_alone() -> None:
    stated = {"name": "v", "state": "new", "message": "", "cause": "", "hint": "", "code": ""}
    assert plain(results.Result("v", "new")) == stated
    facts = {"bytes": 0, "frames": 0, "complaints": 0, "sha256": "", "part": False}
    assert plain(results.Result("v", "new", **facts)) == {**stated, **facts}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("states", "ok", "changed"),
    [
        ((), False, False),
        (("present",), True, False),
        (("present", "new"), True, True),
        (("new", "failed"), False, True),
        (("failed",), False, False),
    ],
)
def test_a_job_is_complete_where_nothing_failed(
    states: tuple[str, ...], *, ok: bool, changed: bool
) -> None:
    made = results.summary([results.Result(str(n), state) for n, state in enumerate(states)])
    assert (made.ok, made.changed, len(made.results)) == (ok, changed, len(states))
    assert [row.state for row in made.failures] == ["failed"] * states.count("failed")
    assert "lists" not in plain(made)


@pytest.mark.parametrize(("absent", "changed"), [([], False), (["a", "b"], True)])
def test_what_a_job_would_add_is_a_success(absent: list[str], *, changed: bool) -> None:
    made = results.planned(absent)
    assert (made.ok, made.changed) == (True, changed)
    assert [(row.name, row.state) for row in made.results] == [(name, "new") for name in absent]


@pytest.mark.parametrize("less", [0.0, 1e-9])
def test_a_part_that_ends_where_it_has_to_is_enough(programs: Programs, less: float) -> None:
    last = 67.5 + NUMBERS.seconds - 1 / dataset.FPS - 1.5
    job = programs.job(
        NUMBERS, ANSWER=answer(rate="0/0", duration="10"), PACKETS=f"{last - less!r}\\n"
    )
    if not less:
        assert clip_download.fetch(job, "v", URL).is_file()
        return
    with fails("ava.video-not-downloaded"):
        clip_download.fetch(job, "v", URL)


@pytest.mark.parametrize(
    ("jobs", "clips", "threads"), [(8, "ab", "4"), (7, "ab", "3"), (1, "ab", "1"), (2, "a", "2")]
)
def test_few_clips_get_more_threads_each(
    programs: Programs, tmp_path: Path, jobs: int, clips: str, threads: str
) -> None:
    files = {name: tmp_path / f"{name}.mp4" for name in clips}
    for path in files.values():
        path.write_bytes(b"video")
    job = programs.job(dataset.DataSet(cut_s=0, frames=1), NUMBERS="1")
    found = scheduler.extract_clips(job, scheduler.Options(jobs=jobs), files)
    assert [(row.name, row.state) for row in found] == [(name, "new") for name in clips]
    assert programs.value("-threads") == threads


def test_a_video_of_a_server_with_ranges_is_downloaded_in_part(
    programs: Programs, served: tuple[Path, str]
) -> None:
    folder, address = served
    for row in official.files("2.2"):
        for place in (folder / row.path, programs.tree.root / row.path):
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text("row\n")
    (folder / "trainval").mkdir()
    (folder / "trainval" / "v.mp4").write_bytes(b"video")
    for place in (folder, programs.tree.root):
        (place / official.NAMES.path).write_text("v.mp4\n")
    job = programs.job(NUMBERS, ANSWER=answer(duration="10"), PACKETS="99.0\\n")
    options = download.Options(mirror=address, tools=programs.tools, disk_check=False)
    found = download.run(job.commands, programs.tree, NUMBERS, options, job.progress)
    assert found[-1] == results.Result("videos/v.mp4", "new", bytes=10, part=True)
    assert programs.reported[-1] == ("videos/v.mp4", 10, 10)
    again = download.run(job.commands, programs.tree, NUMBERS, options, job.progress)
    assert again[-1] == results.Result("videos/v.mp4", "present", bytes=10, part=True)
