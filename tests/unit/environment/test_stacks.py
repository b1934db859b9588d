"""Stacks beside each other: which is current, which came before, which can go."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import notices
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment import (
    current_stack,
    stacks,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment.evidence import (
    Subject,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment.proof import prove
from ansible_collections.slowfast.stack.plugins.modules import stacks as module
from support.errors import fails
from support.plan_builder import plan_data

ONE, TWO, THREE = "1" * 12, "2" * 12, "3" * 12
LATER = 9e12
# Says what the environment it runs in says of itself.
PROGRAM = """
import argparse, json, pathlib
options = argparse.ArgumentParser()
for name in ("--plan", "--src", "--out", "--uv"):
    options.add_argument(name)
given = options.parse_args()
ok = (pathlib.Path(given.src) / "ok").exists()
evidence = {"ok": ok, "made_at": "2026-11-23T03:00:00Z", "claims": []}
pathlib.Path(given.out).write_text(json.dumps(evidence))
"""


def plan(name: str) -> dict[str, Any]:
    package = {"origin": "pypi", "commit": None, "requirement": "pb1-detectron2==0.6"}
    changes = {"id": name, "sources.detectron2": package, "sources.pytorchvideo": None}
    return plan_data(changes={"python": "3.11", **changes})


def build(prefix: Path, name: str, *, ok: bool = True) -> Path:
    """Make a stack whose environment is this interpreter, and prove it for real."""
    stack = prefix / "stacks" / name
    packages = stack / "env" / "lib" / "python3.11" / "site-packages" / "torch-2.11.0.dist-info"
    packages.mkdir(parents=True)
    (packages / "RECORD").write_text("torch.py,,\n")
    (stack / "env" / "bin").mkdir()
    (stack / "env" / "bin" / "python").symlink_to(sys.executable)
    (stack / "src").mkdir()
    if ok:
        (stack / "src" / "ok").touch()
    prove(Commands(), Subject(stack, plan(name), {"__main__.py": PROGRAM}), uv="uv")
    return stack


def use(prefix: Path, name: str) -> None:
    build(prefix, name)
    stacks.switch(prefix, name)


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """One, then two, then three became current."""
    for name in (ONE, TWO, THREE):
        use(tmp_path, name)
    return tmp_path


def act(prefix: Path, *, check: bool = False, **want: object) -> dict[str, Any]:
    given = {"path": str(prefix), "use": None, "unproven": False, "keep": None, **want}
    return module.act(given, check)


def test_stacks_are_listed_with_what_they_are(prefix: Path) -> None:
    found = act(prefix)["stacks"]
    assert [row["id"] for row in found] == [THREE, TWO, ONE]
    assert [row["current"] for row in found] == [True, False, False]
    assert [row["previous"] for row in found] == [False, True, False]
    assert found[0] == {
        "id": THREE,
        "path": str(prefix / "stacks" / THREE),
        "state": "proven",
        "proven": True,
        "current": True,
        "previous": False,
        "proven_at": "2026-11-23T03:00:00Z",
        "versions": {
            "python": "3.11",
            "torch": "2.11.0 cu130",
            "torchvision": "0.26.0",
            "slowfast": "287ec0076",
            "detectron2": "pb1-detectron2==0.6",
        },
        "size_mib": found[0]["size_mib"],
    }


def test_back_is_the_stack_before_and_back_again_is_this_one(prefix: Path) -> None:
    assert act(prefix, use="previous")["switched"] == TWO
    assert (prefix / "current").resolve() == prefix / "stacks" / TWO
    assert act(prefix, use="previous")["switched"] == THREE


def test_a_stack_is_named_by_the_beginning_of_its_id(prefix: Path) -> None:
    assert act(prefix, use="11")["switched"] == ONE
    assert act(prefix, use=ONE) == {**act(prefix, use=ONE), "changed": False, "switched": None}
    with fails("stack.unknown", "abc"):
        act(prefix, use="abc")


def test_check_mode_switches_and_removes_nothing(prefix: Path) -> None:
    result = act(prefix, use="previous", keep=0, check=True)
    assert result["changed"]
    assert result["switched"] == TWO
    assert current_stack.current_id(prefix) == THREE
    assert len(act(prefix)["stacks"]) == 3


def test_what_is_not_proven_is_refused_unless_allowed(prefix: Path) -> None:
    build(prefix, "4" * 12, ok=False)
    with fails("stack.unproven", "--unproven"):
        act(prefix, use="4")
    assert current_stack.current_id(prefix) == THREE
    assert act(prefix, use="4", unproven=True)["switched"] == "4" * 12


def test_a_stack_that_was_changed_after_its_proof_is_not_the_previous_one(prefix: Path) -> None:
    records = (prefix / "stacks" / TWO).glob("env/lib/*/site-packages/*/RECORD")
    next(records).write_text("torch.py,,\nother.py,,\n")
    with fails("stack.unproven"):
        act(prefix, use=TWO)
    assert act(prefix, use="previous")["switched"] == ONE


def test_an_unfinished_stack_is_listed_as_never_proven(prefix: Path) -> None:
    (prefix / "stacks" / ("5" * 12)).mkdir()
    found = {row["id"]: row["state"] for row in act(prefix)["stacks"]}
    assert found["5" * 12] == "unproven"


def test_without_an_earlier_stack_there_is_no_way_back(tmp_path: Path) -> None:
    with fails("stack.no-earlier"):
        act(tmp_path, use="previous")
    use(tmp_path, ONE)
    with fails("stack.no-earlier", "--list"):
        act(tmp_path, use="previous")


def test_a_link_without_history_still_has_an_order(prefix: Path) -> None:
    (prefix / current_stack.HISTORY).unlink()
    assert act(prefix, use="previous")["switched"] in (ONE, TWO)


def test_old_stacks_go_and_the_current_one_stays(prefix: Path) -> None:
    assert act(prefix, keep=1)["removed"] == [ONE]
    assert act(prefix, keep=1)["changed"] is False
    assert act(prefix, keep=0)["removed"] == [TWO]
    assert [path.name for path in (prefix / "stacks").iterdir()] == [THREE]
    assert act(prefix)["stacks"][0]["state"] == "proven"


def test_proven_stacks_are_kept_before_others(prefix: Path) -> None:
    broken = build(prefix, "4" * 12, ok=False)
    os.utime(broken, (LATER / 1e4, LATER / 1e4))
    assert act(prefix, keep=2)["removed"] == ["4" * 12]


def test_a_stack_in_use_is_not_removed(prefix: Path) -> None:
    lock = prefix / "stacks" / ONE / ".env.lock"
    with lock.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        assert act(prefix, keep=1)["removed"] == []
    library = prefix / "stacks" / ONE / "env" / "lib" / "mapped"
    library.write_bytes(b"x" * 4096)
    text = (
        f"import mmap, sys; f = open({str(library)!r}, 'rb');"
        " m = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ); print('ready', flush=True);"
        " sys.stdin.read()"
    )
    user = subprocess.Popen(
        [sys.executable, "-c", text], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with user:
        assert user.stdout
        user.stdout.readline()
        assert act(prefix, keep=1)["removed"] == []
        user.communicate("")
    assert act(prefix, keep=1)["removed"] == [ONE]


def test_a_stack_that_is_being_built_is_not_removed(prefix: Path) -> None:
    young = prefix / "stacks" / ("5" * 12)
    (young / "src").mkdir(parents=True)
    assert act(prefix, keep=2)["removed"] == []
    found = [row for row in stacks.listed(prefix) if row.id == young.name]
    assert [row.id for row in stacks.remove(prefix, found, LATER)] == [young.name]


def test_a_removal_that_was_cut_off_is_finished_by_the_next(prefix: Path) -> None:
    left = prefix / "stacks" / f".removing-{ONE}"
    (prefix / "stacks" / ONE).rename(left)
    assert [row["id"] for row in act(prefix)["stacks"]] == [THREE, TWO]
    act(prefix, keep=1)
    assert not left.exists()


def test_there_is_a_current_stack_at_every_moment(prefix: Path) -> None:
    watch = (
        "import os, sys; link = sys.argv[1]; print('ready', flush=True)\n"
        "while not os.path.exists(sys.argv[2]): os.stat(link + '/proof/evidence.json')"
    )
    done = prefix / "done"
    argv = [sys.executable, "-c", watch, str(prefix / "current"), str(done)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as watcher:
        assert watcher.stdout
        watcher.stdout.readline()
        for number in range(200):
            stacks.switch(prefix, (ONE, TWO)[number % 2])
        done.touch()
    assert watcher.returncode == 0
    history = json.loads((prefix / current_stack.HISTORY).read_text())["switches"]
    assert history == [THREE, ONE, TWO]


def row(name: str, state: str, **more: bool) -> stacks.Stack:
    given: dict[str, Any] = {"current": False, "previous": False, **more}
    return stacks.Stack(name, Path(name), state, proven_at=None, versions={}, size_mib=0, **given)


def test_of_two_processes_that_switch_at_once_each_switch_is_recorded(tmp_path: Path) -> None:
    for name in (ONE, TWO, THREE):
        (tmp_path / "stacks" / name).mkdir(parents=True)
    program = (
        "import sys; from pathlib import Path\n"
        "from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment import stacks\n"
        "for _ in range(100): [stacks.switch(Path(sys.argv[1]), name) for name in sys.argv[2:]]"
    )
    argv = [sys.executable, "-c", program, str(tmp_path)]
    runs = [subprocess.Popen([*argv, *names]) for names in ((ONE, TWO), (THREE, ONE))]
    assert [run.wait() for run in runs] == [0, 0]
    history = json.loads((tmp_path / current_stack.HISTORY).read_text())["switches"]
    assert sorted(history) == [ONE, TWO, THREE]
    assert history[-1] == current_stack.current_id(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [current_stack.CURRENT, current_stack.HISTORY, stacks.LOCK, "stacks"]
    )


def test_a_switch_that_a_killed_run_did_not_record_is_recorded_by_the_next(tmp_path: Path) -> None:
    for name in (ONE, TWO, THREE):
        (tmp_path / "stacks" / name).mkdir(parents=True)
        stacks.switch(tmp_path, name)
    (tmp_path / current_stack.HISTORY).write_text(json.dumps({"schema": 1, "switches": [ONE, TWO]}))
    stacks.switch(tmp_path, ONE)
    assert [stack.id for stack in stacks.listed(tmp_path)] == [ONE, THREE, TWO]


@pytest.mark.parametrize(
    "target", ["/etc", "../../elsewhere", f"stacks/{ONE}x", f"/x/stacks/{ONE}"]
)
def test_a_link_to_another_place_is_no_current_stack_and_that_is_said(
    target: str, tmp_path: Path
) -> None:
    (tmp_path / current_stack.CURRENT).symlink_to(target)
    with notices.collected() as said:
        assert current_stack.current_id(tmp_path) is None
    assert [text.split()[0] for text in said] == ["[record.unreadable]"]
    (tmp_path / "stacks" / ONE).mkdir(parents=True)
    assert stacks.switch(tmp_path, ONE) is True
    assert current_stack.current_id(tmp_path) == ONE


def test_stacks_are_folders_and_what_a_running_build_removes_is_not_missed(tmp_path: Path) -> None:
    (tmp_path / "stacks" / ONE).mkdir(parents=True)
    (tmp_path / "stacks" / TWO).symlink_to("absent")
    (tmp_path / "stacks" / THREE).touch()
    (tmp_path / "stacks" / ONE / "dangling").symlink_to("absent")
    (found,) = stacks.listed(tmp_path)
    assert (found.id, stacks.in_use(found.path, LATER)) == (ONE, False)
    program = (
        "import pathlib, sys\n"
        "for n in range(3000):\n"
        "    path = pathlib.Path(sys.argv[1], str(n % 50)); path.mkdir(); path.rmdir()"
    )
    argv = [sys.executable, "-c", program, str(found.path)]
    with subprocess.Popen(argv) as builder:
        while builder.poll() is None:
            assert len(stacks.listed(tmp_path)) == 1
            stacks.in_use(found.path, LATER)
    assert builder.returncode == 0


def test_a_folder_in_place_of_the_link_is_an_error_and_stays(tmp_path: Path) -> None:
    (tmp_path / current_stack.CURRENT / "work").mkdir(parents=True)
    with fails("file.not-writable"):
        stacks.switch(tmp_path, ONE)
    assert (tmp_path / current_stack.CURRENT / "work").is_dir()


ROWS = [
    row("a1", stacks.PROVEN, current=True),
    row("a2", stacks.FAILED),
    row("b1", stacks.PROVEN, previous=True),
    row("b2", stacks.CHANGED),
    row("c1", stacks.PROVEN),
]


@pytest.mark.parametrize(
    ("keep", "removed"),
    [(0, "a2 b1 b2 c1"), (1, "a2 b2 c1"), (2, "a2 b2"), (3, "b2"), (4, ""), (9, "")],
)
def test_which_stacks_are_superfluous(keep: int, removed: str) -> None:
    assert [stack.id for stack in stacks.superfluous(ROWS, keep)] == removed.split()


def test_a_negative_number_keeps_no_stacks() -> None:
    with fails("stack.invalid-count", "-1"):
        stacks.superfluous(ROWS, -1)


@pytest.mark.parametrize(
    ("wanted", "found"), [("a1", "a1"), ("c", "c1"), ("b1", "b1"), (stacks.PREVIOUS, "b1")]
)
def test_what_names_a_stack(wanted: str, found: str) -> None:
    assert stacks.chosen(ROWS, wanted, unproven=False).id == found


@pytest.mark.parametrize(
    ("wanted", "code", "value"),
    [
        ("a", "stack.unknown", "a1, a2, b1, b2, c1"),
        ("d", "stack.unknown", "a1, a2, b1, b2, c1"),
        ("a2", "stack.unproven", stacks.WHY_NOT[stacks.FAILED]),
        ("b2", "stack.unproven", stacks.WHY_NOT[stacks.CHANGED]),
    ],
)
def test_what_names_no_stack_that_can_be_used(wanted: str, code: str, value: str) -> None:
    with fails(code, value) as caught:
        stacks.chosen(ROWS, wanted, unproven=False)
    assert ("Several" in caught.value.cause) is (wanted == "a")
    if code == "stack.unproven":
        assert stacks.chosen(ROWS, wanted, unproven=True).id == wanted
    else:
        with fails(code):
            stacks.chosen(ROWS, wanted, unproven=True)


def test_why_there_is_no_earlier_stack() -> None:
    with fails("stack.no-earlier") as caught:
        stacks.chosen(ROWS[:2], stacks.PREVIOUS, unproven=True)
    assert caught.value.cause == f"a2: {stacks.WHY_NOT[stacks.FAILED]}."
    with fails("stack.no-earlier") as caught:
        stacks.chosen(ROWS[:1], stacks.PREVIOUS, unproven=True)
    assert caught.value.cause == "No other stack is in this prefix."
    with fails("stack.unknown", "none"):
        stacks.chosen([], "a", unproven=True)


def test_a_stack_without_a_proof_is_settled_after_an_hour(tmp_path: Path) -> None:
    stack = tmp_path / "stacks" / ONE
    (stack / "env").mkdir(parents=True)
    os.utime(stack / "env", (1000, 1000))
    os.utime(stack, (2000, 2000))
    assert [stacks.in_use(stack, now) for now in (2000.0, 5599.9, 5600.0)] == [True, True, False]
    os.utime(stack / "env", (2500, 2500))
    assert [stacks.in_use(stack, now) for now in (6099.9, 6100.0)] == [True, False]
    (stack / "proof").mkdir()
    (stack / "proof" / "evidence.json").write_text("{}")
    os.utime(stack / "proof", (2000, 2000))
    os.utime(stack, (2000, 2000))
    assert not stacks.in_use(stack, 2000)


def test_the_size_counts_a_file_of_two_names_once(tmp_path: Path) -> None:
    stack = tmp_path / "stacks" / ONE
    stack.mkdir(parents=True)
    (stack / "file").write_bytes(os.urandom(3 * 2**20 + 2**19))
    os.link(stack / "file", stack / "again")
    (tmp_path / "stacks" / "not-a-stack").mkdir()
    (found,) = stacks.listed(tmp_path)
    assert (found.id, found.size_mib, found.versions) == (ONE, 3, {})
    assert (found.state, found.current, found.previous) == (stacks.UNPROVEN, False, False)
    assert found.to_dict()["proven"] is False


def test_a_switch_is_recorded_once_and_last(tmp_path: Path) -> None:
    switched = [stacks.switch(tmp_path, name) for name in (ONE, TWO, TWO, ONE, THREE)]
    assert switched == [True, True, False, True, True]
    history = json.loads((tmp_path / current_stack.HISTORY).read_text())
    assert history == {"switches": [TWO, ONE, THREE], "schema": 1}
    assert current_stack.current_id(tmp_path) == THREE
    assert (tmp_path / current_stack.CURRENT).readlink() == Path("stacks") / THREE


def test_a_folder_that_a_build_removes_meanwhile_was_never_written_to(tmp_path: Path) -> None:
    assert stacks._touched(tmp_path / "absent") == 0.0
    os.utime(tmp_path, (7, 7))
    assert stacks._touched(tmp_path) == 7.0


def test_a_stack_is_known_by_the_commits_and_packages_of_its_sources(tmp_path: Path) -> None:
    build(tmp_path, ONE)
    found = stacks._versions(tmp_path / "stacks" / ONE)
    made = plan(ONE)
    assert found == {
        "python": "3.11",
        "torch": f"{made['torch']['version']} {made['torch']['variant']}",
        "torchvision": made["torchvision"],
        "slowfast": made["sources"]["slowfast"]["commit"][:9],
        "detectron2": "pb1-detectron2==0.6",
    }
    assert len(found["slowfast"]) == 9
    assert stacks._versions(tmp_path) == {}
