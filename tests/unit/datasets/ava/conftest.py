"""The small AVA of the tests of lists and checks."""

from __future__ import annotations

from support.ava_fixtures import *  # noqa: F403  (fixtures are found by name)
