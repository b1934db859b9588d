"""Decide on the source trees, their patches, and the pins of the packages beside torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..catalog.packages import PINS, RESOLVED
from ..catalog.sources import PYPI as UPLOADED
from ..catalog.sources import READ, TREES, UPLOADS
from ..core.versions import dotted
from ..patches.model import FORK, PINNED, PYPI, UPSTREAM
from ..patches.registry import PATCHES
from .candidates import within
from .decision import REQUEST, Decided, Decision, decision
from .plan import SourcePlan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..catalog.sources import TreeRow
    from .network import Network
    from .request import Request, Source
    from .resolver import Choice

Trees = dict[str, "SourcePlan | None"]


def pins(choice: Choice, network: Network) -> Decided[tuple[str, ...]]:
    """Return the first pin of each package that fits the Python and the NumPy bound."""
    bound, python = choice.wheel.row.numpy, choice.python.series
    found: dict[str, str] = {}
    for row in PINS:
        needed = row.use != "full" or network.compiles
        if needed and within(row.pythons, python) and row.numpy in ("", bound):
            found.setdefault(row.name, row.version)
    text = f"these pins were resolved together for Python {dotted(python)} and numpy{bound}"
    names = tuple(f"{name}=={number}" for name, number in found.items())
    return Decided(names, (decision("packages", text, RESOLVED),))


def bounds(choice: Choice) -> dict[str, str]:
    """Return the bounds behind the pins, for users who add packages."""
    return {
        "numpy": choice.wheel.row.numpy,
        "setuptools": choice.wheel.row.setuptools,
        "iopath": ">=0.1.7,<0.1.10",
        "fvcore": ">=0.1.5,<0.1.6",
        "omegaconf": ">=2.1,<2.4",
        "moviepy": "<2",
        "av": ">=14,<19",
    }


def trees(request: Request, network: Network) -> Decided[Trees]:
    """Return where each source tree comes from: git, or what PyPI has in its place."""
    if network.compiles:
        asked = {tree.name: request.source(tree.name) for tree in TREES}
        return Decided(
            {tree.name: _git(tree, asked[tree.name]) for tree in TREES}, tuple(_commits(asked))
        )
    uploads = {
        row.name: SourcePlan(
            "pypi", None, requirement=row.requirement, sha256=row.sha256, lacks=row.lacks
        )
        for row in UPLOADS
    }
    text = "the git sources are unreachable; PyPI has SlowFast of 2019 and Detectron2's Python"
    return Decided(
        {tree.name: uploads.get(tree.name) for tree in TREES},
        (decision("sources", text, UPLOADED),),
    )


def _git(tree: TreeRow, asked: Source) -> SourcePlan:
    return SourcePlan("git", asked.commit or tree.commit, url=asked.url or tree.url)


def _commits(asked: Mapping[str, Source]) -> Iterator[Decision]:
    """Say which commits are those of the catalog, and which are requested."""
    requested = [name for name, source in asked.items() if source.commit]
    ours = [name for name in asked if name not in requested]
    if ours:
        text = f"{_listed(ours)} at the commits that were built and tested"
        yield decision("sources", text, READ)
    if requested:
        yield decision("sources", f"{_listed(requested)} at the requested commits", REQUEST)


def _listed(names: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def patches(choice: Choice, packages: tuple[str, ...], sources: Trees) -> tuple[str, ...]:
    """Return the patches that these sources can need with these versions."""
    row = choice.wheel.row
    pinned = dict(pin.split("==") for pin in packages)
    versions = {**pinned, "torch": row.torch, "torchvision": row.torchvision}
    origins = {tree.name: _origin(tree, sources[tree.name]) for tree in TREES}
    return tuple(
        patch.id
        for patch in PATCHES
        if origins[patch.component] in patch.origins and patch.needed(versions)
    )


def _origin(tree: TreeRow, source: SourcePlan | None) -> str | None:
    """Return which of the origins of patches a source has, None for no source."""
    if source is None:
        return None
    if source.origin == "pypi":
        return PYPI
    if source.commit == tree.commit:
        return PINNED
    return UPSTREAM if source.url == tree.url else FORK
