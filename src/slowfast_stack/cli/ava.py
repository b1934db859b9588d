"""``slowfast-stack ava``: the AVA data set, or one of your own in its form."""

from __future__ import annotations

import contextlib
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from ansible_collections.slowfast.stack.plugins.module_utils._stack.datasets.ava import dataset
from ansible_collections.slowfast.stack.plugins.module_utils._stack.datasets.ava.official import (
    VERSIONS,
)
from slowfast_stack.cli import options
from slowfast_stack.exit_codes import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = """
slowfast-stack ava download /data/ava
slowfast-stack ava extract /data/ava
slowfast-stack ava lists /data/ava
slowfast-stack ava check /data/ava --lists /data/ava/lists/present
"""
group = typer.Typer(
    help="Prepare the AVA data set, or one of your own in its form.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Root = Annotated[str, typer.Argument(help="The folder of the data set.", metavar="ROOT")]
Version = Annotated[
    str, typer.Option(metavar="|".join(VERSIONS), help="Which release of the annotations.")
]
Videos = Annotated[
    list[str] | None, typer.Option("--video", metavar="ID", help="Only this one. Repeatable.")
]
Shard = Annotated[int, typer.Option(metavar="I", min=0, help="Which part of the list, from 0.")]
Shards = Annotated[int, typer.Option(metavar="N", min=1, help="Into how many parts it is cut.")]
Ffmpeg = Annotated[str, typer.Option(metavar="PATH", help="The FFmpeg program.")]
Ffprobe = Annotated[str, typer.Option(metavar="PATH", help="The ffprobe program.")]
CutS = Annotated[
    int | None,
    typer.Option("--start", metavar="S", help="Where in a video frames begin, if not at 900."),
]
Frames = Annotated[
    int | None, typer.Option(metavar="N", help="Frames of a video, if no list says it.")
]
NoRoomCheck = Annotated[
    bool, typer.Option("--no-room-check", help="Do not look at free space and inodes first.")
]


def _epilog(*examples: str) -> str:
    return "\b\nExamples:\n  " + "\n  ".join(f"slowfast-stack ava {line}" for line in examples)


@contextlib.contextmanager
def _going_on() -> Iterator[None]:
    """Say after Ctrl-C that nothing is lost."""
    try:
        yield
    except KeyboardInterrupt as error:
        stopped = StackError(
            "Stopped.",
            "What was finished is kept, and nothing half-made is taken for made.",
            "Run the same command again; it goes on.",
            code="run.stopped",
        )
        stopped.exit_code = 128 + signal.SIGINT  # type: ignore[attr-defined]
        raise stopped from error


def _release(version: str) -> str:
    if version not in VERSIONS:
        raise UsageError(
            f"There is no release {version} of AVA.",
            f"Known are {', '.join(VERSIONS)}.",
            code="cli.unknown-value",
        )
    return version


def _refuse_shards(shard: int, shards: int, who: str) -> None:
    if (shard, shards) != (0, 1):
        raise UsageError(
            "--shard has no place here.",
            f"{who} divide the videos among them.",
            code="cli.conflicting-options",
        )


def _sums(path: Path | None) -> dict[str, str]:
    """Read a file as sha256sum writes it."""
    if path is None:
        return {}
    try:
        rows = [line.split(maxsplit=1) for line in path.read_text("utf-8").splitlines() if line]
        return {name.lstrip("*").strip(): digest for digest, name in rows}
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{path} is no list of checksums.",
            str(error),
            "See sha256sum(1).",
            code="cli.invalid-file",
        ) from error


