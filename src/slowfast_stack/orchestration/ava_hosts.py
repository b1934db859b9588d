"""Do the same on the hosts of an inventory: the list of videos is divided among them."""

from __future__ import annotations

from typing import Any

from slowfast_stack.exit_codes import UsageError
from slowfast_stack.orchestration import playbooks, results
from slowfast_stack.orchestration.session import Session
from slowfast_stack.ui import terminal


def run(inventory: str, limit: str | None, step: str, *, as_json: bool, **asked: object) -> int:
    """Run one step of the AVA playbook and return the exit code.

    ``asked`` are variables of the role, without its prefix; None is not handed over.
    Raises UsageError where the folder means something else on each host.
    """
    if not str(asked["root"]).startswith("/"):
        raise UsageError(
            f"{asked['root']} is relative.",
            "The hosts of an inventory have other working folders and home folders than you.",
            "Give an absolute path, such as /data/ava.",
            code="cli.relative-path",
        )
    play = playbooks.play("ava", inventory, limit=limit)
    given: dict[str, Any] = {"ava_dataset_steps": [step]}
    given |= {f"ava_dataset_{key}": value for key, value in asked.items() if value is not None}
    play.variables.update(given)
    runs = Session(terminal.console(as_json=as_json)).follow(play, f"ava-{step}", steps=("ava",))
    found = results.facts(runs, "stack_ava")
    if as_json:
        terminal.print_hosts(found, errors=results.errors(runs, "stack_ava"))
    else:
        for name, told in found.items():
            print(f"{name}: {'all is there' if told['ok'] else 'not all is there'}")
    results.print_errors(runs, "stack_ava")
    return results.exit_code(runs, "stack_ava")
