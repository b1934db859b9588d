"""Which host builds, uploads and imports."""

from __future__ import annotations

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts.election import (
    Candidate,
    elect,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError

A, B = "a" * 64, "b" * 64


def test_one_host_of_each_key_builds_and_the_others_import() -> None:
    hosts = {
        "one": Candidate(A, available=False),
        "other": Candidate(B, available=False),
        "two": Candidate(A, available=False),
    }
    assert elect(hosts, ()) == {
        "one": ["build", "upload"],
        "other": ["build", "upload"],
        "two": ["import"],
    }


def test_a_host_that_has_it_uploads_it_and_is_preferred() -> None:
    hosts = {"one": Candidate(A, available=False), "two": Candidate(A, available=True)}
    assert elect(hosts, ()) == {"one": ["import"], "two": ["upload"]}
    assert elect({**hosts, "one": Candidate(A, available=True)}, ()) == {}


def test_a_copy_of_the_controller_spares_the_build() -> None:
    hosts = {"one": Candidate(A, available=False), "two": Candidate(A, available=True)}
    assert elect(hosts, {A}) == {"one": ["import"]}


def test_a_host_that_does_not_share_builds_for_itself() -> None:
    alone = Candidate(A, available=False, shared=False)
    assert elect({"one": alone, "two": alone}, {A}) == {"one": ["build"], "two": ["build"]}
    keeps = Candidate(A, available=True, shared=False)
    hosts = {"one": keeps, "two": Candidate(A, available=False)}
    assert elect(hosts, ()) == {"two": ["build", "upload"]}


@pytest.mark.parametrize(("refused", "step"), [(0, "import"), (1, "import"), (2, "build")])
def test_a_host_that_refused_two_copies_builds_for_itself(refused: int, step: str) -> None:
    two = Candidate(A, available=False, refused=refused)
    hosts = {"one": Candidate(A, available=True), "two": two}
    assert elect(hosts, ())["two"] == [step]


def test_a_key_that_is_none_is_refused() -> None:
    with pytest.raises(StackError):
        elect({"one": Candidate("../x", available=False)}, ())
