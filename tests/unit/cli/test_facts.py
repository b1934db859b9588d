"""What verbs print of the host facts that playbooks return."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console
from support.errors import fails

from slowfast_stack import proof_report
from slowfast_stack.cli import rollback
from slowfast_stack.exit_codes import Exit
from slowfast_stack.facts import Proof, Rollback
from slowfast_stack.orchestration.results import Results
from slowfast_stack.orchestration.run_state import Failure, HostRun

PROOF = {
    "ok": False,
    "plan": "3f9a",
    "claims": [
        {"id": "model", "ok": True, "expected": "1 pass", "measured": "1 pass", "seconds": 0.5},
        {"id": "gpu", "ok": None, "expected": "not claimed", "measured": "skipped: no GPU"},
        {"id": "nms", "ok": False, "expected": None, "measured": 3},
    ],
}
STACKS = {
    "stacks": [
        {
            "id": "3f9a",
            "state": "proven",
            "current": True,
            "previous": False,
            "size_mib": 7,
            "proven": True,
            "proven_at": None,
            "versions": {"torch": "2.9.1"},
        }
    ],
    "switched": None,
    "removed": ["17aa"],
}


def test_a_proof_shows_each_claim_in_text_and_html(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    proofs = {"one": Proof.read(PROOF)}
    proof_report.show(Console(), proofs)
    assert [line.split() for line in capsys.readouterr().out.splitlines()[1:]] == [
        ["ok", "model:", "1", "pass"],
        ["skipped", "gpu:", "no", "GPU"],
        ["failed", "nms:", "3", "(expected", ")"],
    ]
    proof_report.write_html(tmp_path / "proof.html", proofs)
    page = (tmp_path / "proof.html").read_text(encoding="utf-8")
    assert '<td class="skipped">skipped' in page
    assert "not proven" in page


def test_a_rollback_lists_the_stacks() -> None:
    text = rollback.text(HostRun("one", facts={Rollback.fact: STACKS}))
    first, stack = text.splitlines()
    assert first == "one: removed 17aa"
    assert stack.split() == ["3f9a", "current", "proven", "-", "7", "MiB", "torch", "2.9.1"]


def test_a_malformed_fact_names_its_key() -> None:
    with fails("data.invalid-value", "stack_rollback.stacks"):
        HostRun("one", facts={Rollback.fact: STACKS | {"stacks": 3}}).value(Rollback)


def test_a_conflict_is_the_error_of_its_host() -> None:
    conflict = {"facts": ["no GPU"], "because": ["one is required"], "try": ["add one"]}
    plan = {"status": "no-plan", "conflict": conflict}
    results = Results([HostRun("one", facts={"stack_plan": plan})], "stack_plan")
    assert results.exit_code is Exit.NO_PLAN
    (error,) = results.failures()
    assert (error.code, error.cause) == ("planner.no-candidate", "one is required")


@pytest.mark.parametrize(
    ("code", "ends"),
    [
        ("source.unknown-commit", Exit.NO_PLAN),
        ("source.unreachable", Exit.NO_PLAN),
        ("source.not-a-repository", Exit.NO_PLAN),
        ("source.not-found", Exit.NO_PLAN),
        ("bundle.missing-source", Exit.NO_PLAN),
        ("ffmpeg.no-source", Exit.NO_PLAN),
        ("miniforge.no-installer", Exit.NO_PLAN),
        ("environment.no-package", Exit.NO_PLAN),
        ("packages.not-available", Exit.NO_PLAN),
        ("environment.create-failed", Exit.FAILED),
        ("source.checkout-failed", Exit.FAILED),
        ("ffmpeg.build-failed", Exit.FAILED),
    ],
)
def test_a_source_that_cannot_be_had_ends_a_host_as_a_missing_plan_does(
    code: str, ends: Exit
) -> None:
    run = HostRun("one", failure=Failure("It failed.", "It was not there.", code=code))
    assert Results([run], "stack_proof").exit_code is ends
