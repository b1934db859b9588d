"""Messages as programs printed them are recognized, and lines that only look like them are not."""

from __future__ import annotations

import json
import runpy
import tomllib
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.filter.explain_package_failure import (
    explain_package_failure,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.registry import PATCHES
from ansible_collections.slowfast.stack.plugins.module_utils._stack.symptoms.recognize import (
    explain,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.symptoms.row import _PLACE
from ansible_collections.slowfast.stack.plugins.module_utils._stack.symptoms.table import SYMPTOMS

DATA = Path(__file__).parents[2] / "data" / "symptoms"
IDS = {row.id for row in SYMPTOMS}
# Breakages without a message of their own: they change results, or end in one that many faults have.
SILENT = {
    "activation-checkpointing",
    "clip-iterator",
    "cpu-contrastive",
    "cpu-multigrid",
    "cpu-synchronize",
    "cuda-amp",
    "detectron2-weights-only",
    "fork-assert-print",
    "fork-label-map",
    "fork-lr-weight-decay",
    "fork-optimizer-try",
    "fork-random-sampler",
    "fork-short-cycle-guard",
    "hub-weights-only",
    "pypi-loader-on-cpu",
    "pypi-model-to-cpu",
    "torchrun-launch",
    "vision-first",
    "weights-not-loaded",
}


def read(name: str) -> list[dict[str, Any]]:
    return tomllib.loads((DATA / name).read_text(encoding="utf-8"))["message"]


KNOWN, NEAR = read("known.toml"), read("near_misses.toml")


def named(lines: str) -> str:
    found = explain(lines)
    return found.symptom.id if found else ""


def test_the_corpus_is_large_and_every_message_has_a_source() -> None:
    assert len(KNOWN) >= 60
    assert len(NEAR) >= 30
    assert len({message["lines"] for message in KNOWN}) == len(KNOWN)
    assert all(message["source"] for message in KNOWN)
    assert all(message["why"] for message in NEAR)


@pytest.mark.parametrize("message", KNOWN, ids=lambda message: message["id"])
def test_a_message_is_recognized(message: dict[str, Any]) -> None:
    assert message["id"] in IDS
    assert named(message["lines"]) == message["id"]


@pytest.mark.parametrize("message", NEAR, ids=lambda message: message["lines"].strip()[:40])
def test_a_near_miss_is_not(message: dict[str, Any]) -> None:
    assert named(message["lines"]) == message["id"]


@pytest.mark.parametrize("part", ["msg", "stderr", "stdout", "exception", "module_stderr"])
@pytest.mark.parametrize("message", KNOWN[:40], ids=lambda message: message["id"])
def test_every_text_of_a_failed_task_is_read(message: dict[str, Any], part: str) -> None:
    result = {"msg": "MODULE FAILURE", "rc": 1, part: message["lines"]}
    line = f"fatal: [gpu01]: FAILED! => {json.dumps(result)}"
    row = next(row for row in SYMPTOMS if row.id == message["id"])
    explained = explain_package_failure(result)
    assert explained["code"] == (row.code or "packages.failed")
    assert row.command.partition("{")[0] in explained["hint"]
    # The log has the same result as one line.
    assert named(line) == message["id"]


def test_an_unknown_failure_is_shown_as_it_is() -> None:
    lines = [f"line {n}" for n in range(40)]
    result = {"msg": "it failed", "stderr": "E: new", "stdout": "\n".join(lines), "rc": 1}
    found = explain_package_failure({**result, "exception": "(traceback unavailable)"})
    assert found["code"] == "packages.failed"
    said = "\n".join(["it failed", "E: new", *lines])
    assert found["cause"] == f"The package manager failed. It said: {said}"
    assert explain_package_failure({"msg": "   "})["cause"] == "It printed nothing."


def test_an_error_with_a_code_stays_as_it_is() -> None:
    error = {"code": "disk.full", "message": "m.", "cause": "c.", "hint": "h.", "msg": "m. c. h."}
    assert explain_package_failure(error) == {"code": "disk.full", "cause": "m. c.", "hint": "h."}


def test_the_items_of_a_loop_are_read() -> None:
    items = [{"item": "a", "msg": "done"}, {"item": "b", "msg": "no", "stderr": KNOWN[0]["lines"]}]
    result = {"msg": "One or more items failed", "results": items}
    assert explain_package_failure(result)["code"] == "packages.invalid-sources"


def filled(text: str) -> str:
    """Return a message with a value at every place."""
    kinds = {"number": "7", "word": "libcuda1", "": "some text"}
    return _PLACE.sub(
        lambda place: kinds[place["kind"] or ""] if place["name"] else "some text", text
    )


@pytest.mark.parametrize(
    ("id_", "text"), [(row.id, text) for row in SYMPTOMS for text in row.messages]
)
def test_a_message_of_the_table_is_hidden_by_no_other_row(id_: str, text: str) -> None:
    found = explain(f"before\n{filled(text)}\nafter")
    assert found is not None
    assert found.symptom.id == id_
    assert found.number == 2
    assert "{" not in found.cause + found.hint


def test_every_patch_with_a_message_is_a_symptom() -> None:
    messages = {patch.id: patch.symptom for patch in PATCHES if patch.id not in SILENT}
    shortened = {
        "clip-decoder",
        "reversible-class-token",
    }  # the patch names only a part of the line
    found = {id_: named(symptom) for id_, symptom in messages.items() if id_ not in shortened}
    assert found == {id_: id_ for id_ in found}
    assert set(messages) == {row.id for row in SYMPTOMS if "slowfast-stack patch" in row.command}
    assert {patch.id for patch in PATCHES} > SILENT


def test_the_page_is_that_of_the_table() -> None:
    page = runpy.run_path(str(DATA.parents[2] / "scripts" / "symptoms_page.py"))
    assert page["PAGE"].read_text(encoding="utf-8") == page["page"](), (
        "run scripts/symptoms_page.py"
    )
