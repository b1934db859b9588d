"""PyTorch releases from 1.8 on, and the machine code inside their Linux wheels."""

from __future__ import annotations

from typing import NamedTuple

from .source import Source

METADATA = Source("METADATA and file list of the release on PyPI", "2026-11-22")


class ReleaseRow(NamedTuple):
    """A release; ``pythons`` are those that it has wheels for; `partners` has what goes with it.

    ``pypi`` is the variant of the wheel on PyPI, ``variants`` those of PyTorch's own index;
    ``numpy`` and ``setuptools`` are bounds; ``cxx`` is the C++ standard extensions compile with;
    ``glibc`` the C library the wheel needs; ``cudnn`` the library that the PyPI wheel pins.
    Fields that end in ``_arm`` are those of aarch64.
    """

    torch: str
    uploaded: str
    pythons: str
    pythons_arm: str
    pypi: str
    pypi_arm: str | None
    numpy: str
    setuptools: str
    cxx: int
    glibc: str
    glibc_arm: str
    cudnn: str
    mib: int
    variants: str
    source: Source = METADATA


class CodeRow(NamedTuple):
    """The machine code in one wheel: native architectures, and PTX where it was seen.

    ``torch`` with two numbers applies to the release series, with three to that release, which wins.
    """

    torch: str
    variant: str
    machine: str
    sms: str
    ptx: str | None
    source: Source


