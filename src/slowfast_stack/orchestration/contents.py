"""Read what is in the stacks of hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ansible_collections.slowfast.stack.plugins.module_utils._stack.contents.packed import (
    file_of,
    unpack,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import names, scratch
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from slowfast_stack.facts import StackContents
from slowfast_stack.orchestration.run_state import Failure

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ansible_collections.slowfast.stack.plugins.module_utils._stack.contents.model import (
        Contents,
    )
    from slowfast_stack.orchestration.results import Results
    from slowfast_stack.orchestration.run_state import HostRun

_LIMIT = 32 << 20  # bytes


def of_hosts(
    run: Callable[..., Results], prefix: str | None, *, digests: bool
) -> tuple[Results, dict[str, Contents]]:
    """Return the locks of hosts, and the contents of each stack by host.

    ``run`` runs a playbook with these variables. Without ``digests`` no file is read completely.
    """
    found: dict[str, Contents] = {}
    with scratch.folder() as private:
        variables = {"contents_folder": str(private), "without_digests": not digests}
        results = run(prefix=prefix, **variables)
        for host in results.runs:
            if StackContents.fact in host.facts:
                _read(host, private, found)
    return results, found


def _read(host: HostRun, folder: Path, found: dict[str, Contents]) -> None:
    """Add the contents of a host; an answer of another form fails this host and no other."""
    try:
        text = names.read_regular(folder / file_of(host.name), _LIMIT)
        found[host.name] = unpack(text.decode("utf-8", "replace"))
    except StackError as error:
        del host.facts[StackContents.fact]
        host.failure = Failure(
            error.message, error.cause, error.hint, code="host.invalid-answer", refused=True
        )
