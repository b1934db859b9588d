"""What the other programs measure with: commands in pairs, their seconds, and the file of all results.

It is no program of its own. A command's processor seconds contain those of what it left running in
the background, which is awaited.
"""

from __future__ import annotations

import contextlib
import ctypes
import datetime as dt
import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
OUT = ROOT / "docs" / "measurements"
ENVIRONMENT = {
    **{key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"},
    "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
    "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
}
_ADOPT = 36  # PR_SET_CHILD_SUBREAPER: what a command leaves becomes a child of this process
_LEFT_S = 120.0


class Spent(NamedTuple):
    """Seconds of the clock and of the processors."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Figure:
    """The best wall and processor seconds of both, and how many times the alternative that is."""

    name: str
    ours: str
    other: str
    wall_s: float
    other_wall_s: float
    cpu_s: float
    other_cpu_s: float
    wall_ratio: float
    cpu_ratio: float


def spent(
    argv: Sequence[str],
    *,
    status: int = 0,
    environment: Mapping[str, str] = ENVIRONMENT,
    cwd: Path | None = None,
) -> Spent:
    """Run a command, which must end with a status; return its seconds."""
    ctypes.CDLL(None).prctl(_ADOPT, 1)
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(
        argv,
        cwd=cwd,
        env=dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    wall = time.monotonic() - started
    _await_adopted()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != status:
        sys.exit(f"{' '.join(argv)} ended with {done.returncode}:\n{done.stdout.decode()[-3000:]}")
    return Spent(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def _await_adopted() -> None:
    """Wait for what a command left running, for a while."""
    ends = time.monotonic() + _LEFT_S
    with contextlib.suppress(ChildProcessError):
        while time.monotonic() < ends:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.05)


def figure(name: str, ours: tuple[str, Spent], other: tuple[str, Spent]) -> Figure:
    """Return what two commands, each with its seconds, are to one another."""
    (our_name, mine), (other_name, theirs) = ours, other
    return Figure(
        name,
        our_name,
        other_name,
        *(round(value, 3) for value in (mine.wall, theirs.wall, mine.cpu, theirs.cpu)),
        *(round(value, 2) for value in (mine.wall / theirs.wall, mine.cpu / theirs.cpu)),
    )


def best(rows: Sequence[Spent]) -> Spent:
    """Return the least of each kind: other work on the machine only adds."""
    return Spent(min(row.wall for row in rows), min(row.cpu for row in rows))


def shown(argv: Sequence[str]) -> str:
    """Return a command without the folders of this machine."""
    return " ".join(Path(word).name if word.startswith("/") else word for word in argv if word)


def line(figure: Figure) -> str:
    """Return a figure as text."""
    wall = f"{figure.wall_s:.2f} s against {figure.other_wall_s:.2f} s ({figure.wall_ratio:.2f})"
    cpu = f"{figure.cpu_s:.2f} s against {figure.other_cpu_s:.2f} s ({figure.cpu_ratio:.2f})"
    return f"{figure.name}: {wall}; processor {cpu}"


def save(program: str, figures: Sequence[Figure], out: Path = OUT) -> None:
    """Print figures, write them beside those of the other programs, and draw all of them."""
    print("\n".join(map(line, figures)), flush=True)
    out.mkdir(parents=True, exist_ok=True)
    path = out / "ratios.json"
    runs: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    runs[program] = {"machine": machine(), "figures": [asdict(figure) for figure in figures]}
    path.write_text(json.dumps(runs, indent=1) + "\n", encoding="utf-8")
    every = [Figure(**row) for run in runs.values() for row in run["figures"]]
    (out / "ratios.svg").write_text(chart(every), encoding="utf-8")


def machine() -> dict[str, object]:
    """Return on what this was measured, and how busy it is."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    cpu = models[0] if models else platform.machine()
    git = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip()
    return {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "commit": commit,
        "cpu": cpu,
        "cores": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "distribution": platform.freedesktop_os_release().get("PRETTY_NAME", ""),
        "python": platform.python_version(),
        "load_average": [round(value, 1) for value in os.getloadavg()],
    }


SVG = """\
<svg xmlns="http://www.w3.org/2000/svg" width="900" height="{height}" font-family="sans-serif"
 font-size="12">
<style>.cpu {{ fill: #4a7ebb }}
.wall {{ fill: #b9cde5 }} text {{ fill: #222 }} line {{ stroke: #b33 }}</style>
<text x="10" y="20" font-size="14">Processor time (dark) and time of the clock (light), as a multiple
 of the alternative (red: 1)</text>
{rows}
<line x1="{one:.1f}" y1="34" x2="{one:.1f}" y2="{height}"/>
</svg>
"""
BAR = """\
<text x="{left}" y="{text}" text-anchor="end">{name}</text>
<rect class="cpu" x="{begin}" y="{y}" width="{cpu:.1f}" height="11"/>
<rect class="wall" x="{begin}" y="{low}" width="{wall:.1f}" height="7"/>
<text x="{end:.1f}" y="{text}">{cpu_ratio:.2f}, {wall_ratio:.2f}</text>"""
TOP, STEP, LEFT, WIDTH = 40, 26, 370, 420
MOST = 8.0  # of a longer bar only the number says how long it is


def chart(figures: Sequence[Figure]) -> str:
    """Return bars of the ratios, as SVG."""
    ratios = [ratio for figure in figures for ratio in (figure.cpu_ratio, figure.wall_ratio)]
    scale = WIDTH / min(MOST, max(1.0, *ratios))
    rows = []
    for number, figure in enumerate(figures):
        y = TOP + number * STEP
        cpu, wall = (min(MOST, ratio) * scale for ratio in (figure.cpu_ratio, figure.wall_ratio))
        rows.append(
            BAR.format(
                left=LEFT - 8,
                begin=LEFT,
                y=y,
                low=y + 11,
                text=y + 13,
                cpu=cpu,
                wall=wall,
                end=LEFT + max(cpu, wall) + 6,
                name=escape(figure.name.partition(", against")[0]),
                cpu_ratio=figure.cpu_ratio,
                wall_ratio=figure.wall_ratio,
            )
        )
    height = TOP + len(figures) * STEP + 10
    return SVG.format(height=height, rows="\n".join(rows), one=LEFT + scale)
