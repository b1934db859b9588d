"""What this machine cannot do is said without Ansible, in the words of the module that it would run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import ownership
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.modules import prefix as prefix_module
from ansible_collections.slowfast.stack.plugins.modules import stacks as stacks_module
from slowfast_stack.exit_codes import Exit
from slowfast_stack.orchestration import playbooks, refused
from slowfast_stack.orchestration.playbooks import PlaybookVerb
from slowfast_stack.orchestration.run_state import HostRun
from slowfast_stack.orchestration.session import Session

ONE, TWO = "1" * 12, "12" + "0" * 10


class NoAnsible(Session):
    """Counts the runs that are started."""

    started: list[str] = []  # noqa: RUF012

    def follow(self, play: Any, *_: Any) -> list[HostRun]:
        self.started.append(play.playbook)
        return [HostRun("localhost", facts={"stack_proof": {"ok": True}})]


@pytest.fixture
def session() -> NoAnsible:
    made = NoAnsible()
    made.started.clear()
    return made


def prefix_of(folder: Path, *stacks: str, current: str = "") -> Path:
    for name in stacks:
        (folder / "stacks" / name).mkdir(parents=True)
    if current:
        (folder / "current").symlink_to(f"stacks/{current}")
    return folder


def by_prefix(folder: Path, _use: str) -> object:
    params = {"path": str(folder), "plan": None, "current": None, "installed": True}
    return prefix_module.act(params, check=False)


def by_stacks(folder: Path, use: str) -> object:
    params = {"path": str(folder), "use": use, "unproven": False, "keep": None}
    return stacks_module.act(params, check=False)


Module = Callable[[Path, str], object]
REFUSED: list[tuple[PlaybookVerb, tuple[str, ...], str, str, str, Module]] = [
    (playbooks.PROVE, (), "", "", "stack.not-installed", by_prefix),
    (playbooks.PROVE, (ONE,), "", "", "stack.not-installed", by_prefix),
    (playbooks.LOCK, (), "", "", "stack.not-installed", by_prefix),
    (playbooks.CONTENTS, (ONE, TWO), "", "", "stack.not-installed", by_prefix),
    (playbooks.ROLLBACK, (), "", "zzzz", "stack.unknown", by_stacks),
    (playbooks.ROLLBACK, (ONE,), ONE, "2", "stack.unknown", by_stacks),
    (playbooks.ROLLBACK, (ONE, TWO), ONE, "1", "stack.unknown", by_stacks),
    (playbooks.ROLLBACK, (), "", "previous", "stack.no-earlier", by_stacks),
    (playbooks.ROLLBACK, (ONE,), ONE, "previous", "stack.no-earlier", by_stacks),
]


@pytest.mark.parametrize("row", REFUSED)
def test_it_is_refused_as_its_module_would(
    session: NoAnsible, tmp_path: Path, row: tuple[Any, ...]
) -> None:
    verb, stacks, current, use, code, module = row
    folder = prefix_of(tmp_path, *stacks, current=current)
    done = verb.run(None, session=session, prefix=str(folder), use=use)
    assert session.started == []
    assert done.exit_code is Exit.FAILED
    failure = done.runs[0].failure
    assert failure
    with pytest.raises(StackError) as caught:
        module(folder, use)
    said = caught.value
    assert (failure.code, failure.message, failure.hint) == (code, said.message, said.hint)
    assert sorted(failure.cause) == sorted(said.cause)  # stacks may be named in another order


STARTED: list[tuple[PlaybookVerb, tuple[str, ...], str, str]] = [
    (playbooks.PROVE, (ONE,), ONE, ""),
    (playbooks.LOCK, (ONE,), ONE, ""),
    (playbooks.ROLLBACK, (ONE, TWO), ONE, "12"),
    (playbooks.ROLLBACK, (ONE, TWO), ONE, "previous"),
    (playbooks.UP, (), "", ""),
    (playbooks.PROBE, (), "", ""),
]


@pytest.mark.parametrize(("verb", "stacks", "current", "use"), STARTED)
def test_what_may_be_possible_is_left_to_the_playbook(
    session: NoAnsible,
    tmp_path: Path,
    verb: PlaybookVerb,
    stacks: tuple[str, ...],
    current: str,
    use: str,
) -> None:
    folder = prefix_of(tmp_path, *stacks, current=current)
    verb.run(None, session=session, prefix=str(folder), use=use)
    assert session.started == [f"slowfast.stack.{verb.playbook}"]


def test_a_list_is_never_refused(tmp_path: Path) -> None:
    assert refused.of("rollback", {"stack_prefix": str(tmp_path), "stack_use": ""}) is None


def test_other_hosts_and_limits_are_for_ansible(session: NoAnsible, tmp_path: Path) -> None:
    inventory = tmp_path / "hosts.yml"
    inventory.write_text("all: {hosts: {localhost: {ansible_connection: local}}}\n")
    playbooks.PROVE.run(str(inventory), session=session, prefix=str(tmp_path))
    playbooks.PROVE.run(None, session=session, prefix=str(tmp_path), limit="other")
    assert len(session.started) == 2


def test_without_a_prefix_only_root_knows_which_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ownership, "is_root", lambda: False)
    assert refused.of("prove", {}) is None
