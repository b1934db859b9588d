"""Do the same on the hosts of an inventory: the list of videos is divided among them."""

from __future__ import annotations

from typing import Any

from slowfast_stack import playbooks, report, screen
from slowfast_stack.exits import Misuse
from slowfast_stack.session import Session


def run(inventory: str, limit: str | None, step: str, *, as_json: bool, **asked: object) -> int:
    """Run one step of the AVA playbook and return the exit code.

    ``asked`` are variables of the role, without its prefix; None is not handed over.
    Raises Misuse where the folder means something else on each host.
    """
    if not str(asked["root"]).startswith("/"):
        raise Misuse(
            f"{asked['root']} is relative.",
            "The hosts of an inventory have other working folders and home folders than you.",
            "Give an absolute path, such as /data/ava.",
        )
    play = playbooks.play("ava", inventory, limit=limit)
    given: dict[str, Any] = {"ava_dataset_steps": [step]}
    given |= {f"ava_dataset_{key}": value for key, value in asked.items() if value is not None}
    play.variables.update(given)
    runs = Session(screen.console(as_json=as_json)).follow(play, f"ava-{step}", steps=("ava",))
    results = report.facts(runs, "stack_ava")
    if as_json:
        screen.emit(results, errors=report.errors(runs, "stack_ava"))
    else:
        for name, told in results.items():
            print(f"{name}: {'all is there' if told['ok'] else 'not all is there'}")
    report.complain(runs, "stack_ava")
    return report.exit_code(runs, "stack_ava")
