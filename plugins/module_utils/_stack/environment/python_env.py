"""Create a Python environment with uv or conda, install packages with uv, rebuild it if incomplete."""

from __future__ import annotations

import contextlib
import re
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..core import scratch
from ..core.errors import StackError, Unreadable
from ..core.files import atomic_write
from ..core.process import locked
from ..symptoms.recognize import explain
from . import direct_url, package_hashes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ..core.process import Commands, Finished

# Exists while packages are written: an interrupted installation leaves files that look installed.
UNFINISHED = ".slowfast-stack-unfinished"
# How long other uv processes of the user may keep its cache from being cleared, in seconds.
PRUNE_S = 60.0
EDITABLE, FROM_FILE = "-e ", "-r "
# Like `setup.py develop`: folders of the tree without __init__.py can be imported too.
EDITABLE_AS_DEVELOP = ("--config-setting", "editable_mode=compat")
# A hard link would be a second name of a file in uv's cache: what is written there, both have. A
# file system that shares blocks between copies does so here.
COPIES = ("--link-mode", "copy")
# What conda and mamba say of a package that no channel has.
_NO_PACKAGE = re.compile(
    r"PackagesNotFoundError|nothing provides requested|does not exist \(perhaps"
)
CONDA_HINT = "Check that conda-forge is reachable (proxy, certificates, mirror), then run again."
NETWORK_HINT = (
    "Check that PyPI is reachable (proxy, certificates, index), then run again to continue."
)


@dataclass(frozen=True)
class PythonEnv:
    """The environment at ``path``, managed with the uv binary ``uv``.

    ``pythons`` is the folder for Pythons that uv downloads, None for uv's default in the home
    folder of the user.
    """

    path: Path
    uv: str
    pythons: Path | None = None

    @property
    def python(self) -> Path:
        """Return the interpreter inside the environment."""
        return self.path / "bin" / "python"

    @property
    def creating(self) -> Path:
        """Return the marker file beside the environment that exists while it is created."""
        return self.path.with_name(f".{self.path.name}.creating")

    @property
    def lock(self) -> Path:
        """Return the lock file; it is beside the environment, which may be rebuilt."""
        return self.path.with_name(f".{self.path.name}.lock")


@dataclass(frozen=True)
class Conda:
    """A conda installation that creates the environment: its home, one channel, the packages.

    ``files`` are the packages with their dependencies for an installation without a channel.
    """

    home: Path
    channel: str
    packages: tuple[str, ...]
    files: tuple[Path, ...] = ()

    def argv(self, path: Path) -> list[str]:
        """Return the command that creates the environment from this channel only."""
        argv = [str(self.home / "bin" / "conda"), "create", "--yes", "--quiet"]
        # Copies, as those of uv: another environment must not write to the files of this one.
        argv += ["--copy"]
        argv += ["--prefix", str(path), "--override-channels", "--channel", self.channel]
        if self.files:
            return [*argv, "--offline", *(str(file) for file in self.files)]
        return [*argv, *self.packages]


@dataclass(frozen=True)
class Packages:
    """What to install: requirements (pins, ``-e PATH``, ``NAME @ file://...``) and how.

    ``index`` replaces the configured indexes: with two, uv uses for each package only the first
    that has any version of it. ``hashes`` is a file that receives every pin, also those of
    dependencies, with the SHA-256 of its files, which the installation then requires; a bundle has
    its own. ``known`` are digests by pin, of the catalog or a lock: no other file is installed.
    ``bundle`` is the folder of an extracted bundle; only its wheels are used.
    """

    requirements: tuple[str, ...]
    constraints: tuple[str, ...] = ()
    index: str | None = None
    bundle: Path | None = None
    hashes: Path | None = None
    dependencies: bool = True
    build_isolation: bool = True
    known: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def constraint_lines(self) -> str:
        """Return the constraints; a pin has the digests that are known of it."""
        pins = {package_hashes.pin(line): () for line in self.constraints}
        lines = package_hashes.written({**pins, **self.known})
        return "\n".join(lines) + "\n"


def why_rebuild(commands: Commands, env: PythonEnv, version: str) -> str | None:
    """Return why the environment must be rebuilt for Python ``version`` (X.Y); None to keep it."""
    if env.creating.exists() or (env.path / UNFINISHED).exists():
        return "an installation into it was interrupted"
    if not env.path.exists():
        return "it does not exist"
    probe = "import sys; print('{}.{}'.format(*sys.version_info))"
    answer = commands.run([str(env.python), "-c", probe])
    if answer.rc:
        return "its interpreter does not run"
    found = answer.output.strip()
    return None if found == version else f"it has Python {found}, planned is {version}"


