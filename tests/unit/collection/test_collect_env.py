"""The output of Detectron2's environment check is parsed, and every disagreement is reported."""

from __future__ import annotations

from dataclasses import replace

import pytest
from collect_env import Expected, findings, read

RULE = "-" * 31 + "  " + "-" * 60
H100 = {
    "sys.platform": "linux",
    "Python": "3.11.2 (main, Apr 28 2025, 14:11:48) [GCC 12.2.0]",
    "numpy": "2.4.6",
    "detectron2": "0.6 @/s/env/lib/python3.11/site-packages/detectron2",
    "Compiler": "GCC 12.2",
    "CUDA compiler": "CUDA 12.8",
    "detectron2 arch flags": "9.0",
    "DETECTRON2_ENV_MODULE": "<not set>",
    "PyTorch": "2.9.1+cu128 @/s/env/lib/python3.11/site-packages/torch",
    "PyTorch debug build": "False",
    "torch._C._GLIBCXX_USE_CXX11_ABI": "True",
    "GPU available": "Yes",
    "GPU 0,1": "NVIDIA H100 80GB HBM3 (arch=9.0)",
    "Driver version": "580.65.06",
    "CUDA_HOME": "/usr/local/cuda-12.8",
    "Pillow": "13.0.0",
    "torchvision": "0.24.1+cu128 @/s/env/lib/python3.11/site-packages/torchvision",
    "torchvision arch flags": "5.0, 6.0, 7.0, 7.5, 8.0, 8.6, 9.0, 10.0, 12.0",
    "fvcore": "0.1.5.post20221221",
    "iopath": "0.1.9",
    "cv2": "5.0.0",
}
CPU = {
    **{name: H100[name] for name in H100 if "GPU" not in name and "arch flags" not in name},
    "CUDA compiler": "not available",
    "GPU available": "No: torch.cuda.is_available() == False",
}
for absent in ("Driver version", "CUDA_HOME"):
    del CPU[absent]
SUMMARY = """PyTorch built with:
  - GCC 13.3
  - C++ Version: 201703
  - CUDA Runtime 12.8
  - NVCC architecture flags: -gencode;arch=compute_90,code=sm_90
  - CuDNN 91.0.2
  - Build settings: BLAS_INFO=mkl, CUDA_VERSION=12.8, USE_CUDA=ON
"""
PLANNED = Expected(
    torch="2.9.1",
    cuda="12.8",
    gpu=True,
    toolkit="12.8",
    cuda_home="/usr/local/cuda-12.8",
    minimum_driver="525.60.13",
    compiled=True,
    nvcc="12.8",
    code=["sm_90"],
)
ON_CPU = replace(
    PLANNED, gpu=False, toolkit=None, cuda_home=None, minimum_driver=None, nvcc=None, code=[]
)


def printed(rows: dict[str, str], summary: str = SUMMARY) -> str:
    """Format rows as the tool does, after the output of its imports."""
    table = "\n".join(f"{name:<31}  {value}".rstrip() for name, value in rows.items())
    return f"No CUDA runtime is found\n{RULE}\n{table}\n{RULE}\n{summary}"


def found(rows: dict[str, str], wanted: Expected, summary: str = SUMMARY) -> list[str]:
    return findings(read(printed(rows, summary)), wanted)


def test_the_table_is_read_row_by_row() -> None:
    report = read(printed({**H100, "TORCH_CUDA_ARCH_LIST": "9.0"}))
    assert report.get("GPU 0,1") == "NVIDIA H100 80GB HBM3 (arch=9.0)"
    assert report.get("TORCH_CUDA_ARCH_LIST") == "9.0"
    assert report.get("torch._C._GLIBCXX_USE_CXX11_ABI") == "True"
    assert report.get("absent") == ""
    assert "CUDA Runtime 12.8" in report.summary


def test_a_value_of_several_lines_is_one_value() -> None:
    rows = {"detectron2._C": "not built correctly: libc10.so", "": "cannot open shared object"}
    report = read(printed(rows))
    assert report.rows == {
        "detectron2._C": "not built correctly: libc10.so cannot open shared object"
    }


