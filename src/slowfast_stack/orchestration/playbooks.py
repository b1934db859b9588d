"""Which playbook a verb runs, with which variables, and which host fact is its result."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from slowfast_stack.exit_codes import UsageError
from slowfast_stack.orchestration import localhost, refused
from slowfast_stack.orchestration.ansible import Play
from slowfast_stack.orchestration.results import Results
from slowfast_stack.orchestration.run_state import Failure, HostRun

if TYPE_CHECKING:
    from slowfast_stack.orchestration.session import Session


class PlaybookVerb(NamedTuple):
    """A verb that runs a playbook; ``steps`` are those that every host takes."""

    name: str
    playbook: str
    fact: str
    steps: tuple[str, ...]

    def play(
        self,
        inventory: str | None,
        *,
        limit: str | None = None,
        prefix: str | None = None,
        **variables: object,
    ) -> Play:
        """Return the play of this verb on an inventory; ``variables`` lack the prefix ``stack_``.

        A variable that is empty or None is not passed, so that the one of the inventory counts.
        Raises UsageError for an inventory that is missing, and for a prefix without a meaning.
        """
        given: dict[str, object] = {
            f"stack_{key}": value for key, value in variables.items() if value
        }
        if prefix is not None:
            given["stack_prefix"] = target_path(prefix, local=inventory is None)
        playbook = f"slowfast.stack.{self.playbook}"
        return Play(playbook, resolve(inventory), limit, given)

    def follow(self, session: Session, play: Play) -> Results:
        """Run a play and return how each host ended. Raises Interrupted, StackError, UsageError."""
        return self.known(session, play) or self.start(session, play)

    def start(self, session: Session, play: Play) -> Results:
        """Run a play with Ansible, as `follow` does where it has to."""
        return Results(session.follow(play, self.name, self.steps, self.fact), self.fact)

    def known(self, session: Session, play: Play) -> Results | None:
        """Return how this machine ends where that is known without Ansible."""
        if play.inventory != localhost.INVENTORY.resolve() or not localhost.is_selected(play.limit):
            return None
        error = refused.of(self.name, play.variables)
        if error is not None:
            failure = Failure(error.message, error.cause, error.hint, code=error.code)
            return Results([HostRun(localhost.NAME, failure=failure)], self.fact)
        facts = localhost.converged(play.variables) if self is UP else None
        if facts is None:
            return None
        run = HostRun(localhost.NAME, facts=facts)
        session.ended(play, self.name, run, self.fact)
        return Results([run], self.fact)

    def run(self, inventory: str | None, *, session: Session, **arguments: Any) -> Results:  # noqa: ANN401
        """Run the playbook; ``arguments`` are those of ``play``."""
        return self.follow(session, self.play(inventory, **arguments))


PROBE = PlaybookVerb("probe", "plan", "stack_host", ("probe", "plan"))
PLAN = PlaybookVerb("plan", "plan", "stack_plan", ("probe", "plan"))
UP = PlaybookVerb("up", "site", "stack_proof", ("probe", "plan"))
PROVE = PlaybookVerb("prove", "prove", "stack_proof", ("proof",))
ROLLBACK = PlaybookVerb("rollback", "rollback", "stack_rollback", ("rollback",))
LOCK = PlaybookVerb("lock", "lock", "stack_lock", ("lock",))
CONTENTS = PlaybookVerb("contents", "contents", "stack_contents", ("contents",))
PURGE = PlaybookVerb("purge", "purge", "stack_purge_result", ("purge",))
DRIVER_ROLLBACK = PlaybookVerb(
    "driver-rollback", "driver_rollback", "stack_driver_rollback", ("nvidia_driver_rollback",)
)
AVA = PlaybookVerb("ava", "ava", "stack_ava", ("ava",))


def target_path(text: str, *, local: bool, option: str = "--prefix") -> str:
    """Return the absolute path of a folder; on other hosts only an absolute one has a meaning."""
    path = Path(text)
    if path.is_absolute():
        return text
    if local:
        return str(path.expanduser().absolute())
    raise UsageError(
        f"{option} {text} is relative.",
        "The hosts of an inventory have other working folders and home folders than you.",
        "Give an absolute path, such as /opt/slowfast-stack.",
        code="cli.relative-path",
    )


def resolve(text: str | None) -> Path:
    """Return the absolute path of an inventory; without one, of this machine.

    ansible-runner takes a text that is no path for the content of an inventory, so a typing error
    would become a host of that name. Raises UsageError when there is no such file or folder.
    """
    if text is None:
        return localhost.INVENTORY.resolve()
    path = Path(text).expanduser().absolute()
    if path.exists():
        return path
    raise UsageError(
        f"There is no inventory {text}.",
        f"There is neither a file nor a folder at {path}.",
        _suggestion(path),
        code="inventory.not-found",
    )


def _suggestion(path: Path) -> str:
    neighbours = [entry.name for entry in path.parent.glob("*")] if path.parent.is_dir() else []
    close = difflib.get_close_matches(path.name, neighbours, n=1)
    if close:
        return f"Did you mean -i {path.parent / close[0]}?"
    return "Give the path of an inventory, or omit -i to use this machine."
