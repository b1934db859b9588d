"""torchvision and torchaudio: what each release requires, and which wheels it has.

Releases that PyPI withdrew (torchvision 0.11.0 and 0.15.0, torchaudio 2.0.0) have no row.
"""

from __future__ import annotations

from typing import NamedTuple

from .source import Source

METADATA = Source(
    "upload time, file list and Requires-Dist of the wheels on PyPI", "2026-11-30", "measured"
)
# The aarch64 wheels before it have a libtorchvision without CUDA, on PyPI and on PyTorch's index.
FIRST_VISION_WITH_CUDA_ON_ARM = "0.26.0"
VISION_ON_ARM = Source(
    "libraries in the aarch64 wheels of torchvision on PyPI; file list in pytorch/vision#9330",
    "2026-11-30",
    "measured",
)
# Earlier ones have no CUDA code, and so no variants on PyTorch's index.
FIRST_AUDIO_WITH_VARIANTS = "0.10.0"
VARIANTS = Source("the page of previous versions of PyTorch, torch 1.8 to 1.10", "2026-11-30")


class PartnerRow(NamedTuple):
    """A release beside torch; ``torch`` is its requirement, "" where it states none.

    ``pythons`` are those of its wheels (any for py3, "" for none), for x86_64 and for aarch64.
    """

    name: str
    version: str
    torch: str
    uploaded: str
    pythons: str
    pythons_arm: str
    source: Source = METADATA