# fmt: off
RELEASES = (
    # torch  uploaded  Pythons x86_64  aarch64  PyPI x86_64  aarch64
    # numpy  setuptools  C++  glibc x86_64  aarch64  cuDNN  MiB  variants
    ReleaseRow("1.8.0", "2021-03-04", "3.9-3.9", "3.9-3.9", "cu102", "cpu",
               "<2", "<70", 14, "2.17", "2.17", "", 701, "cu101 cu102 cu111"),
    ReleaseRow("1.8.1", "2021-03-25", "3.9-3.9", "3.9-3.9", "cu102", "cpu",
               "<2", "<70", 14, "2.17", "2.17", "", 766, "cu101 cu102 cu111"),
    ReleaseRow("1.9.0", "2021-06-15", "3.9-3.9", "3.9-3.9", "cu102", "cpu",
               "<2", "<70", 14, "2.17", "2.17", "", 792, "cu102 cu111"),
    ReleaseRow("1.9.1", "2021-09-20", "3.9-3.9", "", "cu102", None,
               "<2", "<70", 14, "2.17", "2.17", "", 792, "cu102 cu111"),
    ReleaseRow("1.10.0", "2021-10-21", "3.9-3.9", "3.9-3.9", "cu102", "cpu",
               "<2", "<70", 14, "2.17", "2.17", "", 841, "cu102 cu111 cu113"),
    ReleaseRow("1.10.1", "2021-12-15", "3.9-3.9", "3.9-3.9", "cu102", "cpu",
               "<2", "<70", 14, "2.17", "2.17", "", 841, "cu102 cu111 cu113"),
    ReleaseRow("1.10.2", "2022-01-27", "3.9-3.9", "3.9-3.10", "cu102", "cpu",
               "<2", "<70", 14, "2.17", "2.17", "", 841, "cu102 cu111 cu113"),
    ReleaseRow("1.11.0", "2022-03-10", "3.9-3.10", "3.9-3.10", "cu102", "cpu",
               "<2", "<70", 14, "2.17", "2.17", "", 715, "cu102 cu113 cu115"),
    ReleaseRow("1.12.0", "2022-06-28", "3.9-3.10", "3.9-3.10", "cu102", "cpu",
               "<2", "<70", 14, "2.17", "2.17", "", 740, "cu102 cu113 cu116"),
    ReleaseRow("1.12.1", "2022-08-05", "3.9-3.10", "3.9-3.10", "cu102", "cpu",
               "<2", "<70", 14, "2.17", "2.17", "", 740, "cu102 cu113 cu116"),
    ReleaseRow("1.13.0", "2022-10-28", "3.9-3.11", "3.9-3.10", "cu117", "cpu",
               "<2", "<70", 14, "2.17", "2.17", "8.5.0.96", 848, "cu116 cu117"),
    ReleaseRow("1.13.1", "2022-12-15", "3.9-3.11", "3.9-3.10", "cu117", "cpu",
               "<2", "<70", 14, "2.17", "2.17", "8.5.0.96", 846, "cu116 cu117"),
    ReleaseRow("2.0.0", "2023-03-15", "3.9-3.11", "3.9-3.11", "cu117", "cpu",
               "<2", "<70", 17, "2.17", "2.17", "8.5.0.96", 591, "cu117 cu118"),
    ReleaseRow("2.0.1", "2023-05-08", "3.9-3.11", "3.9-3.11", "cu117", "cpu",
               "<2", "<70", 17, "2.17", "2.17", "8.5.0.96", 591, "cu117 cu118"),
    ReleaseRow("2.1.0", "2023-10-04", "3.9-3.11", "3.9-3.11", "cu121", "cpu",
               "<2", "<70", 17, "2.17", "2.17", "8.9.2.26", 639, "cu118 cu121"),
    ReleaseRow("2.1.1", "2023-11-15", "3.9-3.11", "3.9-3.11", "cu121", "cpu",
               "<2", "<70", 17, "2.17", "2.17", "8.9.2.26", 639, "cu118 cu121"),
    ReleaseRow("2.1.2", "2023-12-14", "3.9-3.11", "3.9-3.11", "cu121", "cpu",
               "<2", "<70", 17, "2.17", "2.17", "8.9.2.26", 639, "cu118 cu121"),
    ReleaseRow("2.2.0", "2024-01-30", "3.9-3.12", "3.9-3.12", "cu121", "cpu",
               "<2", "<70", 17, "2.17", "2.17", "8.9.2.26", 720, "cu118 cu121"),
    ReleaseRow("2.2.1", "2024-02-22", "3.9-3.12", "3.9-3.12", "cu121", "cpu",
               "<2", "<70", 17, "2.17", "2.17", "8.9.2.26", 720, "cu118 cu121"),
    ReleaseRow("2.2.2", "2024-03-27", "3.9-3.12", "3.9-3.12", "cu121", "cpu",
               "<2", "<70", 17, "2.17", "2.17", "8.9.2.26", 720, "cu118 cu121"),
    ReleaseRow("2.3.0", "2024-04-24", "3.9-3.12", "3.9-3.12", "cu121", "cpu",
               ">=2,<2.4", "<82", 17, "2.17", "2.17", "8.9.2.26", 743, "cu118 cu121"),
    ReleaseRow("2.3.1", "2024-06-05", "3.9-3.12", "3.9-3.12", "cu121", "cpu",
               ">=2,<2.4", "<82", 17, "2.17", "2.17", "8.9.2.26", 743, "cu118 cu121"),
    ReleaseRow("2.4.0", "2024-07-24", "3.9-3.12", "3.9-3.12", "cu121", "cpu",
               ">=2,<2.4", "<82", 17, "2.17", "2.17", "9.1.0.70", 760, "cu118 cu121 cu124"),
    ReleaseRow("2.4.1", "2024-09-04", "3.9-3.12", "3.9-3.12", "cu121", "cpu",
               ">=2,<2.4", "<82", 17, "2.17", "2.17", "9.1.0.70", 760, "cu118 cu121 cu124"),
    ReleaseRow("2.5.0", "2024-10-17", "3.9-3.13", "3.9-3.12", "cu124", "cpu",
               ">=2,<2.4", "<82", 17, "2.17", "2.17", "9.1.0.70", 864, "cu118 cu121 cu124"),
    ReleaseRow("2.5.1", "2024-10-29", "3.9-3.13", "3.9-3.12", "cu124", "cpu",
               ">=2,<2.4", "<82", 17, "2.17", "2.17", "9.1.0.70", 864, "cu118 cu121 cu124"),
    ReleaseRow("2.6.0", "2025-01-29", "3.9-3.13", "3.9-3.13", "cu124", "cpu",
               ">=2,<2.4", "<82", 17, "2.17", "2.28", "9.1.0.70", 731, "cu118 cu124 cu126"),
    ReleaseRow("2.7.0", "2025-04-23", "3.9-3.13", "3.9-3.13", "cu126", "cpu",
               ">=2,<2.4", "<82", 17, "2.28", "2.28", "9.5.1.17", 825, "cu118 cu126 cu128"),
    ReleaseRow("2.7.1", "2025-06-04", "3.9-3.13", "3.9-3.13", "cu126", "cpu",
               ">=2,<2.4", "<82", 17, "2.28", "2.28", "9.5.1.17", 783, "cu118 cu126 cu128"),
    ReleaseRow("2.8.0", "2025-08-06", "3.9-3.13", "3.9-3.13", "cu128", "cpu",
               ">=2,<2.4", "<82", 17, "2.28", "2.28", "9.10.2.21", 846, "cu126 cu128 cu129"),
    ReleaseRow("2.9.0", "2025-10-15", "3.10-3.14", "3.10-3.14", "cu128", "cpu",
               ">=2,<2.4", "<82", 17, "2.28", "2.28", "9.10.2.21", 858, "cu126 cu128 cu130"),
    ReleaseRow("2.9.1", "2025-11-12", "3.10-3.14", "3.10-3.14", "cu128", "cpu",
               ">=2,<2.4", "<82", 17, "2.28", "2.28", "9.10.2.21", 858, "cu126 cu128 cu130"),
    ReleaseRow("2.10.0", "2026-01-21", "3.10-3.14", "3.10-3.14", "cu128", "cpu",
               ">=2,<2.4", "<82", 17, "2.28", "2.28", "9.10.2.21", 873, "cu126 cu128 cu130"),
    ReleaseRow("2.11.0", "2026-03-23", "3.10-3.14", "3.10-3.14", "cu130", "cu130",
               ">=2,<3", "<82", 17, "2.28", "2.28", "9.19.0.56", 506, "cu126 cu128 cu130"),
    ReleaseRow("2.12.0", "2026-05-13", "3.10-3.14", "3.10-3.14", "cu130", "cu130",
               ">=2,<3", "<82", 20, "2.28", "2.28", "9.20.0.48", 507, "cu126 cu130 cu132"),
    ReleaseRow("2.12.1", "2026-06-17", "3.10-3.14", "3.10-3.14", "cu130", "cu130",
               ">=2,<3", "<82", 20, "2.28", "2.28", "9.20.0.48", 507, "cu126 cu130 cu132"),
    ReleaseRow("2.13.0", "2026-07-08", "3.10-3.14", "3.10-3.14", "cu130", "cu130",
               ">=2,<3", "<82", 20, "2.28", "2.28", "9.20.0.48", 502, "cu126 cu130 cu132"),
    ReleaseRow("2.14.0", "2026-09-02", "3.10-3.14", "3.10-3.14", "cu130", "cu130",
               ">=2,<3", "<82", 20, "2.28", "2.28", "9.24.0.43", 528, "cu126 cu130 cu132"),
    ReleaseRow("2.14.1", "2026-09-30", "3.10-3.14", "3.10-3.14", "cu130", "cu130",
               ">=2,<3", "<82", 20, "2.28", "2.28", "9.24.0.43", 528, "cu126 cu130 cu132"),
    ReleaseRow("2.15.0", "2026-10-28", "3.11-3.15", "3.11-3.15", "cu132", "cu132",
               ">=2,<3", "<82", 20, "2.28", "2.28", "9.26.0.51", 514, "cu130 cu132"),
)

