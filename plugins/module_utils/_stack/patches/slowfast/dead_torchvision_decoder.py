"""torchvision's wheels have no video decoder; PyAV replaces its two functions."""

from __future__ import annotations

import ast

from ..model import (
    GIT_ONLY,
    Finding,
    Patch,
    Site,
    affected,
    already_applied,
    not_applicable,
    unknown,
)
from ..syntax.source_file import Source, calls, dotted, find, function, statement_of
from ..syntax.splices import Splice, before, replace, rewrite

READING = """
v_frames = _read_video(
    {}, {}, {}
)
"""
PROBE, READ = "io._probe_video_from_memory", "io._read_video_from_memory"
FUNCTIONS = '''
def _probe_video(video_bytes):
    """
    Read the metadata of a video with PyAV.
    Args:
        video_bytes (tensor): raw bytes of the video file.
    Returns:
        meta (SimpleNamespace): what torchvision.io called VideoMetaData.
    """
    with av.open(io.BytesIO(video_bytes.numpy().tobytes())) as container:
        video = next(iter(container.streams.video), None)
        audio = next(iter(container.streams.audio), None)
        return SimpleNamespace(
            has_video=video is not None,
            video_timebase=video.time_base if video else Fraction(0, 1),
            video_duration=_seconds(video, container),
            video_fps=float(video.average_rate or 0) if video else 0.0,
            has_audio=audio is not None,
            audio_timebase=audio.time_base if audio else Fraction(0, 1),
            audio_duration=_seconds(audio, container),
            audio_sample_rate=float(audio.rate) if audio else 0.0,
        )


def _seconds(stream, container):
    """
    Return the duration of a stream, or of its container where the stream has none.
    """
    if stream is None:
        return 0.0
    if stream.duration:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration else 0.0


def _read_video(video_bytes, pts_range, min_dimension, seek_margin=1.0):
    """
    Decode the frames of a video with PyAV.
    Args:
        video_bytes (tensor): raw bytes of the video file.
        pts_range (tuple): first and last presentation time stamp to return, in
            the time base of the stream; a last one of -1 means the end.
        min_dimension (int): shorter edge of the frames; 0 keeps their size.
        seek_margin (float): seconds to start before the first time stamp,
            because a seek is imprecise.
    Returns:
        frames (tensor): `num frames` x `height` x `width` x `channel`, or an
            empty tensor.
    """
    first, last = pts_range
    frames = []
    with av.open(io.BytesIO(video_bytes.numpy().tobytes())) as container:
        stream = container.streams.video[0]
        start = int(first - seek_margin / stream.time_base)
        if start > 0:
            container.seek(start, stream=stream)
        for frame in container.decode(stream):
            if last >= 0 and frame.pts > last:
                break
            if frame.pts >= first:
                frames.append((frame.pts, _to_array(frame, min_dimension)))
    if not frames:
        return torch.empty(0)
    frames.sort(key=lambda item: item[0])
    return torch.from_numpy(np.stack([image for _, image in frames]))


def _to_array(frame, min_dimension):
    """
    Return a frame as RGB, with its shorter edge scaled to min_dimension if given.
    """
    scale = min_dimension / min(frame.width, frame.height) if min_dimension else 1
    return frame.to_ndarray(
        format="rgb24",
        width=round(frame.width * scale),
        height=round(frame.height * scale),
    )


'''


def _examine(source: Source) -> Finding:
    decode = function(source.tree, "torchvision_decode")
    if decode is None:
        return not_applicable("There is no function torchvision_decode.")
    probes, reads = calls(decode, PROBE), calls(decode, READ)
    if not probes and not reads:
        return already_applied()
    if not all(call.args for call in (*probes, *reads)):
        return unknown("Function torchvision_decode passes the video by keyword.")
    imports = [n for n in source.tree.body if isinstance(n, ast.Import) and _is_io(n)]
    others = [n for n in find(source.tree, ast.Attribute) if dotted(n).startswith("io.")]
    if len(imports) != 1 or len(others) != len(probes) + len(reads):
        return unknown("Function torchvision_decode uses more of torchvision.io than expected.")
    readings = [reading for call in reads if (reading := _read(source, call))]
    if len(readings) != len(reads):
        return unknown("Function torchvision_decode reads a video with unexpected arguments.")
    return affected(
        *_imports(source, imports[0]),
        before(source, decode, FUNCTIONS),
        *[replace(source, call, f"_probe_video({source.code(call.args[0])})") for call in probes],
        *readings,
    )


def _is_io(node: ast.Import) -> bool:
    return [(a.name, a.asname) for a in node.names] == [("torchvision.io", "io")]


def _imports(source: Source, old: ast.Import) -> list[Splice]:
    first = next(n for n in source.tree.body if isinstance(n, (ast.Import, ast.ImportFrom)))
    lines = "import io"
    added = "from fractions import Fraction\nfrom types import SimpleNamespace\n\nimport av"
    return [before(source, first, lines), rewrite(source, old, added)]


def _read(source: Source, call: ast.Call) -> Splice | None:
    holder = statement_of(source.tree, call)
    options = {k.arg: source.code(k.value) for k in call.keywords}
    fits = isinstance(holder, ast.Assign) and source.code(holder.targets[0]) == "v_frames, _"
    if not fits or not {"video_pts_range", "video_min_dimension"} <= set(options):
        return None
    lines = READING.format(
        source.code(call.args[0]), options["video_pts_range"], options["video_min_dimension"]
    )
    return rewrite(source, holder, lines)


PATCH = Patch(
    id="dead-torchvision-decoder",
    component="slowfast",
    title="Decode with PyAV instead of torchvision's decoder",
    symptom="AttributeError: module 'torchvision.io' has no attribute '_probe_video_from_memory'",
    reason=(
        "No wheel of torchvision contains the decoder, and 28 configs select it. After 100 retries "
        "users see: TypeError: default_collate ... found <class 'NoneType'>."
    ),
    issues=("SF#148", "SF#181", "SF#438", "SF#551", "SF#558", "SF#579", "vision#9373"),
    sites=(Site("slowfast/datasets/decoder.py", _examine),),
    origins=GIT_ONLY,
)
