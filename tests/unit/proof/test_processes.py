"""What ends the process of a claim fails that claim; every other claim is made, and in its place."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import forked
import groups
import processes
import pytest
import rehearsal_claims

ROOT = Path(__file__).parents[3]
PROGRAM = ROOT / "roles" / "proof" / "files" / "program"
# In place of the groups of a stack: what their claims do is the body of a function.
GROUPS = """
import ctypes, os, signal, sys
from dataclasses import dataclass
from claims import Claim
BODIES = {bodies!r}
ORDER = tuple(BODIES)

@dataclass(frozen=True)
class Stack:
    plan: dict
    src: object
    uv: str
    work: object

    def claims(self, group):
        if group == "unmade":
            import not_there
        return [Claim(name, "text", lambda body=body: eval(body)) for name, body in BODIES[group].items()]

def together(plan, slots):
    return {together!r}
"""
FINE = "(True, str(os.getpid()))"
CRASH = "os.kill(os.getpid(), signal.SIGSEGV)"
# Compiled code that neither returns nor lets Python handle a signal.
HANG = "ctypes.PyDLL(None).sleep(1000)"
QUIT = "(print('leaving'), sys.stdout.flush(), os._exit(0))"


def prove(
    place: Path, bodies: dict[str, dict[str, str]], together: list[list[str]]
) -> dict[str, Any]:
    """Run the program with these claims; return its result, claims by id in the order reported."""
    folder = place / "program"
    folder.mkdir()
    for name in ("__main__.py", "processes.py", "claims.py"):
        shutil.copy(PROGRAM / name, folder)
    (folder / "groups.py").write_text(GROUPS.format(bodies=bodies, together=together))
    (folder / "clips.py").write_text("def write_data_set(folder): folder.mkdir()\n")
    (place / "plan.json").write_text(json.dumps({"id": "one", "skipped_claims": []}))
    argv = [sys.executable, str(folder), "--plan", str(place / "plan.json"), "--limit", "1.5"]
    argv += ["--src", str(place), "--out", str(place / "claims.json")]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    result: dict[str, Any] = json.loads((place / "claims.json").read_text())
    assert done.returncode == (0 if result["ok"] else 1), done.stderr
    return {**result, "claims": {claim["id"]: claim for claim in result["claims"]}}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (CRASH, "exit status -11 (SIGSEGV)"),
        (HANG, "no answer within 2 s"),
        (QUIT, "exit status 0: leaving"),
        ("1 / 0", "ZeroDivisionError"),
    ],
)
@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_claim_that_ends_its_process_fails_alone(
    body: str, said: str, at: int, tmp_path: Path
) -> None:
    first, second = {"a": FINE, "b": FINE, "c": FINE}, {"d": FINE}
    first["abc"[at]] = body
    found = prove(tmp_path, {"first": first, "second": second}, [["first", "second"]])
    claims = found["claims"]
    assert list(claims) == ["a", "b", "c", "d"]
    assert [name for name, claim in claims.items() if not claim["ok"]] == ["abc"[at]]
    assert claims["abc"[at]]["measured"].startswith(said)
    assert claims["abc"[at]]["expected"] == "text"
    assert (claims["abc"[at]]["seconds"] >= 1) == (body == HANG)
    assert found["ok"] is False


def test_claims_of_one_process_share_what_it_imported(tmp_path: Path) -> None:
    bodies = {"first": {"a": FINE, "b": FINE}, "second": {"c": FINE}, "third": {"d": FINE}}
    found = prove(tmp_path, bodies, [["third"], ["first", "second"]])
    pids = [claim["measured"] for claim in found["claims"].values()]
    assert list(found["claims"]) == ["a", "b", "c", "d"]
    assert pids[0] == pids[1] == pids[2] != pids[3]
    assert found["ok"] is True


def test_several_claims_end_their_processes(tmp_path: Path) -> None:
    bodies = {"first": {"a": CRASH, "b": CRASH}, "second": {"c": FINE, "d": CRASH}}
    found = prove(tmp_path, bodies, [["first", "second"]])
    assert {name: claim["ok"] for name, claim in found["claims"].items()} == {
        "a": False, "b": False, "c": True, "d": False,
    }  # fmt: skip


def test_a_group_whose_imports_fail_is_one_failed_claim(tmp_path: Path) -> None:
    bodies = {"first": {"a": FINE}, "unmade": {"b": FINE}, "third": {"c": FINE}}
    found = prove(tmp_path, bodies, [["first", "unmade", "third"]])
    assert list(found["claims"]) == ["a", "proof.unmade", "c"]
    assert "No module named 'not_there'" in found["claims"]["proof.unmade"]["measured"]
    assert [claim["ok"] for claim in found["claims"].values()] == [True, False, True]


def test_a_process_that_crashes_after_its_last_claim_has_not_passed(tmp_path: Path) -> None:
    late = "(True, __import__('atexit').register(os.abort) and 'made')"
    found = prove(tmp_path, {"first": {"a": late}, "second": {"b": FINE}}, [["first"], ["second"]])
    assert found["claims"]["a"]["ok"] is True
    assert found["claims"]["proof.first"]["measured"].startswith("exit status -6 (SIGABRT)")
    assert found["claims"]["b"]["ok"] is True
    assert found["ok"] is False


@pytest.mark.parametrize("gpus", [[], [{"name": "H100"}]])
@pytest.mark.parametrize("slots", [1, 2, 3, 4, 64])
def test_every_group_is_made_once(slots: int, gpus: list[object]) -> None:
    plan = {"gpus": gpus, "ffmpeg": {"version": "7"}}
    made = groups.together(plan, slots)
    assert sorted(name for names in made for name in names) == sorted(groups.ORDER)
    # A process that has trained cannot be forked.
    for names in made:
        if "rehearsal" in names and "slowfast" in names:
            assert names.index("rehearsal") < names.index("slowfast")
    shares = any({"libraries", "rehearsal"} <= set(names) for names in made)
    assert shares == (slots < 4 and not gpus)


@pytest.mark.parametrize(
    ("available_mib", "limit", "used", "expected"),
    [
        (100_000, "max", "5", 4),
        (3000, "max", "5", 2),
        (500, "max", "5", 1),
        (100_000, str(5 << 30), str(2 << 30), 3),
        (None, None, None, 4),
    ],
)
def test_as_many_processes_as_cores_and_memory_allow(
    available_mib: int | None,
    limit: str | None,
    used: str | None,
    expected: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(4)))
    if available_mib:
        (tmp_path / "meminfo").write_text(
            f"MemTotal: 1 kB\nMemAvailable: {available_mib << 10} kB\n"
        )
    for name, text in (("max", limit), ("current", used)):
        if text:
            (tmp_path / f"memory.{name}").write_text(text + "\n")
    assert processes.slots(1 << 30, tmp_path / "meminfo", tmp_path) == expected


ANSWERS = """
import os, sys
print(sys.argv[1:], os.getcwd(), sorted(os.environ), sys.path[0], __name__)
print("beside", file=sys.stderr)
{end}
"""


@pytest.mark.parametrize(
    ("end", "status"),
    [("", 0), ("sys.exit(3)", 3), ("sys.exit()", 0), ("sys.exit('no')", 1), ("1 / 0", 1)],
)
def test_a_forked_program_answers_as_one_that_is_started(
    end: str, status: int, tmp_path: Path
) -> None:
    program = tmp_path / "program.py"
    program.write_text(ANSWERS.format(end=end))
    environment = {"LC_ALL": "C", "PATH": "/bin"}
    done = forked.run(program, ["a"], cwd=tmp_path, env=environment, timeout=20)
    started = subprocess.run(
        [sys.executable, str(program), "a"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (started.returncode, started.stdout)
    assert done.returncode == status
    assert done.stderr.splitlines()[0] == "beside"


def test_a_forked_program_that_crashes_or_hangs(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n")
    assert forked.run(program, [], cwd=tmp_path, env={}, timeout=20).returncode == -11
    program.write_text("import time\ntime.sleep(100)\n")
    with pytest.raises(subprocess.TimeoutExpired):
        forked.run(program, [], cwd=tmp_path, env={}, timeout=0.3)


def test_without_the_stack_the_rehearsal_starts_a_program() -> None:
    assert rehearsal_claims._is_single() is False
