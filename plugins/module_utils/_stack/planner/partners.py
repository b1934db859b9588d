"""Which torchvision and torchaudio go with a wheel of torch, by what their metadata requires."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from ..catalog.partners import (
    FIRST_AUDIO_WITH_VARIANTS,
    FIRST_VISION_WITH_CUDA_ON_ARM,
    METADATA,
    PARTNERS,
    VARIANTS,
)
from ..core.versions import spec, version

if TYPE_CHECKING:
    from ..catalog.partners import PartnerRow
    from ..catalog.source import Source
    from ..catalog.torch import ReleaseRow

CPU = "cpu"


class Partner(NamedTuple):
    """A release beside torch, None where there is none; why, and the source of that."""

    row: PartnerRow | None
    because: str
    source: Source


@cache
def torchvision(release: ReleaseRow) -> Partner:
    """Return the torchvision of a release of torch; every release has one."""
    return _newest("torchvision", release)


@cache
def torchaudio(release: ReleaseRow, machine: str, variant: str, *, pypi: bool) -> Partner:
    """Return the torchaudio of a wheel; none where no file of this machine and variant is known."""
    found = _newest("torchaudio", release)
    row = found.row
    if row is None:
        return found
    if not (row.pythons_arm if machine == "aarch64" else row.pythons):
        return Partner(None, f"torchaudio {row.version} has no wheel for {machine}", row.source)
    if not pypi and version(row.version) < version(FIRST_AUDIO_WITH_VARIANTS):
        text = f"torchaudio {row.version} was not published in the variant {variant}"
        return Partner(None, text, VARIANTS)
    if not pypi and not _together(row, release):
        text = (
            f"torchaudio {row.version} came after torch {release.torch}, and no file of it in the"
            f" variant {variant} is known"
        )
        return Partner(None, text, row.source)
    return found


@cache
def lacks_cuda(release: ReleaseRow, machine: str, variant: str) -> str:
    """Return why the torchvision of a CUDA wheel cannot compute on a GPU, "" where it can."""
    row = torchvision(release).row
    if variant == CPU or machine != "aarch64" or row is None:
        return ""
    if version(row.version) >= version(FIRST_VISION_WITH_CUDA_ON_ARM):
        return ""
    return (
        f"torch {release.torch} ({variant}) goes with torchvision {row.version}, whose aarch64"
        f" wheels have no CUDA code; {FIRST_VISION_WITH_CUDA_ON_ARM} is the first that has it"
    )


def _newest(name: str, release: ReleaseRow) -> Partner:
    """Return the release that requires this torch; of several, the newest of its day, else the next.

    One that states no requirement goes with the torch that was uploaded together with it.
    """
    torch = version(release.torch)
    rows = [row for row in PARTNERS if row.name == name]
    fitting = [row for row in rows if row.torch and spec(row.torch).allows(torch)]
    exact = [row for row in fitting if row.torch.startswith("==")]
    silent = [row for row in rows if not row.torch and _together(row, release)]
    then = [row for row in fitting if row.uploaded <= release.uploaded]
    for found in (exact[-1:], silent[-1:], then[-1:], fitting[:1]):
        for row in found:
            return Partner(row, _because(row, release), row.source)
    return Partner(None, f"no {name} requires torch {release.torch} or allows it", METADATA)


def _together(row: PartnerRow, release: ReleaseRow) -> bool:
    """Return whether a partner was released with this torch, and so in each of its variants."""
    return row.torch.startswith("==") or row.uploaded == release.uploaded


def _because(row: PartnerRow, release: ReleaseRow) -> str:
    requires = f"requires torch{row.torch}" if row.torch else "states no requirement of torch"
    text = f"{row.name} {row.version} {requires}"
    if row.torch.startswith("=="):
        return text
    if _together(row, release):
        return f"{text} and was uploaded together with torch {release.torch}"
    return f"{text}, and was uploaded on {row.uploaded}, after torch {release.torch}"
