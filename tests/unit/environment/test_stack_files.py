"""Every file of a stack is recorded when it is proven, and no change of one stays unnoticed."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import importlib.util
import json
import os
import py_compile
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import notices
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment import (
    evidence,
    proof,
    stack_files,
    stacks,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment.python_env import (
    UNFINISHED,
)
from ansible_collections.slowfast.stack.plugins.modules import stack_files as module
from support.errors import fails
from support.plan_builder import plan_data

PROGRAM = """
import argparse, json, pathlib
options = argparse.ArgumentParser()
for name in ("--plan", "--src", "--out", "--uv"):
    options.add_argument(name)
out = pathlib.Path(options.parse_args().out)
out.write_text(json.dumps({"ok": True, "claims": [{"id": "a", "ok": True}]}))
"""
ID = "1" * 12
SITE = "env/lib/python{}.{}/site-packages".format(*sys.version_info)
MODULE, LIBRARY = f"{SITE}/alpha/__init__.py", f"{SITE}/alpha/_C.so"
SOURCE = "src/slowfast/slowfast/models.py"


def digest(data: bytes) -> str:
    found = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
    return f"sha256={found}"


def install(stack: Path, name: str, files: dict[str, bytes]) -> None:
    """Install a package as its wheel lists it."""
    info = stack / SITE / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    rows = []
    for path, data in files.items():
        place = stack / SITE / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        rows.append(f"{path},{digest(data)},{len(data)}")
    (info / "RECORD").write_text("\n".join([*rows, f"{info.name}/RECORD,,"]) + "\n")


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real environment without packages."""
    env = tmp_path_factory.mktemp("empty") / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(env)], check=True)
    return env


