"""Time Detectron2's CUDA extension in one run: for one capability, and for PyTorch's complete list.

    .venv/bin/python tests/bench/detectron2_cuda.py \\
        --env PREFIX/current/env --tree PREFIX/current/src/detectron2

No GPU is needed; the toolkit must be of the major version that PyTorch was built for. The split of
each build into host code (.cpp) and device code (.cu) comes from ninja's own log: host code does
not depend on the capabilities, so its seconds are what a cache of host objects could save when a
GPU is added. With --ccache, the first build is done again through an empty and then a full cache.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

LIST = (
    "import torch; print(';'.join(f'{int(sm[3:]) // 10}.{int(sm[3:]) % 10}'"
    " for sm in torch._C._cuda_getArchFlags().split() if sm.startswith('sm_')))"
)
HEADERS = "import nvidia, pathlib; print(*pathlib.Path(nvidia.__path__[0]).glob('cu1*/include'))"


@dataclass(frozen=True)
class Build:
    """A finished build: its wall seconds, the extension's bytes, and seconds of each object."""

    seconds: float
    size: int
    host: float
    device: float


def main() -> int:
    """Print each build and the ratios."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--env", type=Path, required=True, help="environment with torch and ninja")
    parser.add_argument("--tree", type=Path, required=True, help="Detectron2's patched source")
    parser.add_argument("--cuda-home", type=Path, default=Path("/usr/local/cuda"))
    parser.add_argument("--capability", default="9.0")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--ccache", action="store_true", help="measure ccache, too")
    parser.add_argument("--json", action="store_true", help="print one object instead of lines")
    options = parser.parse_args()
    builds: dict[str, Build] = {}
    with tempfile.TemporaryDirectory(prefix="slowfast-stack-bench-") as scratch:
        for name, environment in wanted(Path(scratch), options).items():
            # The same folder for all: a cache knows objects by the paths of their sources.
            tree, python = Path(scratch) / "tree", options.env / "bin" / "python"
            builds[name] = made = build(tree, options.tree, python, environment)
            ratio = next(iter(builds.values())).seconds / made.seconds
            # Minutes are between them, so each is reported when it is there.
            print(
                f"{name}: {made.seconds:.1f} s, {made.size / 2**20:.1f} MiB; compilers: host code"
                f" {made.host:.1f} s, device code {made.device:.1f} s;"
                f" the first against this: ratio {ratio:.2f}",
                file=sys.stderr if options.json else sys.stdout,
                flush=True,
            )
    if options.json:
        print(json.dumps({name: vars(made) for name, made in builds.items()}))
    return 0


def wanted(scratch: Path, options: argparse.Namespace) -> dict[str, dict[str, str]]:
    """Return the variables of each build by its name; the first is that for one capability."""
    python = options.env / "bin" / "python"
    complete = said(python, LIST)
    variables = {
        "FORCE_CUDA": "1",
        "CUDA_HOME": str(options.cuda_home),
        "CPATH": said(python, HEADERS),
        "MAX_JOBS": str(options.jobs),
        "CFLAGS": "-DNDEBUG -fwrapv -O2 -g0",
        "PATH": f"{options.env / 'bin'}{os.pathsep}{os.environ['PATH']}",
    }
    one = {**variables, "TORCH_CUDA_ARCH_LIST": options.capability}
    builds = {
        f"one capability, {options.capability}": one,
        f"PyTorch's list, {complete}": {**variables, "TORCH_CUDA_ARCH_LIST": complete},
    }
    if options.ccache:
        cached = {**one, **through_ccache(scratch, variables["PATH"], options.cuda_home)}
        added = {**cached, "TORCH_CUDA_ARCH_LIST": f"8.0;{options.capability}"}
        builds |= {"through ccache, empty": cached, "through ccache, full": cached}
        builds |= {"through ccache, one capability more": added}
    return builds


def through_ccache(scratch: Path, path: str, cuda_home: Path) -> dict[str, str]:
    """Return the variables that put ccache before the compilers, under the compilers' own names.

    PyTorch asks the compiler for its name and version, and refuses one that is called ccache.
    """
    ccache = shutil.which("ccache")
    if not ccache:
        sys.exit("There is no ccache on this machine. Install it, or leave --ccache out.")
    folder = scratch / "compilers"
    folder.mkdir()
    for name in ("gcc", "g++"):
        (folder / name).symlink_to(ccache)
    return {
        "CCACHE_DIR": str(scratch / "ccache"),
        "CC": "gcc",
        "CXX": "g++",
        "PATH": f"{folder}{os.pathsep}{path}",
        "PYTORCH_NVCC": f"{ccache} {cuda_home}/bin/nvcc",
    }


def said(python: Path, program: str) -> str:
    """Return what a program in the environment prints."""
    argv = [str(python), "-c", program]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()


def build(folder: Path, tree: Path, python: Path, environment: dict[str, str]) -> Build:
    """Compile the extension in a copy of the tree."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(tree, folder, symlinks=True, ignore=shutil.ignore_patterns(".git", "build"))
    started = time.monotonic()
    done = subprocess.run(
        [str(python), "setup.py", "--quiet", "build_ext"],
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - started
    if done.returncode:
        sys.exit(f"The build failed:\n{done.stdout[-3000:]}")
    objects = ninja_log(next(folder.glob("build/temp*/.ninja_log")))
    return Build(
        seconds,
        next(folder.glob("build/lib*/detectron2/_C*.so")).stat().st_size,
        sum(took for name, took in objects.items() if "cuda" not in Path(name).stem),
        sum(took for name, took in objects.items() if "cuda" in Path(name).stem),
    )


def ninja_log(path: Path) -> dict[str, float]:
    """Return the seconds of each object; lines are start, end (ms), time, output, hash."""
    rows = [line.split("\t") for line in path.read_text().splitlines() if line[:1].isdigit()]
    return {row[3]: (int(row[1]) - int(row[0])) / 1000 for row in rows}


if __name__ == "__main__":
    sys.exit(main())
