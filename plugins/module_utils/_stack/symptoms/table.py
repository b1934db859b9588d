"""The table of symptoms: the first that a text has is its cause, so the most specific ones are first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import (
    builds,
    connections,
    driver,
    python_packages,
    system,
    system_packages,
    training,
    upstream,
)

if TYPE_CHECKING:
    from .row import Symptom

SYMPTOMS: tuple[Symptom, ...] = (
    *upstream.SYMPTOMS,
    *connections.SYMPTOMS,
    *system.SYMPTOMS,
    *driver.SYMPTOMS,
    *system_packages.SYMPTOMS,
    *builds.SYMPTOMS,
    *training.SYMPTOMS,
    *python_packages.SYMPTOMS,
)