@group.command(
    epilog=_epilog(
        "download /data/ava",
        "download /data/ava --mirror http://cache.lan/ava --jobs 8",
        "download /data/ava --whole --video=-5KQ66BBWC4",
        "download /data/ava -i hosts.yml --limit data",
    )
)
def download(  # noqa: PLR0913  (each is an option)
    root: Root,
    *,
    version: Version = "2.2",
    mirror: Annotated[
        str | None, typer.Option(metavar="URL", help="Take this in place of the official hosts.")
    ] = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="Fetch whole videos, not only the used seconds.")
    ] = False,
    lists_only: Annotated[bool, typer.Option("--lists-only", help="No videos.")] = False,
    video: Videos = None,
    sums: Annotated[
        Path | None, typer.Option(metavar="FILE", help="SHA-256 to compare with (sha256sum).")
    ] = None,
    accept_change: Annotated[
        bool, typer.Option("--accept-change", help="Files may differ from those first seen.")
    ] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Read large files again, too.")] = False,
    jobs: Annotated[int, typer.Option(metavar="N", min=1, help="Files at once.")] = 4,
    attempts: Annotated[int, typer.Option(metavar="N", min=1, help="Failures in a row.")] = 5,
    shard: Shard = 0,
    shards: Shards = 1,
    start: CutS = None,
    frames: Frames = None,
    ffmpeg: Ffmpeg = "ffmpeg",
    ffprobe: Ffprobe = "ffprobe",
    no_room_check: NoRoomCheck = False,
    inventory: options.Inventory = None,
    limit: options.Limit = None,
    json: options.AsJson = False,
) -> int:
    """Fetch lists, annotations and videos, and verify them.

    Of each video only the 901 seconds that are used, where the server gives parts of files.
    Goes on where an earlier run stopped. Ends with 0 only when all is there.
    """
    from slowfast_stack.orchestration import ava_hosts
    from slowfast_stack.ui import ava_progress, ava_results

    expected = _sums(sums)
    if inventory is not None:
        _refuse_shards(shard, shards, "The hosts of an inventory")
        return ava_hosts.run(
            inventory, limit, "download", as_json=json, root=root, version=_release(version),
            mirror=mirror, whole=whole, lists_only=lists_only, sums=expected, videos=video,
            accept_change=accept_change, verify=verify, attempts=attempts, download_jobs=jobs,
            cut_s=start, frames=frames, ffmpeg=ffmpeg, ffprobe=ffprobe,
            room_check=not no_room_check,
        )  # fmt: skip
    download, media, results = _engine("download", "media", "results")
    tree = dataset.layout(root)
    numbers = dataset.chosen(tree, cut_s=start, frames=frames)
    want = download.Want(
        version=_release(version),
        mirror=mirror,
        whole=whole,
        lists_only=lists_only,
        videos=tuple(video or ()),
        shard=(shard, shards),
        jobs=jobs,
        attempts=attempts,
        verify=verify,
        changed_is_meant=accept_change,
        room_check=not no_room_check,
        sums=expected,
        tools=media.Tools(ffmpeg, ffprobe),
    )
    with _going_on(), ava_progress.shown("download", ava_progress.size) as tell:
        found = results.told(download.run(Commands(), tree, numbers, want, tell))
    return ava_results.result(tree.root, found, as_json=json)


@group.command(
    epilog=_epilog(
        "extract /data/ava",
        "extract /data/ava --videos /mnt/movies --jobs 16",
        "extract /data/ava -i hosts.yml --limit cpu",
        "extract /shared/ava --slurm 32",
    )
)
def extract(  # noqa: PLR0913  (each is an option)
    root: Root,
    *,
    video: Videos = None,
    videos: Annotated[
        str | None, typer.Option(metavar="DIR", help="Where the videos lie, if not in ROOT/videos.")
    ] = None,
    jobs: Annotated[int, typer.Option(metavar="N", min=0, help="Videos at once; 0: cores.")] = 0,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace frames of other origin that are not whole.")
    ] = False,
    shard: Shard = 0,
    shards: Shards = 1,
    slurm: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Submit N tasks to Slurm instead.")
    ] = None,
    start: CutS = None,
    frames: Frames = None,
    ffmpeg: Ffmpeg = "ffmpeg",
    ffprobe: Ffprobe = "ffprobe",
    no_room_check: NoRoomCheck = False,
    inventory: options.Inventory = None,
    limit: options.Limit = None,
    json: options.AsJson = False,
) -> int:
    """Extract the frames in one pass, as many as the lists name.

    The frames of a video appear whole and verified, or not at all. Goes on where an earlier run
    stopped; two at once share the work. Ends with 0 only when all is there.
    """
    from slowfast_stack.orchestration import ava_hosts
    from slowfast_stack.ui import ava_progress, ava_results

    if inventory is not None:
        _refuse_shards(shard, shards, "The hosts of an inventory")
        if slurm is not None:
            raise UsageError(
                "Slurm and an inventory were named.",
                "Either divides the videos.",
                code="cli.conflicting-options",
            )
        return ava_hosts.run(
            inventory, limit, "extract", as_json=json, root=root, videos=video, folder=videos,
            jobs=jobs, replace=replace, cut_s=start, frames=frames, ffmpeg=ffmpeg,
            ffprobe=ffprobe, room_check=not no_room_check,
        )  # fmt: skip
    if slurm is not None:
        _refuse_shards(shard, shards, "The tasks of Slurm")
    scheduler, media, results = _engine("scheduler", "media", "results")
    tree = dataset.layout(root)
    folder = Path(videos).expanduser().absolute() if videos else None
    numbers = dataset.chosen(tree, cut_s=start, frames=frames)
    if slurm is not None:
        from slowfast_stack.orchestration import slurm as cluster

        options = cluster.options(
            video or [], folder, (ffmpeg, ffprobe), replace=replace, room_check=not no_room_check
        )
        job = cluster.submit(tree.root, cluster.script(tree.root, slurm, jobs or 8, options))
        return ava_results.submitted(tree.root, job, slurm, as_json=json)
    want = scheduler.Want(
        videos=tuple(video or ()),
        folder=folder,
        shard=(shard, shards),
        jobs=jobs,
        replace=replace,
        room_check=not no_room_check,
        tools=media.Tools(ffmpeg, ffprobe),
    )
    with _going_on(), ava_progress.shown("extract", ava_progress.frames) as tell:
        found = results.told(scheduler.run(Commands(), tree, numbers, want, tell))
    return ava_results.result(tree.root, found, as_json=json)


