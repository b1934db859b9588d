"""The text of a plan, line by line."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import explain
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.decision import Decision
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.plan import (
    Conflict,
    NoPlan,
    Plan,
    SkippedClaim,
)
from support.plan_builder import from_case, plan


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
    assert found["driver"] == "install 580 open (prebuilt) with Fabric Manager"
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
    assert "slowfast==1.0 without tools/, configs/, 33 of the 69 modules" in why
    assert found["slowfast.run_net:"] == "PyPI's SlowFast 1.0 has no tools/ and no configs/"


def test_a_driver_of_the_distribution_and_a_python_of_conda_have_no_path_yet() -> None:
    assert lines("cpu-conda-asked")["Python"] == "3.11 (from conda)"
    assert lines("h100-debian-12")["FFmpeg"].endswith("(distribution, nv-codec-headers n11.1.5.2)")


@pytest.mark.parametrize(("name", "title"), [("gpu01", "No plan for gpu01"), ("", "No plan")])
def test_a_conflict_is_three_lists(name: str, title: str) -> None:
    conflict = Conflict(("fact 1", "fact 2"), ("cause",), ("remedy 1", "remedy 2"))
    headings = [
        line
        for line in explain.explain(
            NoPlan("cpu", "full", (), None, conflict), name=name
        ).splitlines()
        if not line.startswith("    ")
    ]
    text = explain.explain(NoPlan("cpu", "full", (), None, conflict), name=name).splitlines()
    assert headings[0] == title
    assert len(headings) == 4
    assert [line for line in text if line not in headings] == [
        *("    fact 1", "    fact 2", "    cause", "    remedy 1", "    remedy 2"),
    ]
    assert [text.index(line) for line in headings] == [0, 1, 4, 6]


def test_reasons_claims_and_what_a_full_network_adds_follow_the_choices() -> None:
    made = plan("cpu-debian-12")
    made = dataclasses.replace(
        made,
        reasons=(Decision("torch", "it is", "a table"),),
        skipped_claims=(SkippedClaim("a.b", "no GPU"),),
        full_network_adds="More.",
    )
    text = explain.explain(made).splitlines()
    assert text[0] == f"Plan (cpu, network {made.network}, id {made.id})"
    assert text[-5:] == [
        "Why",
        "  torch: it is [a table]",
        "What this plan cannot prove",
        "  a.b: no GPU",
        "More.",
    ]
    assert explain.explain(made, reasons=False).splitlines() == [*text[:-5], *text[-3:]]
    short = dataclasses.replace(made, skipped_claims=(), full_network_adds=None)
    assert explain.explain(short).splitlines() == text[:-3]


def shown(**change: object) -> dict[str, str]:
    made = dataclasses.replace(plan(), **change)  # type: ignore[arg-type]
    text = explain.explain(made, reasons=False).splitlines()
    return {line[2:15].strip(): line[16:] for line in text if line.startswith("  ")}


def test_parts_of_a_choice_that_are_not_known_are_left_out() -> None:
    made = plan()
    gpu = made.gpus[0]
    other = dataclasses.replace(gpu, compute_capability=None)
    assert made.driver
    assert made.ffmpeg
    head = f"{gpu.name} ({gpu.pci_id}, {gpu.architecture}"
    assert shown(gpus=(gpu, other, gpu))["GPU"] == (
        f"2 x {head}, {gpu.compute_capability}), 1 x {head}, capability unknown)"
    )
    compiler = dataclasses.replace(made.compiler, gcc="11", gcc_max=None)
    assert shown(compiler=compiler)["compiler"] == "GCC 11"
    assert "compiler" not in shown(compiler=dataclasses.replace(compiler, gcc=None, gcc_max=9))
    driver = dataclasses.replace(made.driver, flavour=None, fabric_manager=False, build=None)
    assert shown(driver=driver)["driver"] == f"{driver.action} {driver.branch}"
    ffmpeg = dataclasses.replace(made.ffmpeg, version=None, nv_codec_headers=None)
    assert shown(ffmpeg=ffmpeg)["FFmpeg"] == f"any ({ffmpeg.origin})"
    torch = dataclasses.replace(made.torch, arch_list=None, index="https://i")
    found = shown(torch=torch, ffmpeg=None, driver=None, cuda=None, sources={"a": None}, patches=())
    assert found["torch"] == f"{torch.version} {torch.variant} from https://i"
    absent = {"extensions", "FFmpeg", "driver", "CUDA", "sources", "patches"}
    assert not absent & set(found)
