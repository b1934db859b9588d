"""Every file of a stack is listed with what provides it, or as that of no part."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.contents import files, system
from ansible_collections.slowfast.stack.plugins.module_utils._stack.contents.collect import (
    _Stack,
    _wanted,
    collect,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.contents.files import Entry
from ansible_collections.slowfast.stack.plugins.module_utils._stack.contents.model import (
    UNOWNED,
    Contents,
    Embedded,
    Library,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.contents.owners import SINGLE
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from support import small_stack
from support.small_stack import SITE, SmallStack, put

LIBC = next(
    line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines() if ".so" in line
)


@pytest.fixture
def stack(tmp_path: Path) -> SmallStack:
    return small_stack.make(tmp_path / "prefix")


def contents(stack: SmallStack, *, digests: bool = True) -> Contents:
    return collect(Commands(), stack.home, "x86_64", digests=digests)


def parts(found: Contents) -> dict[str, str]:
    return {file.path: file.part for file in found.files}


def test_each_file_is_of_the_part_that_provides_it(stack: SmallStack) -> None:
    found = parts(contents(stack))
    expected = {
        "activate": "records",
        "ffmpeg/artifact.json": "ffmpeg",
        "ffmpeg/bin/ffmpeg": "ffmpeg",
        "env/bin/activate": "environment",
        "env/bin/python": "environment",
        "env/bin/six": "package six",
        f"{SITE}/six.py": "package six",
        f"{SITE}/__pycache__/six.cpython-311.pyc": "package six",
        f"{SITE}/old-0.1.dist-info/RECORD": "package old",
        "python/bin/python3.11": "python",
        "src/slowfast/setup.py": "source slowfast",
        "src/slowfast/.git/HEAD": "source slowfast",
        "src/slowfast/slowfast.egg-info/PKG-INFO": "source slowfast",
    }
    assert {path: found[path] for path in expected} == expected
    assert UNOWNED not in found.values()


@pytest.mark.parametrize(
    "path",
    [
        f"{SITE}/planted.py",
        f"{SITE}/planted.pth",
        f"{SITE}/six-1.17.0.dist-info/planted",
        f"{SITE}/__pycache__/planted.cpython-311.pyc",
        "env/bin/planted",
        "env/bin/activate.planted",
        "ffmpeg/bin/planted",
        "src/slowfast/planted.py",
        "src/planted/x.py/y",
        "planted",
    ],
)
def test_a_planted_file_is_of_no_part(stack: SmallStack, path: str) -> None:
    if path.startswith("src/planted"):
        path = "src/planted"
    put(stack.home, {path: "planted"})
    found = contents(stack)
    (planted,) = (file for file in found.files if file.part == UNOWNED)
    assert planted.path == path
    assert planted.sha256 == hashlib.sha256(b"planted").hexdigest()


def test_as_many_files_are_listed_as_there_are_on_the_disk(stack: SmallStack) -> None:
    odd = stack.home / "env" / os.fsdecode(b"odd\xff\n\x1bname")
    odd.write_text("x")
    os.mkfifo(stack.home / "env" / "pipe")
    (stack.home / "env" / "loop").symlink_to("..")
    found = contents(stack)
    folders = (stack.home, stack.home / "ffmpeg", stack.home.parents[1] / "pythons")
    walked = [
        Path(root) / file for each in folders for root, _d, files in os.walk(each) for file in files
    ]
    regular = [path for path in walked if path.is_file() and not path.is_symlink()]
    assert sum(bool(file.sha256) for file in found.files) == len(regular)
    kinds = {file.path: (file.sha256, file.link) for file in found.files}
    assert kinds["env/loop"] == ("", "..")
    assert kinds["env/pipe"] == ("", "")
    assert parts(found)["env/pipe"] == UNOWNED
    for file in found.files:
        if file.sha256 and not file.path.startswith("python/"):
            data = (stack.home / file.path).read_bytes()
            assert file.sha256 == hashlib.sha256(data).hexdigest()


def test_without_digests_the_same_files_are_listed(stack: SmallStack) -> None:
    full, quick = contents(stack), contents(stack, digests=False)
    assert [file.path for file in quick.files] == [file.path for file in full.files]
    assert not any(file.sha256 for file in quick.files)
    assert (quick.parts, quick.libraries, quick.system) == (full.parts, full.libraries, full.system)


def test_licences_come_from_the_metadata(stack: SmallStack) -> None:
    found = {part.id: (part.expression, part.licenses) for part in contents(stack).parts}
    assert found["package six"] == ("MIT OR Apache-2.0", ())
    assert found["package old"] == ("", ("BSD License", "MIT License"))
    assert found["ffmpeg"] == ("GPL-2.0-or-later", ())


def test_what_a_wheel_says_of_libraries_inside_is_kept_once(stack: SmallStack) -> None:
    found = {part.id: part.embedded for part in contents(stack).parts}
    inside = (
        Embedded("libgomp", "8.5.0", "pkg:rpm/almalinux/libgomp@8.5.0"),
        Embedded("raqm", "0.11.0"),
        Embedded("odd", "", "no package URL"),
    )
    assert found["package six"] == inside
    assert found["package old"] == (
        Embedded("six", "1.17.0", "pkg:pypi/six@1.17.0?file_name=six.whl"),
        *inside,
    )
    assert found["ffmpeg"] == (Embedded("nv-codec-headers", "12.2.72.0"),)


def test_packages_of_conda_have_their_files_and_digests(stack: SmallStack) -> None:
    row = {
        "name": "zlib", "version": "1.3.1", "build": "hb9d3cd8_2", "license": "Zlib",
        "channel": "conda-forge", "subdir": "linux-64", "sha256": "0" * 64,
        "files": ["lib/libz.so.1", "lib/absent"],
    }  # fmt: skip
    files = {"env/conda-meta/zlib.json": json.dumps(row), "env/conda-meta/bad.json": "[" * 9}
    put(stack.home, {**files, "env/lib/libz.so.1": "zlib"})
    put(stack.home.parents[1] / "miniforge", {"conda-meta/zlib.json": json.dumps(row), "x": "x"})
    found = contents(stack)
    (env, base) = (part for part in found.parts if part.kind == "conda")
    assert (env.name, env.version, env.licenses, env.sha256) == (
        "zlib",
        "1.3.1",
        ("Zlib",),
        "0" * 64,
    )
    assert env.origin == "conda-forge/linux-64#hb9d3cd8_2"
    assert parts(found)["env/lib/libz.so.1"] == env.id
    assert base.id != env.id
    assert parts(found)["miniforge/x"] == UNOWNED


def test_adopted_packages_are_listed_with_their_files(stack: SmallStack, tmp_path: Path) -> None:
    other = tmp_path / "other" / "site-packages"
    listing = "torch/a.py,,\ntorch-2.11.0.dist-info/RECORD,,\n"
    put(other, {"torch/a.py": "a", "torch/planted": "p", "torch-2.11.0.dist-info/RECORD": listing})
    site = stack.home / SITE
    (site / "torch").symlink_to(other / "torch")
    record = "torch,,\ntorch-2.11.0.dist-info/RECORD,,\ntorch-2.11.0.dist-info/RECORD.adopted,,\n"
    put(site, {"torch-2.11.0.dist-info/RECORD": record})
    adopted = site / "torch-2.11.0.dist-info" / "RECORD.adopted"
    adopted.symlink_to(other / "torch-2.11.0.dist-info" / "RECORD")
    found = parts(contents(stack))
    assert found[f"{SITE}/torch/a.py"] == "package torch"
    assert found[f"{SITE}/torch/planted"] == UNOWNED


def test_a_source_whose_files_git_cannot_list_is_said(stack: SmallStack) -> None:
    (stack.home / "src/slowfast/.git/index").write_text("damaged")
    found = contents(stack)
    assert len(found.notes) == 1
    assert parts(found)["src/slowfast/setup.py"] == "source slowfast"


def test_no_program_that_a_source_names_is_run(stack: SmallStack, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    (stack.home / "src/slowfast/.git/config").write_text(
        f"[core]\n\trepositoryformatversion = 0\n\tfsmonitor = touch {mark}\n"
    )
    contents(stack)
    assert not mark.exists()


@pytest.mark.skipif(not shutil.which("dpkg-query"), reason="no dpkg on this machine")
def test_a_file_of_the_system_is_of_its_package() -> None:
    shell = str(Path("/bin/sh").resolve())
    used = system.used(Commands({"LC_ALL": "C"}), {shell: "shell", "/nowhere": "nothing"})
    # The machine may have packages of NVIDIA, which are listed too.
    (found,) = (package for package in used if package.why not in ("driver", "cuda"))
    assert (found.manager, found.name, found.why) == ("deb", "dash", "shell")
    assert found.version[0].isdigit()
    assert found.source == "dash"


def test_rpm_is_asked_where_there_is_no_dpkg(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rpm = tmp_path / "rpm"
    rows = (
        "bash\t5.1.8-9.el9\tx86_64\tRocky\tbash-5.1.8-9.el9.src.rpm\tGPLv3+\tinstalled\n"
        "nvidia-driver-cuda\t3:580.95.05-1.el9\tx86_64\tNVIDIA\tn.src.rpm\tNVIDIA License\tinstalled\n"
        "zlib\t1.2.11\tx86_64\tRocky\tz.src.rpm\tzlib\tinstalled\n"
    )
    rpm.write_text(
        f"#!{sys.executable}\nimport sys\nprint('bash' if '-qf' in sys.argv else {rows!r})\n"
    )
    rpm.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = system.used(Commands(), {"/bin/sh": "shell"})
    assert [(one.name, one.why, one.licenses) for one in found] == [
        ("bash", "shell", ("GPLv3+",)),
        ("nvidia-driver-cuda", "driver", ("NVIDIA License",)),
    ]
    assert found[1].version == "3:580.95.05-1.el9"


def test_a_part_of_which_there_is_no_file_is_not_listed(stack: SmallStack) -> None:
    single = {part.id for part in SINGLE}
    found = contents(stack)
    filled = {file.part for file in found.files}
    assert {part.id for part in found.parts} & single == filled & single
    assert UNOWNED not in {part.id for part in found.parts}
    put(stack.home, {"planted": "x"})
    assert UNOWNED in {part.id for part in contents(stack).parts}


def test_which_files_of_the_system_a_stack_uses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        system, "libraries", lambda sonames, _: {one: f"/lib/{one}" for one in sonames}
    )
    monkeypatch.setattr(os.path, "realpath", lambda path: f"{path}.real")
    entries = [
        Entry("", "ffmpeg/bin/ffmpeg", "/usr/bin/ffmpeg"),
        Entry("", "ffmpeg/lib/a.so", "a.so.1"),
        Entry("", "env/bin/python", "/usr/bin/python3"),
        Entry("", "env/lib/libown.so.1"),
    ]
    libraries = {
        "one": Library("libnamed.so", ("libc.so.6", "libown.so.1", "libnamed.so")),
        "two": Library("", ("libc.so.6", "libm.so.6")),
    }
    made = _Stack(tmp_path, Path("/usr/bin/python3.11"))
    assert _wanted(made, entries, libraries, "x86_64") == {
        "/lib/libc.so.6": "library libc.so.6",
        "/lib/libm.so.6": "library libm.so.6",
        "/usr/bin/ffmpeg.real": "FFmpeg",
        "/usr/bin/python3.11": "Python interpreter",
    }


@pytest.mark.parametrize(
    ("name", "runs", "read"),
    [
        ("libx.so", False, True),
        ("libx.so.1", False, True),
        ("program", True, True),
        ("data", False, False),
        ("folder.so/data", False, False),
    ],
)
def test_which_files_are_asked_what_they_load(
    tmp_path: Path, name: str, *, runs: bool, read: bool
) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    shutil.copyfile(LIBC, path)
    path.chmod(0o755 if runs else 0o644)
    (entry,) = files.walk(tmp_path, "label", lambda _: False)
    assert (entry.path, entry.runs, entry.regular) == (f"label/{name}", runs, True)
    (seen,) = files.read([entry], digests=True).values()
    assert (seen.library is not None) == read
    assert seen.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    (quick,) = files.read([entry], digests=False).values()
    assert quick == ("", seen.library)
