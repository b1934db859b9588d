"""What a lock asks of the planner, what it bounds, and what of another plan it refuses."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment.lock import Package
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host.model import (
    host as read_host,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import from_lock
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.plan import (
    NoPlan,
    Plan,
    SourcePlan,
)
from support.plan_builder import from_case, host, plan

FULL, REDUCED = "cpu-everything-reached", "cpu-pypi-only"
PACKAGES = (
    Package("six", "1.17.0", "index", hashes=("ab" * 32, "cd" * 32)),
    Package("slowfast", "1.0", "tree", tree="slowfast"),
    Package("numpy", "2.3.0", "index"),
    Package("detectron2", "0.6", "built", sha256="ef" * 32),
)
LOCKED = (f"six==1.17.0 --hash=sha256:{'ab' * 32} --hash=sha256:{'cd' * 32}", "numpy==2.3.0")


def case(name: str, **change: object) -> Plan:
    made = from_case(name)
    assert isinstance(made, Plan)
    return dataclasses.replace(made, **change)  # type: ignore[arg-type]


def follow(made: Plan, found: Plan | NoPlan, **request: object) -> tuple[Plan | NoPlan, Any]:
    """Return what following a lock gives, and the request that was planned for it."""
    asked: list[Any] = []

    def planner(_host: object, wanted: object) -> Plan | NoPlan:
        asked.append(wanted)
        return found

    lock = from_lock.Lock(made, PACKAGES)
    result = from_lock.follow(planner, read_host(host()), {"locked": 1, **request}, lock)
    (wanted,) = asked
    return result, wanted


def test_a_lock_asks_for_its_torch_its_python_and_the_commits_of_its_sources() -> None:
    made = case(FULL)
    assert follow(made, made)[1] == {
        "torch": f"=={made.torch.version}",
        "python": made.python,
        "sources": {
            name: {"url": source.url, "commit": source.commit}
            for name, source in made.sources.items()
            if source
        },
    }


def test_a_lock_of_packages_from_pypi_asks_for_that_kind_of_network_and_for_no_source() -> None:
    made = case(REDUCED)
    assert follow(made, made)[1] == {
        "torch": f"=={made.torch.version}",
        "python": made.python,
        "network": "pypi",
        "sources": {},
    }


def test_one_source_from_pypi_is_enough_and_one_that_is_none_asks_for_nothing() -> None:
    git = SourcePlan("git", "1" * 40, url="https://git.example/detectron2")
    pypi = SourcePlan("pypi", None, requirement="slowfast==1.0")
    made = case(FULL, sources={"detectron2": git, "slowfast": pypi, "pytorchvideo": None})
    wanted = follow(made, made)[1]
    assert wanted["network"] == "pypi"
    assert wanted["sources"] == {"detectron2": {"url": git.url, "commit": git.commit}}
    without = case(FULL, sources={"detectron2": git, "pytorchvideo": None})
    assert "network" not in follow(without, without)[1]


def test_a_request_beside_a_lock_is_asked_as_well_and_goes_before_it() -> None:
    made = case(FULL)
    own = {"slowfast": {"url": "/srv/slowfast"}, "miniforge": {"url": "/srv/miniforge"}}
    wanted = follow(made, made, network="full", torch="2.4", sources=own)[1]
    assert "locked" not in wanted
    assert (wanted["network"], wanted["torch"], wanted["python"]) == ("full", "2.4", made.python)
    source = made.sources["slowfast"]
    assert source
    assert wanted["sources"]["slowfast"] == {"url": "/srv/slowfast", "commit": source.commit}
    assert wanted["sources"]["miniforge"] == {"url": "/srv/miniforge"}


def test_the_same_plan_is_returned_bound_to_every_package_of_the_index() -> None:
    made = case(FULL)
    found = dataclasses.replace(made, needs_disk_mib=made.needs_disk_mib + 1)
    result, _ = follow(made, found)
    assert isinstance(result, Plan)
    assert result.locked == LOCKED
    assert result.reasons[1:] == found.reasons
    assert (result.reasons[0].choice, result.reasons[0].source) == ("packages", "the lock")
    assert dataclasses.replace(result, locked=(), reasons=found.reasons) == found


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        ({"python": "3.9"}, "Python of the lock: 3.9; of this host: {0.python}"),
        ({"torchvision": "0"}, "torchvision of the lock: 0; of this host: {0.torchvision}"),
        ({"torchaudio": None}, "torchaudio of the lock: none; of this host: {0.torchaudio}"),
        ({"profile": "cuda"}, "the profile of the lock: cuda; of this host: cpu"),
        (
            {"patches": ("one",)},
            "the patches of the lock: one; of this host: {1}",
        ),
        ({"packages": ()}, "the packages of the lock: none beside those; of this host: {2}"),
    ],
)
def test_another_plan_than_that_of_the_lock_is_refused(
    change: dict[str, object], fact: str
) -> None:
    found = case(FULL)
    result, _ = follow(dataclasses.replace(found, **change), found)  # type: ignore[arg-type]
    assert isinstance(result, NoPlan)
    patches, packages = (" ".join(sorted(names)) for names in (found.patches, found.packages))
    assert result.conflict.facts == (f"{fact.format(found, patches, packages)} [the lock]",)
    assert result.conflict.remedies == (from_lock.REMEDY,)


def test_another_torch_compiler_or_source_than_that_of_the_lock_is_refused() -> None:
    found = plan()
    torch = dataclasses.replace(found.torch, version="1", variant="cpu", arch_list=None)
    compiler = dataclasses.replace(found.compiler, gcc="5")
    sources = {**found.sources, "slowfast": SourcePlan("pypi", None, sha256="0" * 64)}
    made = dataclasses.replace(found, torch=torch, compiler=compiler, sources=sources)
    result, _ = follow(made, found)
    assert isinstance(result, NoPlan)
    source = found.sources["slowfast"]
    assert source
    assert result.conflict.facts == (
        f"torch of the lock: 1; of this host: {found.torch.version} [the lock]",
        f"the variant of torch of the lock: cpu; of this host: {found.torch.variant} [the lock]",
        f"the architectures of the lock: none; of this host: {found.torch.arch_list} [the lock]",
        f"GCC of the lock: 5; of this host: {found.compiler.gcc} [the lock]",
        f"slowfast of the lock: {'0' * 64}; of this host: {source.commit} [the lock]",
    )


def test_a_host_without_a_plan_is_answered_with_its_own_conflict() -> None:
    made, none = case(FULL), from_case("cpu-nothing-reached")
    assert isinstance(none, NoPlan)
    assert follow(made, none)[0] is none