S01 = Source('pytorch/builder@43c557e2 "Drop 7.5 for CUDA 10.2" (2021-02-26); the PyPI wheels of the series agree', "2026-11-22", "measured")
MEASURED = Source("the arch string in libtorch_python.so of the wheel on PyPI", "2026-11-22", "measured")
S02 = Source("pytorch/builder @8c82f759 (2021-03-04), pytorch#53164 shows the same list on a nightly; NO 37 60 75", "2026-11-22", "documented")
S03 = Source('pytorch/builder 5dbb79a3 "re-do arches for cuda 11.1" (2021-03-08)', "2026-11-22", "documented")
S04 = Source("pytorch/builder release/1.9, release/1.10 manywheel/build.sh; user print in pytorch#50032 for 1.9.0+cu111", "2026-11-22", "documented")
S05 = Source("pytorch/builder release/1.11, release/1.12 manywheel/build_cuda.sh", "2026-11-22", "documented")
S06 = Source("pytorch/builder release/1.12, release/1.13", "2026-11-22", "documented")
S07 = Source("pytorch/builder release/2.0", "2026-11-22", "documented")
S08 = Source("pytorch/builder release/2.1..2.5", "2026-11-22", "documented")
S09 = Source("pytorch/builder release/2.4,2.5", "2026-11-22", "documented")
S10 = Source("pytorch/builder release/2.4,2.5: GPU_ARCH_TYPE=cuda-aarch64 -> 9.0 only", "2026-11-22", "documented")
S11 = Source("pytorch/builder release/2.4", "2026-11-22", "documented")
S12 = Source("pytorch v2.6.0 .ci/manywheel/build_cuda.sh (read in a third-party copy)", "2026-11-22", "uncertain")
S13 = Source("pytorch v2.6.0 build_cuda.sh (third-party copy)", "2026-11-22", "uncertain")
S14 = Source(".ci CUDA upgrade runbook table at CUDA 12.8.0 time", "2026-11-22", "uncertain")
S15 = Source("pytorch#148169", "2026-11-22", "uncertain")
S16 = Source('pytorch v2.7.x build_cuda.sh; print in astral-sh/uv#14742 "sm_75 ... sm_120 compute_120": NO Volta', "2026-11-22", "documented")
S17 = Source("pytorch .ci/manywheel/build_cuda.sh @00c7a380; Whisper-WebUI#653 measured 2.8", "2026-11-22", "documented")
S18 = Source("pytorch build_cuda.sh @00c7a380", "2026-11-22", "documented")
S19 = Source("pytorch build_cuda.sh filter_aarch64_archs", "2026-11-22", "documented")
S20 = Source("pytorch build_cuda.sh (13.0 arm), RELEASE.md", "2026-11-22", "documented")
S21 = Source(
    'RELEASE.md 2.11, pytorch PR#175253. A third-party copy of v2.11 build_cuda.sh says "5.0;6.0;7.0;7.5;8.0;8.6;9.0;" with a stray suffix',
    "2026-11-22", "documented")
