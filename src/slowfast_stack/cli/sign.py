"""``slowfast-stack sign``: vouch for a bundle, a lock or another file with an SSH key."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import signatures
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.construct import plain
from slowfast_stack.cli import options
from slowfast_stack.cli.base import Verbs
from slowfast_stack.exit_codes import Exit
from slowfast_stack.orchestration import trust
from slowfast_stack.ui import terminal

verbs = Verbs()


@verbs.add(
    "sign slowfast.bundle --key ~/.ssh/id_ed25519",
    "sign stack.lock.json --key ~/.ssh/id_ed25519.pub --days 30",
    "sign plan.json --kind plan --key ~/.ssh/id_ed25519",
    changes="the files FILE.statement and FILE.statement.sig.",
)
def sign(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", callback=options.existing_bundle, help="What is signed."),
    ],
    *,
    key: Annotated[
        Path,
        typer.Option(
            metavar="KEY",
            callback=options.existing_file,
            help="An SSH private key, or the public half of a key that ssh-agent has.",
        ),
    ],
    kind: options.Kind = None,
    days: Annotated[
        int, typer.Option(metavar="N", min=1, max=3650, help="Days until the statement expires.")
    ] = signatures.DAYS,
    number: Annotated[
        int | None,
        typer.Option(
            "--number",
            metavar="N",
            min=0,
            help="Version of the file, which refuses older ones; default: the time in seconds.",
        ),
    ] = None,
    json: options.Json = False,
) -> int:
    """Vouch for a bundle, a lock or another file with an SSH key.

    Writes beside FILE a statement with its SHA-256, the time until which it may be used and a
    version, and the signature of `ssh-keygen -Y sign`. Copy both along with FILE.
    """
    subject = trust.examined(file, kind)
    made = signatures.sign(subject, key, datetime.now(UTC), days=days, version=number)
    paths = (signatures.statement_path(subject.path), signatures.signature_path(subject.path))
    lines = [
        f"{subject.path.name}: signed as {made.kind}, version {made.version}, until {made.expires}",
        f"  digest sha256:{made.sha256}",
        *(f"  {path}" for path in paths),
    ]
    files = [str(path) for path in paths]
    terminal.show({"statement": plain(made), "files": files}, lines, as_json=json)
    return Exit.PROVEN