@contextlib.contextmanager
def _alone(commands: Commands, env: PythonEnv) -> Iterator[Commands]:
    """Hold the lock of the environment, and clear what a uv that was killed in it left in its cache."""
    busy = env.path.with_name(f".{env.path.name}.busy")
    with locked(commands, env.lock) as held:
        if busy.exists():
            held.within(PRUNE_S).run([env.uv, "cache", "prune", "--quiet"])
        busy.touch()
        try:
            yield held
        finally:
            busy.unlink()


def create(commands: Commands, env: PythonEnv, python: str | Conda, version: str) -> str | None:
    """Create the environment where needed; return the reason, or None.

    ``python`` is an interpreter, a version that uv provides, or a conda installation.
    """
    with _alone(commands, env) as held:
        reason = why_rebuild(held, env, version)
        if reason is None:
            return None
        env.creating.touch()
        old = env.path.with_name(f".{env.path.name}.old")
        shutil.rmtree(old, ignore_errors=True)
        if env.path.exists():
            env.path.rename(old)
            shutil.rmtree(old, ignore_errors=True)
        if isinstance(python, Conda):
            argv, hint = python.argv(env.path), CONDA_HINT
        else:
            argv = [env.uv, "venv", "--quiet", "--python", python, str(env.path)]
            hint = f"Check that {python} runs."
        place = {"UV_PYTHON_INSTALL_DIR": str(env.pythons)} if env.pythons else {}
        message = f"No environment could be created at {env.path}"
        done = held.run(argv, environment=place)
        if done.rc:
            cause = f"`{' '.join(argv)}` exited with {done.rc}:\n{done.tail()}\n"
            if isinstance(python, Conda) and _NO_PACKAGE.search(done.output):
                again = "Correct or omit --conda-package."
                raise StackError(f"{message}.", cause, again, code="environment.no-package")
            raise StackError(f"{message}.", cause, hint, code="environment.create-failed")
        env.creating.unlink()
    return reason


def _where(env: PythonEnv, wanted: Packages) -> list[str]:
    argv = ["--python", str(env.python)]
    if wanted.bundle:
        argv += ["--no-config", "--no-index", "--find-links", str(wanted.bundle / "wheels")]
    elif wanted.index:
        argv += ["--default-index", wanted.index]
    return argv if wanted.dependencies else [*argv, "--no-deps"]


@contextlib.contextmanager
def _command(env: PythonEnv, wanted: Packages, *extra: str) -> Iterator[list[str]]:
    argv = [env.uv, "pip", "install", *_where(env, wanted), *COPIES, *extra]
    if not wanted.build_isolation:
        argv.append("--no-build-isolation")
    for requirement in wanted.requirements:
        if requirement.startswith(FROM_FILE):
            argv += ["--require-hashes", *requirement.partition(" ")[::2]]
        elif requirement.startswith(EDITABLE):
            argv += [*EDITABLE_AS_DEVELOP, *requirement.partition(" ")[::2]]
        else:
            argv.append(requirement)
    with scratch.folder() as folder:
        constraints = folder / "constraints.txt"
        constraints.write_text(wanted.constraint_lines(), encoding="utf-8")
        yield [*argv, "--constraints", str(constraints)]


def _editable_is_installed(env: PythonEnv, tree: Path) -> bool:
    """Return whether ``tree`` is installed as editable since its setup.py last changed."""
    pattern = f"lib/python*/site-packages/*.dist-info/{direct_url.FILE}"
    wanted = direct_url.DirectUrl(tree.as_uri(), editable=True)
    for origin in env.path.glob(pattern):
        try:
            found = direct_url.read(origin.parent)
        except Unreadable:  # it is installed again
            continue
        if found == wanted:
            setup = tree / "setup.py"
            return setup.is_file() and setup.stat().st_mtime < origin.stat().st_mtime
    return False


def _still_wanted(env: PythonEnv, wanted: Packages) -> Packages:
    """Drop the editable trees that are installed; uv would build them again every time."""
    left = tuple(
        requirement
        for requirement in wanted.requirements
        if not requirement.startswith(EDITABLE)
        or not _editable_is_installed(env, Path(requirement[len(EDITABLE) :]))
    )
    return replace(wanted, requirements=left)