@group.command(epilog=_epilog("lists /data/ava", "lists /data/ava --all --version 2.1"))
def lists(
    root: Root,
    *,
    version: Version = "2.2",
    every: Annotated[
        bool, typer.Option("--all", help="For all videos, not only those with frames.")
    ] = False,
    json: options.AsJson = False,
) -> int:
    """Write frame lists and annotations as SlowFast's loader reads them.

    They go to ROOT/lists, with a configuration that names them; the official ones stay.
    """
    from slowfast_stack.ui import ava_results

    (engine,) = _engine("lists")
    tree = dataset.layout(root)
    made = engine.write(tree, dataset.load(tree), _release(version), every=every)
    return ava_results.lists(made, as_json=json)


@group.command(
    epilog=_epilog("check /data/ava", "check /data/ava --lists /data/ava/lists/present --json")
)
def check(
    root: Root,
    *,
    version: Version = "2.2",
    lists: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Written lists; default: the official ones.")
    ] = None,
    fast: Annotated[bool, typer.Option("--fast", help="Do not open the JPEG files.")] = False,
    json: options.AsJson = False,
) -> int:
    """Look at all that training will open: tree, frames, lists, boxes, labels."""
    from slowfast_stack.ui import ava_progress, ava_results

    (engine,) = _engine("check")
    tree = dataset.layout(root)
    numbers = dataset.load(tree)
    with _going_on(), ava_progress.shown("check", ava_progress.frames, quiet=json) as tell:
        found = engine.run(tree, numbers, _release(version), folder=lists, deep=not fast, tell=tell)
    return ava_results.checked(tree.root, found.to_dict(), as_json=json)


@group.command(
    epilog=_epilog(
        "own /data/mine --clips /data/clips --boxes boxes.csv",
        "check /data/mine --lists /data/mine/lists/own",
    )
)
def own(  # noqa: PLR0913  (each is an option)
    root: Root,
    *,
    clips: Annotated[Path, typer.Option(metavar="DIR", help="The folder of your clips.")],
    boxes: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            help="CSV: clip,second,x1,y1,x2,y2,label and, if you like, person and split.",
        ),
    ],
    val_percent: Annotated[
        int, typer.Option(metavar="P", min=1, max=99, help="Clips for validation, in a hundred.")
    ] = 20,
    jobs: Annotated[int, typer.Option(metavar="N", min=0, help="Clips at once; 0: cores.")] = 0,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace frames of other origin that are not whole.")
    ] = False,
    ffmpeg: Ffmpeg = "ffmpeg",
    ffprobe: Ffprobe = "ffprobe",
    no_room_check: NoRoomCheck = False,
    json: options.AsJson = False,
) -> int:
    """Make a data set in the form of AVA of your own clips.

    Second t of a clip becomes second 902 + t of AVA. Corners are fractions of 1.
    """
    from slowfast_stack.ui import ava_progress, ava_results

    engine, scheduler, media = _engine("custom", "scheduler", "media")
    tree = dataset.layout(root)
    want = scheduler.Want(
        folder=clips.expanduser().absolute(),
        jobs=jobs,
        replace=replace,
        room_check=not no_room_check,
        tools=media.Tools(ffmpeg, ffprobe),
    )
    with _going_on(), ava_progress.shown("extract", ava_progress.frames) as tell:
        made = engine.run(Commands(), tree, boxes, want, val_percent=val_percent, tell=tell)
    if not json:
        ava_results.lists(made["lists"], as_json=False)
    return ava_results.result(tree.root, made, as_json=json)


def _engine(*names: str) -> list[Any]:
    """Import parts of the engine, which --help need not pay for."""
    import importlib

    package = dataset.__name__.rpartition(".")[0]
    return [importlib.import_module(f"{package}.{name}") for name in names]