S22 = Source("pytorch PR#175253, #172352: Volta dropped from cu128", "2026-11-22", "documented")
S23 = Source("pytorch/pytorch RELEASE.md; .ci/wheel/linux/build_env_setup.py @00505f29 TORCH_CUDA_ARCH_LIST_TABLE", "2026-11-22", "documented")
S24 = Source("RELEASE.md; pytorch/pytorch .ci/wheel/linux/build_env_setup.py @00505f29 TORCH_CUDA_ARCH_LIST_TABLE", "2026-11-22", "documented")
S25 = Source(
    "pytorch/pytorch RELEASE.md; .ci/wheel/linux/build_env_setup.py @00505f29 TORCH_CUDA_ARCH_LIST_TABLE."
    " The wheels on PyPI carry no PTX; whether the cu132 wheels of PyTorch's index do is not known",
    "2026-11-22", "documented")
S26 = Source(
    "torch 2.15.0 wheel torch/cuda/__init__.py PYTORCH_RELEASES_CODE_CC"
    " (that dict also lists 12.6 and 13.4; 12.6 wheels are NOT published for 2.15: dev-discuss 3432)",
    "2026-11-22", "documented")

CODE = (
    # torch  variant  machine  native code  PTX  source
    CodeRow("1.8", "cu102", "x86_64", "3.7 5.0 6.0 7.0", None, S01),
    CodeRow("1.8.0", "cu102", "x86_64", "3.7 5.0 6.0 7.0", None, MEASURED),
    CodeRow("1.8.0", "cu111", "x86_64", "5.0 7.0 8.0 8.6", None, S02),
    CodeRow("1.8.1", "cu102", "x86_64", "3.7 5.0 6.0 7.0", None, MEASURED),
    CodeRow("1.8.1", "cu111", "x86_64", "3.7 5.0 6.0 7.0 7.5 8.0 8.6", None, S03),
    CodeRow("1.9", "cu102", "x86_64", "3.7 5.0 6.0 7.0", None, S01),
    CodeRow("1.9", "cu111", "x86_64", "3.7 5.0 6.0 7.0 7.5 8.0 8.6", None, S04),
    CodeRow("1.9.0", "cu102", "x86_64", "3.7 5.0 6.0 7.0", None, MEASURED),
    CodeRow("1.9.1", "cu102", "x86_64", "3.7 5.0 6.0 7.0", None, MEASURED),
    CodeRow("1.10", "cu102", "x86_64", "3.7 5.0 6.0 7.0", None, S01),
    CodeRow("1.10", "cu111", "x86_64", "3.7 5.0 6.0 7.0 7.5 8.0 8.6", None, S04),
    CodeRow("1.10", "cu113", "x86_64", "3.7 5.0 6.0 7.0 7.5 8.0 8.6", None, S05),
    CodeRow("1.10.0", "cu102", "x86_64", "3.7 5.0 6.0 7.0", None, MEASURED),
    CodeRow("1.10.1", "cu102", "x86_64", "3.7 5.0 6.0 7.0", None, MEASURED),
    CodeRow("1.10.2", "cu102", "x86_64", "3.7 5.0 6.0 7.0", None, MEASURED),
    CodeRow("1.11", "cu102", "x86_64", "3.7 5.0 6.0 7.0", None, S01),
    CodeRow("1.11", "cu113", "x86_64", "3.7 5.0 6.0 7.0 7.5 8.0 8.6", None, S05),
    CodeRow("1.11.0", "cu102", "x86_64", "3.7 5.0 6.0 7.0", None, MEASURED),
    CodeRow("1.12", "cu102", "x86_64", "3.7 5.0 6.0 7.0", None, S01),
    CodeRow("1.12", "cu113", "x86_64", "3.7 5.0 6.0 7.0 7.5 8.0 8.6", None, S05),
    CodeRow("1.12", "cu116", "x86_64", "3.7 5.0 6.0 7.0 7.5 8.0 8.6", None, S06),
    CodeRow("1.12.0", "cu102", "x86_64", "3.7 5.0 6.0 7.0", None, MEASURED),
    CodeRow("1.12.1", "cu102", "x86_64", "3.7 5.0 6.0 7.0", None, MEASURED),
    CodeRow("1.13", "cu116", "x86_64", "3.7 5.0 6.0 7.0 7.5 8.0 8.6", None, S06),
    CodeRow("1.13.0", "cu117", "x86_64", "3.7 5.0 6.0 7.0 7.5 8.0 8.6", None, MEASURED),
    CodeRow("1.13.1", "cu117", "x86_64", "3.7 5.0 6.0 7.0 7.5 8.0 8.6", None, MEASURED),
    CodeRow("2.0", "cu118", "x86_64", "3.7 5.0 6.0 7.0 7.5 8.0 8.6 9.0", None, S07),
    CodeRow("2.0.0", "cu117", "x86_64", "3.7 5.0 6.0 7.0 7.5 8.0 8.6", None, MEASURED),
    CodeRow("2.0.1", "cu117", "x86_64", "3.7 5.0 6.0 7.0 7.5 8.0 8.6", None, MEASURED),
    CodeRow("2.1", "cu118", "x86_64", "3.7 5.0 6.0 7.0 7.5 8.0 8.6 9.0", None, S08),
    CodeRow("2.1.0", "cu121", "x86_64", "5.0 6.0 7.0 7.5 8.0 8.6 9.0", None, MEASURED),
    CodeRow("2.1.1", "cu121", "x86_64", "5.0 6.0 7.0 7.5 8.0 8.6 9.0", None, MEASURED),
    CodeRow("2.1.2", "cu121", "x86_64", "5.0 6.0 7.0 7.5 8.0 8.6 9.0", None, MEASURED),
    CodeRow("2.2", "cu118", "x86_64", "3.7 5.0 6.0 7.0 7.5 8.0 8.6 9.0", None, S08),
    CodeRow("2.2.0", "cu121", "x86_64", "5.0 6.0 7.0 7.5 8.0 8.6 9.0", None, MEASURED),
    CodeRow("2.2.1", "cu121", "x86_64", "5.0 6.0 7.0 7.5 8.0 8.6 9.0", None, MEASURED),
    CodeRow("2.2.2", "cu121", "x86_64", "5.0 6.0 7.0 7.5 8.0 8.6 9.0", None, MEASURED),
    CodeRow("2.3", "cu118", "x86_64", "3.7 5.0 6.0 7.0 7.5 8.0 8.6 9.0", None, S08),
    CodeRow("2.3.0", "cu121", "x86_64", "5.0 6.0 7.0 7.5 8.0 8.6 9.0", None, MEASURED),
    CodeRow("2.3.1", "cu121", "x86_64", "5.0 6.0 7.0 7.5 8.0 8.6 9.0", None, MEASURED),
    CodeRow("2.4", "cu118", "x86_64", "3.7 5.0 6.0 7.0 7.5 8.0 8.6 9.0", None, S08),
    CodeRow("2.4", "cu121", "x86_64", "5.0 6.0 7.0 7.5 8.0 8.6 9.0", None, S09),
    CodeRow("2.4", "cu124", "aarch64", "9.0", None, S10),
    CodeRow("2.4", "cu124", "x86_64", "5.0 6.0 7.0 7.5 8.0 8.6 9.0", None, S11),
    CodeRow("2.4.0", "cu121", "x86_64", "5.0 6.0 7.0 7.5 8.0 8.6 9.0", None, MEASURED),
    CodeRow("2.4.1", "cu121", "x86_64", "5.0 6.0 7.0 7.5 8.0 8.6 9.0", None, MEASURED),
    CodeRow("2.5", "cu118", "x86_64", "3.7 5.0 6.0 7.0 7.5 8.0 8.6 9.0", None, S08),
    CodeRow("2.5", "cu121", "x86_64", "5.0 6.0 7.0 7.5 8.0 8.6 9.0", None, S09),
    CodeRow("2.5", "cu124", "aarch64", "9.0", None, S10),
    CodeRow("2.5.0", "cu124", "x86_64", "5.0 6.0 7.0 7.5 8.0 8.6 9.0", None, MEASURED),
    CodeRow("2.5.1", "cu124", "x86_64", "5.0 6.0 7.0 7.5 8.0 8.6 9.0", None, MEASURED),
    CodeRow("2.6", "cu118", "x86_64", "3.7 5.0 6.0 7.0 7.5 8.0 8.6 9.0", None, S12),
    CodeRow("2.6", "cu124", "aarch64", "9.0", None, S10),
    CodeRow("2.6", "cu126", "x86_64", "5.0 6.0 7.0 7.5 8.0 8.6 9.0", None, S13),
    CodeRow("2.6.0", "cu124", "x86_64", "5.0 6.0 7.0 7.5 8.0 8.6 9.0", None, MEASURED),
    CodeRow("2.7", "cu118", "x86_64", "3.7 5.0 6.0 7.0 7.5 8.0 8.6 9.0", None, S14),
    CodeRow("2.7", "cu128", "aarch64", "9.0 10.0 12.0", None, S15),
    CodeRow("2.7", "cu128", "x86_64", "7.5 8.0 8.6 9.0 10.0 12.0", "12.0", S16),
    CodeRow("2.7.0", "cu126", "x86_64", "5.0 6.0 7.0 7.5 8.0 8.6 9.0", None, MEASURED),
    CodeRow("2.7.1", "cu126", "x86_64", "5.0 6.0 7.0 7.5 8.0 8.6 9.0", None, MEASURED),
    CodeRow("2.8", "cu126", "x86_64", "5.0 6.0 7.0 7.5 8.0 8.6 9.0", None, S17),
    CodeRow("2.8", "cu129", "x86_64", "7.0 7.5 8.0 8.6 9.0 10.0 12.0", "12.0", S18),
    CodeRow("2.8.0", "cu128", "x86_64", "7.0 7.5 8.0 8.6 9.0 10.0 12.0", None, MEASURED),
    CodeRow("2.9", "cu126", "x86_64", "5.0 6.0 7.0 7.5 8.0 8.6 9.0", None, S17),
    CodeRow("2.9", "cu130", "aarch64", "8.0 9.0 10.0 11.0 12.0", "12.0", S19),
    CodeRow("2.9", "cu130", "x86_64", "7.5 8.0 8.6 9.0 10.0 12.0", "12.0", S20),
    CodeRow("2.9.0", "cu128", "x86_64", "7.0 7.5 8.0 8.6 9.0 10.0 12.0", None, MEASURED),
    CodeRow("2.9.1", "cu128", "x86_64", "7.0 7.5 8.0 8.6 9.0 10.0 12.0", None, MEASURED),
    CodeRow("2.10", "cu126", "x86_64", "5.0 6.0 7.0 7.5 8.0 8.6 9.0", None, S17),
    CodeRow("2.10", "cu130", "aarch64", "8.0 9.0 10.0 11.0 12.0", "12.0", S19),
    CodeRow("2.10", "cu130", "x86_64", "7.5 8.0 8.6 9.0 10.0 12.0", "12.0", S20),
    CodeRow("2.10.0", "cu128", "x86_64", "7.0 7.5 8.0 8.6 9.0 10.0 12.0", None, MEASURED),
    CodeRow("2.11", "cu126", "x86_64", "5.0 6.0 7.0 7.5 8.0 8.6 9.0", None, S21),
    CodeRow("2.11", "cu128", "x86_64", "7.5 8.0 8.6 9.0 10.0 12.0", None, S22),
    CodeRow("2.11.0", "cu130", "aarch64", "8.0 9.0 10.0 11.0 12.0", None, MEASURED),
    CodeRow("2.11.0", "cu130", "x86_64", "7.5 8.0 8.6 9.0 10.0 12.0", None, MEASURED),
    CodeRow("2.12", "cu126", "aarch64", "8.0 9.0", None, S23),
    CodeRow("2.12", "cu126", "x86_64", "5.0 6.0 7.0 7.5 8.0 8.6 9.0", None, S24),
    CodeRow("2.12", "cu132", "aarch64", "8.0 9.0 10.0 11.0 12.0", None, S23),
    CodeRow("2.12", "cu132", "x86_64", "7.5 8.0 8.6 9.0 10.0 12.0", None, S25),
    CodeRow("2.12.0", "cu130", "x86_64", "7.5 8.0 8.6 9.0 10.0 12.0", None, MEASURED),
    CodeRow("2.12.1", "cu130", "aarch64", "8.0 9.0 10.0 11.0 12.0", None, MEASURED),
    CodeRow("2.12.1", "cu130", "x86_64", "7.5 8.0 8.6 9.0 10.0 12.0", None, MEASURED),
    CodeRow("2.13", "cu126", "aarch64", "8.0 9.0", None, S23),
    CodeRow("2.13", "cu126", "x86_64", "5.0 6.0 7.0 7.5 8.0 8.6 9.0", None, S24),
    CodeRow("2.13", "cu132", "aarch64", "8.0 9.0 10.0 11.0 12.0", None, S23),
    CodeRow("2.13", "cu132", "x86_64", "7.5 8.0 8.6 9.0 10.0 12.0", None, S25),
    CodeRow("2.13.0", "cu130", "aarch64", "8.0 9.0 10.0 11.0 12.0", None, MEASURED),
    CodeRow("2.13.0", "cu130", "x86_64", "7.5 8.0 8.6 9.0 10.0 12.0", None, MEASURED),
    CodeRow("2.14", "cu126", "aarch64", "8.0 9.0", None, S23),
    CodeRow("2.14", "cu126", "x86_64", "5.0 6.0 7.0 7.5 8.0 8.6 9.0", None, S24),
    CodeRow("2.14", "cu132", "aarch64", "8.0 9.0 10.0 11.0 12.0", None, S23),
    CodeRow("2.14", "cu132", "x86_64", "7.5 8.0 8.6 9.0 10.0 12.0", None, S25),
    CodeRow("2.14.0", "cu130", "x86_64", "7.5 8.0 8.6 9.0 10.0 12.0", None, MEASURED),
    CodeRow("2.14.1", "cu130", "aarch64", "8.0 9.0 10.0 11.0 12.0", None, MEASURED),
    CodeRow("2.14.1", "cu130", "x86_64", "7.5 8.0 8.6 9.0 10.0 12.0", None, MEASURED),
    CodeRow("2.15", "cu130", "x86_64", "7.5 8.0 8.6 9.0 10.0 12.0", None, S26),
    CodeRow("2.15.0", "cu132", "aarch64", "8.0 9.0 10.0 11.0 12.0", None, MEASURED),
    CodeRow("2.15.0", "cu132", "x86_64", "7.5 8.0 8.6 9.0 10.0 12.0", None, MEASURED),
)
# fmt: on


