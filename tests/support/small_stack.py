"""A small stack with everything that a stack may contain, and its lock."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.construct import plain
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment import (
    lock_record,
    stack_files,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import planner

from slowfast_stack.facts import Lock

HOSTS = Path(__file__).parents[1] / "unit" / "hosts"
SITE = "env/lib/python3.11/site-packages"
FFMPEG = {
    "origin": "build",
    "version": "7.1.2",
    "nv_codec_headers": "12.2.72.0",
    "flags": "--enable-gpl\n--enable-nvenc",
}
EMBEDDED = {
    "bomFormat": "CycloneDX",
    "components": [
        {"name": "six", "version": "1.17.0", "purl": "pkg:pypi/six@1.17.0?file_name=six.whl"},
        {"name": "libgomp", "version": "8.5.0", "purl": "pkg:rpm/almalinux/libgomp@8.5.0"},
        {"name": "libgomp", "version": "8.5.0", "purl": "pkg:rpm/almalinux/libgomp@8.5.0"},
        {"name": "raqm", "version": "0.11.0"},
        {"name": "odd", "purl": "no package URL"},
        "no component",
    ],
}
FILES = {
    "activate": "# activate\n",
    "stack.lock.json": "{}\n",
    "logs/packages.log": "done\n",
    "env/pyvenv.cfg": "home = /usr/bin\n",
    "env/bin/activate": "# activate\n",
    "env/bin/six": "#!python\n",
    f"{SITE}/six.py": "six = 6\n",
    f"{SITE}/__pycache__/six.cpython-311.pyc": "compiled",
    f"{SITE}/six-1.17.0.dist-info/METADATA": "Name: six\nLicense-Expression: MIT OR Apache-2.0\n",
    f"{SITE}/six-1.17.0.dist-info/RECORD": (
        "six.py,sha256=abc,10\n../../../bin/six,,\nlink.so,,\n../../../../../outside,,\n"
        "six-1.17.0.dist-info/METADATA,,\nsix-1.17.0.dist-info/RECORD,,\n"
        "six-1.17.0.dist-info/sboms/auditwheel.cdx.json,,\n"
    ),
    f"{SITE}/six-1.17.0.dist-info/sboms/auditwheel.cdx.json": json.dumps(EMBEDDED),
    f"{SITE}/old-0.1.dist-info/METADATA": (
        "Name: old\nLicense: UNKNOWN\nClassifier: License :: OSI Approved :: BSD License\n"
        "Classifier: License :: OSI Approved :: MIT License\n"
    ),
    f"{SITE}/old-0.1.dist-info/RECORD": (
        "old-0.1.dist-info/METADATA,,\nold-0.1.dist-info/RECORD,,\n"
        "old-0.1.dist-info/sboms/old.cdx.json,,\n"
    ),
    f"{SITE}/old-0.1.dist-info/sboms/old.cdx.json": json.dumps(EMBEDDED),
    f"{SITE}/slowfast-1.0.dist-info/RECORD": (
        "slowfast-1.0.dist-info/RECORD,,\nslowfast-1.0.dist-info/direct_url.json,,\n"
    ),
    "src/slowfast/setup.py": "setup()\n",
    "src/slowfast/.slowfast-stack/originals/0123": "before\n",
    "src/slowfast/slowfast.egg-info/PKG-INFO": "Name: slowfast\n",
}
COMMIT = "287ec0076846560f44a9327e931a5a2360240533"


class SmallStack(NamedTuple):
    """The folder of a stack, its lock as plain data, and its plan."""

    home: Path
    found: dict[str, Any]
    plan: dict[str, Any]

    @property
    def lock(self) -> Lock:
        """Return its lock."""
        return Lock.read(self.found)


def put(folder: Path, files: dict[str, str]) -> None:
    """Write text files."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")


def host() -> dict[str, Any]:
    """Return a recorded host without a GPU."""
    found = json.loads((HOSTS / "cpu-debian-12.json").read_text(encoding="utf-8"))["host"]
    return {**found, "network": {"pypi": True}}


def make(prefix: Path) -> SmallStack:
    """Make a stack in a prefix: an interpreter of uv, an FFmpeg, a patched source of git."""
    home = prefix / "stacks" / "0123456789ab"
    put(home, FILES)
    tree = {"url": f"file://{home}/src/slowfast", "dir_info": {"editable": True}}
    put(home, {f"{SITE}/slowfast-1.0.dist-info/direct_url.json": json.dumps(tree)})
    _interpreter(prefix, home)
    _ffmpeg(prefix, home)
    slowfast = home / "src" / "slowfast"
    for words in (["init", "-q"], ["add", "setup.py"]):
        subprocess.run(["git", "-C", str(slowfast), *words], check=True)
    plan = planner.plan(host()).to_dict()
    source = {
        "origin": "git",
        "url": "https://github.com/facebookresearch/SlowFast",
        "commit": COMMIT,
    }
    plan["sources"] = {"slowfast": source}
    plan["patches"] = ["company-imports", "detectron2-weights-only"]
    found = plain(lock_record.record(Commands(), lock_record.Subject(home, plan, host())))
    return SmallStack(home, json.loads(json.dumps(found)), plan)


def _interpreter(prefix: Path, home: Path) -> None:
    """Install a Python that answers two questions, and link it as uv does."""
    text = "#!/bin/sh\necho CPython 3.11.2\n"
    put(
        prefix, {"pythons/cpython-3.11/bin/python3.11": text, "pythons/cpython-3.11/LICENSE": "PSF"}
    )
    program = prefix / "pythons/cpython-3.11/bin/python3.11"
    program.chmod(0o755)
    (home / "env/bin/python").symlink_to(program)


def _ffmpeg(prefix: Path, home: Path) -> None:
    """Put an artifact into the cache, made of this system's C library, and link it."""
    artifact = prefix / "cache" / "ffmpeg" / "0123"
    (artifact / "bin").mkdir(parents=True)
    shutil.copy("/bin/true", artifact / "bin" / "ffmpeg")
    digest = hashlib.sha256((artifact / "bin" / "ffmpeg").read_bytes()).hexdigest()
    found = {"schema": 1, "inputs": FFMPEG, "files": {"bin/ffmpeg": digest}, "seconds": 1.0}
    put(artifact, {"artifact.json": json.dumps(found)})
    (home / "ffmpeg").symlink_to(artifact)


def proven(prefix: Path, more: dict[str, str] | None = None) -> SmallStack:
    """Make a stack, with ``more`` files, that is the current one of its prefix."""
    made = make(prefix)
    put(made.home, more or {})
    plan = {**made.plan, "id": made.home.name, "schema": 1}
    found = {**made.found, "plan": {**made.found["plan"], "id": made.home.name}}
    put(made.home, {"proof/plan.json": json.dumps(plan), "stack.lock.json": json.dumps(found)})
    put(prefix, {".slowfast-stack.json": json.dumps({"owner": "slowfast.stack", "schema": 1})})
    (prefix / "current").symlink_to(Path("stacks") / made.home.name)
    stack_files.save(made.home, stack_files.taken(made.home))
    return made
