"""Read the options of the module ``artifact``: which recipe builds what."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import StackError
from .build_ffmpeg import FFmpegRecipe
from .build_wheel import WheelRecipe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .cache import Recipe

# What each kind cannot do without.
REQUIRED = {"wheel": ("source", "python"), "ffmpeg": ("plan",)}


def recipe_of(options: Mapping[str, Any]) -> Recipe:
    """Return the recipe that options describe. Raises ``StackError`` where one is missing."""
    kind = options["kind"]
    missing = [name for name in REQUIRED[kind] if not options[name]]
    if missing:
        raise StackError(
            f"A {kind} cannot be built without {' and '.join(missing)}.",
            "The option is required for this kind.",
            "Set it.",
            code="artifact.missing-option",
        )
    inputs = {name: str(value) for name, value in options["inputs"].items()}
    if kind == "wheel":
        environment = {name: str(value) for name, value in options["environment"].items()}
        source, python = Path(options["source"]), Path(options["python"])
        return WheelRecipe(inputs, source, python, options["uv"], environment, Path(options["log"]))
    plan = options["plan"]
    return FFmpegRecipe(
        inputs,
        plan["origin"],
        tuple(plan["flags"]),
        plan["sources"],
        plan["wanted"],
        options["cc"],
        options["jobs"],
        options["uv"],
        Path(options["log"]),
        Path(options["bundle"]) if options["bundle"] else None,
    )
