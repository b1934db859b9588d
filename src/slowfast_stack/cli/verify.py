"""``slowfast-stack verify``: who vouches for a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ansible_collections.slowfast.stack.plugins.module_utils import _trust
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.construct import plain
from slowfast_stack.cli import options
from slowfast_stack.cli.base import Verbs
from slowfast_stack.exit_codes import Exit
from slowfast_stack.orchestration import trust
from slowfast_stack.ui import terminal

verbs = Verbs()


@verbs.add(
    "verify slowfast.bundle",
    "verify stack.lock.json --allowed-signers team_signers --json",
    "verify plan.json --kind plan",
    changes="nothing.",
)
def verify(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", callback=options.existing_bundle, help="What was signed."),
    ],
    *,
    kind: options.Kind = None,
    allowed_signers: options.AllowedSigners = None,
    json: options.Json = False,
) -> int:
    """Show who vouches for a file.

    Prints the signer, the key, the version and until when it may be used. Exits 1 where no one
    does who is trusted here, where the statement has expired, or where a newer version was used
    before. Of a bundle the manifest is read; `bundle verify` reads every byte.
    """
    subject = trust.examined(file, kind)
    found = _trust.examine(subject, _trust.Accepted(allowed_signers=allowed_signers))
    made = found.statement
    lines = [
        f"{made.name}: {made.kind}, version {made.version}, until {made.expires}",
        f"  signed by {found.signer} with {found.key}",
        f"  digest sha256:{made.sha256}",
    ]
    shown = {"statement": plain(made), "signer": found.signer, "key": found.key}
    terminal.show(shown, lines, as_json=json)
    return Exit.PROVEN