# fmt: off
PARTNERS = (
    # name  version  requirement of torch  uploaded  Pythons x86_64  aarch64
    PartnerRow("torchvision", "0.9.0", "==1.8.0", "2021-03-04", "3.9-3.9", ""),
    PartnerRow("torchvision", "0.9.1", "==1.8.1", "2021-03-25", "3.9-3.9", "3.9-3.9"),
    PartnerRow("torchvision", "0.10.0", "==1.9.0", "2021-06-15", "3.9-3.9", "3.9-3.9"),
    PartnerRow("torchvision", "0.10.1", "==1.9.1", "2021-09-20", "3.9-3.9", ""),
    PartnerRow("torchvision", "0.11.1", "==1.10.0", "2021-10-21", "3.9-3.9", "3.9-3.9"),
    PartnerRow("torchvision", "0.11.2", "==1.10.1", "2021-12-15", "3.9-3.9", "3.9-3.9"),
    PartnerRow("torchvision", "0.11.3", "==1.10.2", "2022-01-27", "3.9-3.9", "3.9-3.10"),
    PartnerRow("torchvision", "0.12.0", "==1.11.0", "2022-03-10", "3.9-3.10", "3.9-3.10"),
    PartnerRow("torchvision", "0.13.0", "==1.12.0", "2022-06-28", "3.9-3.10", "3.9-3.10"),
    PartnerRow("torchvision", "0.13.1", "==1.12.1", "2022-08-05", "3.9-3.10", "3.9-3.10"),
    PartnerRow("torchvision", "0.14.0", "==1.13.0", "2022-10-28", "3.9-3.10", "3.9-3.10"),
    PartnerRow("torchvision", "0.14.1", "==1.13.1", "2022-12-15", "3.9-3.10", "3.9-3.10"),
    PartnerRow("torchvision", "0.15.1", "==2.0.0", "2023-03-15", "3.9-3.11", "3.9-3.11"),
    PartnerRow("torchvision", "0.15.2", "==2.0.1", "2023-05-08", "3.9-3.11", "3.9-3.11"),
    PartnerRow("torchvision", "0.16.0", "==2.1.0", "2023-10-04", "3.9-3.11", "3.9-3.11"),
    PartnerRow("torchvision", "0.16.1", "==2.1.1", "2023-11-15", "3.9-3.11", "3.9-3.11"),
    PartnerRow("torchvision", "0.16.2", "==2.1.2", "2023-12-14", "3.9-3.11", "3.9-3.11"),
    PartnerRow("torchvision", "0.17.0", "==2.2.0", "2024-01-30", "3.9-3.12", "3.9-3.12"),
    PartnerRow("torchvision", "0.17.1", "==2.2.1", "2024-02-22", "3.9-3.12", "3.9-3.12"),
    PartnerRow("torchvision", "0.17.2", "==2.2.2", "2024-03-27", "3.9-3.12", "3.9-3.12"),
    PartnerRow("torchvision", "0.18.0", "==2.3.0", "2024-04-24", "3.9-3.12", "3.9-3.12"),
    PartnerRow("torchvision", "0.18.1", "==2.3.1", "2024-06-05", "3.9-3.12", "3.9-3.12"),
    PartnerRow("torchvision", "0.19.0", "==2.4.0", "2024-07-24", "3.9-3.12", "3.9-3.12"),
    PartnerRow("torchvision", "0.19.1", "==2.4.1", "2024-09-04", "3.9-3.12", "3.9-3.12"),
    PartnerRow("torchvision", "0.20.0", "==2.5.0", "2024-10-17", "3.9-3.12", "3.9-3.12"),
    PartnerRow("torchvision", "0.20.1", "==2.5.1", "2024-10-29", "3.9-3.12", "3.9-3.12"),
    PartnerRow("torchvision", "0.21.0", "==2.6.0", "2025-01-29", "3.9-3.13", "3.9-3.13"),
    PartnerRow("torchvision", "0.22.0", "==2.7.0", "2025-04-23", "3.9-3.13", "3.9-3.13"),
    PartnerRow("torchvision", "0.22.1", "==2.7.1", "2025-06-04", "3.9-3.13", "3.9-3.13"),
    PartnerRow("torchvision", "0.23.0", "==2.8.0", "2025-08-06", "3.9-3.13", "3.9-3.13"),
    PartnerRow("torchvision", "0.24.0", "==2.9.0", "2025-10-15", "3.10-3.14", "3.10-3.14"),
    PartnerRow("torchvision", "0.24.1", "==2.9.1", "2025-11-12", "3.10-3.14", "3.10-3.14"),
    PartnerRow("torchvision", "0.25.0", "==2.10.0", "2026-01-21", "3.10-3.14", "3.10-3.14"),
    PartnerRow("torchvision", "0.26.0", "==2.11.0", "2026-03-23", "3.10-3.14", "3.10-3.14"),
    PartnerRow("torchvision", "0.27.0", "==2.12.0", "2026-05-13", "3.10-3.14", "3.10-3.14"),
    PartnerRow("torchvision", "0.27.1", "==2.12.1", "2026-06-17", "3.10-3.14", "3.10-3.14"),
    PartnerRow("torchvision", "0.28.0", "==2.13.0", "2026-07-08", "3.10-3.14", "3.10-3.14"),
    PartnerRow("torchvision", "0.29.0", "==2.14.0", "2026-09-02", "3.10-3.14", "3.10-3.14"),
    PartnerRow("torchvision", "0.29.1", ">=2.14.0", "2026-09-30", "3.10-3.14", "3.10-3.14"),
    PartnerRow("torchvision", "0.29.2", ">=2.14.0", "2026-10-28", "any", "any"),
    PartnerRow("torchaudio", "0.8.0", "==1.8.0", "2021-03-04", "3.9-3.9", ""),
    PartnerRow("torchaudio", "0.8.1", "==1.8.1", "2021-03-25", "3.9-3.9", ""),
    PartnerRow("torchaudio", "0.9.0", "==1.9.0", "2021-06-15", "3.9-3.9", ""),
    PartnerRow("torchaudio", "0.9.1", "==1.9.1", "2021-09-20", "3.9-3.9", ""),
    PartnerRow("torchaudio", "0.10.0", "==1.10.0", "2021-10-21", "3.9-3.9", "3.9-3.9"),
    PartnerRow("torchaudio", "0.10.1", "==1.10.1", "2021-12-15", "3.9-3.9", "3.9-3.9"),
    PartnerRow("torchaudio", "0.10.2", "==1.10.2", "2022-01-27", "3.9-3.9", "3.9-3.10"),
    PartnerRow("torchaudio", "0.11.0", "==1.11.0", "2022-03-10", "3.9-3.10", "3.9-3.10"),
    PartnerRow("torchaudio", "0.12.0", "==1.12.0", "2022-06-28", "3.9-3.10", "3.9-3.10"),
    PartnerRow("torchaudio", "0.12.1", "==1.12.1", "2022-08-05", "3.9-3.10", "3.9-3.10"),
    PartnerRow("torchaudio", "0.13.0", "==1.13.0", "2022-10-28", "3.9-3.10", "3.9-3.10"),
    PartnerRow("torchaudio", "0.13.1", "==1.13.1", "2022-12-15", "3.9-3.10", "3.9-3.10"),
    PartnerRow("torchaudio", "2.0.1", "==2.0.0", "2023-03-15", "3.9-3.11", "3.9-3.11"),
    PartnerRow("torchaudio", "2.0.2", "==2.0.1", "2023-05-08", "3.9-3.11", "3.9-3.11"),
    PartnerRow("torchaudio", "2.1.0", "==2.1.0", "2023-10-04", "3.9-3.11", "3.9-3.11"),
    PartnerRow("torchaudio", "2.1.1", "==2.1.1", "2023-11-15", "3.9-3.11", "3.9-3.11"),
    PartnerRow("torchaudio", "2.1.2", "==2.1.2", "2023-12-14", "3.9-3.11", "3.9-3.11"),
    PartnerRow("torchaudio", "2.2.0", "==2.2.0", "2024-01-30", "3.9-3.12", "3.9-3.12"),
    PartnerRow("torchaudio", "2.2.1", "==2.2.1", "2024-02-22", "3.9-3.12", "3.9-3.12"),
    PartnerRow("torchaudio", "2.2.2", "==2.2.2", "2024-03-27", "3.9-3.12", "3.9-3.12"),
    PartnerRow("torchaudio", "2.3.0", "==2.3.0", "2024-04-24", "3.9-3.12", "3.9-3.12"),
    PartnerRow("torchaudio", "2.3.1", "==2.3.1", "2024-06-05", "3.9-3.12", "3.9-3.12"),
    PartnerRow("torchaudio", "2.4.0", "==2.4.0", "2024-07-24", "3.9-3.12", "3.9-3.12"),
    PartnerRow("torchaudio", "2.4.1", "==2.4.1", "2024-09-04", "3.9-3.12", "3.9-3.12"),
    PartnerRow("torchaudio", "2.5.0", "==2.5.0", "2024-10-17", "3.9-3.12", "3.9-3.12"),
    PartnerRow("torchaudio", "2.5.1", "==2.5.1", "2024-10-29", "3.9-3.12", "3.9-3.12"),
    PartnerRow("torchaudio", "2.6.0", "==2.6.0", "2025-01-29", "3.9-3.13", "3.9-3.13"),
    PartnerRow("torchaudio", "2.7.0", "==2.7.0", "2025-04-23", "3.9-3.13", "3.9-3.13"),
    PartnerRow("torchaudio", "2.7.1", "==2.7.1", "2025-06-04", "3.9-3.13", "3.9-3.13"),
    PartnerRow("torchaudio", "2.8.0", "==2.8.0", "2025-08-06", "3.9-3.13", "3.9-3.13"),
    PartnerRow("torchaudio", "2.9.0", "==2.9.0", "2025-10-15", "3.10-3.14", "3.10-3.14"),
    PartnerRow("torchaudio", "2.9.1", "==2.9.1", "2025-11-12", "3.10-3.14", "3.10-3.14"),
    PartnerRow("torchaudio", "2.10.0", "==2.10.0", "2026-01-21", "3.10-3.14", "3.10-3.14"),
    PartnerRow("torchaudio", "2.11.0", "", "2026-03-23", "3.10-3.14", "3.10-3.14"),
    PartnerRow("torchaudio", "2.11.1", ">=2.11", "2026-10-28", "any", "any"),
)
# fmt: on
