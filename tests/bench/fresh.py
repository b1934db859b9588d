"""A fresh `up` against the guide by hand: the guide's own commands with pip, one by one, in the same run.

    scripts/bench fresh --source slowfast=PATH --source detectron2=PATH --source pytorchvideo=PATH

The commands by hand get every trap removed beforehand: right versions, setuptools that has
pkg_resources, no build isolation for Detectron2, SlowFast's requirement names patched. `up` also
probes, plans, patches and proves in its time. Both use the caches of pip and uv as they are; --cold
gives both empty ones. No wheel that was built before is at hand: the first `up` compiles, a second
prefix of the same key takes that wheel, and the first prefix is then confirmed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from figures import BIN, ENVIRONMENT, OUT, Spent, figure, save, spent

NAMES = ("slowfast", "detectron2", "pytorchvideo")


def main() -> int:
    """Print the seconds of each way and the ratios."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--source", action="append", required=True, metavar="NAME=PATH")
    parser.add_argument("--cold", action="store_true", help="give both ways empty caches")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    sources = dict(source.split("=", 1) for source in options.source)
    with tempfile.TemporaryDirectory(prefix="slowfast-stack-bench-") as scratch:
        steps, ways = measure(Path(scratch), sources, cold=options.cold)
    for name, step in steps.items():
        print(f"  by hand, {name}: {step.wall:.1f} s, processor {step.cpu:.1f} s")
    by_hand = Spent(*(sum(step[kind] for step in steps.values()) for kind in (0, 1)))
    guide = ("the guide by hand, with pip", by_hand)
    save(
        "fresh",
        [
            figure(f"{name}, against the guide by hand", ("slowfast-stack up", way), guide)
            for name, way in ways.items()
        ],
        options.out,
    )
    return 0


def measure(
    scratch: Path, sources: dict[str, str], *, cold: bool
) -> tuple[dict[str, Spent], dict[str, Spent]]:
    """Return the seconds of each step by hand, and of each `up`."""
    environment = {**ENVIRONMENT, **caches(scratch, cold=cold)}
    plan = planned(scratch, sources)
    steps = by_hand(scratch / "hand", plan, sources, environment)
    first, second = scratch / "first", scratch / "second"
    ways = {
        "fresh up that compiles Detectron2": up(first, sources, environment),
        "fresh up, wheels built before": up(second, sources, environment),
        "converged up": up(first, sources, environment),
    }
    return steps, ways


def caches(scratch: Path, *, cold: bool) -> dict[str, str]:
    """Return the variables of an empty cache of built wheels, and of pip's and uv's if requested."""
    pip, uv = scratch / "pip", scratch / "uv"
    if not cold:
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        pip = Path(os.environ.get("PIP_CACHE_DIR") or home / "pip")
        argv = [str(BIN / "uv"), "cache", "dir"]
        uv = Path(subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip())
    return {
        "XDG_CACHE_HOME": str(scratch / "cache"),
        "PIP_CACHE_DIR": str(pip),
        "UV_CACHE_DIR": str(uv),
    }


def options_of(prefix: Path, sources: dict[str, str]) -> list[str]:
    """Return the options that name the prefix and the sources."""
    named = [option for pair in sources.items() for option in ("--source", "=".join(pair))]
    return ["--prefix", str(prefix), *named]


def planned(scratch: Path, sources: dict[str, str]) -> dict[str, object]:
    """Return the plan, so that both ways install the same versions."""
    argv = [str(BIN / "slowfast-stack"), "plan", "--json", *options_of(scratch / "first", sources)]
    answer = json.loads(subprocess.run(argv, check=True, capture_output=True, text=True).stdout)
    plan: dict[str, object] = answer["hosts"]["localhost"]
    return plan


def up(prefix: Path, sources: dict[str, str], environment: dict[str, str]) -> Spent:
    """Time one `up`, proof included."""
    argv = [str(BIN / "slowfast-stack"), "up", "--yes", *options_of(prefix, sources)]
    return timed(argv, environment)


def timed(argv: list[str], environment: dict[str, str], cwd: Path | None = None) -> Spent:
    """Run a command, which must succeed; return its seconds."""
    os.sync()  # what the one before has left to write is not this one's work
    return spent(argv, environment=environment, cwd=cwd)


def by_hand(
    folder: Path, plan: dict[str, object], sources: dict[str, str], environment: dict[str, str]
) -> dict[str, Spent]:
    """Run the guide's commands, in the guide's order; return the seconds of each."""
    folder.mkdir()
    python = plan["python_interpreter"]["path"]  # type: ignore[index]
    timed([python, "-m", "venv", str(folder / "env")], environment)
    pip = [str(folder / "env" / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    torch, index = plan["torch"], plan["torch"]["index"]  # type: ignore[index]
    local = f"+{torch['variant']}" if index else ""  # type: ignore[index]
    extra = ["--extra-index-url", index] if index else []
    trees = {name: folder / name for name in NAMES}
    for name, tree in trees.items():
        clone(sources[name], plan["sources"][name]["commit"], tree)  # type: ignore[index]
    names = [str(BIN / "slowfast-stack"), "patch", str(trees["slowfast"]), "--only", "setup-names"]
    timed(names, environment)
    steps = {
        "PyTorch": [
            *(f"torch=={torch['version']}{local}", f"torchvision=={plan['torchvision']}{local}"),  # type: ignore[index]
            *extra,
        ],
        "the other packages": [
            *("simplejson", "psutil", "opencv-python", "tensorboard", "moviepy<2", "iopath==0.1.9"),
            *("cython", "setuptools==69.5.1", "wheel", "ninja", "av", "scipy"),
        ],
        "Detectron2": ["--no-build-isolation", "-e", str(trees["detectron2"])],
        "PyTorchVideo": ["--no-build-isolation", "-e", str(trees["pytorchvideo"])],
        "SlowFast": ["--no-build-isolation", "-e", str(trees["slowfast"])],
    }
    jobs = {**environment, "MAX_JOBS": str(os.cpu_count())}
    return {name: timed([*pip, *what], jobs, folder) for name, what in steps.items()}


def clone(source: str, commit: str, tree: Path) -> None:
    """Check out a commit, without the demo animations, which a partial copy may lack."""
    git = ["git", "-C", str(tree)]
    for argv in (
        ["git", "clone", "--quiet", "--no-checkout", source, str(tree)],
        [*git, "sparse-checkout", "set", "--no-cone", "/*", "!*.gif"],
        [*git, "checkout", "--quiet", "--detach", commit],
    ):
        subprocess.run(argv, check=True, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())
