"""The small AVA of the tests with real videos."""

from __future__ import annotations

from support.ava_fixtures import *  # noqa: F403  (fixtures are found by name)
