"""A purge removes what belongs to the driver or to CUDA, and nothing beside."""

from __future__ import annotations

import pytest
from ansible_collections.slowfast.stack.plugins.filter.nvidia_packages import nvidia_packages
from support.errors import fails

VENDOR = "cudatools <cudatools@nvidia.com>"
DEBIAN = "Debian NVIDIA Maintainers <pkg-nvidia-devel@lists.alioth.debian.org>"

DRIVER = {
    "nvidia-open": ("580.178.04-1", VENDOR),
    "cuda-drivers": ("580.178.04-1", VENDOR),
    "nvidia-driver-pinning-580": ("580-1", VENDOR),
    "libnvidia-ml1:amd64": ("580.178.04-1", VENDOR),
    "libnvidia-compute-580": ("580.178.04-0ubuntu1", VENDOR),
    "libcuda1": ("535.261.03-1", DEBIAN),
    "libcudadebugger1": ("580.178.04-1", VENDOR),
    "libnvcuvid1": ("535.261.03-1", DEBIAN),
    "libnvoptix1": ("535.261.03-1", DEBIAN),
    "xserver-xorg-video-nvidia": ("535.261.03-1", DEBIAN),
    "nvidia-kernel-dkms": ("535.261.03-1", DEBIAN),
    "nvidia-kernel-common": ("20220217+3", DEBIAN),
    "nvidia-installer-cleanup": ("20240109+1", DEBIAN),
    "glx-alternative-nvidia": ("1.2.2", DEBIAN),
    "glx-diversions": ("1.2.2", DEBIAN),
    "firmware-nvidia-gsp": ("550.163.01-2", DEBIAN),
}
CUDA = {
    "cuda-toolkit-13-0": ("13.0.0-1", VENDOR),
    "cuda-toolkit-13-0-config-common": ("13.0.96-1", VENDOR),
    "cuda-nvcc-12-8": ("12.8.93-1", VENDOR),
    "libcublas-dev-12-8": ("12.8.4.1-1", VENDOR),
    "libnpp-12-8": ("12.3.3.100-1", VENDOR),
    "libnvjitlink-12-8": ("12.8.93-1", VENDOR),
    "nsight-compute-2025.1.1": ("2025.1.1.2-1", VENDOR),
    "nvidia-cuda-toolkit": ("12.4.131~12.4.1-2", DEBIAN),
    "nvidia-cuda-gdb": ("11.8.86~11.8.0-5~deb12u1", DEBIAN),
    "libcurand10": ("11.1.1+~10.3.5.147~12.4.1-2", DEBIAN),
    "libnvidia-ml-dev": ("12.0.140~12.0.1-4build4", "Ubuntu Developers <someone@ubuntu.com>"),
    "libaccinj64-12.4": ("12.4.127~12.4.1-2", DEBIAN),
}
OTHERS = {
    "nvidia-container-toolkit": ("1.17.4-1", "NVIDIA CORPORATION <cudatools@nvidia.com>"),
    "libnvidia-container1": ("1.17.4-1", "NVIDIA CORPORATION <cudatools@nvidia.com>"),
    "nvtop": ("3.0.1-1", "Someone <someone@debian.org>"),
    "nvme-cli": ("2.4", "Someone <someone@debian.org>"),
    "libnvme1": ("1.3", "Someone <someone@debian.org>"),
    "cuda-keyring": ("1.1-1", VENDOR),
    "cuda-compat-12-8": ("570.124.06-1", VENDOR),
    "nvidia-container-runtime": ("580.1-1", VENDOR),
    "glx-alternative-mesa": ("1.2.2", DEBIAN),
    "libthrust-dev": ("2.3.2-2", DEBIAN),
    "libvdpau1": ("1.5-3+b1", DEBIAN),
    "nvidia-support": ("1.0", "Someone <someone@example.org>"),
    "libnvme-dev": ("1.3~rc1-1", "Someone <someone@debian.org>"),
    "python3-cupy": ("13.0", "Someone <someone@debian.org>"),
}


def listing() -> str:
    rows = {**DRIVER, **CUDA, **OTHERS}.items()
    lines = [f"{name}\t{version}\t{maker}\tinstalled" for name, (version, maker) in rows]
    return "\n".join([*lines, f"nvidia-smi\t580.1-1\t{VENDOR}\tnot-installed", "nonsense"])


@pytest.mark.parametrize(
    ("parts", "expected"),
    [(["driver"], DRIVER), (["cuda"], CUDA), (["driver", "cuda"], {**DRIVER, **CUDA})],
)
def test_each_part_has_its_packages(parts: list[str], expected: dict[str, object]) -> None:
    assert nvidia_packages(listing(), parts) == sorted(expected)


@pytest.mark.parametrize("parts", [[], ["everything"], ["driver", "kernel"]])
def test_other_parts_are_refused(parts: list[str]) -> None:
    with fails("purge.unknown-part"):
        nvidia_packages(listing(), parts)
