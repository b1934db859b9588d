"""``slowfast-stack ava``: the AVA data set, or a custom one in its format."""

from __future__ import annotations

import contextlib
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from ansible_collections.slowfast.stack.plugins.module_utils._stack.datasets.ava import dataset
from ansible_collections.slowfast.stack.plugins.module_utils._stack.datasets.ava.official import (
    VERSIONS,
)
from slowfast_stack.cli import options
from slowfast_stack.cli.base import HostCommand, Verbs
from slowfast_stack.exit_codes import Exit, Interrupted, UsageError
from slowfast_stack.ui import ava_results as render

if TYPE_CHECKING:
    from collections.abc import Iterator

verbs = Verbs("Prepare the AVA data set, or a custom one in its format.")

Release = Annotated[
    str, typer.Option(metavar="|".join(VERSIONS), help="The release of the annotations.")
]
Replace = Annotated[
    bool,
    typer.Option("--replace", help="Replace frames of another origin that are incomplete."),
]
Jobs = Annotated[
    int, typer.Option(metavar="N", min=0, help="Work on N files at once; 0: one for each core.")
]


@dataclass(frozen=True)
class Tools:
    """The FFmpeg programs, and whether free disk space is checked before the start."""

    ffmpeg_program: Annotated[
        str, typer.Option(metavar="PATH", help="The FFmpeg program to run.")
    ] = "ffmpeg"
    ffprobe_program: Annotated[
        str, typer.Option(metavar="PATH", help="The ffprobe program to run.")
    ] = "ffprobe"
    skip_disk_check: Annotated[
        bool,
        typer.Option("--skip-disk-check", help="Do not check free disk space and inodes first."),
    ] = False

    def variables(self) -> dict[str, object]:
        """Return the variables of the role ava_dataset."""
        return {
            "ffmpeg": self.ffmpeg_program,
            "ffprobe": self.ffprobe_program,
            "disk_check": not self.skip_disk_check,
        }


@dataclass(frozen=True)
class Part:
    """Which videos of the lists are processed, and which seconds of each."""

    only: options.Only = None
    shard: Annotated[int, typer.Option(metavar="I", min=0, help="Shard index, starting at 0.")] = 0
    shards: Annotated[int, typer.Option(metavar="N", min=1, help="Number of shards.")] = 1
    start: Annotated[
        int | None,
        typer.Option("--start", metavar="S", help="The second where frames start; default: 900."),
    ] = None
    frames: Annotated[
        int | None,
        typer.Option(metavar="N", help="Frames per video, where no list has the number."),
    ] = None

    def refuse_shards(self, dividers: str) -> None:
        """Raise UsageError where --shard is given although ``dividers`` divide the videos."""
        if (self.shard, self.shards) != (0, 1):
            raise UsageError(
                "--shard cannot be used here.",
                f"{dividers} divide the videos among them.",
                "Omit --shard and --shards.",
                code="cli.conflicting-options",
            )


@contextlib.contextmanager
def _resumable() -> Iterator[None]:
    """Report after Ctrl-C that the work resumes."""
    try:
        yield
    except KeyboardInterrupt as error:
        raise Interrupted(
            signal.SIGINT,
            "Finished files are kept; incomplete ones are not used.",
            "Run the same command again; it resumes.",
        ) from error


def _release(release: str) -> str:
    if release not in VERSIONS:
        raise UsageError(
            f"There is no release {release} of AVA.",
            f"Supported releases: {', '.join(VERSIONS)}.",
            f"Use --release {max(VERSIONS)}.",
            code="cli.unknown-value",
        )
    return release


def _sums(path: Path | None) -> dict[str, str]:
    """Read a file as sha256sum writes it."""
    if path is None:
        return {}
    try:
        rows = [line.split(maxsplit=1) for line in path.read_text("utf-8").splitlines() if line]
        return {name.lstrip("*").strip(): digest for digest, name in rows}
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{path} is not a list of checksums.",
            str(error),
            "See sha256sum(1).",
            code="cli.invalid-file",
        ) from error


def _on_hosts(hosts: options.Hosts, step: str, root: Path, **variables: object) -> Exit:
    """Run one step of the playbook ava; the list of videos is divided among the hosts.

    ``variables`` are those of the role without its prefix; None is not passed. Raises UsageError.
    """
    from slowfast_stack.orchestration import playbooks

    playbooks.target_path(str(root), local=False, option="--root")
    verb = playbooks.AVA._replace(name=f"ava-{step}")
    command = HostCommand(hosts, verb)
    play = verb.play(hosts.inventory, limit=hosts.limit)
    play.variables.update(ava_dataset_steps=[step], ava_dataset_root=str(root))
    given = {f"ava_dataset_{key}": value for key, value in variables.items() if value is not None}
    play.variables.update(given)
    return command.report(verb.follow(command.session, play), render.host)


