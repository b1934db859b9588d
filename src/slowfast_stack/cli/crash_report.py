"""Report a bug of this program: one sentence, and the traceback in a file."""

from __future__ import annotations

import traceback
from datetime import UTC, datetime

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from slowfast_stack.orchestration import logs


def save(error: Exception) -> StackError:
    """Write the traceback of ``error`` to a file and return the error that names it."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    path = logs.folder() / f"{stamp}-crash.log"
    trace = "".join(traceback.format_exception(error))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(trace, encoding="utf-8")
    except OSError:
        return StackError(
            "slowfast-stack itself failed.", trace, "Please report this.", code="internal.bug"
        )
    return StackError(
        "slowfast-stack itself failed.",
        f"{type(error).__name__}: {error}.",
        f"Please report it with the traceback in {path}.",
        code="internal.bug",
    )
