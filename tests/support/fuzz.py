"""How many examples a fuzzed test tries."""

from __future__ import annotations

import os


def examples(count: int) -> int:
    """Return ``count`` times what SLOWFAST_STACK_FUZZ says; docs/security.md gives the sum."""
    return count * int(os.environ.get("SLOWFAST_STACK_FUZZ", "1"))