@verbs.add(
    "ava download --root /data/ava",
    "ava download --root /data/ava --mirror http://cache.lan/ava --jobs 8",
    "ava download --root /data/ava --full-videos --only=-5KQ66BBWC4",
    "ava download --root /data/ava -i hosts.yml --limit data",
    changes="the folder --root, here or on the hosts of the inventory.",
)
def download(
    *,
    root: options.Root,
    release: Release = "2.2",
    mirror: options.Mirror = None,
    full_videos: Annotated[
        bool, typer.Option("--full-videos", help="Fetch full videos, not only the used seconds.")
    ] = False,
    lists_only: Annotated[bool, typer.Option("--lists-only", help="Fetch no videos.")] = False,
    part: Part,
    sums: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            callback=options.existing_file,
            help="Expected SHA-256 sums (sha256sum).",
        ),
    ] = None,
    accept_change: options.AcceptChange = False,
    verify: Annotated[bool, typer.Option("--verify", help="Re-hash large files.")] = False,
    jobs: Jobs = 4,
    attempts: options.Attempts = 5,
    tools: Tools,
    hosts: options.Hosts,
) -> int:
    """Fetch lists, annotations and videos, and verify them.

    Of each video only the 901 seconds that are used are fetched, where the server supports it.
    Resumes where an earlier run stopped. Exits 0 only when everything is complete.
    """
    expected = _sums(sums)
    parallel = jobs or os.cpu_count() or 1
    if hosts.inventory is not None:
        part.refuse_shards("The hosts of an inventory")
        return _on_hosts(
            hosts, "download", root, release=_release(release), mirror=mirror, full_videos=full_videos,
            lists_only=lists_only, sums=expected, only=part.only, accept_change=accept_change,
            verify=verify, attempts=attempts, download_jobs=parallel, start=part.start,
            frames=part.frames, **tools.variables(),
        )  # fmt: skip
    from ansible_collections.slowfast.stack.plugins.module_utils._stack.datasets.ava import (
        download,
        media,
        results,
    )
    from slowfast_stack.ui import progress

    tree = dataset.layout(str(root))
    numbers = dataset.chosen(tree, cut_s=part.start, frames=part.frames)
    request = download.Options(
        version=_release(release),
        mirror=mirror,
        full_videos=full_videos,
        lists_only=lists_only,
        videos=tuple(part.only or ()),
        shard=(part.shard, part.shards),
        jobs=parallel,
        attempts=attempts,
        verify=verify,
        accept_change=accept_change,
        disk_check=not tools.skip_disk_check,
        sums=expected,
        tools=media.Tools(tools.ffmpeg_program, tools.ffprobe_program),
    )
    with _resumable(), progress.shown("download", progress.size) as report:
        found = results.summary(download.run(Commands(), tree, numbers, request, report))
    return render.result(tree.root, found, as_json=hosts.json)


@verbs.add(
    "ava extract --root /data/ava",
    "ava extract --root /data/ava --videos /mnt/movies --jobs 16",
    "ava extract --root /data/ava -i hosts.yml --limit cpu",
    "ava extract --root /shared/ava --slurm 32",
    changes="the folder --root/frames, here or on the hosts of the inventory.",
)
def extract(
    *,
    root: options.Root,
    part: Part,
    videos: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The folder of the videos; default: in --root."),
    ] = None,
    jobs: Jobs = 0,
    replace: Replace = False,
    slurm: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Submit N tasks to Slurm instead.")
    ] = None,
    tools: Tools,
    hosts: options.Hosts,
) -> int:
    """Extract the frames in one pass, as many as the lists name.

    The frames of a video appear complete and verified, or not at all. Resumes where an earlier run
    stopped; two runs at once share the work. Exits 0 only when everything is complete.
    """
    if hosts.inventory is not None:
        part.refuse_shards("The hosts of an inventory")
        if slurm is not None:
            raise UsageError(
                "Give either --slurm or -i.",
                "Both divide the videos.",
                "Omit one of them.",
                code="cli.conflicting-options",
            )
        return _on_hosts(
            hosts, "extract", root, only=part.only, videos=str(videos) if videos else None,
            jobs=jobs, replace=replace, start=part.start, frames=part.frames, **tools.variables(),
        )  # fmt: skip
    from ansible_collections.slowfast.stack.plugins.module_utils._stack.datasets.ava import (
        media,
        results,
        scheduler,
    )
    from slowfast_stack.orchestration import slurm as cluster
    from slowfast_stack.ui import progress

    if slurm is not None:
        part.refuse_shards("The tasks of Slurm")
    tree = dataset.layout(str(root))
    folder = videos.expanduser().absolute() if videos else None
    numbers = dataset.chosen(tree, cut_s=part.start, frames=part.frames)
    programs = (tools.ffmpeg_program, tools.ffprobe_program)
    if slurm is not None:
        arguments = cluster.options(
            part.only or [],
            folder,
            programs,
            replace=replace,
            disk_check=not tools.skip_disk_check,
        )
        job = cluster.submit(tree.root, cluster.script(tree.root, slurm, jobs or 8, arguments))
        return render.submitted(tree.root, job, slurm, as_json=hosts.json)
    request = scheduler.Options(
        videos=tuple(part.only or ()),
        folder=folder,
        shard=(part.shard, part.shards),
        jobs=jobs,
        replace=replace,
        disk_check=not tools.skip_disk_check,
        tools=media.Tools(*programs),
    )
    with _resumable(), progress.shown("extract", progress.frames) as report:
        found = results.summary(scheduler.run(Commands(), tree, numbers, request, report))
    return render.result(tree.root, found, as_json=hosts.json)