class AcceptRow(NamedTuple):
    """Values that TORCH_CUDA_ARCH_LIST may have from one release on, up to another."""

    first_torch: str
    last_torch: str
    sms: str
    source: Source


ACCEPTS = Source(
    "supported_arches in torch/utils/cpp_extension.py, one wheel per series",
    "2026-11-22",
    "measured",
)
# fmt: off
ARCH_LIST_ACCEPTS = (
    # first torch  before torch ("" = still)  values
    AcceptRow("1.3", "", "3.5 3.7 5.0 5.2 5.3 6.0 6.1 6.2 7.0 7.2 7.5", ACCEPTS),
    AcceptRow("1.6", "", "8.0", ACCEPTS),
    AcceptRow("1.7", "", "8.6", ACCEPTS),
    AcceptRow("2.0", "", "8.9 9.0", ACCEPTS),
    AcceptRow("2.1", "", "8.7", ACCEPTS),
    AcceptRow("2.6", "", "10.0", ACCEPTS),
    AcceptRow("2.7", "2.9", "10.1", ACCEPTS),
    AcceptRow("2.7", "", "12.0", ACCEPTS),
    AcceptRow("2.8", "", "10.3 12.1", ACCEPTS),
    AcceptRow("2.9", "", "11.0", ACCEPTS),
    AcceptRow("2.14", "", "10.7", ACCEPTS),
)
# fmt: on
