"""The text of a plan, line by line."""

from __future__ import annotations

from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import explain
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.plan import Plan
from support.plan_builder import from_case


def lines(case: str) -> dict[str, str]:
    """Return what a plan is, by label."""
    plan = from_case(case)
    assert isinstance(plan, Plan)
    text = explain.explain(plan, name="gpu01", reasons=False)
    assert "Why" not in text
    rows = (line[2:].split(maxsplit=1) for line in text.splitlines() if line.startswith("  "))
    return {row[0]: row[1] for row in rows}


def test_a_plan_with_gpus_is_a_line_for_each_choice() -> None:
    found = lines("h100-x8-fabric")
    assert found["GPU"] == "8 x NVIDIA H100 SXM5 80GB (10de:2330, Hopper, 9.0)"
    assert found["driver"] == "install 580 open with Fabric Manager"
    assert found["CUDA"] == "13.0 (install)"
    assert found["Python"] == "3.10.12 (/usr/bin/python3.10)"
    assert found["torch"] == "2.11.0 cu130 from PyPI"
    assert found["extensions"] == "TORCH_CUDA_ARCH_LIST=9.0"
    assert found["compiler"] == "GCC 11 (up to 15)"
    assert found["bounds"].startswith("numpy>=2,<3, setuptools<82")
    assert found["sources"].startswith("detectron2 02b5c4e29, pytorchvideo f3142bb05, slowfast 287")
    assert found["FFmpeg"] == "7.1.5 (build, nv-codec-headers n13.0.19.0)"
    assert found["roles"].startswith("preflight -> nvidia_driver -> cuda -> ffmpeg_cuda -> uv_env")
    assert "conflict" not in found


def test_a_plan_from_pypi_says_what_its_packages_lack_and_what_it_cannot_prove() -> None:
    found = lines("cpu-pypi-only")
    assert found["GPU"] == "none"
    assert "driver" not in found
    assert "compiler" not in found
    assert found["sources"] == "detectron2 pb1-detectron2==0.6, slowfast slowfast==1.0"
    plan = from_case("cpu-pypi-only")
    assert isinstance(plan, Plan)
    (why,) = (row.because for row in plan.reasons if row.choice == "sources")
    assert "slowfast==1.0 without tools/, configs/, ava_evaluation" in why
    assert found["slowfast.run_net:"] == "PyPI's SlowFast 1.0 has no tools/ and no configs/"


def test_a_driver_of_the_distribution_and_a_python_of_conda_have_no_path_yet() -> None:
    assert lines("cpu-conda-asked")["Python"] == "3.11 (from conda)"
    assert lines("h100-debian-12")["FFmpeg"].endswith("(distribution, nv-codec-headers n11.1.5.2)")
