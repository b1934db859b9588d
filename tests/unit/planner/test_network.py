"""What counts as reached, and what the decision says about it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import model
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import network
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.decision import (
    ASSUMPTION,
    REQUEST,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.network import Network
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.request import Request
from support.plan_builder import host

ALL = dict.fromkeys(
    (
        "pypi", "slowfast", "detectron2", "pytorchvideo",
        "pytorch", "nvidia", "uv-pythons", "miniforge", "conda-forge",
    ),
    True,
)  # fmt: skip
EVERYTHING = Network("full", wheel_index=True, nvidia=True, uv_pythons=True, conda=True)
NOTHING = Network("offline", wheel_index=False, nvidia=False, uv_pythons=False, conda=False)


@pytest.mark.parametrize(
    ("reached", "asked", "expected"),
    [
        ({}, None, EVERYTHING),
        (ALL, None, EVERYTHING),
        (ALL, "full", EVERYTHING),
        ({**ALL, "pypi": False}, None, EVERYTHING._replace(name="offline")),
        ({"pypi": False}, None, NOTHING),
        ({}, "offline", EVERYTHING._replace(name="offline", uv_pythons=False, conda=False)),
        (ALL, "pypi", NOTHING._replace(name="pypi", nvidia=True)),
        ({}, "pypi", NOTHING._replace(name="pypi")),
        ({**ALL, "slowfast": False}, None, EVERYTHING._replace(name="pypi")),
        ({**ALL, "pytorch": False}, None, EVERYTHING._replace(wheel_index=False)),
        ({**ALL, "nvidia": False}, None, EVERYTHING._replace(nvidia=False)),
        ({**ALL, "uv-pythons": False}, None, EVERYTHING._replace(uv_pythons=False)),
        ({**ALL, "conda-forge": False}, None, EVERYTHING._replace(conda=False)),
        ({**ALL, "miniforge": False}, None, EVERYTHING._replace(conda=False)),
        ({"pytorch": True}, None, NOTHING._replace(name="offline", wheel_index=True)),
        ({"pypi": True}, None, NOTHING._replace(name="pypi")),
    ],
)
def test_a_network_is_what_was_probed_or_requested(
    reached: dict[str, bool], asked: str | None, expected: Network
) -> None:
    there = model.host(host(network=reached))
    assert network.decide(there, Request(network=asked)).value == expected


@pytest.mark.parametrize(
    ("change", "asked", "source", "words"),
    [
        ({"network": {}}, None, ASSUMPTION, "assumed"),
        ({"network": ALL, "source": "the what-if options"}, None, ASSUMPTION, "assumed"),
        ({"network": ALL}, None, model.PROBE, "full, because every endpoint was reached"),
        (
            {"network": {**ALL, "nvidia": False, "slowfast": False}},
            None,
            model.PROBE,
            "pypi, because unreachable: slowfast, nvidia",
        ),
        ({"network": ALL}, "pypi", REQUEST, "--network pypi was given"),
    ],
)
def test_the_decision_says_where_it_comes_from(
    change: dict[str, Any], asked: str | None, source: str, words: str
) -> None:
    there = model.host(host(**change))
    (decision,) = network.decide(there, Request(network=asked)).decisions
    assert decision.choice == "network"
    assert decision.source == source
    assert words in decision.because
