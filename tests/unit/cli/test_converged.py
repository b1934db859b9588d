"""``up`` on this machine ends without Ansible where it is as planned and proven."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import proven_prefix

from ansible_collections.slowfast.stack.plugins.module_utils._runner import probed
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import ownership
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host.probe import Where
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import planner
from ansible_collections.slowfast.stack.plugins.plugin_utils._proof_program import program
from slowfast_stack.exit_codes import Exit
from slowfast_stack.orchestration import fleet, localhost, playbooks
from slowfast_stack.orchestration.events import HostEvent, Kind
from slowfast_stack.orchestration.run_state import HostRun
from slowfast_stack.orchestration.session import Session

# No address is asked: this machine is planned as one that is never connected.
ENDPOINTS: dict[str, str] = {}


class NoAnsible(Session):
    """Counts the runs that are started."""

    started: list[str] = []  # noqa: RUF012

    def follow(self, play: Any, *_: Any) -> list[HostRun]:
        self.started.append(play.playbook)
        return [HostRun("localhost", facts={"stack_proof": {"ok": True}})]


@pytest.fixture
def happened() -> list[HostEvent]:
    return []


@pytest.fixture
def session(happened: list[HostEvent]) -> NoAnsible:
    made = NoAnsible(listen=happened.append)
    made.started.clear()
    return made


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stack of this machine that looks proven."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(planner, "endpoints", lambda _request: ENDPOINTS)
    prefix = tmp_path / "prefix"
    home = str(Path.home())
    host = probed(Where(str(prefix), ENDPOINTS, home=home), remember=False).to_dict()
    plan = planner.plan(host).to_dict()
    if plan["status"] != "planned" or plan["system_packages"] or host["gpus"]:
        pytest.skip("this machine has no plan of the prefix alone")
    return proven_prefix.make(prefix, host, json.loads(json.dumps(plan)), program())


def up(stack: Path, session: Session, **asked: Any) -> playbooks.Results:
    return playbooks.UP.run(None, session=session, prefix=str(stack.parents[1]), **asked)


def test_a_converged_machine_needs_no_playbook(
    stack: Path, session: NoAnsible, happened: list[HostEvent]
) -> None:
    done = up(stack, session)
    assert session.started == []
    assert done.exit_code is Exit.PROVEN
    assert done.runs[0].plan.id == stack.name
    assert done.runs[0].host.cores > 0
    assert [(event.kind, event.status) for event in happened] == [(Kind.ENDED, "proven")]
    (known,) = fleet.known(playbooks.UP.play(None, prefix=str(stack.parents[1])))
    assert (known.status, known.plan, known.proven) == ("proven", stack.name, stack.name)


CHANGES: dict[str, Callable[[Path], object]] = {
    "a file of the stack was edited": lambda stack: (stack / "activate").write_text("exit\n"),
    "a file was added": lambda stack: (stack / "env" / "new.py").write_text("x = 1\n"),
    "the lock was edited": lambda stack: (stack / "stack.lock.json").write_text("{}\n"),
    "no stack is current": lambda stack: (stack.parents[1] / "current").unlink(),
}


@pytest.mark.parametrize("what", CHANGES)
def test_the_playbook_decides_where(stack: Path, session: NoAnsible, what: str) -> None:
    CHANGES[what](stack)
    up(stack, session)
    assert session.started == ["slowfast.stack.site"]


ASKED: dict[str, dict[str, Any]] = {
    "another Python": {"request": {"python": "3.12"}},
    "what no plan has": {"request": {"python": "2.7"}},
    "a bundle": {"offline": "/x.bundle"},
    "everything built again": {"rebuild": True},
    "a lock": {"request": {"locked": {"format": "slowfast-stack-lock"}}},
    "another host": {"limit": "h100"},
}


@pytest.mark.parametrize("what", ASKED)
def test_the_playbook_decides_when_asked_for(stack: Path, session: NoAnsible, what: str) -> None:
    up(stack, session, **ASKED[what])
    assert session.started == ["slowfast.stack.site"]


def test_without_a_prefix_only_root_knows_which_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ownership, "is_root", lambda: False)
    assert localhost.converged({}) is None