@verbs.add(
    "ava lists --root /data/ava",
    "ava lists --root /data/ava --all --release 2.1",
    changes="the folder --root/lists; the official lists are not changed.",
)
def lists(
    *,
    root: options.Root,
    release: Release = "2.2",
    every: Annotated[bool, typer.Option("--all", help="Include videos without frames.")] = False,
    json: options.Json = False,
) -> int:
    """Write frame lists and annotations as SlowFast's loader reads them.

    Writes a configuration that names them, too.
    """
    from ansible_collections.slowfast.stack.plugins.module_utils._stack.datasets.ava import lists

    tree = dataset.layout(str(root))
    made = lists.write(tree, dataset.load(tree), _release(release), every=every)
    return render.lists(made, as_json=json)


@verbs.add(
    "ava check --root /data/ava",
    "ava check --root /data/ava --lists /data/ava/lists/present --json",
    changes="nothing.",
)
def check(
    *,
    root: options.Root,
    release: Release = "2.2",
    lists: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            callback=options.existing_folder,
            help="Written lists; default: the official ones.",
        ),
    ] = None,
    fast: Annotated[bool, typer.Option("--fast", help="Do not open the JPEG files.")] = False,
    json: options.Json = False,
) -> int:
    """Check everything that training opens: tree, frames, lists, boxes, labels."""
    from ansible_collections.slowfast.stack.plugins.module_utils._stack.datasets.ava import check
    from slowfast_stack.ui import progress

    tree = dataset.layout(str(root))
    numbers = dataset.load(tree)
    with _resumable(), progress.shown("check", progress.frames, quiet=json) as report:
        found = check.run(
            tree, numbers, _release(release), folder=lists, deep=not fast, progress=report
        )
    return render.check_result(tree.root, found, as_json=json)


@verbs.add(
    "ava custom --root /data/mine --clips /data/clips --boxes boxes.csv",
    "ava check --root /data/mine --lists /data/mine/lists/custom",
    changes="the folder --root.",
)
def custom(
    *,
    root: options.Root,
    clips: Annotated[
        Path,
        typer.Option(
            metavar="DIR", callback=options.existing_folder, help="The folder of your clips."
        ),
    ],
    boxes: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            callback=options.existing_file,
            help="CSV: clip,second,x1,y1,x2,y2,label; optional columns: person, split.",
        ),
    ],
    val_percent: Annotated[
        int, typer.Option(metavar="P", min=1, max=99, help="Percentage of clips for validation.")
    ] = 20,
    jobs: Jobs = 0,
    replace: Replace = False,
    tools: Tools,
    json: options.Json = False,
) -> int:
    """Make a data set in the format of AVA from your own clips.

    Second t of a clip becomes second 902 + t of AVA. Corners are fractions of 1.
    """
    from ansible_collections.slowfast.stack.plugins.module_utils._stack.datasets.ava import (
        custom,
        media,
        scheduler,
    )
    from slowfast_stack.ui import progress

    tree = dataset.layout(str(root))
    request = scheduler.Options(
        folder=clips.expanduser().absolute(),
        jobs=jobs,
        replace=replace,
        disk_check=not tools.skip_disk_check,
        tools=media.Tools(tools.ffmpeg_program, tools.ffprobe_program),
    )
    with _resumable(), progress.shown("extract", progress.frames) as report:
        made = custom.run(
            Commands(), tree, boxes, request, val_percent=val_percent, progress=report
        )
    if made.lists and not json:
        render.lists(made.lists, as_json=False)
    return render.result(tree.root, made, as_json=json)
