"""Read what is in the stacks of hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ansible_collections.slowfast.stack.plugins.module_utils._stack.contents.packed import (
    file_of,
    unpack,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import names, scratch

if TYPE_CHECKING:
    from collections.abc import Callable

    from ansible_collections.slowfast.stack.plugins.module_utils._stack.contents.model import (
        Contents,
    )
    from slowfast_stack.orchestration.results import Results

_LIMIT = 32 << 20  # bytes


def of_hosts(
    run: Callable[..., Results], prefix: str | None, *, digests: bool
) -> tuple[Results, dict[str, Contents]]:
    """Return the locks of hosts, and the contents of each stack by host.

    ``run`` runs a playbook with these variables. Without ``digests`` no file is read completely. Raises
    ``StackError``, also for an answer of another form.
    """
    with scratch.folder() as private:
        variables = {"contents_folder": str(private), "without_digests": not digests}
        results = run(prefix=prefix, **variables)
        found = {
            name: unpack(names.read_regular(private / file_of(name), _LIMIT).decode())
            for name in results.values
        }
    return results, found
