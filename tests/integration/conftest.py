"""What all integration tests have in common."""

from __future__ import annotations

import os

# The workers share the cores: each proof would start a thread on all of them.
os.environ.setdefault("OMP_NUM_THREADS", "1")
