"""What the tests share: servers, small trees, synthetic data, stand-ins for large programs."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
