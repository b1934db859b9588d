"""What a conflict suggests: each suggestion is followed, and leads to what it says."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.torch import RELEASES
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host.model import (
    host as read_host,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import (
    network,
    planner,
    remedies,
    resolver,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.plan import (
    NoPlan,
    Plan,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.request import (
    request as read_request,
)
from support import ROOT
from support.plan_builder import host

if TYPE_CHECKING:
    from pathlib import Path

UNIT = ROOT / "tests/unit"
THEN = re.compile(r"; then torch (\S+) \((\S+)\) would be planned$")
OPTIONS = {
    "--torch": "torch",
    "--cuda": "cuda",
    "--python": "python",
    "--driver-branch": "driver_branch",
    "--environment": "environment",
    "--conda-package": "conda_packages",
}


def case(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    row = json.loads(path.read_text(encoding="utf-8"))
    return host(row["host"], **row.get("change", {})), row.get("request", {})


def more() -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Return hosts and requests beyond the recorded conflicts."""
    names = ["gtx1080ti-ubuntu-24.04", "k80-debian-12", "v100-and-rtx5090", "rtx5090-driver-550",
             "gh200-aarch64-ubuntu-22.04", "t4g-aarch64-ubuntu-22.04", "h100-not-root-driver-535",
             "l40s-container-no-driver", "cpu-not-root-no-compiler", "a100-arch-linux"]  # fmt: skip
    asked = [
        {"torch": "2.15"},
        {"torch": "1.8"},
        {"cuda": "11.8", "torch": ">=2.9"},
        {"python": "3.9", "torch": "2.12"},
        {"driver_branch": "470"},
        {"network": "pypi", "cuda": "12.6"},
        {"environment": "uv", "conda_packages": ["mkl"]},
    ]
    return [(name, host(name), request) for name in names for request in asked]


CASES = [(path.stem, *case(path)) for path in sorted((UNIT / "plans").glob("*.json"))] + more()
REFUSED = [
    (f"{name} {number}", there, asked, plan)
    for number, (name, there, asked) in enumerate(CASES)
    if isinstance(plan := planner.plan(there, asked), NoPlan)
]


def test_there_are_conflicts_of_every_kind() -> None:
    assert len(REFUSED) > 60


@pytest.mark.parametrize(
    ("there", "asked", "plan"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_every_suggestion_leads_to_what_it_says(
    there: dict[str, Any], asked: dict[str, Any], plan: NoPlan
) -> None:
    found, wanted = read_host(there), read_request(asked)
    reached = network.decide(found, wanted).value
    if reached.name == "offline":
        return
    given = resolver.problem(found, wanted, reached)
    made = list(remedies.of(given, found, wanted, resolver.minimal_conflict(given)))
    assert tuple(dict.fromkeys(remedy.text for remedy in made)) == plan.conflict.remedies
    for remedy in made:
        says = THEN.search(remedy.text)
        if remedy.after is None:
            assert says is None
            continue
        after = planner.plan(*remedy.after)
        assert isinstance(after, Plan), remedy.text
        if says:
            assert (after.torch.version, after.torch.variant) == says.groups(), remedy.text


@pytest.mark.parametrize(
    ("there", "asked", "plan"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_a_suggestion_about_options_is_true_for_who_types_it(
    there: dict[str, Any], asked: dict[str, Any], plan: NoPlan
) -> None:
    """The same from the text alone, as a user follows it."""
    for text in plan.conflict.remedies:
        says = THEN.search(text)
        release = re.match(r'use --torch "(\S+)", or omit --torch$', text)
        if release:
            assert release.group(1) in {row.torch for row in RELEASES}
            for value in (release.group(1), None):
                after = planner.plan(there, {**asked, "torch": value})
                assert isinstance(after, Plan), text
        omitted = re.fullmatch(r"omit (--[a-z-]+); then .*", text)
        if omitted:
            assert says
            left = {key: value for key, value in asked.items() if key != OPTIONS[omitted.group(1)]}
            after = planner.plan(there, left)
            assert isinstance(after, Plan), text
            assert (after.torch.version, after.torch.variant) == says.groups()
        if re.match(r"run as root; then", text):
            assert isinstance(planner.plan({**there, "root": True}, asked), Plan), text


@pytest.mark.parametrize("name", ["gh200-aarch64-ubuntu-22.04", "gb10-aarch64-ubuntu-24.04"])
def test_a_gpu_with_its_own_processor_is_not_put_into_another_host(name: str) -> None:
    plan = planner.plan(host(name), {"torch": "2.6"})
    assert isinstance(plan, NoPlan)
    assert not any("x86_64" in text or "aarch64 host" in text for text in plan.conflict.remedies)


@pytest.mark.parametrize(
    ("there", "asked", "plan"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_no_conflict_says_again_what_was_asked(
    there: dict[str, Any], asked: dict[str, Any], plan: NoPlan
) -> None:
    assert plan.conflict.because
    for text in plan.conflict.because:
        assert not re.search(r"does not match --(torch|python|driver-branch)", text)
        assert text not in {fact.partition(" [")[0] for fact in plan.conflict.facts}
    other = {"aarch64": "x86_64", "x86_64": "aarch64"}.get(there["architecture"])
    for text in plan.conflict.remedies:
        named = re.match(r"use an (\S+) host", text)
        assert not named or other in (None, named.group(1))
    assert asked is not None