@pytest.fixture
def stack(empty: Path, tmp_path: Path) -> Path:
    """A proven stack: an environment with two packages, a source tree, and FFmpeg."""
    folder = tmp_path / "stacks" / ID
    shutil.copytree(empty, folder / "env", symlinks=True)
    install(folder, "alpha", {"alpha/__init__.py": b"VALUE = 1\n", "alpha/_C.so": bytes(5000)})
    install(folder, "beta", {"beta.py": b"VALUE = 2\n"})
    for name in (SOURCE, "src/slowfast/.git/HEAD", "src/slowfast/.git/index"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("pass\n")
    built = tmp_path / "cache" / "ffmpeg"
    built.mkdir(parents=True)
    (built / "ffmpeg").write_text("program")
    (folder / "ffmpeg").symlink_to(built)
    (folder / "activate").write_text("PATH=x\n")
    prove(folder)
    return folder


def subject(stack: Path) -> evidence.Subject:
    return evidence.Subject(stack, plan_data(changes={"id": ID}), {"__main__.py": PROGRAM})


def prove(stack: Path, *, deep: bool = False) -> evidence.Evidence:
    return proof.prove(Commands(), subject(stack), uv="uv", deep=deep)


def look(
    stack: Path, *, deep: bool = False, renew: bool = False
) -> tuple[evidence.Evidence | None, str]:
    """Return the evidence that still holds, and what was said."""
    with notices.collected() as said:
        found = proof.recorded(Commands(), subject(stack), deep=deep, renew=renew)
    return found, "\n".join(said)


def rewrite(path: Path, data: bytes) -> None:
    """Change a file in place, and set size and time of modification back."""
    before = path.stat()
    assert len(data) == before.st_size
    time.sleep(0.02)  # the clock of the file system advances in steps
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def remove_package(stack: Path) -> None:
    (stack / SITE / "beta.py").unlink()
    for path in (stack / SITE / "beta-1.0.dist-info").iterdir():
        path.unlink()


def replace_program(stack: Path) -> None:
    program = stack / "env/bin/python3"
    program.unlink()
    program.symlink_to("/bin/true")


CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a changed module": (lambda stack: (stack / MODULE).write_text("VALUE = 2\n"), MODULE),
    "a changed module of the same size and time": (
        lambda stack: rewrite(stack / MODULE, b"VALUE = 2\n"),
        MODULE,
    ),
    "a truncated library": (lambda stack: os.truncate(stack / LIBRARY, 100), LIBRARY),
    "a removed package": (remove_package, f"{SITE}/beta.py"),
    "an added sitecustomize": (
        lambda stack: (stack / SITE / "sitecustomize.py").write_text("1\n"),
        f"{SITE}/sitecustomize.py",
    ),
    "an added path file": (
        lambda stack: (stack / SITE / "x.pth").write_text("import os\n"),
        f"{SITE}/x.pth",
    ),
    "an added file of data": (
        lambda stack: (stack / SITE / "alpha/weights.bin").write_text("1"),
        f"{SITE}/alpha/weights.bin",
    ),
    "a changed source": (lambda stack: (stack / SOURCE).write_text("passed\n"), SOURCE),
    "an added source": (
        lambda stack: (stack / "src/slowfast/new.py").write_text("\n"),
        "src/slowfast/new.py",
    ),
    "an added link to a folder of modules": (
        lambda stack: (stack / "src/slowfast/apex").symlink_to(stack / SITE / "alpha"),
        "src/slowfast/apex",
    ),
    "compiled copies of another folder": (
        lambda stack: (stack / "src/slowfast/slowfast/__pycache__").symlink_to(stack.parent),
        "src/slowfast/slowfast/__pycache__",
    ),
    "a plugin that torch would load": (
        lambda stack: (
            (stack / "src/slowfast/x.egg-info").mkdir(),
            (stack / "src/slowfast/x.egg-info/entry_points.txt").write_text("[torch.backends]\n"),
        ),
        "src/slowfast/x.egg-info/entry_points.txt",
    ),
    "a configuration of git for this tree": (
        lambda stack: (stack / "src/slowfast/.git/config.worktree").write_text("[core]\n"),
        "src/slowfast/.git/config.worktree",
    ),
    "another folder of git": (
        lambda stack: (stack / "src/slowfast/.git/commondir").write_text("/\n"),
        "src/slowfast/.git/commondir",
    ),
    "a hook of git": (
        lambda stack: (
            (stack / "src/slowfast/.git/hooks").mkdir(),
            (stack / "src/slowfast/.git/hooks/post-checkout").write_text("x"),
        ),
        "src/slowfast/.git/hooks/post-checkout",
    ),
    "a changed FFmpeg": (lambda stack: (stack / "ffmpeg/ffmpeg").write_text("x"), "ffmpeg/ffmpeg"),
    "another interpreter": (replace_program, "env/bin/python3"),
    "other modes": (lambda stack: (stack / MODULE).chmod(0o777), MODULE),
    "a link in place of a module": (
        lambda stack: (
            (stack / MODULE).rename(stack.parent / "kept.py"),
            (stack / MODULE).symlink_to(stack.parent / "kept.py"),
        ),
        MODULE,
    ),
    "a changed activation": (lambda stack: (stack / "activate").write_text("x"), "activate"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_difference_is_named_voids_the_evidence_and_fails_the_proof(
    what: str, stack: Path
) -> None:
    change, path = CHANGES[what]
    assert look(stack)[0]
    change(stack)
    found, said = look(stack)
    assert found is None
    assert said.startswith("[stack.changed]")
    assert path in said
    # Another proof of the same files does not make them right.
    for deep in (False, True):
        claims = {claim["id"]: claim for claim in prove(stack, deep=deep).claims}
        assert claims["stack.files"]["ok"] is False
        assert path in claims["stack.files"]["measured"]
    assert look(stack)[0] is None
    (listed,) = stacks.listed(stack.parents[1])
    assert listed.state == stacks.FAILED
    with fails("stack.changed", path):
        module.act({"stack": str(stack), "deep": False}, check=False)


def test_a_stack_that_was_changed_is_listed_as_such(stack: Path) -> None:
    (stack / MODULE).write_text("VALUE = 2\n")
    (listed,) = stacks.listed(stack.parents[1])
    assert listed.state == stacks.CHANGED


def test_bytes_that_changed_below_the_file_system_are_found_by_deep(stack: Path) -> None:
    """As after an error of the disk: not even the change time differs."""
    record = stack / "proof" / stack_files.FILE
    rewrite(stack / MODULE, b"VALUE = 2\n")
    data = json.loads(record.read_text())
    data["files"][MODULE][4] = (stack / MODULE).stat().st_ctime_ns
    record.write_text(json.dumps(data))
    assert look(stack)[0]
    found, said = look(stack, deep=True)
    assert found is None
    assert MODULE in said


def test_what_has_the_same_bytes_is_the_same(stack: Path) -> None:
    before = stack_files.load(stack)
    os.utime(stack / MODULE, (1, 1))
    copy = stack / "copy"
    copy.write_bytes((stack / LIBRARY).read_bytes())
    copy.chmod((stack / LIBRARY).stat().st_mode)
    copy.rename(stack / LIBRARY)
    (stack / "src/slowfast/.git/index").write_text("git wrote it")
    (stack / "src/slowfast/notes.txt").write_text("a user wrote it")
    results = stack.parent / "results"
    results.mkdir()
    (results / "checkpoint.pyth").touch()
    (stack / "src/slowfast/results").symlink_to(results)
    (stack / "src/slowfast/absent").symlink_to("/nowhere")
    assert look(stack) == look(stack, deep=True)
    assert look(stack, renew=True)[0]
    after = stack_files.load(stack)
    assert before
    assert after
    assert after != before
    assert after.rows[MODULE].sha256 == before.rows[MODULE].sha256


def unread(stack: Path, path: str) -> None:
    """Have the record say of a file that it could not be read, as where only its owner may."""
    record = stack / "proof" / stack_files.FILE
    data = json.loads(record.read_text())
    data["files"][path][0] = ""
    record.write_text(json.dumps(data))


def test_of_a_file_that_could_not_be_read_any_other_state_is_a_change(stack: Path) -> None:
    unread(stack, MODULE)
    assert look(stack)[0]
    assert look(stack, deep=True)[0]
    rewrite(stack / MODULE, b"VALUE = 2\n")
    for deep in (False, True):
        found, said = look(stack, deep=deep)
        assert found is None
        assert f"{MODULE} was changed" in said


@pytest.mark.parametrize("value", ["x", None, [], 1.5, -1, 10**30])
@pytest.mark.parametrize("column", range(1, 7))
def test_a_row_of_another_form_makes_the_record_a_damaged_one(
    column: int, value: object, stack: Path
) -> None:
    unread(stack, MODULE)
    record = stack / "proof" / stack_files.FILE
    data = json.loads(record.read_text())
    data["files"][MODULE][column] = value
    record.write_text(json.dumps(data))
    found, said = look(stack)
    assert found is None
    assert "[record.unreadable]" in said or f"{MODULE} was changed" in said


def test_a_file_that_cannot_be_read_any_more_is_a_change(
    stack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.utime(stack / MODULE, (1, 1))
    assert look(stack)[0]

    def refused(path: Path) -> str:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(stack_files, "sha256_of", refused)
    assert f"{MODULE} was changed" in look(stack)[1]


def compiled(stack: Path, name: str) -> Path:
    """Compile a module as an import does; return the copy."""
    source = stack / name
    copy = py_compile.compile(str(source), doraise=True)
    return Path(copy)


def planted(stack: Path, name: str, *, unchecked: bool) -> Path:
    """Put the code of another source in the place of a compiled copy, with a header that fits."""
    evil = stack.parent / "evil.py"
    evil.write_text("VALUE = 666\n")
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH if unchecked else None
    copy = Path(importlib.util.cache_from_source(str(stack / name)))
    py_compile.compile(str(evil), str(copy), str(stack / name), invalidation_mode=mode)
    if not unchecked:
        state = (stack / name).stat()
        numbers = (int(number).to_bytes(4, "little") for number in (state.st_mtime, state.st_size))
        data = copy.read_bytes()
        copy.write_bytes(data[:8] + b"".join(numbers) + data[16:])
    return copy


def imported(stack: Path) -> str:
    argv = [str(stack / "env/bin/python"), "-c", "import alpha; print(alpha.VALUE)"]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()


def test_compiled_copies_of_the_source_come_and_go(stack: Path) -> None:
    copy = compiled(stack, MODULE)
    optimized = Path(py_compile.compile(str(stack / MODULE), optimize=2, doraise=True) or "")
    assert look(stack, renew=True)[0]
    record = stack_files.load(stack)
    assert record
    assert str(copy.relative_to(stack)) in record.rows
    assert str(optimized.relative_to(stack)) in record.rows
    copy.unlink()
    assert look(stack)[0]


@pytest.mark.parametrize("unchecked", [False, True])
@pytest.mark.parametrize("known", [False, True])
def test_a_planted_compiled_copy_is_found_and_removed(
    stack: Path, *, unchecked: bool, known: bool
) -> None:
    if known:
        compiled(stack, MODULE)
        assert look(stack, renew=True)[0]
    copy = planted(stack, MODULE, unchecked=unchecked)
    assert imported(stack) == "666"
    found, said = look(stack)
    assert found is None
    assert str(copy.relative_to(stack)) in said
    assert prove(stack).ok is False
    look(stack, renew=True)
    assert not copy.exists()
    assert imported(stack) == "1"
    assert prove(stack).ok
    assert look(stack)[0]


def test_a_copy_without_a_source_is_an_added_file(stack: Path) -> None:
    copy = compiled(stack, f"{SITE}/beta.py")
    copy.rename(stack / SITE / "gamma.pyc")
    assert f"{SITE}/gamma.pyc was added" in look(stack)[1]


def test_where_the_interpreter_changed_no_copy_is_accepted(stack: Path) -> None:
    compiled(stack, MODULE)
    replace_program(stack)
    said = look(stack)[1]
    assert "env/bin/python3 was changed" in said
    assert "__init__" in said


def test_the_environment_is_built_again_and_a_tree_is_kept_aside(stack: Path) -> None:
    (stack / MODULE).write_text("VALUE = 2\n")
    (stack / SOURCE).write_text("my work\n")
    found, said = look(stack, renew=True)
    assert found is None
    assert (stack / "env" / UNFINISHED).exists()
    assert "src/slowfast.changed-1" in said
    assert (stack / "src/slowfast.changed-1/slowfast/models.py").read_text() == "my work\n"
    assert not (stack / "src/slowfast").exists()
    assert stack_files.load(stack) is None
    # Until then, a proof does not accept what it finds.
    with fails("environment.unfinished"):
        prove(stack)


def test_a_name_of_a_file_is_on_one_line_of_a_message(stack: Path) -> None:
    name = os.fsdecode(b"x.py was added\n[stack.ok] \xff\x1b[2J.py")
    (stack / SITE / name).touch()
    said = look(stack)[1]
    assert "\n" not in said
    assert "x.py was added\\n[stack.ok] \\udcff\\x1b[2J.py was added" in said


def test_without_restoring_nothing_is_touched(stack: Path) -> None:
    (stack / SOURCE).write_text("my work\n")
    record = (stack / "proof" / stack_files.FILE).read_bytes()
    look(stack)
    assert (stack / SOURCE).read_text() == "my work\n"
    assert (stack / "proof" / stack_files.FILE).read_bytes() == record


def test_evidence_without_a_record_of_the_files_is_void(stack: Path) -> None:
    stack_files.remove(stack)
    assert look(stack)[0] is None
    with fails("stack.unproven"):
        module.act({"stack": str(stack), "deep": False}, check=False)
    assert prove(stack).ok
    assert look(stack)[0]


def test_files_that_are_not_those_of_their_wheel_are_no_stack(stack: Path, tmp_path: Path) -> None:
    """As installed from a cache that was written to through a hard link."""
    uv = tmp_path / "uv"
    uv.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\n')
    uv.chmod(0o755)
    stack_files.remove(stack)
    (stack / MODULE).write_text("VALUE = 2\n")
    with pytest.raises(StackError) as caught:
        proof.prove(Commands(), subject(stack), uv=str(uv))
    assert caught.value.code == "packages.damaged"
    assert MODULE in caught.value.cause
    assert (tmp_path / "calls").read_text() == "cache clean --quiet alpha\n"
    assert (stack / "env" / UNFINISHED).exists()
    assert stack_files.load(stack) is None


def test_the_python_of_the_prefix_is_part_of_the_stack(stack: Path) -> None:
    own = stack.parents[1] / "pythons" / "cpython-3.11"
    (own / "bin").mkdir(parents=True)
    (own / "lib").mkdir()
    (own / "lib" / "os.py").write_text("1\n")
    (own / "bin" / "python").write_text("#!/bin/sh\n")
    program = stack / "env/bin/python"
    program.unlink()
    program.symlink_to(own / "bin" / "python")
    before = stack_files.taken(stack)
    assert "python/lib/os.py" in before.rows
    (own / "lib" / "os.py").write_text("2\n")
    found = stack_files.compare(Commands(), stack, before).differences
    assert found == (stack_files.Difference("python/lib/os.py", stack_files.CHANGED),)


def test_an_adopted_package_is_read_where_it_is(stack: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / "gamma"
    other.mkdir(parents=True)
    (other / "x.py").write_text("1\n")
    (stack / SITE / "gamma").symlink_to(other)
    (stack / SITE / "all").symlink_to("/usr")  # no adopted package: it is not searched
    before = stack_files.taken(stack)
    assert f"{SITE}/gamma/x.py" in before.rows
    assert len(before.rows) < 100
    (other / "x.py").write_text("2\n")
    found = stack_files.compare(Commands(), stack, before).differences
    assert found == (stack_files.Difference(f"{SITE}/gamma/x.py", stack_files.CHANGED),)


@pytest.mark.parametrize(
    ("path", "recorded"),
    [
        ("src/slowfast/.git/HEAD", True),
        ("src/slowfast/.git/config", True),
        ("src/slowfast/.git/hooks/post-checkout", True),
        ("src/slowfast/.git/index", False),
        ("src/slowfast/.git/objects/ab/cd", False),
        ("src/slowfast/a/.git/config", True),
        ("src/slowfast/.github/x", True),
        ("src/other/a.py", False),
        ("proof/x", False),
        ("env/a", True),
    ],
)
def test_which_files_are_recorded(stack: Path, path: str, *, recorded: bool) -> None:
    (stack / path).parent.mkdir(parents=True, exist_ok=True)
    (stack / path).write_text("x")
    assert (path in stack_files.taken(stack).rows) == recorded


def test_only_the_folder_of_an_adopted_package_is_followed(stack: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    for name in ("adopted", "renamed"):
        (elsewhere / name).mkdir(parents=True)
        (elsewhere / name / "a.py").touch()
    (elsewhere / "six.py").touch()
    links = {
        f"{SITE}/adopted": elsewhere / "adopted",
        f"{SITE}/other": elsewhere / "renamed",
        f"{SITE}/six.py": elsewhere / "six.py",
        f"{SITE}/missing": elsewhere / "missing",
        "env/adopted": elsewhere / "adopted",
    }
    before = set(stack_files.taken(stack).rows)
    for path, target in links.items():
        (stack / path).symlink_to(target)
    rows = stack_files.taken(stack).rows
    assert set(rows) - before == {*links, f"{SITE}/adopted/a.py"}
    assert all(rows[path].state[5] == str(target) for path, target in links.items())
    assert rows[f"{SITE}/missing"] == ("", (0, 0, 0, 0, 0, str(elsewhere / "missing")))
    assert rows[f"{SITE}/six.py"].sha256 == hashlib.sha256(b"").hexdigest()
    folder = (elsewhere / "adopted").stat()
    assert rows[f"{SITE}/adopted"].state[:5] == (0, 0, 0, 0, folder.st_mode)


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, ""),
        (1, "0 was added"),
        (5, "0 was added, 1 was added, 2 was added, 3 was added, 4 was added"),
        (6, "0 was added, 1 was added, 2 was added, 3 was added, 4 was added, and 1 more"),
    ],
)
def test_the_first_differences_are_named_and_the_others_counted(count: int, text: str) -> None:
    rows = [stack_files.Difference(str(number), "added") for number in range(count)]
    assert stack_files.described(rows) == text


@pytest.mark.parametrize(
    ("path", "counts"),
    [
        ("src/slowfast/results/log.txt", False),
        ("src/slowfast/results/new.py", True),
        ("src/slowfast/results/new.pyc", True),
        ("src/slowfast/results/new.so", True),
        ("src/slowfast/results/new.pth", True),
        ("src/slowfast/results/new.yaml", True),
        ("src/slowfast/results/new.yml", True),
        ("src/slowfast/.git/hooks/post-merge", True),
        ("env/results/log.txt", True),
        (f"{SITE}/__pycache__/alpha.cpython-311.pyc.12345", False),
        (f"{SITE}/__pycache__/alpha.cpython-311.pyc.12345x", True),
        (f"{SITE}/alpha.cpython-311.pyc.12345", True),
    ],
)
def test_which_new_files_count(stack: Path, path: str, *, counts: bool) -> None:
    before = stack_files.taken(stack)
    (stack / path).parent.mkdir(parents=True, exist_ok=True)
    (stack / path).write_text("x")
    found = stack_files.compare(Commands(), stack, before).differences
    assert found == ((stack_files.Difference(path, "added"),) if counts else ())
    # A file that was recorded counts wherever it is.
    recorded = stack_files.taken(stack)
    (stack / path).unlink()
    found = stack_files.compare(Commands(), stack, recorded).differences
    assert found == (stack_files.Difference(path, "removed"),)


@pytest.mark.parametrize(
    ("row", "read"),
    [
        (["0" * 64, 1, 2, 3, 4, 5, ""], True),
        (["", 1, 2, 3, 4, 5, "target"], True),
        (["0" * 62, 1, 2, 3, 4, 5, ""], False),
        (["0" * 66, 1, 2, 3, 4, 5, ""], False),
        (["x" * 64, 1, 2, 3, 4, 5, ""], False),
        (["0" * 64, 1, 2, 3, 4, 5], False),
        (None, False),
    ],
)
def test_which_row_of_a_record_is_read(tmp_path: Path, row: object, *, read: bool) -> None:
    (tmp_path / "proof").mkdir()
    data = {"schema": 1, "files": {"a": row}}
    (tmp_path / "proof" / stack_files.FILE).write_text(json.dumps(data))
    with notices.collected() as said:
        found = stack_files.load(tmp_path)
    assert (found is not None, bool(said)) == (read, not read)
    if found:
        assert found.rows["a"].sha256 == ("0" * 64 if row and row[0] else "")  # type: ignore[index]
        assert found.rows["a"].state == (1, 2, 3, 4, 5, "" if row and row[0] else "target")  # type: ignore[index]


def test_evidence_holds_for_the_same_plan_and_the_same_files(stack: Path) -> None:
    made = prove(stack)
    (claim,) = (row for row in made.claims if row["id"] == "stack.files")
    assert 0 <= claim["seconds"] < 600
    assert claim["ok"] is True

    def holds(evidence: evidence.Evidence = made) -> object:
        return proof.holds(Commands(), stack, evidence)

    assert holds() is True
    assert holds(dataclasses.replace(made, fingerprint="0")) is False
    kept = (stack / "proof" / stack_files.FILE).read_bytes()
    stack_files.remove(stack)
    assert holds() is False
    (stack / "proof" / stack_files.FILE).write_bytes(kept)
    assert holds() is True
    (stack / MODULE).write_text("VALUE = 2\n")
    assert holds() is False