def missing(commands: Commands, env: PythonEnv, wanted: Packages) -> tuple[str, ...]:
    """Return the changes of an installation in uv's words; empty if everything is installed."""
    wanted = _still_wanted(env, wanted)
    if not wanted.requirements:
        return ()
    # In check mode the environment and the bundle may not exist yet.
    if not env.python.exists() or (wanted.bundle and not wanted.bundle.exists()):
        return tuple(f"+ {requirement}" for requirement in wanted.requirements)
    # Compare the named requirements first: that needs no resolution.
    named = _dry_run(commands, env, replace(wanted, dependencies=False))
    return named or (_dry_run(commands, env, wanted) if wanted.dependencies else ())


def _record_hashes(commands: Commands, env: PythonEnv, wanted: Packages, path: Path) -> None:
    """Write every pin with the hashes of its files. Raises ``StackError`` for others than known."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with scratch.folder() as folder:
        pins, constraints, served = (folder / name for name in ("pins", "constraints", "served"))
        pins.write_text("\n".join(wanted.requirements) + "\n", encoding="utf-8")
        constraints.write_text("\n".join(wanted.constraints) + "\n", encoding="utf-8")
        argv = [env.uv, "pip", "compile", str(pins), *_where(env, wanted), "--generate-hashes"]
        argv += ["--constraints", str(constraints), "--quiet", "--no-header", "--no-annotate"]
        argv += ["--output-file", str(served)]
        done = commands.run([*argv, "--offline"])
        if done.rc and not _is_disk_full(done):
            done = commands.run(argv)
        if done.rc:
            message = f"The hashes of the packages for {env.path} could not be downloaded"
            raise _failed(message, done, "index.unreachable")
        found = package_hashes.read(served.read_text(encoding="utf-8").splitlines())
    index = wanted.index or "The index"
    allowed = package_hashes.allowed(found, wanted.known, index)
    atomic_write(path, "\n".join(package_hashes.written(allowed)) + "\n")


def _dry_run(commands: Commands, env: PythonEnv, wanted: Packages) -> tuple[str, ...]:
    message = f"uv could not resolve the packages for {env.path}"
    output = _pip(commands, env, wanted, message, ("--dry-run",))
    return tuple(
        line.strip() for line in output.splitlines() if line.strip().startswith(("+ ", "- ", "~ "))
    )


def _pip(
    commands: Commands,
    env: PythonEnv,
    wanted: Packages,
    message: str,
    extra: Sequence[str] = (),
    log: Path | None = None,
) -> str:
    """Run uv offline with its cache first, and over the network only where that lacks something."""
    with _command(env, wanted, "--offline", *extra) as argv:
        done = commands.run(argv, log=log)
    if done.rc == 0:
        return done.output
    if _is_disk_full(done):
        raise _failed(message, done)
    if wanted.bundle:
        raise StackError(
            f"{message}.",
            f"The bundle does not hold what is needed:\n{done.tail()}\n",
            "Create a bundle for this host: slowfast-stack bundle create.",
            code="bundle.missing-package",
        )
    with _command(env, wanted, *extra) as argv:
        done = commands.run(argv, log=log)
    if done.rc:
        raise _failed(message, done)
    return done.output


def _is_disk_full(done: Finished) -> bool:
    """Return whether the network would not help, and the error of a second try hide this one."""
    found = explain(done.output)
    return found is not None and found.symptom.code == "disk.full"


def _failed(message: str, done: Finished, code: str = "packages.not-installable") -> StackError:
    found = explain(done.output)
    full = found is not None and found.symptom.code == "disk.full"
    return StackError(
        f"{message}.",
        f"{found.cause if found else ''} uv exited with {done.rc}:\n{done.tail()}\n".lstrip(),
        found.hint if found else NETWORK_HINT,
        code="disk.full" if full else code,
    )


def install(commands: Commands, env: PythonEnv, wanted: Packages, log: Path) -> tuple[str, ...]:
    """Install missing packages and return the changes; an interrupted call leaves UNFINISHED."""
    with _alone(commands, env) as held:
        if not env.python.exists():
            raise StackError(
                f"There is no environment at {env.path}.",
                "It must be created first.",
                "Run the role slowfast.stack.uv_env before this one.",
                code="environment.missing",
            )
        changes = missing(held, env, wanted)
        if not changes:
            return ()
        (env.path / UNFINISHED).touch()
        log.parent.mkdir(parents=True, exist_ok=True)
        if wanted.hashes and not wanted.bundle:
            _record_hashes(held, env, wanted, wanted.hashes)
            # The file has every package; a constraint without hashes would be refused.
            fixed = f"{FROM_FILE}{wanted.hashes}"
            wanted = replace(wanted, requirements=(fixed,), constraints=(), known={})
        _pip(held, env, wanted, f"The packages could not be installed into {env.path}", log=log)
        (env.path / UNFINISHED).unlink()
    return changes
