"""Decide on the source trees, their patches, and the pins of the packages beside torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..catalog.packages import BOUNDS, PINS, RESOLVED
from ..catalog.sources import EXAMINED, READ, TREES, UPLOADS
from ..catalog.sources import PYPI as UPLOADED
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


def bounds(choice: Choice) -> Decided[dict[str, str]]:
    """Return the bounds behind the pins, for users who add packages."""
    row = choice.wheel.row
    made = {
        "numpy": row.numpy,
        "setuptools": row.setuptools,
        **{each.name: each.bound for each in BOUNDS},
    }
    text = (
        f"torch {row.torch} and its extensions need numpy{row.numpy} and setuptools{row.setuptools}"
    )
    reasons = dict.fromkeys((each.because, each.source) for each in BOUNDS)
    return Decided(
        made,
        (
            decision("constraints", text, row.source),
            *(decision("constraints", because, source) for because, source in reasons),
        ),
    )


def trees(request: Request, network: Network) -> Decided[Trees]:
    """Return where each source tree comes from: git, or what PyPI has in its place."""
    if network.compiles:
        asked = {tree.name: request.source(tree.name) for tree in TREES}
        return Decided(
            {tree.name: _git(tree, asked[tree.name]) for tree in TREES}, tuple(_commits(asked))
        )
    uploads = {
        row.name: SourcePlan("pypi", None, requirement=row.requirement, sha256=row.sha256)
        for row in UPLOADS
    }
    there = [f"{row.requirement} without {', '.join(row.lacks)}" for row in UPLOADS]
    text = f"the git sources are unreachable; PyPI has {_listed(there)}"
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


def patches(choice: Choice, packages: tuple[str, ...], sources: Trees) -> Decided[tuple[str, ...]]:
    """Return the patches that these sources can need with these versions."""
    row = choice.wheel.row
    pinned = dict(pin.split("==") for pin in packages)
    versions = {**pinned, "torch": row.torch, "torchvision": choice.wheel.torchvision}
    origins = {tree.name: _origin(tree, sources[tree.name]) for tree in TREES}
    found = [
        patch.id
        for patch in PATCHES
        if origins[patch.component] in patch.origins and patch.needed(versions)
    ]
    counted = [f"{name} ({origin})" for name, origin in origins.items() if origin]
    text = (
        f"of {len(PATCHES)} known breakages, {len(found)} can occur in {_listed(counted)}"
        f" with torch {row.torch}, torchvision {choice.wheel.torchvision} and the pinned packages"
    )
    return Decided(tuple(found), (decision("patches", text, EXAMINED),))


def _origin(tree: TreeRow, source: SourcePlan | None) -> str | None:
    """Return which of the origins of patches a source has, None for no source."""
    if source is None:
        return None
    if source.origin == "pypi":
        return PYPI
    if source.commit == tree.commit:
        return PINNED
    return UPSTREAM if source.url == tree.url else FORK
