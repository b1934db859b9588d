"""Which playbook stands behind a verb, and the variables that it is given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from slowfast_stack.exit_codes import UsageError
from slowfast_stack.orchestration import inventory as inventories
from slowfast_stack.orchestration.ansible import Play


def play(
    name: str,
    inventory: str | None,
    *,
    limit: str | None = None,
    prefix: str | None = None,
    **variables: object,
) -> Play:
    """Return the play of a verb on an inventory. Raises UsageError for what cannot be meant.

    What was not asked for is not handed over, so that the variables of the inventory count.
    """
    given: dict[str, Any] = {f"stack_{key}": value for key, value in variables.items() if value}
    if prefix is not None:
        given["stack_prefix"] = target_path(prefix, local=inventory is None)
    return Play(f"slowfast.stack.{name}", inventories.resolve(inventory), limit, given)


def target_path(text: str, *, local: bool) -> str:
    """Return the absolute path of a prefix; on other hosts only an absolute one has a meaning."""
    path = Path(text)
    if path.is_absolute():
        return text
    if local:
        return str(path.expanduser().absolute())
    raise UsageError(
        f"--prefix {text} is relative.",
        "The hosts of an inventory have other working folders and home folders than you.",
        "Give an absolute path, such as /opt/slowfast-stack.",
        code="cli.relative-path",
    )
