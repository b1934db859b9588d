"""Link packages of another Python into an environment, without copying or changing them.

Each top-level file or folder of a package becomes a link. New metadata lists only the links, so
uv and pip find the package, and uninstalling it removes only links.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core.errors import StackError
from ..core.names import bare_name, matching, read_regular
from ..core.process import locked
from ..core.validation import parse_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..core.process import Commands
    from .python_env import PythonEnv

INSTALLER = "slowfast.stack, by links"
# A link to the original's list of files: a change there invalidates the proof here.
ORIGIN = "RECORD.adopted"
SCRIPT = """#!{python}
import sys
from {module} import {name}
sys.exit({name}())
"""

# Runs in the Python that has the packages; prints one line of JSON. Requirements with markers
# count if they are installed, those of extras if the extra is requested.
CLOSURE = r"""
import json, re, sys
from importlib import metadata
def key(name):
    return re.sub('[-_.]+', '-', name).lower()
found, seen, waiting = {}, set(), [(sys.argv[1], '')]
while waiting:
    name, extra = waiting.pop()
    if (key(name), extra) in seen:
        continue
    seen.add((key(name), extra))
    try:
        package = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        continue
    points = [(p.name, p.value) for p in package.entry_points if p.group == 'console_scripts']
    found[key(name)] = {
        'name': package.metadata['Name'], 'version': package.version,
        'info': str(getattr(package, '_path', None)), 'scripts': points,
        'files': None if package.files is None else [str(f) for f in package.files],
    }
    for line in package.requires or ():
        requirement, _, marker = line.partition(';')
        wanted = [key(text) for text in re.findall(r'extra\s*==\s*.([\w.-]+)', marker)]
        if wanted and key(extra) not in wanted:
            continue
        name_, _, extras = re.match(r'([\w.-]+)\s*(\[([^\]]*)\])?', requirement.strip()).groups()
        waiting += [(name_, text.strip()) for text in ('', *(extras or '').split(','))]
print(json.dumps(list(found.values())))
"""
_entry_point = matching(r"[\w.]+:[\w.]+(?: *\[.*\])?", "MODULE:FUNCTION")


class Package(NamedTuple):
    """An installed package: its metadata folder, its files beside that, its console scripts."""

    name: str
    version: str
    info: Path
    files: tuple[str, ...]
    scripts: tuple[tuple[str, str], ...]

    @property
    def tops(self) -> list[str]:
        """Return the files and folders to link, without metadata, scripts and compiled copies."""
        first = dict.fromkeys(Path(file).parts[0] for file in self.files)
        return [top for top in first if top not in ("..", "__pycache__", self.info.name)]


def closure(commands: Commands, python: str, name: str) -> list[Package]:
    """Return ``name`` and its dependencies as installed for the interpreter ``python``."""
    answer = commands.run([python, "-I", "-c", CLOSURE, name])
    try:
        rows: list[dict[str, Any]] = parse_json(answer.output.strip().splitlines()[-1])
    except (ValueError, IndexError):
        rows = []
    if not rows or any(row["files"] is None for row in rows):
        lacking = [row["name"] for row in rows if row["files"] is None] or [name]
        raise StackError(
            f"{', '.join(lacking)} of {python} cannot be adopted.",
            answer.tail(5)
            if answer.rc
            else "It is not installed, or its list of files is missing.",
            "Pass another Python that has it, or let the plan install it.",
            code="environment.not-adoptable",
        )
    return [
        Package(
            row["name"],
            row["version"],
            Path(row["info"]),
            tuple(row["files"]),
            tuple((script, target) for script, target in row["scripts"]),
        )
        for row in rows
    ]


def adopt(
    commands: Commands, env: PythonEnv, python: str, name: str, *, change: bool = True
) -> list[str]:
    """Link ``name`` and its dependencies into ``env``; return the packages that were missing.

    A package that is installed in the environment is kept. Raise StackError.
    """
    with locked(commands, env.lock) as held:
        packages = closure(held, python, name)
        if not env.python.exists():
            return [f"{package.name} {package.version}" for package in packages]
        site = next(env.path.glob("lib/python*/site-packages"))
        present = dict(_installed(site))
        new = []
        for package in packages:
            known = present.get(_key(package.name))
            if known and not _stale(known, package):
                continue
            new.append(f"{package.name} {package.version}")
            if change:
                if known:
                    _remove(env.path, known)
                _link(env, site, package)
    return new


def _installed(site: Path) -> Iterator[tuple[str, Path]]:
    for info in site.glob("*.dist-info"):
        yield _key(info.name.partition("-")[0]), info


def _key(name: str) -> str:
    return name.replace("-", "_").replace(".", "_").lower()


def _stale(info: Path, package: Package) -> bool:
    """Return whether the links are of an outdated version or location of the package."""
    origin = info / ORIGIN
    other = origin.resolve() != (package.info / "RECORD").resolve()
    return origin.is_symlink() and (other or info.name != package.info.name)


def _remove(env: Path, info: Path) -> None:
    """Remove what the list of a package names inside of the environment, and nothing else."""
    for line in read_regular(info / "RECORD").decode("utf-8", "replace").splitlines():
        path = Path(os.path.normpath(info.parent / line.partition(",")[0]))
        inside = env in path.parents and path.parent.resolve() == path.parent
        if inside and (path.is_symlink() or path.is_file()):
            path.unlink()
    shutil.rmtree(info, ignore_errors=True)


def _link(env: PythonEnv, site: Path, package: Package) -> None:
    origin = package.info.parent
    files = []
    for top in package.tops:
        link, target = site / top, origin / top
        # A namespace folder is shared by several packages and linked once.
        if not link.exists() and target.exists():
            link.symlink_to(target)
            files.append(top)
    for script, target_ in package.scripts:
        bare_name(script, "the name of a script")
        _entry_point(target_, f"the script {script}")
        path = env.path / "bin" / script
        if not path.exists():
            module, _colon, function = target_.partition(":")
            text = SCRIPT.format(python=env.python, module=module, name=function)
            path.write_text(text, encoding="utf-8")
            path.chmod(0o755)
            files.append(f"../../../bin/{script}")
    info = site / package.info.name
    info.mkdir()
    for name in ("METADATA", "WHEEL", "top_level.txt", "entry_points.txt"):
        if (package.info / name).is_file():
            shutil.copyfile(package.info / name, info / name)
            files.append(f"{info.name}/{name}")
    (info / ORIGIN).symlink_to(package.info / "RECORD")
    (info / "INSTALLER").write_text(INSTALLER + "\n", encoding="utf-8")
    files += [f"{info.name}/{name}" for name in (ORIGIN, "INSTALLER", "RECORD")]
    record = "".join(f"{name},,\n" for name in files)
    (info / "RECORD").write_text(record, encoding="utf-8")