def test_output_without_a_table_is_an_error() -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  (its text is checked)
        read("Traceback\nModuleNotFoundError: No module named 'detectron2'")
    assert "No module named 'detectron2'" in str(caught.value)


def test_matching_versions_has_no_findings() -> None:
    assert found(H100, PLANNED) == []
    assert found(CPU, ON_CPU) == []


@pytest.mark.parametrize(
    ("change", "what", "todo"),
    [
        ({"CUDA compiler": "CUDA 11.8"}, "_C was built with CUDA 11.8, PyTorch for 12.8", "build"),
        ({"CUDA compiler": "CUDA 12.4"}, "_C was built with CUDA 12.4, planned is 12.8", "build"),
        ({"CUDA compiler": "not available"}, "_C was built without CUDA", "build"),
        (
            {"detectron2._C": "not built correctly: undefined symbol: _ZN3c105ErrorE"},
            "undefined symbol",
            "build Detectron2 again",
        ),
        ({"detectron2": "failed to import"}, "Detectron2 failed to import", "build"),
        ({"Driver version": "515.105.01"}, "515.105.01 is older than 525.60.13", "driver"),
        (
            {"GPU available": "No: torch.cuda.is_available() == False"},
            "PyTorch sees no GPU",
            "nvidia-smi",
        ),
        ({"CUDA_HOME": "/usr/local/cuda-11.8"}, "planned is /usr/local/cuda-12.8", "activate"),
        ({"CUDA_HOME": "/missing - invalid!"}, "/missing, which is not a folder", "activate"),
        (
            {"PyTorch": "2.9.1+cu126 @/t", "torchvision": "0.24.1+cu128 @/t"},
            "built for cu126 and torchvision for cu128",
            "install the planned PyTorch",
        ),
        ({"PyTorch": "2.11.0+cu128 @/t"}, "PyTorch is 2.11.0, planned is 2.9.1", "install"),
        (
            {"GPU 2": "NVIDIA GeForce RTX 5090 (arch=12.0)"},
            "no code that runs on NVIDIA GeForce RTX 5090 (12.0)",
            "build",
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_each_disagreement_is_named_with_what_to_do(
    change: dict[str, str], what: str, todo: str
) -> None:
    (said,) = found({**H100, **change}, PLANNED)
    assert what in said
    assert todo in said


def test_architectures_that_the_extension_lacks_are_named() -> None:
    (said,) = found(H100, replace(PLANNED, code=["sm_90"], code_missing=["sm_100"]))
    assert "no code for sm_100, its arch flags are sm_90" in said


def test_a_compiler_of_another_version_than_planned_is_named() -> None:
    (said,) = found(H100, replace(PLANNED, nvcc="12.9"))
    assert "nvcc in /usr/local/cuda-12.8 is of CUDA 12.9, planned is 12.8" in said


def test_another_runtime_than_pytorch_was_built_for_is_named() -> None:
    (said,) = found(H100, PLANNED, SUMMARY.replace("CUDA Runtime 12.8", "CUDA Runtime 12.1"))
    assert "the loaded CUDA runtime is 12.1" in said
    assert "LD_LIBRARY_PATH" in said


def test_a_cpu_build_in_place_of_the_planned_one_is_never_silent() -> None:
    rows = {**H100, "PyTorch": "2.9.1+cpu @/t", "torchvision": "0.24.1+cpu @/t"}
    said = found(rows, PLANNED, "  - Build settings: USE_CUDA=0\n")
    assert any("PyTorch is a build for no CUDA, planned is CUDA 12.8" in text for text in said)


def test_pypis_detectron2_without_operators_is_as_planned() -> None:
    rows = {**CPU, "detectron2._C": "not built correctly: cannot import name '_C'"}
    assert found(rows, replace(ON_CPU, compiled=False)) == []
    assert found(rows, ON_CPU)
