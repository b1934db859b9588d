"""A host whose clock is wrong is named before certificates are refused."""

from __future__ import annotations

import pytest
from ansible_collections.slowfast.stack.plugins.plugin_utils._clock import difference

NOW = 1_796_000_000.0


@pytest.mark.parametrize(
    ("off_s", "said"),
    [
        (-90_000, "25 hours behind"),
        (400, "7 minutes ahead"),
        (-400, "7 minutes behind"),
        (86_400 * 400, "400 days ahead"),
        (-NOW, "20787 days behind"),
    ],
)
def test_a_clock_that_is_wrong_is_said(off_s: float, said: str) -> None:
    found = difference(NOW + off_s, NOW, NOW + 0.5)
    assert found.startswith("[host.clock-wrong] ")
    assert said in found


@pytest.mark.parametrize(
    "answer", [NOW, NOW + 299, NOW - 299, NOW + 60, None, "now", True, float("nan")]
)
def test_another_answer_says_nothing(answer: object) -> None:
    assert difference(answer, NOW, NOW + 0.5) == ""


def test_a_slow_answer_is_no_difference() -> None:
    assert difference(NOW + 5000, NOW, NOW + 9000) == ""
