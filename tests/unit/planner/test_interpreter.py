"""What makes the environment, and what the plan says of why."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import planner
from support.plan_builder import plan

REACHED = dict.fromkeys(planner.endpoints(), True)
URL = "https://mirror.example.org/conda"
NO_UV = {"network": {**REACHED, "uv-pythons": False}}


@pytest.mark.parametrize(
    ("request_", "change", "manager", "words"),
    [
        ({}, {}, "uv", "conda is not needed"),
        ({"environment": "conda"}, {}, "conda", "conda is requested"),
        ({"conda_packages": ["mkl=2024.0"]}, {}, "conda", "only conda installs mkl=2024.0"),
        ({"sources": {"miniforge": {"url": URL}}}, {}, "conda", "--source miniforge was given"),
        ({"sources": {"conda-forge": {"url": URL}}}, {}, "conda", "--source conda-forge was"),
        (
            {"sources": {"conda-forge": {"url": URL}, "miniforge": {"url": URL}}},
            {},
            "conda",
            "--source miniforge and conda-forge was",
        ),
        ({"preset": "guide-2024"}, NO_UV, "conda", "Python 3.9 is needed, and the Python builds"),
    ],
)
def test_the_environment_has_a_manager_and_its_reason(
    request_: dict[str, Any], change: dict[str, Any], manager: str, words: str
) -> None:
    made = plan("h100-ubuntu-22.04", request_, **{"network": REACHED, **change})
    assert made.environment.manager == manager
    (reason,) = [row.because for row in made.reasons if row.choice == "environment"]
    assert words in reason
