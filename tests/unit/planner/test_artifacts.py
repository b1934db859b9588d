"""What the keys of the artifacts of a plan are made of, and how they are built."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import model
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.registry import PATCHES
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.artifacts import (
    inputs_of,
    planned_artifact,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.plan import (
    DownloadPlan,
    Plan,
)
from support import plan_builder
from support.errors import fails

BUILD = {"network": "full", "ffmpeg": "build", "torch": "==2.11.0"}


HOST = model.host(plan_builder.host())
PLAN = plan_builder.plan(request=BUILD)


def part(plan_: Plan, name: str, **change: object) -> Plan:
    """Return the plan with a change in one of its parts."""
    return replace(plan_, **{name: replace(getattr(plan_, name), **change)})  # type: ignore[arg-type]


def source(plan_: Plan, name: str, **change: object) -> Plan:
    row = plan_.sources[name]
    assert row
    return replace(plan_, sources={**plan_.sources, name: replace(row, **change)})  # type: ignore[arg-type]


def ffmpeg_source(place: DownloadPlan) -> Plan:
    assert PLAN.ffmpeg
    return part(PLAN, "ffmpeg", sources={**PLAN.ffmpeg.sources, "ffmpeg": (place,)})


def pinned() -> str:
    assert PLAN.ffmpeg
    return str(PLAN.ffmpeg.sources["ffmpeg"][0].sha256)


def test_the_inputs_of_detectron2() -> None:
    ids = {patch.id for patch in PATCHES if patch.component == "detectron2"}
    commit = PLAN.sources["detectron2"]
    assert commit
    assert inputs_of("detectron2", PLAN, HOST) == {
        "component": "detectron2",
        "source": commit.commit,
        "patches": " ".join(sorted(ids & set(PLAN.patches))),
        "python": PLAN.python,
        "torch": "2.11.0+cu130",
        "arch_list": "9.0",
        "cuda_home": "/usr/local/cuda-13.0",
        "cflags": "-DNDEBUG -fwrapv -O2 -g0",
        "compiler": PLAN.compiler.gcc,
        "machine": "x86_64",
        "glibc": HOST.glibc,
    }


@pytest.mark.parametrize(
    "other",
    [
        source(PLAN, "detectron2", commit="3" * 40),
        replace(PLAN, patches=()),
        replace(PLAN, python="3.12"),
        part(PLAN, "torch", version="2.10.0"),
        part(PLAN, "torch", variant="cu128"),
        part(PLAN, "torch", arch_list=None),
        part(PLAN, "build", cuda_home=None),
        part(PLAN, "compiler", gcc="13"),
    ],
)
def test_every_decision_that_changes_the_extension_changes_its_key(other: Plan) -> None:
    assert inputs_of("detectron2", other, HOST) != inputs_of("detectron2", PLAN, HOST)


@pytest.mark.parametrize(
    "other",
    [
        part(PLAN, "ffmpeg", origin="static"),
        part(PLAN, "ffmpeg", version="8"),
        part(PLAN, "ffmpeg", nv_codec_headers="n2"),
        part(PLAN, "ffmpeg", flags=()),
        part(PLAN, "compiler", gcc=None),
        ffmpeg_source(DownloadPlan("debian", sha256="4" * 64)),
    ],
)
def test_every_decision_that_changes_ffmpeg_changes_its_key(other: Plan) -> None:
    assert inputs_of("ffmpeg", other, HOST) != inputs_of("ffmpeg", PLAN, HOST)


@pytest.mark.parametrize("name", ["detectron2", "ffmpeg"])
@pytest.mark.parametrize("other", [{"architecture": "aarch64"}, {"glibc": "2.17"}])
def test_compiled_artifacts_depend_on_machine_and_c_library(
    name: str, other: dict[str, str]
) -> None:
    elsewhere = replace(HOST, **other)  # type: ignore[arg-type]
    assert inputs_of(name, PLAN, elsewhere) != inputs_of(name, PLAN, HOST)
    assert inputs_of("pytorchvideo", PLAN, elsewhere) == inputs_of("pytorchvideo", PLAN, None)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("detectron2", source(PLAN, "detectron2", url="/srv/mirror.git")),
        ("detectron2", part(PLAN, "build", cc="/opt/gcc", max_jobs=1)),
        ("ffmpeg", ffmpeg_source(DownloadPlan("debian", package="ffmpeg", sha256=pinned()))),
        ("ffmpeg", part(PLAN, "ffmpeg", wanted={})),
        ("pytorchvideo", part(PLAN, "torch", version="2.4.0")),
    ],
)
def test_what_does_not_change_the_content_is_no_input(name: str, other: Plan) -> None:
    assert inputs_of(name, other, HOST) == inputs_of(name, PLAN, HOST)


def test_patches_of_other_components_are_no_input() -> None:
    for name in ("detectron2", "pytorchvideo"):
        own = [patch.id for patch in PATCHES if patch.component == name]
        others = [patch.id for patch in PATCHES if patch.component != name]
        every = inputs_of(name, replace(PLAN, patches=(*own, *others)), HOST)
        assert every["patches"].split() == sorted(own)


def test_the_extension_is_built_with_the_compilers_and_architectures_of_the_plan() -> None:
    made = part(PLAN, "build", cc="gcc-12", cxx="g++-12")
    options = planned_artifact("detectron2", made, HOST, home="/home", jobs=8).options
    assert options == {
        "kind": "wheel",
        "log": "/home/logs/detectron2.log",
        "source": "/home/src/detectron2",
        "python": "/home/env/bin/python",
        "environment": {
            "MAX_JOBS": "8",
            "CC": "gcc-12",
            "CXX": "g++-12",
            "CFLAGS": "-DNDEBUG -fwrapv -O2 -g0",
            "FORCE_CUDA": "1",
            "CUDA_HOME": "/usr/local/cuda-13.0",
            "TORCH_CUDA_ARCH_LIST": "9.0",
            "CPATH": f"/home/env/lib/python{PLAN.python}/site-packages/nvidia/cu13/include",
        },
    }


def test_a_cpu_build_hides_every_gpu() -> None:
    cpu = plan_builder.plan("cpu-debian-12", BUILD)
    options = planned_artifact("detectron2", cpu, HOST, home="/home", jobs=2).options
    environment = options["environment"]
    assert isinstance(environment, dict)
    assert environment["FORCE_CUDA"] == "0"
    assert environment["CUDA_VISIBLE_DEVICES"] == ""
    assert "CUDA_HOME" not in environment
    inputs = inputs_of("detectron2", cpu, HOST)
    assert (inputs["arch_list"], inputs["cuda_home"]) == ("cpu", "none")


@pytest.mark.parametrize(("origin", "shareable"), [("build", True), ("static", False)])
def test_only_a_compiled_ffmpeg_is_shared(origin: str, *, shareable: bool) -> None:
    made = part(PLAN, "ffmpeg", origin=origin)
    artifact = planned_artifact("ffmpeg", made, HOST, home="/home", jobs=4)
    assert artifact.shareable == shareable
    assert artifact.options["cc"] == PLAN.build.cc
    assert artifact.options["jobs"] == 4
    planned = artifact.options["plan"]
    assert isinstance(planned, dict)
    assert planned["origin"] == origin


@pytest.mark.parametrize("name", ["ffmpeg", "pytorchvideo"])
def test_a_plan_without_the_artifact_is_refused(name: str) -> None:
    without = replace(PLAN, ffmpeg=None, sources={"detectron2": None})
    with pytest.raises(StackError):
        planned_artifact(name, without, HOST, home="/home", jobs=1)
    with pytest.raises(StackError):
        planned_artifact("bash", PLAN, HOST, home="/home", jobs=1)


def test_a_name_that_is_no_artifact_and_one_that_is_not_planned_are_different_errors() -> None:
    with fails("data.invalid-value", "artifact"):
        inputs_of("slowfast", PLAN, HOST)
    reduced = plan_builder.plan("cpu-debian-12", {"network": "pypi"})
    with fails("planner.no-artifact", "pytorchvideo"):
        inputs_of("pytorchvideo", reduced, HOST)
    with fails("planner.no-artifact", "ffmpeg"):
        inputs_of("ffmpeg", reduced, HOST)
