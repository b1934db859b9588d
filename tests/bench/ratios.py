"""Measure this project against the obvious alternative, each pair in the same run.

Times are the best of several runs: other work on the machine only adds. A converged `up` needs a
prefix with a proven stack; the hosts of a fleet are aliases of this machine with that prefix, each of
which does all the work of its own.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
ENVIRONMENT = {
    **{key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"},
    "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
    "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
}
FLEETS = (1, 4, 16)


@dataclass(frozen=True)
class Pair:
    """A command of this project and the alternative: argv, and the exit status of the first."""

    name: str
    ours: tuple[str, ...]
    other: tuple[str, ...]
    status: int = 0


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


def main() -> int:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prefix", help="a prefix with a proven stack, for converged runs")
    parser.add_argument("--hosts", type=int, default=max(FLEETS), help="the largest fleet")
    parser.add_argument("--times", type=int, default=3, help="runs of each command")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "measurements")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="slowfast-stack-bench-") as scratch:
        fleets = [size for size in FLEETS if size <= options.hosts]
        figures = []
        for pair in pairs(Path(scratch), fleets, options.prefix):
            figures.append(measured(pair, options.times))
            print(line(figures[-1]), flush=True)
    options.out.mkdir(parents=True, exist_ok=True)
    found = {"machine": machine(), "figures": [asdict(figure) for figure in figures]}
    (options.out / "ratios.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (options.out / "ratios.svg").write_text(chart(figures), encoding="utf-8")
    return 0


def pairs(scratch: Path, fleets: list[int], prefix: str | None) -> list[Pair]:
    """Return what is compared with what."""
    ping = ("ansible", "all", "-m", "ansible.builtin.ping", "-i")
    nowhere = str(scratch / "nowhere")
    found = [
        Pair("start of the program", ("slowfast-stack", "--version"), (sys.executable, "-c", "")),
        Pair(
            "probe of this machine, against Ansible's facts",
            ("slowfast-stack", "probe", "--json"),
            ("ansible", "all", "-m", "ansible.builtin.setup", "-i", inventory(scratch, 1)),
        ),
        Pair(
            "plan for an H100, against a start of Python",
            ("slowfast-stack", "plan", "--gpu", "10de:2330", "--os", "ubuntu-22.04", "--json"),
            (sys.executable, "-c", ""),
        ),
        Pair(
            "prove where nothing is installed, against ping",
            ("slowfast-stack", "prove", "--prefix", nowhere),
            (*ping, inventory(scratch, 1)),
            status=1,
        ),
    ]
    for size in fleets:
        hosts = inventory(scratch, size)
        named = f"{size} host{'s' * (size > 1)}, against ping of the same"
        found.append(
            Pair(f"plan of {named}", ("slowfast-stack", "plan", "-i", hosts), (*ping, hosts))
        )
        if prefix:
            up = ("slowfast-stack", "up", "--yes", "--prefix", prefix, "-i", hosts)
            found.append(Pair(f"converged up of {named}", up, (*ping, hosts)))
    return found


def inventory(scratch: Path, size: int) -> str:
    """Write an inventory of aliases of this machine; return its path."""
    path = scratch / f"hosts-{size}.json"
    host = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    path.write_text(json.dumps({"all": {"hosts": {f"host{n:03}": host for n in range(size)}}}))
    return str(path)


def measured(pair: Pair, times: int) -> Figure:
    """Run both in turn, as often as asked; the first run of each only fills caches."""
    rows = [(run(pair.ours, pair.status), run(pair.other, 0)) for _ in range(times + 1)][1:]
    wall, cpu = (min(row[0][kind] for row in rows) for kind in (0, 1))
    other_wall, other_cpu = (min(row[1][kind] for row in rows) for kind in (0, 1))
    return Figure(
        pair.name,
        shown(pair.ours),
        shown(pair.other),
        *(round(value, 3) for value in (wall, other_wall, cpu, other_cpu)),
        *(round(value, 2) for value in (wall / other_wall, cpu / other_cpu)),
    )


def run(argv: tuple[str, ...], status: int) -> tuple[float, float]:
    """Run a command, which must end with a status; return wall and processor seconds."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(
        argv, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    wall, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != status:
        sys.exit(f"{' '.join(argv)} ended with {done.returncode}:\n{done.stdout.decode()[-3000:]}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def shown(argv: tuple[str, ...]) -> str:
    """Return a command without the folders of this machine."""
    return " ".join(Path(word).name if word.startswith("/") else word for word in argv if word)


def line(figure: Figure) -> str:
    """Return a figure as text."""
    wall = f"{figure.wall_s:.2f} s against {figure.other_wall_s:.2f} s ({figure.wall_ratio:.2f})"
    cpu = f"{figure.cpu_s:.2f} s against {figure.other_cpu_s:.2f} s ({figure.cpu_ratio:.2f})"
    return f"{figure.name}: {wall}; processor {cpu}"


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
<svg xmlns="http://www.w3.org/2000/svg" width="820" height="{height}" font-family="sans-serif"
 font-size="12">
<style>rect {{ fill: #4a7ebb }} text {{ fill: #222 }} line {{ stroke: #b33 }}</style>
<text x="10" y="20" font-size="14">Processor time, as a multiple of the alternative (red: 1)</text>
{rows}
<line x1="{one:.1f}" y1="34" x2="{one:.1f}" y2="{height}"/>
</svg>
"""
BAR = """\
<text x="{left}" y="{text}" text-anchor="end">{name}</text>
<rect x="{begin}" y="{y}" width="{width:.1f}" height="18"/>
<text x="{end:.1f}" y="{text}">{ratio:.2f}</text>"""
TOP, STEP, LEFT, WIDTH = 40, 26, 330, 420


def chart(figures: list[Figure]) -> str:
    """Return bars of the ratios of processor seconds, as SVG."""
    scale = WIDTH / max(1.0, *(figure.cpu_ratio for figure in figures))
    rows = []
    for number, figure in enumerate(figures):
        y, width = TOP + number * STEP, figure.cpu_ratio * scale
        rows.append(
            BAR.format(
                left=LEFT - 8,
                begin=LEFT,
                y=y,
                text=y + 13,
                width=width,
                end=LEFT + width + 6,
                name=escape(figure.name.partition(",")[0]),
                ratio=figure.cpu_ratio,
            )
        )
    height = TOP + len(figures) * STEP + 10
    return SVG.format(height=height, rows="\n".join(rows), one=LEFT + scale)


if __name__ == "__main__":
    sys.exit(main())
