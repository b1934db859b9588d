"""Evidence holds as long as nothing that it speaks of has changed."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import notices
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment import (
    evidence,
    stack_files,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment.evidence import (
    Evidence,
    Subject,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment.proof import (
    prove,
    recorded,
)
from ansible_collections.slowfast.stack.plugins.modules import prove as module
from support.errors import fails
from support.plan_builder import plan_data

PROGRAM = """
import argparse, json, pathlib
options = argparse.ArgumentParser()
for name in ("--plan", "--src", "--out", "--uv"):
    options.add_argument(name)
given = options.parse_args()
ok = json.loads(pathlib.Path(given.plan).read_text())["id"] != "bad"
pathlib.Path(given.out).write_text(json.dumps({"ok": ok, "claims": [{"id": "a", "ok": ok}]}))
"""

ARGUMENTS = {"run": True, "force": False, "deep": False, "restore": False, "uv": "uv"}


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    packages = tmp_path / "env" / "lib" / "python3.11" / "site-packages"
    (packages / "torch-2.11.0.dist-info").mkdir(parents=True)
    (packages / "torch-2.11.0.dist-info" / "RECORD").write_text("torch.py,,\n")
    (packages / "torch.py").write_text("pass\n")
    (tmp_path / "env" / "bin").mkdir()
    (tmp_path / "env" / "bin" / "python").symlink_to(sys.executable)
    (tmp_path / "src" / "slowfast").mkdir(parents=True)
    (tmp_path / "src" / "slowfast" / "loader.py").write_text("pass\n")
    return tmp_path


def subject(stack: Path, plan_id: str = "one", program: str = PROGRAM) -> Subject:
    return Subject(stack, plan_data(changes={"id": plan_id}), {"__main__.py": program})


def run(stack: Path, plan_id: str = "one") -> Evidence:
    return prove(Commands(), subject(stack, plan_id), uv="uv")


def test_a_proof_is_recorded_and_returned_again(stack: Path) -> None:
    assert recorded(Commands(), subject(stack)) is None
    made = run(stack)
    program, files = made.claims
    assert program == {"id": "a", "ok": True}
    assert (files["id"], files["ok"]) == ("stack.files", True)
    assert recorded(Commands(), subject(stack)) == made


def test_the_module_says_whether_evidence_is_reused(stack: Path) -> None:
    params = {**vars(subject(stack)), **ARGUMENTS}
    for changed, check in ((False, True), (True, False), (False, False)):
        result = module.act(params, check=check)
        assert result["changed"] is changed
        assert (result["proof"] or {}).get("reused") is (None if check else not changed)
    assert module.act({**params, "force": True, "run": False}, check=False)["proof"] is None


@pytest.mark.parametrize("text", ["", "[]", "null", '{"id": ', None])
def test_without_a_plan_that_can_be_read_evidence_is_void_and_the_next_proof_writes_both(
    text: str | None, stack: Path
) -> None:
    made, plan = run(stack), stack / "proof" / evidence.PLAN
    plan.unlink() if text is None else plan.write_text(text)
    with notices.collected() as said:
        assert recorded(Commands(), subject(stack)) is None
    expected = [] if text is None else ["[record.unreadable]"]
    assert [line.split()[0] for line in said] == expected
    params = {**vars(subject(stack)), **ARGUMENTS}
    assert module.act(params, check=False)["changed"] is True
    found = recorded(Commands(), subject(stack))
    assert found
    assert (found.fingerprint, found.claims[0]) == (made.fingerprint, made.claims[0])
    assert evidence.recorded_plan(stack)


def test_a_failed_proof_is_never_reused(stack: Path) -> None:
    assert run(stack, "bad").ok is False
    assert recorded(Commands(), subject(stack, "bad")) is None


def touch(stack: Path, name: str) -> None:
    (stack / name).write_text("other")


CHANGES: dict[str, Callable[[Path], object]] = {
    "a package was installed": lambda stack: touch(
        stack, "env/lib/python3.11/site-packages/torch-2.11.0.dist-info/RECORD"
    ),
    "a source was edited": lambda stack: touch(stack, "src/slowfast/loader.py"),
    "a source was added": lambda stack: (stack / "src/slowfast/new.py").touch(),
    "a configuration was added": lambda stack: (stack / "src/slowfast/new.yaml").touch(),
    "another commit was checked out": lambda stack: touch(stack, "src/slowfast/.git/HEAD"),
    "the activation changed": lambda stack: touch(stack, "activate"),
    "a path file was added": lambda stack: (
        stack / "env/lib/python3.11/site-packages/new.pth"
    ).touch(),
    "FFmpeg changed": lambda stack: touch(stack, "ffmpeg/bin/ffmpeg"),
    "a source was removed": lambda stack: (stack / "src/slowfast/loader.py").unlink(),
}


@pytest.mark.parametrize("what", CHANGES)
def test_evidence_is_void_after(stack: Path, what: str) -> None:
    for name in ("src/slowfast/.git/HEAD", "activate", "ffmpeg/bin/ffmpeg"):
        (stack / name).parent.mkdir(parents=True, exist_ok=True)
        (stack / name).touch()
    run(stack)
    (stack / "src/slowfast/notes.txt").touch()
    assert recorded(Commands(), subject(stack))
    CHANGES[what](stack)
    assert recorded(Commands(), subject(stack)) is None


def test_evidence_is_void_for_another_plan_or_another_proof(stack: Path) -> None:
    run(stack)
    assert recorded(Commands(), subject(stack, "two")) is None
    assert recorded(Commands(), subject(stack, program=PROGRAM + "#")) is None


def test_evidence_holds_when_the_plan_has_less_left_to_do(stack: Path) -> None:
    plan = plan_data(changes={"id": "one", "system_packages": ["g++"]})
    first = Subject(stack, plan, {"__main__.py": PROGRAM})
    prove(Commands(), first, uv="uv")
    assert recorded(Commands(), subject(stack))


def test_a_proof_that_crashes_is_an_error_with_its_last_lines(stack: Path) -> None:
    crashing = subject(stack, program="raise SystemExit('no libcuda.so.1')")
    with fails("proof.interrupted", "libcuda"):
        prove(Commands(), crashing, uv="uv")


def test_another_ffmpeg_behind_the_link_makes_evidence_void(stack: Path) -> None:
    packaged = stack / "usr" / "ffmpeg"
    packaged.parent.mkdir()
    packaged.write_text("5.1")
    (stack / "ffmpeg" / "bin").mkdir(parents=True)
    (stack / "ffmpeg" / "bin" / "ffmpeg").symlink_to(packaged)
    run(stack)
    assert recorded(Commands(), subject(stack))
    packaged.write_text("7.1.5")
    assert recorded(Commands(), subject(stack)) is None
    run(stack)
    packaged.unlink()
    assert recorded(Commands(), subject(stack)) is None


def test_another_driver_makes_evidence_void(
    stack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = tmp_path / "version"
    monkeypatch.setattr(evidence, "DRIVER", driver)
    run(stack)
    driver.write_text("580.1")
    assert recorded(Commands(), subject(stack)) is None
    run(stack)
    assert recorded(Commands(), subject(stack))
    driver.write_text("580.2")
    assert recorded(Commands(), subject(stack)) is None


def test_a_proof_replaces_what_an_earlier_one_left(stack: Path) -> None:
    folder = stack / "proof"
    (folder / "program").mkdir(parents=True)
    for name in ("program/old.py", "proof.log", "claims.json"):
        (folder / name).write_text("old")
    run(stack)
    assert [path.name for path in (folder / "program").glob("*.py")] == ["__main__.py"]
    assert not (folder / "proof.log").exists() or "old" not in (folder / "proof.log").read_text()
    found = evidence.own_subject(stack)
    assert (found.program, found.plan["id"]) == ({"__main__.py": PROGRAM}, "one")
    assert recorded(Commands(), found)
    (folder / "claims.json").write_text("{}")
    with fails("proof.interrupted"):
        prove(Commands(), subject(stack, program=""), uv="uv")


@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_a_result_that_is_none_ends_the_proof(stack: Path, text: str) -> None:
    program = PROGRAM.partition("ok =")[0] + f"pathlib.Path(given.out).write_text({text!r})\n"
    with fails("proof.interrupted", "claims.json"):
        prove(Commands(), subject(stack, program=program), uv="uv")
    assert recorded(Commands(), subject(stack, program=program)) is None


def test_what_the_proof_itself_changes_is_recorded_as_it_leaves_it(stack: Path) -> None:
    # The files are read during the proof, and those that it changes a second time.
    changes = (
        "import time; time.sleep(0.5)\n"
        "stack = pathlib.Path(given.src).parent\n"
        "(stack / 'activate').write_text('changed')\n"
        "(stack / 'src' / 'slowfast' / 'loader.py').unlink()\n"
        "(stack / 'src' / 'slowfast' / 'new.py').touch()\n"
    )
    touch(stack, "activate")
    proving = subject(stack, program=PROGRAM + changes)
    made = prove(Commands(), proving, uv="uv")
    assert made.claims[-1]["seconds"] < 0.4
    files = stack_files.load(stack)
    assert files
    assert files.rows["activate"].sha256 == hashlib.sha256(b"changed").hexdigest()
    assert "src/slowfast/loader.py" not in files.rows
    assert "src/slowfast/new.py" in files.rows
    assert recorded(Commands(), proving) == made


def test_the_plan_of_the_last_proof(stack: Path) -> None:
    assert evidence.recorded_plan(stack) is None
    assert evidence.own_subject(stack).plan == {}
    (stack / "proof").mkdir()
    for text in ("", "[]"):
        (stack / "proof" / "plan.json").write_text(text)
        with fails("record.unreadable", "plan.json"):
            evidence.recorded_plan(stack)
