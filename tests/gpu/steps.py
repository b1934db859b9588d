"""The steps on the GPU machine; results are written after each step."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import parts
import video
from results import Results

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUNDLE = "stack.bundle"
HAS_TORCH = "import torch; print(torch.__version__, 'for CUDA', torch.version.cuda)"
GPU = "name,driver_version,compute_cap,memory.total"


def run(kept: Path, out: Path, adopt: Path | None, *, rehearsal: bool) -> int:
    """Apply, build, prove, train and measure; return 0 when every step passed."""
    if lacking := parts.missing(kept):
        raise parts.Failed(
            f"{kept} lacks {', '.join(lacking)}. Copy and collect every folder first."
        )
    out.mkdir(parents=True, exist_ok=True)
    python = adopt or _with_torch()
    machine = Machine(kept.absolute(), out.absolute(), python, rehearsal=rehearsal)
    steps: list[tuple[str, Callable[[], None]]] = [
        ("the machine", machine.describe),
        ("the command line, from its wheels", machine.command_line),
        ("the bundle, every byte", machine.verify),
        ("`up --offline` in a new prefix, Detectron2 compiled", machine.first),
        ("`up --offline` again, nothing to change", machine.again),
        ("`up --offline` for a new environment, wheel of the first build", machine.second),
        ("operators and training", machine.measure),
        ("video on the GPU", machine.video),
    ]
    for name, step in steps:
        print(f"{name} ...", flush=True)
        machine.results.step(name, step)
    print(machine.results.write())
    return 0 if machine.results.ok else 1


class Machine:
    """The machine under test: its copied files and the folder for results."""

    def __init__(self, kept: Path, out: Path, python: Path, *, rehearsal: bool) -> None:
        """Use the files in ``kept`` and the torch of ``python``."""
        self.kept, self.python = kept, python
        self.results = Results(out, rehearsal=rehearsal)
        self.rehearsal = rehearsal
        self.work = kept / "work"
        self.first_prefix = self.work / "first"
        self.environment = {
            **os.environ,
            "PYTHONPATH": f"{ROOT / 'collections'}{os.pathsep}{ROOT / 'src'}",
            # An empty cache, so that no wheel of an earlier run is used.
            "XDG_CACHE_HOME": str(self.work / "cache"),
            "LC_ALL": "C.UTF-8",
        }

    def describe(self) -> None:
        """Record GPU, driver, CUDA, torch and processor."""
        add = self.results.add
        for line in _lines([str(self.python), "-c", HAS_TORCH]):
            add("reused torch", line)
        add("processor", f"{os.cpu_count()} cores, Python {sys.version.split()[0]}")
        for line in _lines(["nvidia-smi", f"--query-gpu={GPU}", "--format=csv,noheader"]):
            add("GPU", line)
        for line in _lines([_nvcc(), "--version"]):
            if "release" in line:
                add("nvcc", line.strip())

    def command_line(self) -> None:
        """Create an environment of the locked packages from the copied wheels."""
        self.work.mkdir(parents=True, exist_ok=True)
        uv = self.work / "uv"
        with zipfile.ZipFile(next(self.kept.glob("uv-*.whl"))) as wheel:
            program = next(row for row in wheel.namelist() if row.endswith(".data/scripts/uv"))
            uv.write_bytes(wheel.read(program))
        uv.chmod(0o755)
        venv = self.work / "venv"
        wheels = sorted(str(path) for path in self.kept.glob("*.whl"))
        self._checked(
            [str(uv), "venv", "--quiet", "--clear", "--python", str(self.python), str(venv)]
        )
        offline = ["--offline", "--no-index", "--no-deps"]
        python = str(venv / "bin" / "python")
        self._checked([str(uv), "pip", "install", "--quiet", "--python", python, *offline, *wheels])

    def verify(self) -> None:
        """Read every byte of the bundle."""
        verified = json.loads(
            self._checked([*self._command, "bundle", "verify", str(self._bundle()), "--json"])
        )
        self.results.add("bundle", f"{verified['bundle']['size'] / 2**20:.0f} MiB")

    def first(self) -> None:
        """Build, apply and prove."""
        host = self._up(self.first_prefix)
        plan = host["plan"]
        self.results.add("architectures", plan["torch"]["arch_list"] or "processor only")
        for record in self._built():
            built = json.loads(record.read_text(encoding="utf-8"))
            if built["facts"]["component"] == "detectron2":
                jobs = plan["build"]["max_jobs"]
                self.results.add("Detectron2 compiled", f"{built['seconds']} s with {jobs} jobs")

    def again(self) -> None:
        """Change nothing."""
        if changed := self._up(self.first_prefix)["changed"]:
            raise parts.Failed(f"{changed} tasks changed the host in a second run.")

    def second(self) -> None:
        """Create the environment again with the wheel that was built for the first one.

        In the same prefix, because a bundle allows no other source, not even another prefix.
        """
        built = {path: path.stat().st_mtime_ns for path in self._built()}
        shutil.rmtree((self.first_prefix / "current").resolve() / "env")
        self._up(self.first_prefix)
        if built != {path: path.stat().st_mtime_ns for path in self._built()}:
            raise parts.Failed("The new environment built its wheels again.")

    def measure(self) -> None:
        """Run the operators and training steps in the finished environment."""
        stack = self.first_prefix / "current"
        if not stack.exists():
            # Measure an unproven stack too: the GPU is available only now.
            stack = max(
                (self.first_prefix / "stacks").iterdir(), key=lambda path: path.stat().st_mtime
            )
        argv = [str(stack / "env" / "bin" / "python"), str(HERE / "measure.py")]
        argv += ["--src", str(stack / "src"), "--device", "cpu" if self.rehearsal else "cuda"]
        for row in json.loads(self._checked(argv, PYTHONPATH="").splitlines()[-1]):
            self.results.add(row["what"], row["figure"])

    def video(self) -> None:
        """Encode and decode on the GPU, where an FFmpeg with CUDA is installed."""
        for message, figure in video.round_trip(self.work):
            self.results.add(message, figure)

    def _built(self) -> list[Path]:
        return sorted(self.first_prefix.glob("cache/wheels/*/artifact.json"))

    def _bundle(self) -> Path:
        pieces = sorted(self.kept.glob(f"{BUNDLE}*"))
        return pieces[0]

    def _up(self, prefix: Path) -> dict[str, Any]:
        """Return the result of `up` for this machine. Raise Failed where it is not proven."""
        options = ["--prefix", str(prefix), "--offline", str(self._bundle()), "--unsigned"]
        options += ["--adopt-torch", str(self.python), "--yes", "--json"]
        code, output = self._run([*self._command, "up", *options])
        host: dict[str, Any] = json.loads(output or "{}").get("hosts", {}).get("localhost", {})
        if host.get("proof"):
            self.results.claims(host["proof"]["claims"])
        if code:
            raise parts.Failed(f"`up` exited {code}: {host.get('failure') or self._tail()}")
        return host

    @property
    def _command(self) -> list[str]:
        return [str(self.work / "venv" / "bin" / "python"), "-m", "slowfast_stack"]

    def _checked(self, argv: list[str], **environment: str) -> str:
        code, output = self._run(argv, **environment)
        if code:
            raise parts.Failed(f"`{Path(argv[0]).name}` exited {code}:\n{self._tail()}")
        return output

    def _run(self, argv: list[str], **environment: str) -> tuple[int, str]:
        """Return exit status and standard output; standard error goes to the log."""
        started = time.monotonic()
        with self.results.log.open("a", encoding="utf-8") as log:
            print(f"$ {' '.join(argv)}", file=log, flush=True)
            done = subprocess.run(
                argv,
                cwd=ROOT,
                env={**self.environment, **environment},
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                check=False,
            )
            print(f"{time.monotonic() - started:.1f} s", file=log)
        return done.returncode, done.stdout

    def _tail(self) -> str:
        return "\n".join(self.results.log.read_text(encoding="utf-8").splitlines()[-25:])


def _with_torch() -> Path:
    for name in (sys.executable, "python3", "python"):
        path = shutil.which(name)
        if path and _lines([path, "-c", HAS_TORCH]):
            return Path(path)
    raise parts.Failed("No Python on this machine has torch. Pass one with --adopt.")


def _nvcc() -> str:
    homes = sorted(Path("/usr/local").glob("cuda*/bin/nvcc"))
    return shutil.which("nvcc") or (str(homes[-1]) if homes else "nvcc")


def _lines(argv: list[str]) -> list[str]:
    """Return the output lines of a command; none where it is missing or fails."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
    except OSError:
        return []
    return done.stdout.splitlines() if done.returncode == 0 else []
